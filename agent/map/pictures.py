"""Small pictures for a page: only of the very photographs that an answer is about, and not too many of them."""

from pathlib import Path

from internvl_vpr.tools.errors import PackageMissing, PhotoError
from internvl_vpr.tools.photo.jpeg import thumbnail_url
from internvl_vpr.tools.photo.photo import open_photo

MOST_BYTES = 8 * 2**20  # of all pictures of a page


class Pictures:
    """Photographs as data URIs, each made once, as far as their limit of bytes allows."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._left = most_bytes
        self._made: dict[tuple[Path, str], str | None] = {}

    def of(self, path: Path, digest: str) -> str | None:
        """Return a photo as a JPEG data URI; None where it is gone, damaged or another one, or the page is full."""
        if (path, digest) not in self._made:
            made = _picture(path, digest) if self._left > 0 else None
            self._left -= len(made or "")
            self._made[path, digest] = made
        return self._made[path, digest]


def _picture(path: Path, digest: str) -> str | None:
    try:
        photo = open_photo(path, read_position=False)
    except (PhotoError, PackageMissing):
        return None
    return thumbnail_url(path) if photo.digest == digest else None
