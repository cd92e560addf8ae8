"""What part of a plane a drawing shows, and which photos share a mark in it."""

import math
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from internvl_vpr.tools.arrays import Floats

WIDTH = 720  # pixels
LEAST, MOST = 220, 640  # pixels of height
EDGE = 24  # pixels around what is shown
_LEAST_METRES = 60.0  # that a drawing shows from edge to edge
FINE, COARSE = 4.0, 18.0  # pixels of the cells that share a mark: with few photos, and with many
_MOST_FINE = 1500  # marks


@dataclass(frozen=True)
class Window:
    """A rectangle of a plane with its scale: its south-west corner in metres, its size and scale in pixels."""

    west: float
    south: float
    width: float
    height: float
    scale: float

    @classmethod
    def around(cls, metres: Floats, width: float = WIDTH) -> Self:
        """Return the window that shows all of `metres [P, 2]`."""
        (west, south), (east, north) = metres.min(axis=0), metres.max(axis=0)
        inner = width - 2 * EDGE
        across, up = max(east - west, 1e-3), max(north - south, 1e-3)
        scale = min(inner / max(across, _LEAST_METRES), (MOST - 2 * EDGE) / max(up, _LEAST_METRES))
        height = min(max(up * scale + 2 * EDGE, LEAST), MOST)
        middle = (west + east) / 2, (south + north) / 2
        return cls(middle[0] - width / 2 / scale, middle[1] - height / 2 / scale, width, height, scale)

    def place(self, metres: Floats) -> Floats:
        """Return where `metres [P, 2]` are drawn: pixels `[P, 2]` from the left and from the top."""
        east, north = metres[:, 0], metres[:, 1]
        return np.column_stack(((east - self.west) * self.scale, self.height - (north - self.south) * self.scale))

    def inside(self, metres: Floats) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Return which of `metres [P, 2]` are shown, `[P]`."""
        pixels = self.place(metres)
        shown: np.ndarray[tuple[int], np.dtype[np.bool_]] = np.all(
            (pixels >= 0) & (pixels <= (self.width, self.height)), axis=1
        )
        return shown

    def shows(self, metres: tuple[float, float]) -> bool:
        """Return whether a place in metres is shown."""
        return bool(self.inside(np.array([metres]))[0])

    def bar_metres(self) -> float:
        """Return the length of the scale bar: 1, 2 or 5 times a power of ten, at most a quarter of the width."""
        most = self.width / 4 / self.scale
        power = 10.0 ** math.floor(math.log10(most))
        return max(step * power for step in (1, 2, 5) if step * power <= most)


class Mark(NamedTuple):
    """One or more photos drawn as one: the middle of their places in pixels, how many, and the first's number."""

    x: float
    y: float
    photos: int
    first: int


def cell_of(metres: Floats, window: Window) -> float:
    """Return the size in pixels of cells that share a mark: fine, or coarse where there would be too many marks."""
    cells = np.unique(np.floor(window.place(metres) / FINE), axis=0)
    return FINE if len(cells) <= _MOST_FINE else COARSE


def marks_of(metres: Floats, window: Window, cell: float) -> list[Mark]:
    """Return one mark for the photos in each cell of so many pixels."""
    pixels = window.place(metres)
    _, firsts, members, counts = np.unique(
        np.floor(pixels / cell), axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    members = members.reshape(-1)
    xs, ys = (np.bincount(members, weights=pixels[:, axis]) / counts for axis in (0, 1))
    return [
        Mark(float(x), float(y), int(count), int(first))
        for x, y, count, first in zip(xs, ys, counts, firsts, strict=True)
    ]
