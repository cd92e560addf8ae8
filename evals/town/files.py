"""The files of the demo town: photos with their position in name and EXIF, and the manifest that lists them."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from internvl_vpr.tools.disk.whole_file import write_whole
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.photo.position import from_metres

from .photo import Shot, photograph, standpoint
from .plan import ZONE

MANIFEST = "town.json"
QUALITY = 88
_GPS_IFD = 0x8825


def photo_name(shot: Shot) -> str:
    """Return the file name of a shot: 15 '@'-separated fields, as VPR-datasets-downloader writes them."""
    easting, northing, heading = standpoint(shot)
    latitude, longitude = _degrees_of(shot)
    fields = [
        f"{easting:010.2f}", f"{northing:010.2f}", ZONE[:-1], ZONE[-1],
        f"{latitude:09.5f}", f"{longitude:010.5f}",
        shot.place.name, f"{shot.view:02d}", f"{round(heading) % 360:03d}", "", "", "", "", "",
    ]  # fmt: skip
    return "@" + "@".join(fields) + "@.jpg"


def photo_bytes(shot: Shot) -> bytes:
    """Take a photo and return it as JPEG with its position (WGS84) in the EXIF data."""
    stream = io.BytesIO()
    photo = photograph(shot)
    photo.save(stream, "JPEG", quality=QUALITY, exif=_exif(shot))
    return stream.getvalue()


def _degrees_of(shot: Shot) -> tuple[float, float]:
    """Return latitude and longitude of the standpoint."""
    easting, northing, _ = standpoint(shot)
    position = from_metres(easting, northing, ZONE)
    if position.latitude is None or position.longitude is None:
        raise ValueError(f"zone {ZONE} gave no degrees")
    return position.latitude, position.longitude


def _exif(shot: Shot) -> Image.Exif:
    """Return GPS tags (Exif 2.3, table 15); the town lies north of the equator and east of Greenwich."""
    latitude, longitude = _degrees_of(shot)
    exif = Image.Exif()
    exif[_GPS_IFD] = {1: "N", 2: _sexagesimal(latitude), 3: "E", 4: _sexagesimal(longitude), 18: "WGS-84"}
    return exif


def _sexagesimal(angle: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    """Return degrees, minutes and seconds; the seconds in hundred-thousandths, which is 0.3 mm."""
    ticks = round(angle * 3600 * 100_000)
    minutes, seconds = divmod(ticks, 60 * 100_000)
    return IFDRational(minutes // 60), IFDRational(minutes % 60), IFDRational(seconds, 100_000)


def record(path: Path) -> dict[str, Any]:
    """Return size and SHA-256 of a file, as the manifest lists them."""
    content = path.read_bytes()
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def read_manifest(folder: Path, settings: dict[str, Any]) -> dict[str, Any] | None:
    """Return the manifest of a town with these settings, or `None` where a new one can be built.

    Raises `UsageError` when the folder holds anything else.
    """
    if not folder.exists():
        return None
    if not folder.is_dir():
        raise UsageError(f"{str(folder)!r} is a file: choose another folder for the demo town.")
    path = folder / MANIFEST
    if not path.exists():
        if any(folder.iterdir()):
            raise UsageError(f"The folder {str(folder)!r} holds other files: choose an empty one for the demo town.")
        return None
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{str(path)!r} is not a demo town's list of files: choose another folder.") from error
    if not isinstance(manifest, dict) or any(manifest.get(key) != value for key, value in settings.items()):
        raise UsageError(
            f"The folder {str(folder)!r} holds a demo town with other settings or of another version: delete it or "
            "choose another folder."
        )
    return manifest


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write the list of a town's files."""
    write_whole(folder / MANIFEST, json.dumps(manifest, indent=1) + "\n")
