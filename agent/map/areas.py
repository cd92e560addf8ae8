"""Which parts of a plane are drawn larger: where photos are too close together to be told apart."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from internvl_vpr.tools.arrays import Floats

from .window import COARSE, Mark, Window, cell_of, marks_of

_WIDTH = 480  # pixels of a part's drawing
_MOST_PARTS = 16  # of one drawing
_LEAST_PLACES = 5  # of a part
_TILES = 3  # a side, where one part would be no larger than the whole
_LARGER = 1.5  # at least, for a part to be worth a drawing

Members = np.ndarray[tuple[int], np.dtype[np.intp]]


@dataclass(frozen=True)
class Area:
    """A part of a plane, or with number "" the whole: its photos' numbers, its window, its marks with the
    size of their cells, and its parts."""

    number: str
    members: Members
    window: Window
    cell: float
    marks: list[Mark]
    parts: list["Area"] = field(default_factory=list)


def areas_of(metres: Floats, most_parts: int, most_marks: int) -> list[Area]:
    """Return the whole of `metres [P, 2]`, then its parts, then theirs, as far as limits of the parts allow.

    A mark's `first` is the photo's number among all.
    """
    areas, marks = [_area("", np.arange(len(metres)), metres, Window.around(metres))], 0
    for area in areas:  # which grows meanwhile
        for count, members in enumerate(_parts(metres[area.members], area), start=1):
            number = f"{area.number}.{count}" if area.number else f"{count}"
            own = area.members[members]
            part = _area(number, own, metres, Window.around(metres[own], _WIDTH))
            marks += len(part.marks)
            if len(areas) > most_parts or marks > most_marks:
                return areas
            area.parts.append(part)
            areas.append(part)
    return areas


def _area(number: str, members: Members, metres: Floats, window: Window) -> Area:
    own = metres[members]
    cell = cell_of(own, window)
    marks = [mark._replace(first=int(members[mark.first])) for mark in marks_of(own, window, cell)]
    return Area(number, members, window, cell, marks)


def _parts(metres: Floats, area: Area) -> Iterator[Members]:
    """Yield the parts worth a drawing of their own, the largest first."""
    found: list[Members] = []
    for members in _together(area.window.place(metres)):
        if _is_larger(metres[members], area):
            found.append(members)
        else:
            found += [tile for tile in _tiles(metres, members) if _is_larger(metres[tile], area)]
    crowded = (members for members in found if _is_crowded(metres[members], area))
    yield from sorted(crowded, key=len, reverse=True)[:_MOST_PARTS]


def _distinct(metres: Floats) -> int:
    """Count places, to the metre."""
    return len(np.unique(np.round(metres), axis=0))


def _is_larger(metres: Floats, area: Area) -> bool:
    """Whether a drawing of a part would show it larger than the drawing of the whole does."""
    return Window.around(metres, _WIDTH).scale >= _LARGER * area.window.scale


def _is_crowded(metres: Floats, area: Area) -> bool:
    """Whether a part has more than twice as many places as it has marks in the drawing of the whole."""
    places = _distinct(metres)
    return places >= _LEAST_PLACES and places > 2 * len(marks_of(metres, area.window, area.cell))


def _together(pixels: Floats) -> list[Members]:
    """Group what lies in the same coarse cell, or in neighbouring ones."""
    from scipy.ndimage import label

    cells = np.floor(pixels / COARSE).astype(np.intp)
    cells -= cells.min(axis=0)
    grid = np.zeros(cells.max(axis=0) + 1, dtype=bool)
    grid[cells[:, 0], cells[:, 1]] = True
    labels, _ = label(grid, structure=np.ones((3, 3)))
    return _grouped(np.asarray(labels)[cells[:, 0], cells[:, 1]])


def _tiles(metres: Floats, members: Members) -> list[Members]:
    """Cut a group into tiles of equal size."""
    own = metres[members]
    low = own.min(axis=0)
    size = np.maximum(own.max(axis=0) - low, 1e-3) / _TILES
    tile = np.minimum(np.floor((own - low) / size), _TILES - 1)
    return [members[group] for group in _grouped(tile[:, 0] * _TILES + tile[:, 1])]


def _grouped(labels: Floats) -> list[Members]:
    order = np.argsort(labels, kind="stable")
    cuts = np.flatnonzero(np.diff(labels[order])) + 1
    return list(np.split(order, cuts))
