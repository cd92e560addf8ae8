"""The references of a split: by where they were taken, and their digests."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.photo.gallery import Gallery
from internvl_vpr.tools.photo.position import as_it_stands
from internvl_vpr.tools.records import Position


class Reference(NamedTuple):
    """A reference's name, the digest of its bytes unless they were not read, and its position."""

    name: str
    digest: str | None
    position: Position | None


class ReferencesDigests(NamedTuple):
    """One SHA-256 over names, bytes and positions of references, and one that leaves out the bytes.

    Both are the same where bytes do not count: those of drawn photos, and of more photos than are read.
    """

    whole: str
    names: str


def references_of(index: PlaceIndex) -> Iterable[Reference]:
    """Yield the references of an index in the order of their names."""
    return (Reference(photo.reference, photo.digest, photo.position) for photo in index.photos())


def read_gallery(index: PlaceIndex, *, plane: bool = False) -> Gallery:
    """Return the references of an index by where they were taken; see `gallery_of`."""
    return gallery_of(references_of(index), plane=plane)


def gallery_of(references: Iterable[Reference], *, plane: bool = False) -> Gallery:
    """Return references by where they were taken; with `plane`, names' metres are taken as they stand."""
    return Gallery((one.name, as_it_stands(one.name, one.position) if plane else one.position) for one in references)


def copies_in(index: PlaceIndex) -> Callable[[str], list[str]]:
    """Return what finds the references of an index that have the bytes of a digest."""
    return lambda digest: [photo.reference for photo in index.copies(digest)]


class Digested:
    """References that are passed on one by one, in the order of their names, while their digests are computed.

    Drawn photos are identified by their generator and its settings, `drawn_by`, not by their bytes: another
    processor may round a pixel the other way.
    """

    def __init__(self, references: Iterable[Reference], *, drawn_by: str | None) -> None:
        self._references, self._drawn = references, drawn_by is not None
        self._whole, self._names = (hashlib.sha256(f"{drawn_by}\n".encode()) for _ in range(2))

    def __iter__(self) -> Iterator[Reference]:
        for one in self._references:
            content, place = "" if self._drawn else one.digest or "", _written(one.position)
            self._whole.update(f"{one.name}\0{content}\0{place}\n".encode())
            self._names.update(f"{one.name}\0\0{place}\n".encode())
            yield one

    def digests(self) -> ReferencesDigests:
        """Return the digests of the references that were passed on so far."""
        return ReferencesDigests(self._whole.hexdigest(), self._names.hexdigest())


def references_digests(references: Iterable[Reference], *, drawn_by: str | None) -> ReferencesDigests:
    """Return the digests of references, which come in the order of their names; see `Digested`."""
    passed = Digested(references, drawn_by=drawn_by)
    for _ in passed:
        continue
    return passed.digests()


def _written(position: Position | None) -> str:
    return position.model_dump_json() if position else ""
