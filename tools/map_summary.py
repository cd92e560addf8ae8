"""What an index of places holds, in numbers."""

import math
from pathlib import Path

from pydantic import Field

from .index.place_index import Bounds, PlaceIndex
from .photo.position import distance
from .records import Position, Record


class MapSummary(Record):
    """The photos of an index: how many, from where, and over which area (WGS84 degrees, metres)."""

    photos: int
    images: int = Field(description="distinct ones")
    positioned: int = Field(description="photos with a position")
    roots: tuple[Path, ...]
    south: float | None
    north: float | None
    west: float | None
    east: float | None
    width: float | None = Field(description="metres from west to east at the middle latitude")
    height: float | None = Field(description="metres from south to north")
    planes: tuple[str, ...] = Field(description="UTM zones, and `own` for positions in a plane of their own")
    backbone: str
    checksum: str


def map_summary(index: PlaceIndex) -> MapSummary:
    """Summarise an index; where its photos lie on both sides of the 180th meridian, west can be greater than east."""
    extent = index.extent()
    return MapSummary(
        photos=extent.photos,
        images=extent.images,
        positioned=extent.positioned,
        roots=tuple(index.roots()),
        **_area(extent.bounds),
        planes=tuple(sorted(zone or "own" for zone in extent.zones)),
        backbone=index.settings.backbone.id,
        checksum=index.manifest.checksum,
    )


def _area(bounds: Bounds | None) -> dict[str, float | None]:
    """Return the limits by name, in degrees, and how wide and high that is, in metres."""
    if bounds is None:
        return dict.fromkeys(("south", "north", "west", "east", "width", "height"))
    south, north = bounds.south, bounds.north
    west, east = _narrower(bounds)
    return {
        "south": south,
        "north": north,
        "west": west,
        "east": east,
        "width": _along_parallel((south + north) / 2, (east - west) + 360 * (east < west)),
        "height": distance(Position(latitude=south, longitude=0), Position(latitude=north, longitude=0)),
    }


def _narrower(bounds: Bounds) -> tuple[float, float]:
    """Return the western and the eastern limit; over the 180th meridian where that is the shorter way."""
    if bounds.east_360 - bounds.west_360 >= bounds.east - bounds.west:
        return bounds.west, bounds.east
    west, east = bounds.west_360, bounds.east_360
    return west - 360 * (west > 180), east - 360 * (east > 180)


def _along_parallel(latitude: float, degrees: float) -> float:
    """Return the metres of an arc along a parallel of WGS84."""
    from pyproj import Geod

    ellipsoid = Geod(ellps="WGS84")
    phi = math.radians(latitude)
    return float(
        math.radians(degrees) * ellipsoid.a * math.cos(phi) / math.sqrt(1 - ellipsoid.es * math.sin(phi) ** 2)
    )  # fmt: skip
