"""What a ledger holds of a model's other steps: its rows as records, and figures for each kind and model."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from ..records import Record
from .ledger import Ledger
from .model_steps import Kind, ModelAnswer
from .report import median_and_95, rows_in_order

_ANSWER = ("answer", "error", "raw", "request", "usage", "finish_reason", "latency")
_NAMES = ("id", "key", "kind", "attempt", "made", *_ANSWER)
_AS_JSON = ("request", "usage")


class ModelAttempt(ModelAnswer):
    """One row: an attempt at a step, and what came of it; `model` is the one asked, with all that decides its answers.

    `step` is the digest of what was asked.
    """

    id: int
    kind: Kind
    step: str
    model: str
    attempt: int
    made: str


class ModelStats(Record):
    """Figures of one kind of step by one model: steps, attempts, tokens by kind, seconds of the attempts taken."""

    kind: Kind
    model: str
    taken: int
    not_taken: int
    attempts: int
    taken_at_first: int
    errors: dict[str, int]
    tokens: dict[str, int]
    median_latency: float | None
    latency_95: float | None
    first: str
    last: str


def model_rows(ledger: Ledger, *, newest: int | None = None) -> Iterator[ModelAttempt]:
    """Yield the recorded attempts in the order they were made, page by page; raises `LedgerError`.

    With `newest`, only so many of the newest.
    """
    yield from (_parsed(ledger, row) for row in rows_in_order(ledger, "model_steps", _NAMES, newest=newest))


def _parsed(ledger: Ledger, row: Sequence[Any]) -> ModelAttempt:
    try:
        fields = dict(zip(_NAMES, row, strict=True))
        _, step, model = str(fields.pop("key")).split("/", 2)
        parsed = {name: json.loads(fields[name]) for name in _AS_JSON}
        return ModelAttempt.model_validate({**fields, **parsed, "step": step, "model": model})
    except (ValidationError, ValueError, TypeError) as error:
        raise ledger.damaged() from error


def model_stats(ledger: Ledger) -> list[ModelStats]:
    """Return the figures of each kind of step by each model, in the order of their names; raises `LedgerError`."""
    found: dict[tuple[Kind, str], list[ModelAttempt]] = {}
    for row in model_rows(ledger):
        # Without what was said: a ledger may hold very many answers.
        found.setdefault((row.kind, row.model), []).append(row.model_copy(update={"raw": "", "answer": ""}))
    return [_figures(found[key]) for key in sorted(found)]


def _figures(rows: Sequence[ModelAttempt]) -> ModelStats:
    taken = [row for row in rows if row.error is None]
    median, nearly_all = median_and_95([row.latency for row in taken])
    return ModelStats(
        kind=rows[0].kind,
        model=rows[0].model,
        taken=len(taken),
        not_taken=len({row.step for row in rows} - {row.step for row in taken}),
        attempts=len(rows),
        taken_at_first=sum(row.attempt == 1 for row in taken),
        errors=dict(Counter(row.error for row in rows if row.error is not None).most_common(10)),
        tokens=dict(sum((Counter(row.usage) for row in rows), Counter[str]())),
        median_latency=median,
        latency_95=nearly_all,
        first=min(row.made for row in rows),
        last=max(row.made for row in rows),
    )
