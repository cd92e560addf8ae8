"""Steps of a model other than descriptions, recorded like these: every attempt before its result is used.

A step's answer is kept as the JSON that was taken from it, beside all that came back, verbatim.
"""

import json
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field, ValidationError

from ..records import Digest, Exchange, Record
from .ledger import Ledger, now

Kind = Literal["judge_pair", "assistant"]

_COLUMNS = "key, kind, attempt, answer, error, raw, request, usage, finish_reason, latency, made"
_INSERT = (
    f"INSERT INTO model_steps ({_COLUMNS}) VALUES (:{', :'.join(_COLUMNS.split(', '))})"  # noqa: S608
    " ON CONFLICT DO NOTHING"
)
_READ = "answer, error, raw, request, usage, finish_reason, latency"


class ModelStep(Record):
    """What decides a model's answer, and so its key: the kind of step, a digest of what is asked, and of whom.

    `asked` is a SHA-256 over everything that changes the answer and is not in `model`, which names the model, its
    prompt, schema and decoding.
    """

    kind: Kind
    asked: Digest
    model: str

    @property
    def key(self) -> str:
        """The step's key; readable, because all its parts are short."""
        return f"{self.kind}/{self.asked}/{self.model}"


class ModelAnswer(Exchange):
    """One answer of a model, or the failure to get one, as the ledger keeps it."""

    answer: str = Field("", description="what was taken from it, as JSON")


def record_model_step(ledger: Ledger, step: ModelStep, number: int, attempt: ModelAnswer) -> None:
    """Write an attempt, numbered from 1; it is on the disk when this returns. Raises `LedgerError`.

    An answer that another process has written meanwhile stays; this one is kept beside it as not used.
    """
    row = _row(step, number, attempt)
    if ledger.write(_INSERT, [row]) == 0:
        ledger.write(_INSERT, [{**row, "error": "not used: another process was first"}])


def add_model_steps(ledger: Ledger, attempts: Iterable[tuple[ModelStep, int, ModelAnswer]]) -> None:
    """Write attempts that were recorded elsewhere, all or none; an answer that is there stays. Raises `LedgerError`."""
    ledger.write(_INSERT, [_row(*attempt) for attempt in attempts])


def _row(step: ModelStep, number: int, attempt: ModelAnswer) -> dict[str, Any]:
    return {
        "key": step.key, "kind": step.kind, "attempt": number, "made": now(),
        **attempt.model_dump(exclude={"request", "usage"}),
        "request": json.dumps(attempt.request, sort_keys=True), "usage": json.dumps(attempt.usage, sort_keys=True),
    }  # fmt: skip


def recall_model_steps(ledger: Ledger, steps: Iterable[ModelStep]) -> dict[ModelStep, ModelAnswer]:
    """Return the answer of each step that has one; raises `LedgerError`."""
    by_key = {step.key: step for step in steps}
    wanted = f"SELECT key, {_READ} FROM model_steps WHERE error IS NULL AND key IN ({{}})"  # noqa: S608
    return {by_key[key]: _parsed(ledger, row) for key, *row in ledger.select(wanted, (), list(by_key))}


def model_attempts(ledger: Ledger, step: ModelStep) -> list[ModelAnswer]:
    """Return every attempt at a step in the order in which they were made; raises `LedgerError`."""
    rows = ledger.read(f"SELECT {_READ} FROM model_steps WHERE key = ? ORDER BY id", [step.key])  # noqa: S608
    return [_parsed(ledger, row) for row in rows]


def _parsed(ledger: Ledger, row: Iterable[Any]) -> ModelAnswer:
    try:
        fields = dict(zip(_READ.split(", "), row, strict=True))
        return ModelAnswer.model_validate(
            {**fields, "request": json.loads(fields["request"]), "usage": json.loads(fields["usage"])}
        )
    except (ValidationError, ValueError, TypeError) as error:
        raise ledger.damaged() from error
