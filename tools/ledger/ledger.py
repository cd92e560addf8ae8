"""Every attempt at a description, recorded before its result is used; a description is read back, not made again.

One SQLite file can serve many indexes and several processes at once. Rows never expire. Beside the
steps it keeps each photo's candidates of stage 1, the verified pairs of photographs and the sentence embeddings, so
that all are computed once and a replay is the same on any processor, and what each answer took.
"""

import asyncio
import json
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

import numpy as np
from pydantic import TypeAdapter, ValidationError, model_validator

from ..arrays import Floats
from ..disk.process_locks import ProcessLocks
from ..errors import LedgerError
from ..records import Attempt, Candidate, Cue, Digest, Record, Steps, Verification
from .schema import PATIENCE, prepare

_PARAMETERS_AT_ONCE = 500
_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.2  # seconds before looking again at a step that is under way
_FRACTION = 10_000  # points of a verification are kept in so many parts of a side
_CUES = TypeAdapter(tuple[Cue, ...])
_CANDIDATES = TypeAdapter(tuple[Candidate, ...])
_COLUMNS = "key, image, describer, n, attempt, cues, error, raw, request, usage, finish_reason, latency, made"
_Found = TypeVar("_Found")


class Step(Record):
    """What decides a description, and so its key: the image's bytes, the describer and its settings, N."""

    image: Digest
    describer: str
    n: int

    @property
    def key(self) -> str:
        """The step's key; readable, because all three parts are short."""
        return f"{self.image}/{self.n}/{self.describer}"


class Keyed(Protocol):
    """A step that the ledger knows by its key."""

    @property
    def key(self) -> str:
        """What tells it from every other step."""


_Keyed = TypeVar("_Keyed", bound=Keyed)


class Retrieval(Record):
    """What decides stage 1's candidates, and so their key: the photo, the index with all its settings, and K.

    `dtype` is the setting, since another one is asked for to see what it changes; the device is no part, so that a
    replay needs no other than its own.
    """

    image: Digest
    index: str
    backbone: str
    dtype: str
    k: int

    @property
    def key(self) -> str:
        """The retrieval's key; readable, because all its parts are short."""
        return f"{self.image}/{self.index}/{self.k}/{self.dtype}/{self.backbone}"


class Pair(Record):
    """What decides a verification, and so its key: the bytes of both images, in the order of their digests, and how."""

    first: Digest
    second: Digest
    verifier: str

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first > self.second:
            raise ValueError("the pair is in the order of the digests")
        return self

    @property
    def key(self) -> str:
        """The pair's key; readable, because all its parts are short."""
        return f"{self.first}/{self.second}/{self.verifier}"


class Ledger:
    """An open ledger file; safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        """Open or create the file; raises `LedgerError`."""
        self.path = path
        self._lock = threading.Lock()
        self._locks = ProcessLocks(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise LedgerError(
                f"The ledger {str(path)!r} cannot be opened ({error}): name another with --ledger."
            ) from error

    def _prepare(self) -> None:
        try:
            prepare(self._db, str(self.path))
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, once a write that is under way in another thread has ended."""
        with self._lock:
            self._db.close()
        self._locks.close()

    @asynccontextmanager
    async def turn(self, step: Keyed) -> AsyncIterator[None]:
        """Wait while the same step is under way, here or in another process, so that nothing is asked twice."""
        pause = _FIRST_PAUSE
        while not self._claimed(step):
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        try:
            yield
        finally:
            self._locks.release(step.key)

    def _claimed(self, step: Keyed) -> bool:
        try:
            return self._locks.acquire(step.key)
        except OSError as error:
            raise LedgerError(
                f"Nothing can be written beside the ledger {str(self.path)!r} ({error.strerror}): "
                "name another with --ledger."
            ) from error

    def recall(self, steps: Iterable[Step]) -> dict[Step, tuple[Cue, ...]]:
        """Return the recorded cues of each step that has been made; raises `LedgerError`."""
        by_key = {step.key: step for step in steps}
        rows = self.select("SELECT key, cues FROM steps WHERE error IS NULL AND key IN ({})", (), list(by_key))
        return {by_key[key]: self.parsed(_CUES.validate_json, cues) for key, cues in rows}

    def recall_failures(self, steps: Iterable[_Keyed]) -> dict[_Keyed, str]:
        """Return why each step was given up the last time that it was; raises `LedgerError`."""
        by_key = {step.key: step for step in steps}
        rows = self.select("SELECT key, reason FROM failures WHERE key IN ({})", (), list(by_key))
        return {by_key[key]: reason for key, reason in rows}

    def record_failure(self, step: Keyed, reason: str) -> None:
        """Write that a step was given up, and why: an answer went on without it, and so will its replay."""
        self.write("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", [(step.key, reason, now())])

    def record(self, step: Step, number: int, attempt: Attempt, cues: tuple[Cue, ...]) -> None:
        """Write an attempt, numbered from 1, and its weighted cues; it is on the disk when this returns.

        A description that another process has written meanwhile stays; this one is kept beside it as not used.
        """
        row = {
            "key": step.key, "image": step.image, "describer": step.describer, "n": step.n, "attempt": number,
            "cues": _CUES.dump_json(cues).decode(), "error": attempt.error, "raw": attempt.raw,
            "request": json.dumps(attempt.request, sort_keys=True), "usage": json.dumps(attempt.usage, sort_keys=True),
            "finish_reason": attempt.finish_reason, "latency": attempt.latency, "made": now(),
        }  # fmt: skip
        insert = f"INSERT INTO steps ({_COLUMNS}) VALUES (:{', :'.join(_COLUMNS.split(', '))}) ON CONFLICT DO NOTHING"  # noqa: S608
        if self.write(insert, [row]) == 0:
            self.write(insert, [{**row, "error": "not used: another process was first"}])

    def recall_answer(self, key: str) -> Steps | None:
        """Return what the answer with this key took when it was last given live, or None."""
        rows = self.select("SELECT steps FROM answers WHERE key IN ({})", (), [key])
        return self.parsed(Steps.model_validate_json, rows[0][0]) if rows else None

    def record_answer(self, key: str, steps: Steps) -> None:
        """Write what an answer took."""
        self.write("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", [(key, steps.model_dump_json(), now())])

    def recall_candidates(self, retrieval: Retrieval) -> list[Candidate] | None:
        """Return the candidates that were found when this was first retrieved, or None; raises `LedgerError`."""
        rows = self.select("SELECT candidates FROM retrievals WHERE key IN ({})", (), [retrieval.key])
        return list(self.parsed(_CANDIDATES.validate_json, rows[0][0])) if rows else None

    def record_candidates(
        self, retrieval: Retrieval, candidates: Sequence[Candidate], *, instead: Sequence[Candidate] | None = None
    ) -> list[Candidate]:
        """Write what was found, and return what the ledger now holds: another process may have been first.

        What it holds is replaced only if that is still what `instead` says.
        """
        found = _CANDIDATES.dump_json(tuple(candidates)).decode()
        self.write("INSERT OR IGNORE INTO retrievals VALUES (?, ?, ?)", [(retrieval.key, found, now())])
        if instead is not None and self.recall_candidates(retrieval) == list(instead):
            self.write("UPDATE retrievals SET candidates = ? WHERE key = ?", [(found, retrieval.key)])
        return self.recall_candidates(retrieval) or list(candidates)

    def recall_verifications(self, pairs: Iterable[Pair]) -> dict[Pair, Verification | str]:
        """Return what each pair gave, or why it could not be verified the last time; raises `LedgerError`."""
        by_key = {pair.key: pair for pair in pairs}
        rows = self.select("SELECT key, matches, points, error FROM verifications WHERE key IN ({})", (), list(by_key))
        return {by_key[key]: error or self._verification(matches, points) for key, matches, points, error in rows}

    def record_verification(self, pair: Pair, found: Verification | str) -> Verification | str:
        """Write what a pair gave, or why it could not be verified; returns what the ledger now holds.

        What another process has found meanwhile stays, but not its failure.
        """
        failure = found if isinstance(found, str) else None
        given = Verification(matches=0, inliers=0) if isinstance(found, str) else found
        row = (pair.key, given.matches, _packed(given), failure, now())
        self.write(
            "INSERT INTO verifications VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET matches ="
            " excluded.matches, points = excluded.points, error = excluded.error, made = excluded.made"
            " WHERE error IS NOT NULL",
            [row],
        )
        return self.recall_verifications([pair])[pair]

    def _verification(self, matches: int, points: bytes) -> Verification:
        try:
            rows = np.frombuffer(points, "<u2").reshape(-1, 4) / _FRACTION
            return Verification(matches=matches, inliers=len(rows), points=tuple(map(tuple, rows.tolist())))
        except (ValidationError, ValueError, TypeError) as error:
            raise self.damaged() from error

    def recall_embeddings(self, encoder: str, phrases: Sequence[str]) -> dict[str, Floats]:
        """Return the unit vector `[d]` of each phrase that this encoder has embedded before."""
        rows = self.select(
            "SELECT phrase, vector FROM embeddings WHERE encoder = ? AND phrase IN ({})", (encoder,), list(phrases)
        )
        return {phrase: np.frombuffer(blob, "<f4") for phrase, blob in rows}

    def record_embeddings(self, encoder: str, vectors: Mapping[str, Floats]) -> None:
        """Write unit vectors `[d]` by phrase."""
        rows = [(encoder, phrase, vector.astype("<f4").tobytes()) for phrase, vector in vectors.items()]
        self.write("INSERT OR IGNORE INTO embeddings VALUES (?, ?, ?)", rows)

    def parsed(self, parse: Callable[[str], _Found], text: str) -> _Found:
        """Parse what a row holds; raises `LedgerError` where it was damaged."""
        try:
            return parse(text)
        except ValidationError as error:
            raise self.damaged() from error

    def damaged(self) -> LedgerError:
        """Return the error that says a row cannot be read."""
        return LedgerError(f"The ledger {str(self.path)!r} holds a damaged row: name another with --ledger.")

    def read(self, query: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Run a query that changes nothing; raises `LedgerError`."""
        try:
            with self._lock:
                return self._db.execute(query, parameters).fetchall()
        except sqlite3.Error as error:
            raise LedgerError(
                f"The ledger {str(self.path)!r} cannot be read ({error}): name another with --ledger."
            ) from error

    def select(self, query: str, first: tuple[str, ...], keys: list[str]) -> list[tuple[Any, ...]]:
        """Run a query with `IN ({})` over any number of keys; SQLite takes only so many parameters at once.

        Raises `LedgerError`.
        """
        rows: list[tuple[Any, ...]] = []
        for start in range(0, len(keys), _PARAMETERS_AT_ONCE):
            part = keys[start : start + _PARAMETERS_AT_ONCE]
            rows += self.read(query.format(", ".join("?" * len(part))), (*first, *part))
        return rows

    def write(self, statement: str, rows: Sequence[Any]) -> int:
        """Run a statement for each row in one transaction; returns the number of rows written.

        Raises `LedgerError`. The rows are on the disk when this returns.
        """
        try:
            with self._lock:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    written = self._db.executemany(statement, rows).rowcount
                    self._db.execute("COMMIT")
                finally:
                    if self._db.in_transaction:
                        self._db.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise LedgerError(
                f"The ledger {str(self.path)!r} cannot be written ({error}): free space or name another with --ledger."
            ) from error
        return written


def _packed(found: Verification) -> bytes:
    """Turn fractions of four decimals into whole numbers of two bytes, which loses nothing."""
    return np.rint(_FRACTION * np.array(found.points, np.float64)).astype("<u2").tobytes()


async def keep(write: Callable[[], _Found]) -> _Found:
    """Record in a thread what may have been paid for: a cancellation waits until it is on the disk."""
    writing = asyncio.ensure_future(asyncio.to_thread(write))
    try:
        return await asyncio.shield(writing)
    except asyncio.CancelledError:
        await writing
        raise


def now() -> str:
    """Return the time as the ledger writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
