"""The array type that the tools speak of, whose shapes stand in docstrings, and the precision of similarities."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]

# Processors and numbers of threads add up in different orders, so the last digits of a sum are nobody's to rely on.
# Similarities are computed in float64, where those digits are the sixteenth, and told and compared with so many.
SIMILARITY_DECIMALS = 5


def rounded(similarities: Floats) -> Floats:
    """Round similarities or scores, of any shape, to the five decimals that they are told and compared with.

    Zero has no sign: a sum of nothing but rounding errors is negative on one processor and positive on another.
    """
    values: Floats = np.round(similarities, SIMILARITY_DECIMALS) + 0.0
    return values
