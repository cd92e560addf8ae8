"""Turns the final list into an answer, with the notes that a reader needs to judge it."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from pydantic import Field

from .apply_threshold import BelowTau
from .index.calibration import Calibration
from .records import Answer, Description, Photo, Position, RankedCandidate, Record, Steps

UNCALIBRATED_TAU = -1.0
PROMISE = "Answers with S > "  # the beginning of the note that says what a calibrated τ promises


class Findings(Record):
    """What a run found, from the query to the final list."""

    query: Photo
    query_position: Position | None
    descriptions: Mapping[str, Description]
    retrieved: int
    ranked: tuple[RankedCandidate, ...]
    tau: float
    below_tau: BelowTau
    settings: dict[str, str | int | float | None]
    calibration: Calibration | None = None
    index: str = Field("", description="checksum of the map, which may not be the one that τ was calibrated with")


def compose_answer(found: Findings) -> Answer:
    """Turn what a run found into its answer; the first of the final list is the place."""
    first = found.ranked[0] if found.ranked else None
    return Answer(
        status="located" if first else "unknown",
        decided_by=None if first is None else "cues" if first.retained else "coarse order",
        photo=found.query.path,
        digest=found.query.digest,
        reference=first.reference if first else None,
        position=first.position if first else None,
        query_position=found.query_position,
        cues=found.descriptions[found.query.digest].cues,
        candidates=found.ranked,
        notes=tuple(_notes(found)),
        settings=found.settings,
        steps=count_steps(found.descriptions.values()),
    )


def count_steps(described: Collection[Description]) -> Steps:
    """Add up what descriptions took."""
    good = [description for description in described if description.failure is None]
    return Steps(
        made=sum(not description.recorded for description in good),
        recorded=sum(description.recorded for description in good),
        failed=len(described) - len(good),
        attempts=sum(description.attempts for description in described),
        tokens=dict(sum((Counter(description.usage) for description in described), Counter[str]())),
    )


def _notes(found: Findings) -> Iterator[str]:
    query = found.descriptions[found.query.digest]
    outcome = "the coarse order stands" if found.below_tau == "fallback" else "no place is named"
    if not query.cues:
        reason = query.failure or "nothing was named"
        yield f"The photo could not be described, so the coarse order stands: {reason.rstrip('.')}."
    elif not any(candidate.score is not None for candidate in found.ranked) and found.retrieved == len(found.ranked):
        yield "No candidate could be described, so the coarse order stands."
    elif not any(candidate.retained for candidate in found.ranked):
        yield f"No candidate's cues match above τ = {found.tau:g}, so {outcome}."
    elif found.calibration is not None:
        yield _promise(found.calibration, found.index)
    elif found.tau <= UNCALIBRATED_TAU:
        yield "τ is not calibrated (−1): every described candidate is retained, so the answer cannot abstain."
    if query.without_scores:
        yield "The describer scored all of the photo's cues 0, so they count alike."
    if failures := _failures(found):
        yield f"{len(failures)} of {found.retrieved} candidates could not be described; the first: {failures[0]}"
    if any(candidate.digest == found.query.digest for candidate in found.ranked):
        yield "This very photo is in the index."
    if found.ranked and found.ranked[0].position is None:
        yield "The reference has no position."


def _promise(given: Calibration, index: str) -> str:
    """Say what a calibrated τ promises, and what that rests on."""
    return (
        f"{PROMISE}{given.tau:.4g} are right at least {100 * given.precision:g} times in 100, with "
        f"{100 * given.confidence:g} % confidence: {given.right} of {given.accepted} were, of "
        f"{given.queries} photographs ({', '.join(given.splits)}) that had no part in choosing τ."
        f"{'' if index == given.index else ' The map has changed since.'}"
    )


def _failures(found: Findings) -> Sequence[str]:
    return [
        description.failure
        for digest, description in found.descriptions.items()
        if description.failure is not None and digest != found.query.digest
    ]
