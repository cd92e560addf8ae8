"""Another method's global descriptors as stage 1: a photo's row in a file, instead of local features of its pixels.

A row `x [1, D]` is one local descriptor, the codebook one centre at zero: then Eqs. 1–5 are the cosine of two rows.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import Literal

import numpy as np
from pydantic import Field

from ..arrays import Floats
from ..errors import PhotoError, UsageError
from ..photo.image_list import field_images
from ..records import Digest, Photo, Record
from .descriptor_file import DATABASE_FILE, QUERIES_FILE, DescriptorFile, check_rows, open_descriptors

_LENGTH_SLACK = 0.01  # of a row's length from 1: more than float16 can make of it


class DescriptorSettings(Record):
    """Which descriptors: `dimension` numbers each, the database's in a file with this digest.

    `source` is the folder of the files, `stamp` the size (bytes) and modification time (ns) of the database's file, and
    `photos` the folder whose images its rows are; they are hints and change no number.
    """

    name: Literal["descriptors"] = "descriptors"
    source: str
    dimension: int = Field(ge=1)
    database: Digest
    stamp: tuple[int, int]
    photos: str = ""

    @property
    def id(self) -> str:
        """Name, digest of the database's descriptors, and D, such as `descriptors/0123456789ab/8448`."""
        return f"descriptors/{self.database[:12]}/{self.dimension}"


def resolve_descriptors(folder: Path, there: object = None) -> DescriptorSettings:
    """Find descriptors in a folder and check those of the database; `there` are settings that an index has already.

    A file that has not changed since is not read again. Raises `UsageError` for descriptors that cannot be used, also
    where a row's length is not 1 within 1 %: their inner products would give another order than the method's.
    """
    source = str(folder.resolve())
    if not Path(source, DATABASE_FILE).is_file():
        raise UsageError(
            f"There is no {DATABASE_FILE} in {source!r}: name the folder of the descriptors with --coarse, as "
            "VPR-methods-evaluation writes it with --save_descriptors."
        )
    file = open_descriptors(Path(source, DATABASE_FILE))
    status = file.path.stat()
    stamp = (status.st_size, status.st_mtime_ns)
    known = there if isinstance(there, DescriptorSettings) else None
    if known and (known.source, known.stamp) == (source, stamp):
        return known
    for first, block in file.blocks():
        _check_lengths(file, first, block)
    with file.path.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    photos = known.photos if known else ""
    return DescriptorSettings(source=source, dimension=file.dimension, database=digest, stamp=stamp, photos=photos)


def _check_lengths(file: DescriptorFile, first: int, block: Floats) -> None:
    lengths = np.linalg.norm(block, axis=1)
    wrong = np.flatnonzero(np.abs(lengths - 1) > _LENGTH_SLACK)
    if len(wrong):
        raise UsageError(
            f"Row {first + int(wrong[0])} (from 0) of {str(file.path)!r} has the length {lengths[wrong[0]]:.3g} and "
            "not 1, so that stage 1 would order otherwise than the method does: divide each row by its length."
        )


class ImportedDescriptors:
    """Looks photos up: those of the database's folder in its rows, those of a folder beside it in the queries' rows."""

    batch_size = 64

    def __init__(self, settings: DescriptorSettings) -> None:
        """Open the files that the settings name; raises `UsageError`."""
        self.settings = settings
        self._source = Path(settings.source)
        self._database = open_descriptors(self._source / DATABASE_FILE)
        self._queries: DescriptorFile | None = None
        self._numbers: dict[Path, dict[str, int]] = {}
        # As it was named: its list lies beside that name, and not beside what a link leads to.
        self._photos, self._led_to = Path(settings.photos), Path(settings.photos).resolve()
        self._queries_in: dict[Path, dict[str, int]] = {}
        self._lock = RLock()  # photos are looked up in threads

    @property
    def id(self) -> str:
        """Name, digest of the database's descriptors, and D."""
        return self.settings.id

    @property
    def dimension(self) -> int:
        """D, the length of one descriptor."""
        return self.settings.dimension

    def codebook(self) -> Floats:
        """Return the one centre at zero, `[1, D]` float32."""
        return np.zeros((1, self.dimension), np.float32)

    def rows(self, photos: Sequence[Photo]) -> list[Floats | PhotoError]:
        """Return each photo's descriptor, `[1, D]` float32, or why it has none.

        Raises `UsageError` for descriptors of queries that cannot be used.
        """
        return [self._row(photo.path) for photo in photos]

    def row_id(self, photo: Photo) -> str:
        """Name what a photo's descriptor is: two of different queries' files are told apart. Raises `PhotoError`."""
        row = self._row(photo.path)
        if isinstance(row, PhotoError):
            raise row
        return f"{self.id}/{hashlib.sha256(row.tobytes()).hexdigest()[:12]}"

    def check_database(self) -> None:
        """Raise `UsageError` unless there is a row for each image of the map's folder."""
        self._rows_of(self._photos, self._database)

    def take_queries(self, folder: Path) -> None:
        """Look the images of a folder up in the queries' rows, wherever it lies; raises `UsageError` if they differ."""
        numbers = self._rows_of(folder.absolute(), self._asked())
        self._queries_in |= {folder.absolute(): numbers, folder.resolve(): numbers}

    def _row(self, path: Path) -> Floats | PhotoError:
        for at in (path.parent.resolve() / path.name, path.absolute()):
            for folder in at.parents:
                name = at.relative_to(folder).as_posix()
                if folder in (self._photos, self._led_to):
                    return self._found(name, self._photos, self._database, path)
                if folder in self._queries_in:
                    return self._numbered(name, self._queries_in[folder], self._asked(), path)
                if folder.parent in (self._photos.parent, self._led_to.parent):
                    return self._found(name, folder, self._asked(), path)
        return _without_row(path, self._source / QUERIES_FILE)

    def _found(self, name: str, folder: Path, file: DescriptorFile, path: Path) -> Floats | PhotoError:
        try:
            return self._numbered(name, self._rows_of(folder, file), file, path)
        except UsageError as error:
            return PhotoError(str(error))

    @staticmethod
    def _numbered(name: str, numbers: Mapping[str, int], file: DescriptorFile, path: Path) -> Floats | PhotoError:
        if name not in numbers:
            return _without_row(path, file.path)
        row: Floats = file.take([numbers[name]]).astype(np.float32)
        return row

    def _rows_of(self, folder: Path, file: DescriptorFile) -> dict[str, int]:
        """Number the images of a folder by name; raises `UsageError` where they are not as many as there are rows."""
        with self._lock:
            if folder not in self._numbers:
                names = field_images(folder)
                check_rows(file, names, folder)
                self._numbers[folder] = {name: number for number, name in reversed(list(enumerate(names)))}
            return self._numbers[folder]

    def _asked(self) -> DescriptorFile:
        """The queries' descriptors, which an index can be built without."""
        with self._lock:
            if self._queries is None:
                queries = open_descriptors(self._source / QUERIES_FILE)
                if queries.dimension != self.dimension:
                    raise UsageError(
                        f"The queries' descriptors in {str(self._source)!r} have {queries.dimension} numbers, and the "
                        f"map's {self.dimension}: extract both with one method."
                    )
                for first, block in queries.blocks():
                    _check_lengths(queries, first, block)
                self._queries = queries
            return self._queries


def _without_row(path: Path, file: Path) -> PhotoError:
    return PhotoError(
        f"The photo {str(path)!r} has no row in {str(file)!r}: only photos whose descriptors are there can be used."
    )
