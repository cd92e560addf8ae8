"""Keypoints of the map's photos, kept so that no question computes them again; SQLite, bounded in bytes.

It is a cache: nothing but time is lost with it. A file that is damaged is begun anew, and where none can be written,
keypoints are computed each time. A photo with 1,024 keypoints takes 136 KiB, so that there is room for 7,600.
"""

import hashlib
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ..features.keypoints import Keypoints
from ..features.xfeat import XFEAT_DIMENSION
from ..ledger.schema import enter_wal

KEYPOINTS = "keypoints.sqlite"
MOST_BYTES = 2**30
LARGEST_PHOTO = 140_000  # bytes: 1,024 keypoints, of 136 bytes each, and the row

_PATIENCE = 5.0  # seconds to wait for another process's write
_SCHEMA = """
CREATE TABLE IF NOT EXISTS keypoints (
    digest TEXT, extractor TEXT, used INTEGER NOT NULL, bytes INTEGER NOT NULL, width INTEGER NOT NULL,
    height INTEGER NOT NULL, checksum BLOB NOT NULL, points BLOB NOT NULL, descriptors BLOB NOT NULL,
    PRIMARY KEY (digest, extractor));
CREATE INDEX IF NOT EXISTS keypoints_by_use ON keypoints (used, bytes);
"""
_PUT = """
INSERT OR REPLACE INTO keypoints
VALUES (?, ?, (SELECT COALESCE(MAX(used), 0) + 1 FROM keypoints), ?, ?, ?, ?, ?, ?)
"""
_USE = """
UPDATE keypoints SET used = (SELECT MAX(used) + 1 FROM keypoints) WHERE digest = ? AND extractor = ?
"""
# All but those used last that fit together.
_EVICT = """
DELETE FROM keypoints WHERE rowid IN (
    SELECT rowid FROM (SELECT rowid, SUM(bytes) OVER (ORDER BY used DESC) AS total FROM keypoints) WHERE total > ?)
"""
_ROW_BYTES = 256  # what a row takes beside its two arrays, about
_AT_ONCE = 500  # parameters of one statement
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_READ_ONLY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
# With these the cache does not serve now, and the work goes on without it.
_UNUSABLE = {*_DAMAGED, *_READ_ONLY, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_Found = TypeVar("_Found")


def as_stored(keypoints: Keypoints) -> Keypoints:
    """Round descriptors to the float16 that is stored, so that a photo matches alike whether it was stored or not."""
    return Keypoints(
        points=keypoints.points.astype(np.float32),
        size=keypoints.size,
        descriptors=keypoints.descriptors.astype(np.float16).astype(np.float32),
    )


class KeypointStore:
    """The store in a map's folder; safe to use from several threads and processes, and opened when first needed."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        """Keep at most `most_bytes` of keypoints in the folder; those that were not used for longest leave first."""
        self.path = folder / KEYPOINTS
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None

    def close(self) -> None:
        """Close the file; it is opened again when it is next needed."""
        with self._lock:
            self._close()

    def get(self, digest: str, extractor: str) -> Keypoints | None:
        """Return what is kept of an image, and note that it was used; None where nothing is."""
        rows = self._fetch(
            "SELECT width, height, checksum, points, descriptors FROM keypoints WHERE digest = ? AND extractor = ?",
            (digest, extractor),
        )
        if not rows:
            return None
        width, height, checksum, points, descriptors = rows[0]
        if _checksum(points, descriptors) != checksum:
            return None
        self._fetch(_USE, (digest, extractor))
        return _read(points, (width, height), descriptors)

    def put(self, digest: str, extractor: str, keypoints: Keypoints) -> bool:
        """Keep an image's keypoints; others leave where there is no room. Says whether it was written."""
        points = keypoints.points.astype("<f4").tobytes()
        descriptors = keypoints.descriptors.astype("<f2").tobytes()
        taken = len(points) + len(descriptors) + _ROW_BYTES
        row = (digest, extractor, taken, *keypoints.size, _checksum(points, descriptors), points, descriptors)

        def write(db: sqlite3.Connection) -> bool:
            with db:
                db.execute("BEGIN IMMEDIATE")
                db.execute(_PUT, row)
                if _total(db) > self._most_bytes:
                    db.execute(_EVICT, (self._most_bytes,))
            return True

        return bool(self._do(write))

    def kept(self, digests: Sequence[str], extractor: str) -> set[str]:
        """Return those of the images whose keypoints are kept."""
        found: set[str] = set()
        for start in range(0, len(digests), _AT_ONCE):
            part = digests[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(part))
            query = f"SELECT digest FROM keypoints WHERE extractor = ? AND digest IN ({marks})"  # noqa: S608
            found |= {digest for (digest,) in self._fetch(query, (extractor, *part))}
        return found

    def bytes_left(self) -> int:
        """How many bytes can be kept before others leave; 0 where nothing can be kept."""
        total = self._do(_total)
        read_only = self._fetch("PRAGMA query_only", ()) == [(1,)]
        return 0 if total is None or read_only else max(0, self._most_bytes - total)

    def _fetch(self, query: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Run one statement; no rows where the file does not serve."""
        return self._do(lambda db: db.execute(query, parameters).fetchall()) or []

    def _do(self, work: Callable[[sqlite3.Connection], _Found]) -> _Found | None:
        """Do some work with the open file, on a new one where it is damaged; None where there can be none."""
        with self._lock:
            for _ in range(2):
                try:
                    return work(self._opened())
                except sqlite3.ProgrammingError:
                    raise
                except sqlite3.DatabaseError as error:
                    # No code: the module itself could not read a text.
                    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
                    if code not in _UNUSABLE:
                        raise
                    if code not in _DAMAGED or not self._begin_anew():
                        return None
            return None

    def _opened(self) -> sqlite3.Connection:
        if self._db is None:
            self._db = _connect(self.path)
        return self._db

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _begin_anew(self) -> bool:
        """Remove a damaged file; a process that has it open goes on with it until it ends."""
        self._close()
        try:
            for suffix in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        except OSError:
            return False
        return True


def _connect(path: Path) -> sqlite3.Connection:
    """Open or create the file, or open it for reading alone where it cannot be written."""
    try:
        return _prepared(sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False))
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in _READ_ONLY or not path.is_file():
            raise
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA query_only = 1")
    return db


def _prepared(db: sqlite3.Connection) -> sqlite3.Connection:
    """Create the table in a new file."""
    try:
        enter_wal(db)
        db.execute("PRAGMA synchronous = NORMAL")
        db.executescript(_SCHEMA)
    except BaseException:
        db.close()
        raise
    return db


def _total(db: sqlite3.Connection) -> int:
    (total,) = db.execute("SELECT COALESCE(SUM(bytes), 0) FROM keypoints").fetchone()
    return int(total)


def _read(points: bytes, size: tuple[int, int], descriptors: bytes) -> Keypoints:
    rows = len(points) // 8
    return Keypoints(
        points=np.frombuffer(points, "<f4").reshape(rows, 2).copy(),
        size=size,
        descriptors=np.frombuffer(descriptors, "<f2").reshape(rows, XFEAT_DIMENSION).astype(np.float32),
    )


def _checksum(points: bytes, descriptors: bytes) -> bytes:
    return hashlib.blake2b(points + descriptors, digest_size=16).digest()
