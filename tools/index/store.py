"""What an index build has done so far: photos seen, the codebook, one vector an image; SQLite.

The store belongs to the build alone; searching never reads it. Every commit is durable, so a build
that is killed goes on where it stopped.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from ..arrays import Floats
from ..errors import IndexBusy, IndexDamaged
from ..records import Photo

STORE = "build.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value BLOB);
CREATE TABLE IF NOT EXISTS photos (
    root TEXT, reference TEXT, digest TEXT, size INTEGER, mtime INTEGER, width INTEGER, height INTEGER,
    latitude REAL, longitude REAL, easting REAL, northing REAL, zone TEXT, source TEXT, seen INTEGER,
    PRIMARY KEY (root, reference));
CREATE INDEX IF NOT EXISTS photos_by_digest ON photos (digest);
CREATE TABLE IF NOT EXISTS vectors (
    image INTEGER PRIMARY KEY AUTOINCREMENT, digest TEXT UNIQUE, checksum BLOB, vector BLOB);
"""

_IMAGES = "FROM photos WHERE NOT ? OR digest NOT IN (SELECT digest FROM vectors)"


class PhotoState(NamedTuple):
    """A photo when it was last read: size (bytes) and modification time (ns) of the file, and its position's source."""

    stamp: tuple[int, int]
    source: str | None


class BuildStore:
    """The build's own database, opened by `with`; one build at a time can have it open."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._db = sqlite3.connect(folder / STORE, timeout=0.2, isolation_level=None)

    def __enter__(self) -> Self:
        try:
            # The lock is taken by the first write and held to the end: one build at a time.
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = TRUNCATE")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(f"BEGIN EXCLUSIVE; {_SCHEMA} COMMIT;")
        except sqlite3.OperationalError as error:
            self._db.close()
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise IndexBusy(
                f"Another process is building the index in {str(self._folder)!r}: wait until it has ended."
            ) from error
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise IndexDamaged(
                f"The build's own file {str(self._folder / STORE)!r} is damaged: build the index in a new folder."
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Make what happens inside durable as one step, or undo it when it fails."""
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:  # SQLite itself may have rolled back, as on a full disk
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def fact(self, name: str) -> bytes | None:
        """Return a value stored under a name, or None."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def set_fact(self, name: str, value: bytes) -> None:
        """Store a value under a name."""
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def begin_run(self) -> int:
        """Return the number of a new run; `see` and `put_photo` mark what a run has met."""
        run = int(self.fact("run") or 0) + 1
        self.set_fact("run", str(run).encode())
        return run

    def known(self, root: str, reference: str) -> PhotoState | None:
        """Return the state of a photo when it was last read; None for a new one."""
        row = self._db.execute(
            "SELECT size, mtime, source FROM photos WHERE root = ? AND reference = ?", (root, reference)
        ).fetchone()
        return PhotoState((row[0], row[1]), row[2]) if row else None

    def see(self, root: str, reference: str, run: int) -> None:
        """Note that a known photo is still there in this run."""
        self._db.execute("UPDATE photos SET seen = ? WHERE root = ? AND reference = ?", (run, root, reference))

    def put_photo(self, root: str, reference: str, photo: Photo, stamp: tuple[int, int], run: int) -> None:
        """Write a photo's row."""
        position = photo.position
        place: tuple[Any, ...] = (None,) * 5
        if position is not None:
            place = (
                position.latitude,
                position.longitude,
                position.easting,
                position.northing,
                position.zone,
            )
        self._db.execute(
            "INSERT OR REPLACE INTO photos VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (root, reference, photo.digest, *stamp, photo.width, photo.height, *place, photo.position_source, run),
        )

    def drop_photo(self, root: str, reference: str) -> None:
        """Forget a photo, if it is known."""
        self._db.execute("DELETE FROM photos WHERE root = ? AND reference = ?", (root, reference))

    def drop_unseen(self, root: str, run: int) -> int:
        """Forget the photos of a root that this run has not seen; returns their number."""
        return self._db.execute("DELETE FROM photos WHERE root = ? AND seen <> ?", (root, run)).rowcount

    def drop_root(self, root: str) -> None:
        """Forget all photos of a folder."""
        self._db.execute("DELETE FROM photos WHERE root = ?", (root,))

    def drop_path(self, digest: str, path: str) -> None:
        """Forget the photo with these bytes at a path."""
        self._db.execute("DELETE FROM photos WHERE digest = ? AND root || '/' || reference = ?", (digest, path))

    def count_photos(self) -> int:
        """Return the number of photos, copies and all."""
        return int(self._db.execute("SELECT COUNT(*) FROM photos").fetchone()[0])

    def count_images(self, *, undone: bool = False) -> int:
        """Return the number of distinct images, or of those that have no vector yet."""
        (count,) = self._db.execute(f"SELECT COUNT(DISTINCT digest) {_IMAGES}", (undone,)).fetchone()
        return int(count)

    def images(self, first: int, most: int, *, undone: bool = False) -> list[Photo]:
        """Return one photo for each distinct image, or each without a vector: a page in the order of digests."""
        rows = self._db.execute(
            f"SELECT digest, MIN(reference), root, width, height {_IMAGES}"  # the other columns come from that row
            " GROUP BY digest ORDER BY digest LIMIT ? OFFSET ?",
            (undone, most, first),
        )
        return [
            Photo(path=Path(root) / reference, digest=digest, width=width, height=height)
            for digest, reference, root, width, height in rows
        ]

    def put_vector(self, digest: str, vector: Floats) -> None:
        """Store the vector `[S·D]` of an image."""
        blob = vector.astype("<f4").tobytes()
        self._db.execute(
            "INSERT OR REPLACE INTO vectors (digest, checksum, vector) VALUES (?, ?, ?)",
            (digest, _checksum(blob), blob),
        )

    def drop_vectors(self) -> None:
        """Remove all vectors, and all FAISS indexes trained on them: they belong to another codebook."""
        self._db.execute("DELETE FROM vectors")
        self._db.execute("DELETE FROM facts WHERE name LIKE 'trained/%'")

    def drop_orphans(self) -> None:
        """Remove the vectors of images that no photo has any more."""
        self._db.execute("DELETE FROM vectors WHERE digest NOT IN (SELECT digest FROM photos)")

    def image_checksums(self) -> Iterator[tuple[int, bytes]]:
        """Yield id and vector checksum of every image, in the order of the ids."""
        yield from self._db.execute("SELECT image, checksum FROM vectors ORDER BY image")

    def vectors(self, first: int, last: int) -> Iterator[tuple[int, Floats]]:
        """Yield id and vector `[S·D]` of the images with `first <= id <= last`, in the order of the ids."""
        rows = self._db.execute(
            "SELECT image, checksum, vector FROM vectors WHERE image BETWEEN ? AND ? ORDER BY image",
            (first, last),
        ).fetchall()
        damaged = [(image,) for image, checksum, blob in rows if _checksum(blob) != checksum]
        if damaged:
            self._db.executemany("DELETE FROM vectors WHERE image = ?", damaged)
            raise IndexDamaged(
                f"{len(damaged)} stored vectors in {str(self._folder / STORE)!r} were damaged and have been dropped: "
                "run the same command again to compute them again."
            )
        for image, _, blob in rows:
            yield image, np.frombuffer(blob, "<f4")

    def place_rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of `place_index.write_places`."""
        yield from self._db.execute(
            "SELECT root, reference, image, photos.digest, latitude, longitude, easting, northing, zone"
            " FROM photos JOIN vectors ON photos.digest = vectors.digest ORDER BY reference, root"
        )


def _checksum(blob: bytes) -> bytes:
    return hashlib.blake2b(blob, digest_size=16).digest()
