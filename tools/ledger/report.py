"""What a ledger file holds: its rows as records, and figures for each describer."""

import json
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from ..errors import LedgerError, UsageError
from ..records import Cue, Record
from .ledger import Ledger, Step

_PAGE = 500
_NAMES = (
    "id", "image", "describer", "n", "attempt", "cues", "error", "raw", "request", "usage", "finish_reason",
    "latency", "made",
)  # fmt: skip
_AS_JSON = ("cues", "request", "usage")


class RecordedAttempt(Record):
    """One row of the ledger: an attempt at a description, and what came of it."""

    id: int
    image: str
    describer: str
    n: int
    attempt: int
    cues: tuple[Cue, ...]
    error: str | None
    raw: str
    request: dict[str, str]
    usage: dict[str, int]
    finish_reason: str | None
    latency: float
    made: str


class DescriberStats(Record):
    """Figures of one describer: images, attempts, tokens by kind, seconds of the attempts that gave cues."""

    describer: str
    described: int
    not_described: int
    attempts: int
    described_at_first: int
    errors: dict[str, int]
    tokens: dict[str, int]
    median_latency: float | None
    latency_95: float | None
    first: str
    last: str


def open_existing(path: Path) -> Ledger:
    """Open a ledger that exists; raises `UsageError` where there is none, or `LedgerError`."""
    if not path.is_file():
        raise UsageError(f"There is no ledger at {str(path)!r}: name one with --ledger, or an index with --places.")
    return Ledger(path)


def attempts(ledger: Ledger, *, image: str = "", newest: int | None = None) -> Iterator[RecordedAttempt]:
    """Yield the recorded attempts in the order they were made, page by page; raises `LedgerError`.

    With `image`, those of images whose digest begins so; with `newest`, only so many of the newest.
    """
    of_image = ("substr(image, 1, length(?)) = ?", (image, image))
    yield from (_parsed(ledger, row) for row in rows_in_order(ledger, "steps", _NAMES, *of_image, newest=newest))


def rows_in_order(
    ledger: Ledger,
    table: str,
    columns: Sequence[str],
    where: str = "TRUE",
    parameters: Sequence[Any] = (),
    *,
    newest: int | None = None,
) -> Iterator[tuple[Any, ...]]:
    """Yield a table's rows in the order of their `id`, the first of the columns, page by page.

    With `where`, those of which that is true; with `newest`, only so many of the newest. Raises `LedgerError`.
    """
    after = 0
    if newest is not None:
        nth = f"SELECT id FROM {table} WHERE {where} ORDER BY id DESC LIMIT 1 OFFSET ?"  # noqa: S608
        after = next((row[0] for row in ledger.read(nth, (*parameters, newest))), 0)
    page = f"SELECT {', '.join(columns)} FROM {table} WHERE {where} AND id > ? ORDER BY id LIMIT {_PAGE}"  # noqa: S608
    while rows := ledger.read(page, (*parameters, after)):
        yield from rows
        after = rows[-1][0]


def _parsed(ledger: Ledger, row: tuple[Any, ...]) -> RecordedAttempt:
    try:
        fields = dict(zip(_NAMES, row, strict=True))
        return RecordedAttempt.model_validate({**fields, **{name: json.loads(fields[name]) for name in _AS_JSON}})
    except (ValidationError, ValueError, TypeError) as error:
        raise LedgerError(
            f"The ledger {str(ledger.path)!r} holds a damaged row ({row[0]}): name another with --ledger."
        ) from error


def stats(ledger: Ledger) -> list[DescriberStats]:
    """Return the figures of each describer, in the order of their names."""
    figures: dict[str, _Figures] = {}
    for attempt in attempts(ledger):
        figures.setdefault(attempt.describer, _Figures()).add(attempt)
    return [figures[describer].summary(describer) for describer in sorted(figures)]


class _Figures:
    """Sums over the attempts of one describer."""

    def __init__(self) -> None:
        self.asked: set[tuple[str, int]] = set()
        self.described: dict[tuple[str, int], int] = {}
        self.attempts = 0
        self.errors: Counter[str] = Counter()
        self.tokens: Counter[str] = Counter()
        self.latencies: list[float] = []
        self.made: list[str] = []

    def add(self, attempt: RecordedAttempt) -> None:
        """Count one attempt."""
        self.attempts += 1
        self.asked.add((attempt.image, attempt.n))
        self.tokens.update(attempt.usage)
        self.made = [min([*self.made[:1], attempt.made]), max([*self.made[1:], attempt.made])]
        if attempt.error is None:
            self.described[attempt.image, attempt.n] = attempt.attempt
            self.latencies.append(attempt.latency)
        else:
            self.errors[attempt.error] += 1

    def summary(self, describer: str) -> DescriberStats:
        """Return the figures."""
        median, nearly_all = median_and_95(self.latencies)
        return DescriberStats(
            describer=describer,
            described=len(self.described),
            not_described=len(self.asked - self.described.keys()),
            attempts=self.attempts,
            described_at_first=sum(number == 1 for number in self.described.values()),
            errors=dict(self.errors.most_common(10)),
            tokens=dict(self.tokens),
            median_latency=median,
            latency_95=nearly_all,
            first=self.made[0],
            last=self.made[1],
        )


def median_and_95(seconds: Sequence[float]) -> tuple[float | None, float | None]:
    """Return the median, and the time that 95 % do not exceed; None where there are none."""
    if not seconds:
        return None, None
    return statistics.median(seconds), sorted(seconds)[min(len(seconds) - 1, int(0.95 * len(seconds)))]


class Tally(Record):
    """What describing one image took over all attempts on record; `first_valid`: the first one gave the cues."""

    attempts: int = 0
    first_valid: bool = False
    usage: dict[str, int] = Field({}, description="tokens, by kind")
    latency: float = Field(0.0, description="seconds")


def tally(ledger: Ledger, steps: Sequence[Step]) -> dict[str, Tally]:
    """Return what each step took, by the image's digest; raises `LedgerError`."""
    found: dict[str, Tally] = {}
    for start in range(0, len(steps), _PAGE):
        keys = [step.key for step in steps[start : start + _PAGE]]
        rows = ledger.read(
            "SELECT image, attempt, error, usage, latency FROM steps"  # noqa: S608
            f" WHERE key IN ({', '.join('?' * len(keys))}) ORDER BY id",
            keys,
        )
        for image, attempt, error, usage, latency in rows:
            known = found.get(image, Tally())
            found[image] = Tally(
                attempts=known.attempts + 1,
                first_valid=known.first_valid or (not known.attempts and attempt == 1 and error is None),
                usage=dict(Counter(known.usage) + Counter(json.loads(usage))),
                latency=known.latency + latency,
            )
    return found
