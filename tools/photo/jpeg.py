"""Photos as JPEG: re-encoded upright to a bounded size, without metadata, for an endpoint or a page."""

import base64
import hashlib
import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from PIL import Image

from ..errors import PackageMissing, PhotoError
from ..records import Photo
from .photo import load_image, open_photo

_QUALITY = 90
_THUMBNAIL_QUALITY = 70
_THUMBNAIL_SIDE = 320  # pixels along the longer side


@dataclass(frozen=True)
class Jpeg:
    """The bytes of a JPEG file."""

    data: bytes

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def url(self) -> str:
        """The bytes as a `data:` URL, so that nobody has to fetch them."""
        return f"data:image/jpeg;base64,{base64.b64encode(self.data).decode()}"


def encoding(longer_side: int) -> str:
    """Name what decides the bytes that are sent, for a describer's id."""
    return f"JPEG {_QUALITY}, {longer_side} px"


def encode_photo(photo: Photo, longer_side: int) -> Jpeg:
    """Re-encode a photo upright, with at most `longer_side` pixels along its longer side; raises `PhotoError`."""
    return encode_jpeg(load_image(photo, longer_side))


def encode_jpeg(image: Image.Image, quality: int = _QUALITY, *, optimize: bool = False) -> Jpeg:
    """Encode the pixels of an RGB image and nothing else: no EXIF, no position, no name."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, optimize=optimize)
    return Jpeg(buffer.getvalue())


def thumbnail_url(path: Path) -> str | None:
    """Return a small upright JPEG of a photo as a `data:` URL; None where the photo is gone or damaged."""
    try:
        image = load_image(open_photo(path, read_position=False), longer_side=_THUMBNAIL_SIDE)
    except (PhotoError, PackageMissing):
        return None
    return encode_jpeg(image, _THUMBNAIL_QUALITY, optimize=True).url
