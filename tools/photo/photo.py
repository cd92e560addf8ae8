"""Photographs on disk: found, checked by their header without decoding, and decoded upright."""

import hashlib
import io
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import ExifTags, Image, ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from ..errors import PhotoError, PositionError, UsageError
from ..packages import import_extra
from ..records import Photo, Position
from .position import from_degrees, parse_at_name

PositionSource = Literal["csv", "name", "exif"]

MAX_BYTES = 256 * 2**20
MAX_PIXELS = 128_000_000
MIN_SIDE = 14  # pixels: one patch of DINOv2
# HEIF needs an extra; without it such photos are found all the same, so that they are reported.
PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".heic", ".heif"})

_TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
# All that Pillow's plugins raise for damaged files; warnings, where the application has made them errors.
_PILLOW_ERRORS = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    Warning,
)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def find_photos(folder: Path) -> list[Path]:
    """Return the files below a folder that have a photo's suffix, sorted by their relative path.

    Hidden ones are left out, and links to folders are not followed. Whether they are photos is for
    `open_photo` to say. Raises `UsageError` for a folder that is missing or cannot be read.
    """

    found: list[Path] = []

    def note(error: OSError) -> None:
        if Path(error.filename) != folder:
            found.append(Path(error.filename))
            return
        raise UsageError(
            f"The folder {str(folder)!r} cannot be read ({error.strerror}): name a folder of photos."
        ) from error

    for parent, folders, names in os.walk(folder, onerror=note):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = [Path(parent, name) for name in names if not name.startswith(".")]
        found += [path for path in paths if path.suffix.lower() in PHOTO_SUFFIXES]
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def open_photo(path: Path, position: Position | None = None, *, read_position: bool = True) -> Photo:
    """Check a file and return it as a photo, without decoding its pixels.

    Its position is the given one (a CSV's), else that of its '@' name, else that of its EXIF; without
    `read_position`, neither name nor EXIF is read. Raises `PhotoError` for a file that cannot be
    used, `PositionError` for a wrong '@' name, `PackageMissing` for HEIF without the package it needs.
    """
    data = _read(path)
    with _damage_reported(path):
        _open_image(path, data).verify()  # the checksums, in PNG
        image = _open_image(path, data)
    width, height = image.size
    if _orientation(image, data) >= 5:
        width, height = height, width
    source: PositionSource | None = "csv" if position else None
    if position is None and read_position:
        position, source = _find_position(path, image, data)
    digest = hashlib.sha256(data).hexdigest()
    return Photo(path=path, digest=digest, width=width, height=height, position=position, position_source=source)


def open_unchanged(path: Path, digest: str) -> Photo:
    """Open a photo without its position, which no model may see; raises `PhotoError` if its bytes are others now."""
    photo = open_photo(path, read_position=False)
    if photo.digest != digest:
        raise PhotoError(f"The photo {str(path)!r} has changed since it was indexed: run index again.")
    return photo


def load_image(photo: Photo, longer_side: int | None = None) -> Image.Image:
    """Decode a photo to an upright RGB image without metadata, scaled down to at most `longer_side` pixels.

    Of an animation the first frame is taken; transparency is laid on white, and 16-bit grey keeps its upper
    eight bits. Raises `PhotoError` for a file that is damaged, or has changed since it was opened.
    """
    data = _read(photo.path)
    if hashlib.sha256(data).hexdigest() != photo.digest:
        raise PhotoError(f"The photo {str(photo.path)!r} has changed since it was opened: open it again.")
    with _damage_reported(photo.path):
        image = _open_image(photo.path, data)
        orientation = _orientation(image, data)
        pixels = _decode(image, longer_side)
    if min(pixels.size) < MIN_SIDE:
        raise PhotoError(
            f"The photo {str(photo.path)!r} is too narrow: scaled to {longer_side} pixels, its shorter side "
            f"has {min(pixels.size)}, so crop it."
        )
    # Not ImageOps.exif_transpose: that rewrites the whole EXIF, and fails where some other tag is malformed.
    upright = pixels.transpose(_TURNS[orientation]) if orientation in _TURNS else pixels.copy()
    upright.info = {}
    return upright


def _read(path: Path) -> bytes:
    name = str(path)
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise PhotoError(f"The name of the photo {name!r} is not UTF-8: rename it.") from error
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise PhotoError(f"{name!r} is a folder that could not be searched: check its permissions.")
        if not stat.S_ISREG(status.st_mode):  # opening a FIFO would block
            raise PhotoError(f"{name!r} is not a file: name a photo.")
        if status.st_size > MAX_BYTES:
            raise PhotoError(f"The photo {name!r} is larger than {MAX_BYTES // 2**20} MiB: save it smaller.")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = getattr(error, "strerror", None) or error
        raise PhotoError(f"The photo {name!r} cannot be read ({reason}): check its name and permissions.") from error
    if not data:
        raise PhotoError(f"The photo {name!r} is empty: copy it again from where it came from.")
    return data


@contextmanager
def _damage_reported(path: Path) -> Iterator[None]:
    try:
        yield
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(path) from error
    except _PILLOW_ERRORS as error:
        raise PhotoError(
            f"The photo {str(path)!r} is damaged or cut short: copy it again from where it came from."
        ) from error


def _too_many_pixels(path: Path) -> PhotoError:
    return PhotoError(f"The photo {str(path)!r} has more than {MAX_PIXELS // 10**6} megapixels: scale it down.")


def _open_image(path: Path, data: bytes) -> ImageFile.ImageFile:
    """Read the header and check what it says.

    The plugin is called itself, because Image.open warns of sizes that are allowed here, and warnings
    can be turned off for a whole process only.
    """
    image = _find_plugin(path, data)(io.BytesIO(data))
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels(path)
    if min(image.size) < MIN_SIDE:
        raise PhotoError(f"The photo {str(path)!r} is too small: it needs {MIN_SIDE} pixels on each side at least.")
    if image.mode in ("I", "F"):
        raise PhotoError(f"The photo {str(path)!r} has 32-bit pixels of unknown range: save it with 8 or 16 bits.")
    return image


def _find_plugin(path: Path, data: bytes) -> type[ImageFile.ImageFile]:
    if data.startswith(b"\xff\xd8\xff"):
        return JpegImageFile
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngImageFile
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WebPImageFile
    if data.startswith(_TIFF_MAGICS):
        return TiffImageFile
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        plugin: type[ImageFile.ImageFile] = import_extra("pillow_heif", "heic").HeifImageFile
        return plugin
    raise PhotoError(f"The file {str(path)!r} is not a JPEG, PNG, WebP, TIFF or HEIF image: convert it to one.")


def _decode(image: ImageFile.ImageFile, longer_side: int | None) -> Image.Image:
    """Decode to RGB, not yet upright."""
    scale = min(1.0, longer_side / max(image.size)) if longer_side else 1.0
    width, height = (max(1, round(side * scale)) for side in image.size)
    if isinstance(image, JpegImageFile):
        image.draft(None, (2 * width, 2 * height))  # fewer pixels to decode, enough left to filter
    image.load()
    pixels = _to_8_bits(image)
    if pixels.size != (width, height):
        pixels = pixels.resize((width, height), Image.Resampling.LANCZOS)
    if pixels.mode == "RGB":
        return pixels
    white = Image.new("RGB", pixels.size, "white")
    white.paste(pixels, mask=pixels.getchannel("A"))
    return white


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Convert any mode to RGB, or RGBA where there is transparency."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _find_position(
    path: Path, image: ImageFile.ImageFile, data: bytes
) -> tuple[Position | None, PositionSource | None]:
    if named := parse_at_name(path.name):
        return named, "name"
    if measured := _exif_position(image, data):
        return measured, "exif"
    return None, None


def _exif_position(image: ImageFile.ImageFile, data: bytes) -> Position | None:
    """The GPS block's position; None where it is missing, malformed, or 0°, 0° as receivers without a fix write."""
    try:
        gps = _exif(image, data).get_ifd(ExifTags.IFD.GPSInfo)
        latitude = _angle(gps[ExifTags.GPS.GPSLatitude], gps[ExifTags.GPS.GPSLatitudeRef], "NS")
        longitude = _angle(gps[ExifTags.GPS.GPSLongitude], gps[ExifTags.GPS.GPSLongitudeRef], "EW")
        return from_degrees(latitude, longitude) if latitude or longitude else None
    except (PositionError, *_PILLOW_ERRORS):
        return None


def _angle(parts: Any, reference: str, signs: str) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)  # 0/0 becomes NaN
    if not (degrees >= 0 and 0 <= minutes <= 60 and 0 <= seconds <= 60):
        raise ValueError(parts)
    sign = {signs[0]: 1, signs[1]: -1}[reference.strip("\0 ").upper()]
    return sign * (degrees + minutes / 60 + seconds / 3600)


def _orientation(image: ImageFile.ImageFile, data: bytes) -> int:
    """EXIF's orientation of the pixels that the plugin decodes, 1 where it is missing or malformed."""
    if isinstance(image, TiffImageFile):
        return 1  # this plugin turns the image itself
    try:
        value = _exif(image, data).get(ExifTags.Base.Orientation)
    except _PILLOW_ERRORS:
        return 1
    return value if value in _TURNS else 1


def _exif(image: ImageFile.ImageFile, data: bytes) -> Image.Exif:
    if isinstance(image, PngImageFile) and b"eXIf" not in data:
        return Image.Image.getexif(image)  # the plugin's own decodes the image to find a block behind the pixels
    return image.getexif()
