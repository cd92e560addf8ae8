"""The photos of an index, plane by plane, in metres east and north."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.photo.position import from_degrees, plane_of
from internvl_vpr.tools.records import Position

PlaneKey = tuple[str, bool] | None  # UTM zone number and whether north; None for a plane without a zone


@dataclass(frozen=True)
class Placed:
    """A photo that can be drawn: its reference and its position as the index has it."""

    reference: str
    position: Position


@dataclass(frozen=True)
class Plane:
    """Photos whose metres can be compared: `metres [P, 2]` east and north, in the order of `photos`."""

    name: str
    photos: list[Placed]
    metres: Floats


@dataclass
class Planes:
    """All photos of an index: those of each plane, those beyond UTM's latitudes, and those without a position."""

    by_key: dict[PlaneKey, Plane] = field(default_factory=dict)
    beyond: list[Placed] = field(default_factory=list)
    without: list[str] = field(default_factory=list)


def metres_of(position: Position) -> tuple[PlaneKey, tuple[float, float]] | None:
    """Return a position's plane and its metres east and north in it; None beyond 80° S and 84° N, where UTM ends."""
    if position.easting is None and position.latitude is not None and position.longitude is not None:
        position = from_degrees(position.latitude, position.longitude)
    if position.easting is None or position.northing is None:
        return None
    return plane_of(position), (position.easting, position.northing)


def planes_of(index: PlaceIndex) -> Planes:
    """Read the photos of an index; the plane with most photos comes first."""
    planes = Planes()
    found: dict[PlaneKey, list[tuple[Placed, tuple[float, float]]]] = {}
    for photo in index.photos():
        if photo.position is None:
            planes.without.append(photo.reference)
            continue
        placed, at = Placed(photo.reference, photo.position), metres_of(photo.position)
        if at is None:
            planes.beyond.append(placed)
        else:
            found.setdefault(at[0], []).append((placed, at[1]))
    for key, rows in sorted(found.items(), key=lambda one: -len(one[1])):
        planes.by_key[key] = Plane(plane_name(key), [placed for placed, _ in rows], as_metres(at for _, at in rows))
    return planes


def as_metres(rows: Iterable[tuple[float, float]]) -> Floats:
    """Return metres `[P, 2]`."""
    return np.array(list(rows), dtype=np.float64).reshape(-1, 2)


def plane_name(key: PlaneKey) -> str:
    """Name a plane for a person."""
    return "a plane of its own" if key is None else f"UTM zone {key[0]} {'north' if key[1] else 'south'}"
