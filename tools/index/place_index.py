"""The index of places: geo-tagged photos on disk, opened and searched (Eq. 5)."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, Self

from safetensors import SafetensorError
from safetensors.numpy import load_file

from ..arrays import Floats
from ..errors import IndexDamaged
from ..features.codebook import codebook_digest
from ..records import Candidate, Position
from .block_search import nearest_images
from .files import Block, IndexSettings, Manifest, checked_path, read_manifest

_PHOTO_COLUMNS = "root, reference, digest, latitude, longitude, easting, northing, zone"
_FROM_0 = "longitude + 360 * (longitude < 0)"
_EXTENT = f"""
    SELECT COUNT(*), COUNT(COALESCE(latitude, easting)), MIN(latitude), MAX(latitude), MIN(longitude), MAX(longitude),
    MIN({_FROM_0}), MAX({_FROM_0}) FROM photos
"""  # noqa: S608


class _OpenFiles(NamedTuple):
    """What one build left, kept together so that two builds are never mixed: the manifest and the open files."""

    manifest: Manifest
    codebook: Floats
    blocks: list[Any]
    places: sqlite3.Connection


class Bounds(NamedTuple):
    """Limits in WGS84 degrees; `west_360` and `east_360` are of longitudes counted from 0 to 360."""

    south: float
    north: float
    west: float
    east: float
    west_360: float
    east_360: float


class Extent(NamedTuple):
    """How many photos an index holds, and where; `zones` are those of metres, None for a plane of their own."""

    photos: int
    images: int
    positioned: int
    bounds: Bounds | None
    zones: tuple[str | None, ...]


class PlaceIndex:
    """An open index: its settings, its codebook `C [S, D]`, and search over its vectors.

    Every file's checksum is verified before it is read, because a damaged FAISS file can load and
    return other neighbours without an error.
    """

    def __init__(
        self, folder: Path, manifest: Manifest, codebook: Floats, blocks: list[Any], places: sqlite3.Connection
    ) -> None:
        self.folder = folder
        self._files = _OpenFiles(manifest, codebook, blocks, places)
        self._former: list[_OpenFiles] = []

    @property
    def manifest(self) -> Manifest:
        """What the index is made of; another object once `reload` has taken up another build."""
        return self._files.manifest

    @property
    def settings(self) -> IndexSettings:
        """Every setting that decided the vectors."""
        return self._files.manifest.settings

    @property
    def codebook(self) -> Floats:
        """The centres `C [S, D]`."""
        return self._files.codebook

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the index in a folder; raises `IndexMissing` or `IndexDamaged`."""
        manifest = read_manifest(folder)
        while True:
            try:
                return cls._open(folder, manifest)
            except IndexDamaged:
                # Meanwhile a build may have replaced the index, and removed the files of the former one.
                former, manifest = manifest, read_manifest(folder)
                if manifest == former:
                    raise

    @classmethod
    def _open(cls, folder: Path, manifest: Manifest) -> Self:
        codebook = read_codebook(folder, manifest)
        blocks = [_open_block(folder, block, manifest.dimension) for block in manifest.blocks]
        return cls(folder, manifest, codebook, blocks, _open_places(checked_path(folder, manifest.places)))

    def __len__(self) -> int:
        return self.manifest.photos

    def close(self) -> None:
        """Close the table of places; the index cannot be searched after."""
        for opened in (self._files, *self._former):
            opened.places.close()

    def reload(self) -> bool:
        """Open what a build has changed in the folder since; returns whether it changed anything.

        A search that is running ends with the files that it began with. Raises `IndexMissing` or `IndexDamaged`.
        """
        if read_manifest(self.folder).checksum == self.manifest.checksum:
            return False
        fresh = self.open(self.folder)
        self._former.append(self._files)
        self._files = fresh._files
        return True

    def search(self, vector: Floats, k: int, without: str | None = None) -> list[Candidate]:
        """Return the `k` photos whose vectors have the largest inner product with `vector [S·D]` (Eq. 5).

        The image with the digest `without` is left out, with all its copies; there are fewer photos when the index
        holds fewer. Similarities are rounded to five decimals, and photos of the same similarity are ordered by their
        reference, also where the list is cut off: no digit that depends on the processor decides.
        """
        files = self._files
        if vector.shape != (files.manifest.dimension,):
            raise ValueError(f"the vector has shape {vector.shape}, the index holds [{files.manifest.dimension}]")
        found: list[Candidate] = []
        for image, similarity in nearest_images(files.blocks, vector, k if without is None else k + 1):
            photos = _photos_of(files.places, image, similarity)
            found += (photo for photo in photos if photo.digest != without)
        found.sort(key=lambda candidate: (-candidate.coarse_similarity, candidate.reference, candidate.path))
        return [candidate.model_copy(update={"coarse_rank": rank}) for rank, candidate in enumerate(found[:k], start=1)]

    def roots(self) -> list[Path]:
        """The folders whose photos are in the index."""
        rows = self._files.places.execute("SELECT DISTINCT root FROM photos ORDER BY root")
        return [Path(root) for (root,) in rows]

    def extent(self) -> Extent:
        """Count the photos and find their limits, whatever their number, without reading them one by one."""
        places = self._files.places
        zones = places.execute("SELECT DISTINCT zone FROM photos WHERE easting IS NOT NULL").fetchall()
        (images,) = places.execute("SELECT COUNT(*) FROM (SELECT DISTINCT image FROM photos)").fetchone()
        photos, positioned, *limits = places.execute(_EXTENT).fetchone()
        bounds = None if limits[0] is None else Bounds(*limits)
        return Extent(photos, images, positioned, bounds, tuple(zone for (zone,) in zones))

    def copies(self, digest: str) -> list[Candidate]:
        """Return the photos with these very bytes, in the order of their references; rank 1 and similarity 0."""
        rows = self._files.places.execute(
            f"SELECT {_PHOTO_COLUMNS} FROM photos WHERE digest = ? ORDER BY reference, root",  # noqa: S608
            (digest,),
        )
        return [_candidate(row, 0.0) for row in rows]

    def images(self) -> Iterator[Candidate]:
        """One photo for each distinct image, in the order of their references; rank 1 and similarity 0."""
        rows = self._files.places.execute(
            f"SELECT {_PHOTO_COLUMNS}, MIN(reference) FROM photos GROUP BY digest ORDER BY MIN(reference)"  # noqa: S608
        )
        for row in rows:
            yield _candidate(row[:-1], 0.0)

    def photos(self) -> Iterator[Candidate]:
        """All photos of the index in the order of their references; rank 1 and similarity 0."""
        rows = self._files.places.execute(f"SELECT {_PHOTO_COLUMNS} FROM photos ORDER BY reference, root")  # noqa: S608
        for row in rows:
            yield _candidate(row, 0.0)


def _photos_of(places: sqlite3.Connection, image: int, similarity: float) -> list[Candidate]:
    """All photos with the bytes of one image: copies under several names share one vector."""
    rows = places.execute(f"SELECT {_PHOTO_COLUMNS} FROM photos WHERE image = ? ORDER BY reference", (image,))  # noqa: S608
    return [_candidate(row, similarity) for row in rows]


def _open_block(folder: Path, block: Block, dimension: int) -> Any:
    """Open a FAISS file; all lists of an inverted one are searched, so that K photos are always found."""
    import faiss

    try:
        index = faiss.read_index(str(checked_path(folder, block)), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise IndexDamaged(f"The index file {block.name!r} cannot be read: build the index again.") from error
    if index.d != dimension or index.ntotal != block.vectors:
        raise IndexDamaged(f"The index file {block.name!r} has another shape: build the index again.")
    inverted = faiss.try_extract_index_ivf(index)
    if inverted is not None:
        inverted.nprobe = inverted.nlist
    return index


def _open_places(path: Path) -> sqlite3.Connection:
    """Open the table to be read by many threads at once.

    No statement is kept: from Python 3.12 on, two threads that ask the same are handed the same statement, and one of
    them may then read no rows, or rows of the other's.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        return sqlite3.connect(uri, uri=True, check_same_thread=False, cached_statements=0)
    except sqlite3.Error as error:
        raise IndexDamaged(f"The index file {str(path)!r} cannot be read ({error}): build the index again.") from error


def _candidate(row: tuple[Any, ...], similarity: float) -> Candidate:
    root, reference, digest, latitude, longitude, easting, northing, zone = row
    position = None
    if latitude is not None or easting is not None:
        position = Position(
            latitude=latitude, longitude=longitude, easting=easting, northing=northing, zone=zone
        )  # fmt: skip
    return Candidate(
        reference=reference,
        path=Path(root) / reference,
        digest=digest,
        position=position,
        coarse_rank=1,
        coarse_similarity=similarity,
    )


def read_codebook(folder: Path, manifest: Manifest) -> Floats:
    """Read the centres `C [S, D]` of an index; raises `IndexDamaged`."""
    path = checked_path(folder, manifest.codebook)
    try:
        codebook: Floats = load_file(path)["centers"]
    except (SafetensorError, KeyError, OSError) as error:
        raise IndexDamaged(f"The codebook {str(path)!r} cannot be read: build the index again.") from error
    if codebook_digest(codebook) != manifest.codebook_digest or codebook.size != manifest.dimension:
        raise IndexDamaged(f"The codebook of {str(folder)!r} is not the index's: build the index again.")
    return codebook


def _create_places(path: Path) -> sqlite3.Connection:
    """Create the table of places in a new file."""
    places = sqlite3.connect(path)
    places.execute(
        "CREATE TABLE photos (root TEXT, reference TEXT, image INTEGER, digest TEXT, latitude REAL, longitude REAL,"
        " easting REAL, northing REAL, zone TEXT, PRIMARY KEY (root, reference))"
    )
    places.execute("CREATE INDEX photos_by_image ON photos (image)")
    places.execute("CREATE INDEX photos_by_digest ON photos (digest)")
    return places


def write_places(path: Path, rows: Any) -> int:
    """Write `(root, reference, image, digest, latitude, …, zone)` rows to a new table; returns their number."""
    with closing(_create_places(path)) as places, places:
        count = places.executemany("INSERT INTO photos VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows).rowcount
    return max(count, 0)
