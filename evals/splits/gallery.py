"""The references of a split: by where they were taken, and their digest."""

import hashlib
from collections.abc import Callable

from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.photo.gallery import Gallery
from internvl_vpr.tools.records import Position


def read_gallery(index: PlaceIndex) -> Gallery:
    """Return the references of an index with their positions."""
    return Gallery((photo.reference, photo.position) for photo in index.photos())


def copies_in(index: PlaceIndex) -> Callable[[str], list[str]]:
    """Return what finds the references of an index that have the bytes of a digest."""
    return lambda digest: [photo.reference for photo in index.copies(digest)]


def references_digest(index: PlaceIndex, *, drawn_by: str | None) -> str:
    """Return one SHA-256 over the names, bytes and positions of an index's references.

    Drawn photos are identified by their generator and its settings, `drawn_by`, not by their bytes: another
    processor may round a pixel the other way.
    """
    digest = hashlib.sha256(f"{drawn_by}\n".encode())
    for photo in index.photos():
        content = "" if drawn_by else photo.digest
        digest.update(f"{photo.reference}\0{content}\0{_written(photo.position)}\n".encode())
    return digest.hexdigest()


def _written(position: Position | None) -> str:
    return position.model_dump_json() if position else ""
