"""Every description step, recorded before its result is used, and read back instead of made again.

One SQLite file can serve many indexes and several processes at once. Rows never expire. Beside the
steps it keeps the sentence embeddings, so that each phrase is embedded once.
"""

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from weakref import WeakValueDictionary

import numpy as np
from pydantic import TypeAdapter, ValidationError

from .arrays import Floats
from .errors import LedgerError
from .records import Cue, Digest, Record, Reply

VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS steps (
    key TEXT PRIMARY KEY, image TEXT NOT NULL, describer TEXT NOT NULL, n INTEGER NOT NULL,
    cues TEXT NOT NULL, raw TEXT NOT NULL, request TEXT NOT NULL, usage TEXT NOT NULL, finish_reason TEXT,
    latency REAL NOT NULL, made TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS embeddings (
    encoder TEXT, phrase TEXT, vector BLOB NOT NULL, PRIMARY KEY (encoder, phrase)) WITHOUT ROWID;
"""
_PARAMETERS_AT_ONCE = 500
_PATIENCE = 30.0  # seconds to wait for another process's write
_CUES = TypeAdapter(tuple[Cue, ...])


class Step(Record):
    """What decides a description, and so its key: the image's bytes, the describer and its settings, N."""

    image: Digest
    describer: str
    n: int

    @property
    def key(self) -> str:
        """The step's primary key; readable, because all three parts are short."""
        return f"{self.image}/{self.n}/{self.describer}"


class Ledger:
    """An open ledger file; safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        """Open or create the file; raises `LedgerError`."""
        self.path = path
        self._lock = threading.Lock()
        self._turns: WeakValueDictionary[Step, asyncio.Lock] = WeakValueDictionary()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise LedgerError(
                f"The ledger {str(path)!r} cannot be opened ({error}): name another with --ledger."
            ) from error

    def _prepare(self) -> None:
        """Create the tables that are not there, or refuse another version's file; a failure closes the file."""
        try:
            _enter_wal(self._db)
            self._db.execute("PRAGMA synchronous = FULL")
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version not in (0, VERSION):
                raise LedgerError(
                    f"The ledger {str(self.path)!r} has version {version}, not {VERSION}: name another with --ledger."
                )
            self._db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @asynccontextmanager
    async def turn(self, step: Step) -> AsyncIterator[None]:
        """Wait while the same step is under way in this event loop, so that nothing is asked twice."""
        lock = self._turns.setdefault(step, asyncio.Lock())  # gone when nobody holds or waits for it
        async with lock:
            yield

    def recall(self, steps: Iterable[Step]) -> dict[Step, tuple[Cue, ...]]:
        """Return the recorded cues of each step that has been made; raises `LedgerError`."""
        by_key = {step.key: step for step in steps}
        rows = self._select("SELECT key, cues FROM steps WHERE key IN ({})", (), list(by_key))
        try:
            return {by_key[key]: _CUES.validate_json(cues) for key, cues in rows}
        except ValidationError as error:
            raise LedgerError(
                f"The ledger {str(self.path)!r} holds a damaged row: name another with --ledger."
            ) from error

    def record(self, step: Step, reply: Reply, cues: tuple[Cue, ...], latency: float) -> None:
        """Write a step, its verbatim reply, its weighted cues and its latency in seconds.

        It is on the disk when this returns. A step that another process has written meanwhile stays.
        """
        request, usage = json.dumps(reply.request, sort_keys=True), json.dumps(reply.usage, sort_keys=True)
        made = datetime.now(UTC).isoformat(timespec="milliseconds")
        row = (step.key, step.image, step.describer, step.n, _CUES.dump_json(cues), reply.raw, request)
        self._write(
            "INSERT OR IGNORE INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(*row, usage, reply.finish_reason, latency, made)],
        )

    def recall_embeddings(self, encoder: str, phrases: Sequence[str]) -> dict[str, Floats]:
        """Return the unit vector `[d]` of each phrase that this encoder has embedded before."""
        rows = self._select(
            "SELECT phrase, vector FROM embeddings WHERE encoder = ? AND phrase IN ({})", (encoder,), list(phrases)
        )
        return {phrase: np.frombuffer(blob, "<f4") for phrase, blob in rows}

    def record_embeddings(self, encoder: str, vectors: Mapping[str, Floats]) -> None:
        """Write unit vectors `[d]` by phrase."""
        rows = [(encoder, phrase, vector.astype("<f4").tobytes()) for phrase, vector in vectors.items()]
        self._write("INSERT OR IGNORE INTO embeddings VALUES (?, ?, ?)", rows)

    def _select(self, query: str, first: tuple[str, ...], keys: list[str]) -> list[tuple[str, Any]]:
        """Run a query with `IN ({})` over any number of keys; SQLite takes only so many parameters at once."""
        rows: list[tuple[str, Any]] = []
        try:
            with self._lock:
                for start in range(0, len(keys), _PARAMETERS_AT_ONCE):
                    part = keys[start : start + _PARAMETERS_AT_ONCE]
                    marks = ", ".join("?" * len(part))
                    rows += self._db.execute(query.format(marks), (*first, *part)).fetchall()
        except sqlite3.Error as error:
            raise LedgerError(
                f"The ledger {str(self.path)!r} cannot be read ({error}): name another with --ledger."
            ) from error
        return rows

    def _write(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        try:
            with self._lock:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    self._db.executemany(statement, rows)
                    self._db.execute("COMMIT")
                finally:
                    if self._db.in_transaction:
                        self._db.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise LedgerError(
                f"The ledger {str(self.path)!r} cannot be written ({error}): free space or name another with --ledger."
            ) from error


def _enter_wal(database: sqlite3.Connection) -> None:
    """Turn on write-ahead logging; SQLite does not wait by itself when another process is just doing so."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
