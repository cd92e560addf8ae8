"""The array type that the tools speak of; shapes stand in docstrings."""

from typing import Any

from numpy.typing import NDArray

Floats = NDArray[Any]
