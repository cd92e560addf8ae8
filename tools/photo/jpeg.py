"""The image as an endpoint gets to see it: re-encoded to a bounded size, without metadata."""

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


@dataclass(frozen=True)
class SentImage:
    """JPEG bytes as they are sent."""

    data: bytes

    @cached_property
    def digest(self) -> str:
        """SHA-256 of exactly the bytes that are sent."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def url(self) -> str:
        """The bytes as a `data:` URL; a server never has to fetch anything."""
        return f"data:image/jpeg;base64,{base64.b64encode(self.data).decode()}"


def encoding(longer_side: int) -> str:
    """Name what decides the bytes, for a describer's id."""
    return f"JPEG {_QUALITY}, {longer_side} px"


def encode_image(photo: Photo, longer_side: int) -> SentImage:
    """Re-encode a photo upright, with at most `longer_side` pixels along its longer side; raises `PhotoError`."""
    return jpeg(load_image(photo, longer_side))


def jpeg(image: Image.Image) -> SentImage:
    """Encode an RGB image as JPEG, which every server reads; only pixels are written: no EXIF, no position, no name."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return SentImage(buffer.getvalue())


_THUMBNAIL_SIDE = 320  # pixels along the longer side


_THUMBNAIL_QUALITY = 70


def data_uri(path: Path) -> str | None:
    """Return a photo as a JPEG data URI, upright and without metadata; None where it is gone or damaged."""
    try:
        image = load_image(open_photo(path, read_position=False), longer_side=_THUMBNAIL_SIDE)
    except (PhotoError, PackageMissing):
        return None
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=_THUMBNAIL_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"
