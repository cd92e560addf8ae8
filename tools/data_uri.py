"""A photo as a small picture within a page."""

import base64
import io
from pathlib import Path

from .errors import PackageMissing, PhotoError
from .photo import load_image, open_photo

_SIDE = 320  # pixels along the longer side
_QUALITY = 70


def data_uri(path: Path) -> str | None:
    """Return a photo as a JPEG data URI, upright and without metadata; None where it is gone or damaged."""
    try:
        image = load_image(open_photo(path, read_position=False), longer_side=_SIDE)
    except (PhotoError, PackageMissing):
        return None
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"
