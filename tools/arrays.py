"""The array type of the tools; docstrings give the shapes."""

from typing import Any

from numpy.typing import NDArray

Floats = NDArray[Any]
