"""Turns the final list into an answer, with the notes that a reader needs to judge it."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Literal

from pydantic import Field

from .apply_threshold import BelowTau
from .grade import Graded, judge_answer
from .index.calibration import LABELLED, Calibration, Limits, MapCheck
from .photo.position import tell_position
from .records import (
    Answer,
    Candidate,
    DecidedBy,
    Description,
    Grade,
    JudgedPair,
    Outcome,
    Photo,
    Position,
    Probability,
    RankedCandidate,
    Record,
    Steps,
    grade_without_geometry,
)
from .text.foreign import in_quotes

UNCALIBRATED_TAU = -1.0
_MOST_NAMED = 3  # photos without a position
_LEAST_ANSWERS = 10  # of a grade: a share of fewer says little
PROMISE = "Answers with S > "  # the beginning of the note that says what a calibrated τ promises
# Notes that only explain scores; all others a reader must know at once.
DETAILS = (
    rf"{PROMISE}|The map (has not |has changed since it )?checked itself|τ is not calibrated|No candidate's cues match|"
    r"No candidate could be (described|judged)|The model names no candidate|The reference has no position|"
    r"The describer scored|"
    r"The photo could not be described.*: nothing was named\.?$"
)


class Findings(Record):
    """What a run found, from the query to the final list."""

    query: Photo
    query_position: Position | None
    descriptions: Mapping[str, Description]
    judged: Mapping[str, JudgedPair] | None = Field(None, description="None where cues re-rank")
    retrieved: int
    ranked: tuple[RankedCandidate, ...]
    tau: float
    below_tau: BelowTau
    settings: dict[str, str | int | float | None]
    verify: Literal["off", "report", "rank"] = "off"
    limits: Limits = Limits()
    check: MapCheck | None = Field(None, description="of this map, where it is valid for these settings")
    check_problem: str = Field("", description="why there is no valid check, and what to do")
    calibration: Calibration | None = None
    index: str = Field("", description="checksum of the map, which may not be the one that τ was calibrated with")
    copies: tuple[Candidate, ...] = Field((), description="photos of the map that are the query itself")


def compose_answer(found: Findings) -> Answer:
    """Turn what a run found into its answer; the first of the final list is the place, unless the grade is unknown.

    Without geometry the status is Eq. 10's: located when the list is not empty. Photos without a position stand after
    those that have one: they can show the place, but not say where it is.
    """
    ranked = positioned_first(found.ranked)
    judged = _judge(found, ranked)
    query = found.descriptions.get(found.query.digest)
    located = bool(ranked) and (found.verify == "off" or judged.grade != "unknown")
    first = ranked[0] if located else None
    return Answer(
        status="located" if located else "unknown",
        grade=judged.grade,
        probability=_probability(judged, found),
        decided_by=judged.decided_by,
        alternatives=judged.alternatives,
        photo=found.query.path,
        digest=found.query.digest,
        reference=first.reference if first else None,
        position=first.position if first else None,
        query_position=found.query_position,
        cues=query.cues if query else (),
        candidates=ranked,
        notes=(*_notes(found), *_notes_on_places(found, judged.grade)),
        settings=found.settings,
        steps=count_steps(found.descriptions.values() if found.judged is None else found.judged.values()),
    )


def positioned_first(ranked: Sequence[RankedCandidate]) -> tuple[RankedCandidate, ...]:
    """Put photos without a position after all others, and leave the order as it is but for that."""
    ordered = sorted(ranked, key=lambda candidate: candidate.position is None)
    return tuple(candidate.model_copy(update={"rank": rank}) for rank, candidate in enumerate(ordered, start=1))


def _judge(found: Findings, ranked: Sequence[RankedCandidate]) -> Graded:
    """Grade the final list by its geometry and by the signs that were read; without, by what re-ranked it and looks."""
    reranked: DecidedBy = "cues" if found.judged is None else "judgement"
    if found.verify == "off":
        decided_by: DecidedBy | None = (reranked if ranked[0].retained else "coarse order") if ranked else None
        return Graded(grade_without_geometry(decided_by, found.tau), decided_by, ())
    judged = judge_answer(ranked, found.limits)
    # Where geometry is only reported, Eq. 10 has made the order.
    ordered_by_score = found.verify == "report" and ranked and ranked[0].retained
    return judged._replace(decided_by=reranked) if ordered_by_score or judged.decided_by == "cues" else judged


def _probability(judged: Graded, found: Findings) -> Probability | None:
    """Say how often answers of this grade were right in the map's own check, where it got ten of them.

    Otherwise it is how often they were on labelled photographs, where the limits are those that these were judged by.
    Neither says anything of an answer that a sign decided, or whose order is not that of geometry.
    """
    if judged.grade == "unknown" or judged.decided_by != "geometry" or found.verify != "rank":
        return None
    own = found.check.grades.get(judged.grade) if found.check else None
    labelled = LABELLED.get(judged.grade) if found.limits == Limits() else None
    for tally, basis in ((own, "this map"), (labelled, "labelled photographs")):
        if tally is not None and tally.answers >= _LEAST_ANSWERS:
            return Probability(**dict(tally), basis=basis)
    return None


def count_steps(outcomes: Collection[Outcome]) -> Steps:
    """Add up what descriptions or judged pairs took."""
    good = [outcome for outcome in outcomes if outcome.failure is None]
    return Steps(
        made=sum(not outcome.recorded for outcome in good),
        recorded=sum(outcome.recorded for outcome in good),
        failed=len(outcomes) - len(good),
        attempts=sum(outcome.attempts for outcome in outcomes),
        tokens=dict(sum((Counter(outcome.usage) for outcome in outcomes), Counter[str]())),
    )


def _notes(found: Findings) -> Iterator[str]:
    order = "geometry and looks decide" if found.verify == "rank" else "the coarse order stands"
    if not found.retrieved:
        yield "The map holds no other photo."
    elif found.judged is not None:
        yield from _notes_on_judgements(found, found.judged.values(), order)
    else:
        yield from _notes_on_cues(found, found.descriptions[found.query.digest], order)
    if found.check_problem:
        yield found.check_problem
    outcomes = found.descriptions if found.judged is None else found.judged
    failures = [one.failure for digest, one in outcomes.items() if one.failure and digest != found.query.digest]
    if failures:
        what = (
            f"{found.retrieved} candidates could not be described"
            if found.judged is None
            else (f"{len(outcomes)} pairs could not be judged")
        )
        yield f"{len(failures)} of {what}; the first: {failures[0]}"


def _notes_on_judgements(found: Findings, judged: Collection[JudgedPair], order: str) -> Iterator[str]:
    outcome = order if found.below_tau == "fallback" else "no place is named"
    if all(pair.judgement is None for pair in judged):
        yield f"No candidate could be judged, so {order}."
    elif not any(candidate.retained for candidate in found.ranked):
        yield f"The model names no candidate as the same place (S > τ = {found.tau:g}), so {outcome}."
    elif found.tau <= UNCALIBRATED_TAU:
        yield "τ is not calibrated (−1): what the model takes for another place is retained, too, unless it is sure."


def _notes_on_cues(found: Findings, query: Description, order: str) -> Iterator[str]:
    outcome = order if found.below_tau == "fallback" else "no place is named"
    if not query.cues:
        reason = query.failure or "nothing was named"
        yield f"The photo could not be described, so {order}: {reason.rstrip('.')}."
    elif not any(candidate.score is not None for candidate in found.ranked) and found.retrieved == len(found.ranked):
        yield f"No candidate could be described, so {order}."
    elif not any(candidate.retained for candidate in found.ranked):
        yield f"No candidate's cues match above τ = {found.tau:g}, so {outcome}."
    elif found.calibration is not None:
        yield _promise(found.calibration, found.index)
    elif found.tau <= UNCALIBRATED_TAU:
        yield "τ is not calibrated (−1): every described candidate is retained, so the answer cannot abstain."
    if query.without_scores:
        yield "The describer scored all of the photo's cues 0, so they count alike."


def _notes_on_places(found: Findings, grade: Grade) -> Iterator[str]:
    """Say what a reader must know about where the photos of the map were taken."""
    if found.copies:
        copy, *more = found.copies
        where = f"at {tell_position(copy.position)}" if copy.position else "without a position"
        others = f" and under {len(more)} other name{'s' if len(more) > 1 else ''}" if more else ""
        yield (
            f"This photo is in your map, as {in_quotes(copy.reference)}{others}, {where}; "
            "the answer is what the other photos say."
        )
    before = list(takewhile(lambda candidate: candidate.position is None, found.ranked))
    if before and len(before) == len(found.ranked):
        yield "No photo that it is compared with has a position."
    elif before:
        named = ", ".join(in_quotes(candidate.reference) for candidate in before[:_MOST_NAMED])
        more_names = f" and {len(before) - _MOST_NAMED} more" if len(before) > _MOST_NAMED else ""
        place = (
            "no photo with a position is enough like it to say where that is"
            if grade == "unknown"
            else "the place is that of the best photo that has one"
        )
        yield f"Most like {named}{more_names}, which {'has' if len(before) == 1 else 'have'} no position; {place}."


def _promise(given: Calibration, index: str) -> str:
    """Say what a calibrated τ promises, and what that rests on."""
    return (
        f"{PROMISE}{given.tau:.4g} are right at least {100 * given.precision:g} times in 100, with "
        f"{100 * given.confidence:g} % confidence: {given.right} of {given.accepted} were, of "
        f"{given.queries} photographs ({', '.join(given.splits)}) that had no part in choosing τ."
        f"{'' if index == given.index else ' The map has changed since.'}"
    )
