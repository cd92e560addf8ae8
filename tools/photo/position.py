"""Where a photo was taken: degrees to UTM metres and back, distances, '@' file names and tables."""

import csv
import io
import math
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ..errors import PositionError
from ..records import Position

if TYPE_CHECKING:
    from pyproj import Geod, Transformer

_BANDS = "CDEFGHJKLMNPQRSTUVWX"  # 8° of latitude each from 80° S, without I and O; X reaches to 84° N
_ZONE = re.compile(r"0?([1-9]|[1-5][0-9]|60)([C-HJ-NP-X])")
_BAND_SLACK = 1.0  # degrees: a place near a band's edge may carry its neighbours' letter
_COLUMNS = ("latitude", "longitude", "easting", "northing", "zone")
_DISAGREEMENT = 1000.0  # metres: written degrees are rounded, or come from another sensor


def from_degrees(latitude: float, longitude: float) -> Position:
    """Turn WGS84 degrees into a position with its UTM easting and northing (metres) and zone.

    Outside latitudes −80 to 84 UTM is not defined, and only degrees are given. Raises `PositionError`
    for numbers that are out of range or not finite.
    """
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise PositionError(
            f"{latitude}, {longitude} are not WGS84 degrees: latitude is from -90 to 90, longitude from -180 to 180."
        )
    if not -80 <= latitude <= 84:
        return Position(latitude=latitude, longitude=longitude)
    number = _zone_number(latitude, longitude)
    band = _BANDS[min(int((latitude + 80) // 8), len(_BANDS) - 1)]
    easting, northing = _utm(number, _is_north(band)).transform(longitude, latitude)
    zone = f"{number}{band}"
    return Position(latitude=latitude, longitude=longitude, easting=easting, northing=northing, zone=zone)


def from_metres(easting: float, northing: float, zone: str | None) -> Position:
    """Turn metres into a position: with a UTM zone such as `10S` it has degrees too, without one it stays planar.

    The letter is the latitude band's, not the hemisphere's. Raises `PositionError` for numbers that are
    not finite, or not in the zone.
    """
    if not (math.isfinite(easting) and math.isfinite(northing)):
        raise PositionError(f"{easting}, {northing} are not an easting and a northing: write finite metres.")
    if zone is None:
        return Position(easting=easting, northing=northing)
    match = _ZONE.fullmatch(zone.upper())
    if match is None:
        raise PositionError(f"{zone!r} is not a UTM zone: write a number and a latitude band's letter, such as '10S'.")
    number, band = int(match[1]), match[2]
    longitude, latitude = _utm(number, _is_north(band)).transform(easting, northing, direction="INVERSE")
    south = 8 * _BANDS.index(band) - 80
    north = 84 if band == "X" else south + 8
    if not (100_000 <= easting < 1_000_000 and south - _BAND_SLACK <= latitude <= north + _BAND_SLACK):
        raise PositionError(
            f"{easting}, {northing} are not in the UTM zone {number}{band}, whose letter means latitudes {south} to "
            f"{north}: check the numbers and the zone."
        )
    zone = f"{number}{band}"
    longitude = math.remainder(longitude, 360)  # rounding can leave it a hair beyond ±180
    return Position(latitude=latitude, longitude=longitude, easting=easting, northing=northing, zone=zone)


def distance(a: Position, b: Position) -> float | None:
    """Return the distance in metres, or None where two positions cannot be compared.

    In one UTM plane (a zone and hemisphere), or in planes without a zone, it is Euclidean, as the field's
    protocol has it; otherwise the geodesic on WGS84, where both have degrees.
    """
    metres_a, metres_b = _metres(a), _metres(b)
    if metres_a and metres_b and plane_of(a) == plane_of(b):
        return math.dist(metres_a, metres_b)
    degrees_a, degrees_b = _degrees(a), _degrees(b)
    if degrees_a and degrees_b:
        return _geodesic(degrees_a, degrees_b)
    return None


def parse_at_name(name: str) -> Position | None:
    """Read the position in a file's own name, as the field writes it, or return None for any other name.

    `@ easting @ northing @ zone number @ zone letter @ latitude @ longitude @ … @ extension`, of which
    easting and northing are required. A zone needs both its fields; without one the metres are planar.
    Raises `PositionError` for numbers that are out of range, or that contradict each other.
    """
    fields = name.split("@")
    if fields[0] or len(fields) < 3:
        return None
    easting, northing = fields[1].strip(), fields[2].strip()
    if _number(easting) is None or _number(northing) is None:
        return None
    optional = [field.strip() for field in fields[3:-1]]  # the last one is the extension
    number, letter, latitude, longitude = (optional + [""] * 4)[:4]
    zone = number + letter if number and letter else ""
    try:
        return _parse_texts(latitude, longitude, easting, northing, zone)
    except PositionError as error:
        raise PositionError(f"The file name {name!r} has a wrong position: {error}") from error


def field_metres(name: str) -> tuple[float, float] | None:
    """Return the easting and northing that the field's code reads in a path, whatever its zone fields say.

    They are what follows the first and the second '@'; None where these are no finite numbers.
    """
    fields = name.split("@")
    if len(fields) < 3:
        return None
    easting, northing = _number(fields[1]), _number(fields[2])
    if easting is None or northing is None or not (math.isfinite(easting) and math.isfinite(northing)):
        return None
    return easting, northing


def as_it_stands(name: str, position: Position | None) -> Position | None:
    """Return a photo's position as the field reads it: the metres of its name in one plane, whatever their zone.

    Degrees are kept for the distance to photos whose names tell no metres; these keep their position.
    """
    metres = field_metres(name)
    if metres is None:
        return position
    latitude, longitude = (position.latitude, position.longitude) if position else (None, None)
    return Position(latitude=latitude, longitude=longitude, easting=metres[0], northing=metres[1])


def read_positions(table: Path) -> dict[str, Position]:
    """Read a CSV of positions, by the photos' paths relative to their folder, with forward slashes.

    Its header is `file,latitude,longitude` or `file,easting,northing` with or without `zone`, in any
    order; other columns are ignored. Raises `PositionError` naming the table, the line and what is wrong.
    """
    try:
        data = table.read_bytes()
    except OSError as error:
        raise PositionError(
            f"The table {str(table)!r} cannot be read ({error.strerror}): name a CSV file with one line per photo."
        ) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PositionError(f"The table {str(table)!r}, line {line}: this is not UTF-8, save it as UTF-8.") from error
    rows = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    try:
        return _parse_rows(rows)
    except (PositionError, csv.Error) as error:
        raise PositionError(f"The table {str(table)!r}, line {max(1, rows.line_num)}: {error}") from error


def _parse_rows(rows: Iterator[list[str]]) -> dict[str, Position]:
    header = [name.strip() for name in next(rows, [])]
    known = [name for name in header if name == "file" or name in _COLUMNS]
    names = set(known)
    pairs = names >= {"latitude", "longitude"} or names >= {"easting", "northing"}
    if "file" not in names or not pairs or len(names) < len(known):
        raise PositionError(
            "the header must be 'file,latitude,longitude' or 'file,easting,northing', or the latter with ',zone'."
        )
    positions: dict[str, Position] = {}
    for row in rows:
        if not any(row):
            continue
        if len(row) != len(header):
            raise PositionError(f"{len(header)} cells are expected, as in the header, and {len(row)} are here.")
        cells = dict(zip(header, (cell.strip() for cell in row), strict=True))
        file = _parse_reference(cells["file"])
        if file in positions:
            raise PositionError(f"{file!r} is here a second time: keep one line per photo.")
        positions[file] = _parse_texts(*(cells.get(name, "") for name in _COLUMNS))
    return positions


def _parse_reference(text: str) -> str:
    path = PurePosixPath(text)
    if "\\" in text or path.is_absolute() or ".." in path.parts or not path.name:
        raise PositionError(f"{text!r} is not a path relative to the photos' folder, with forward slashes.")
    return path.as_posix()


def _parse_pair(first: str, second: str) -> tuple[float, float]:
    a, b = _number(first), _number(second)
    if a is None or b is None:
        raise PositionError(f"{first!r}, {second!r} are not two numbers: write them with a decimal point.")
    return a, b


def _number(text: str) -> float | None:
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def _parse_texts(latitude: str, longitude: str, easting: str, northing: str, zone: str) -> Position:
    """Return what is written down; degrees that are written win over those computed from UTM."""
    if not (easting or northing):
        return from_degrees(*_parse_pair(latitude, longitude))
    planar = from_metres(*_parse_pair(easting, northing), zone or None)
    if not (latitude or longitude):
        return planar
    given = from_degrees(*_parse_pair(latitude, longitude))
    apart = distance(planar, given)
    if apart is not None and apart > _DISAGREEMENT:
        raise PositionError(
            f"{latitude}, {longitude} are {apart / 1000:.1f} km away from {easting}, {northing} in zone {zone}: "
            "correct the degrees or the metres."
        )
    return planar.model_copy(update={"latitude": given.latitude, "longitude": given.longitude})


def _degrees(position: Position) -> tuple[float, float] | None:
    if position.latitude is None or position.longitude is None:
        return None
    return position.latitude, position.longitude


def _metres(position: Position) -> tuple[float, float] | None:
    if position.easting is None or position.northing is None:
        return None
    return position.easting, position.northing


def plane_of(position: Position) -> tuple[str, bool] | None:
    """Return which plane a position's metres lie in: zone number and whether north; None without a zone."""
    return (position.zone[:-1], _is_north(position.zone[-1])) if position.zone else None


def _is_north(band: str) -> bool:
    return band >= "N"


def _zone_number(latitude: float, longitude: float) -> int:
    """UTM's 6° zones, with the exceptions for south-west Norway (32V) and Svalbard (31X, 33X, 35X, 37X)."""
    if 56 <= latitude < 64 and 3 <= longitude < 12:
        return 32
    if 72 <= latitude <= 84 and 0 <= longitude < 42:
        return 31 + 2 * int((longitude + 3) // 12)
    return int((longitude + 180) // 6) % 60 + 1


@cache
def _utm(number: int, north: bool) -> "Transformer":
    from pyproj import Transformer

    return Transformer.from_crs("EPSG:4326", f"EPSG:{(32600 if north else 32700) + number}", always_xy=True)


@cache
def _geod() -> "Geod":
    from pyproj import Geod

    return Geod(ellps="WGS84")


def _geodesic(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(_geod().inv(a[1], a[0], b[1], b[0])[2])


def tell_position(position: Position) -> str:
    """Write a position for a person: degrees, or metres where there are no degrees."""
    if position.latitude is not None and position.longitude is not None:
        return f"{position.latitude:.6f}, {position.longitude:.6f}"
    plane = f"zone {position.zone}" if position.zone else "a plane of its own"
    return f"{position.easting:.1f} m E, {position.northing:.1f} m N in {plane}"
