"""Unit vectors for the tests."""

import numpy as np

from internvl_vpr.tools.arrays import Floats


def unit(rows: Floats) -> Floats:
    """Scale rows to unit length, float32."""
    scaled: Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return scaled
