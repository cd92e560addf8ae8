"""Random unit vectors: speed does not depend on what the numbers mean."""

import numpy as np

from internvl_vpr.tools.arrays import Floats


def unit_rows(rng: np.random.Generator, rows: int, dimension: int) -> Floats:
    """Return `[rows, dimension]` float32 with rows of length one."""
    vectors: Floats = rng.standard_normal((rows, dimension), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors
