"""Photos by where they were taken: those around a place, also among millions, by the field's protocol."""

import math
import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from ..arrays import Floats
from ..records import Position
from .position import distance, plane_of

# A degree of latitude is 110.57 km at the equator and longer elsewhere.
_METRES_PER_DEGREE = 110_500.0


class _Column(NamedTuple):
    """References of one plane, sorted by one coordinate."""

    values: Floats  # [n]
    references: list[int]


class Gallery:
    """Names and positions of all references, of which it finds those around a place; columns, for millions of them."""

    def __init__(self, photos: Iterable[tuple[str, Position | None]]) -> None:
        """Take references by name, which must be distinct, and position."""
        self.names: list[str] = []
        self._coordinates = array("d")  # latitude, longitude, easting, northing of each; NaN where there is none
        self._zones: list[str | None] = []
        by_plane: dict[object, list[tuple[float, int]]] = defaultdict(list)
        by_latitude: list[tuple[float, int]] = []
        for number, (name, position) in enumerate(photos):
            self.names.append(name)
            self._coordinates.extend(_coordinates(position))
            self._zones.append(sys.intern(position.zone) if position and position.zone else None)
            if position is not None and position.easting is not None:
                by_plane[plane_of(position)].append((position.easting, number))
            if position is not None and position.latitude is not None:
                by_latitude.append((position.latitude, number))
        self._planes = {plane: _sorted_column(pairs) for plane, pairs in by_plane.items()}
        self._latitudes = _sorted_column(by_latitude)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def placed(self) -> bool:
        """Whether any reference has a position."""
        return bool(self._planes) or bool(self._latitudes.references)

    def around(self, position: Position, radius: float) -> list[str]:
        """Return the references at most `radius` metres away, inclusive, in their order.

        Distances are Euclidean within one UTM plane, as the field's protocol has it. Zones are never mixed:
        across planes it is the geodesic between degrees, where both have them.
        """
        near: set[int] = set()
        if position.easting is not None and (plane := self._planes.get(plane_of(position))):
            beside = _window(plane, position.easting, radius)
            near.update(number for number in beside if self._level(number, position, radius))
        if position.latitude is not None:
            level = _window(self._latitudes, position.latitude, radius / _METRES_PER_DEGREE)
            near.update(number for number in level if not self._compared(number, position))
        return [self.names[number] for number in sorted(near) if self._within(number, position, radius)]

    def _level(self, number: int, position: Position, radius: float) -> bool:
        """Whether a reference of the same plane can be near by its northing; this saves most of the exact distances."""
        return abs(self._coordinates[4 * number + 3] - (position.northing or 0.0)) <= radius + 1e-3

    def _compared(self, number: int, position: Position) -> bool:
        """Whether both lie in one plane, so that `around` has compared them already."""
        metres = position.easting is not None and not math.isnan(self._coordinates[4 * number + 2])
        return metres and self._zones[number] == position.zone

    def _within(self, number: int, position: Position, radius: float) -> bool:
        metres = distance(position, self._position(number))
        return metres is not None and metres <= radius

    def _position(self, number: int) -> Position:
        values = self._coordinates[4 * number : 4 * number + 4]
        latitude, longitude, easting, northing = (None if math.isnan(value) else value for value in values)
        return Position(
            latitude=latitude, longitude=longitude, easting=easting, northing=northing, zone=self._zones[number]
        )  # fmt: skip


def _coordinates(position: Position | None) -> Iterable[float]:
    if position is None:
        return [math.nan] * 4
    values = (position.latitude, position.longitude, position.easting, position.northing)
    return [math.nan if value is None else value for value in values]


def _sorted_column(pairs: list[tuple[float, int]]) -> _Column:
    pairs.sort()
    return _Column(np.array([value for value, _ in pairs], dtype=np.float64), [number for _, number in pairs])


def _window(column: _Column, value: float, reach: float) -> Sequence[int]:
    """The references whose coordinate differs by at most `reach`, with a little room for rounding."""
    reach += 1e-9 * max(1.0, abs(value))
    first, last = np.searchsorted(column.values, [value - reach, value + reach], side="left")
    return column.references[first : last + 1]
