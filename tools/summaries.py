"""Answers and comparisons as short as an agent's model needs them: what is known first, then the first of long lists.

Clients of agents refuse results of 10,000 tokens or more, which are 20,000 to 40,000 characters of JSON.
"""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field

from .compare_places import PlaceComparison
from .records import (
    Alternative,
    Answer,
    Cue,
    DecidedBy,
    Grade,
    Judgement,
    Position,
    Probability,
    RankedCandidate,
    Record,
)

FEW, MOST = 5, 100  # candidates that are listed by default, and at most
_MOST_ALTERNATIVES = 5
# Characters of lists, since names and signs can be long.
_LONGEST, _LONGEST_ALTERNATIVES, _LONGEST_PAIRS = 30_000, 5_000, 20_000
_Listed = TypeVar("_Listed", bound=Record)


class CandidateSummary(Record):
    """A candidate without its cues and its file; `judgement` is what a model said of it and the photo, if asked."""

    rank: int = Field(ge=1)
    reference: str
    position: Position | None
    score: float | None
    retained: bool
    judgement: Judgement | None
    named: bool
    inliers: int | None = Field(description="None where the pair was not verified")
    coarse_rank: int = Field(ge=1)
    coarse_similarity: float


class AnswerSummary(Record):
    """Where the photo was taken, how far that can be believed, and the best candidates."""

    grade: Grade
    status: Literal["located", "unknown"]
    position: Position | None
    reference: str | None
    probability: Probability | None
    alternatives: tuple[Alternative, ...] = Field(description="other places that are supported as well, at most 5")
    alternative_count: int = Field(description="of all such places")
    decided_by: DecidedBy | None
    notes: tuple[str, ...] = Field(description="what a reader must know to judge the answer")
    photo: Path
    query_position: Position | None = Field(description="the photo's own, which was not used")
    cues: tuple[Cue, ...] = Field(description="of the photo")
    candidates: tuple[CandidateSummary, ...] = Field(description="the first of the final list")
    candidate_count: int = Field(description="length of the final list")
    more: str = Field(description="how to get the candidates that are not listed; empty when all are")


def summarize_answer(answer: Answer, candidates: int = FEW, more: str = "") -> AnswerSummary:
    """Summarise an answer with the first `candidates` of its list, fewer if their names are very long.

    `more` says how the others can be had.
    """
    ranked = _fitting([_summary(candidate) for candidate in answer.candidates[:candidates]], _LONGEST)
    count = len(answer.candidates)
    return AnswerSummary(
        grade=answer.grade,
        status=answer.status,
        position=answer.position,
        reference=answer.reference,
        probability=answer.probability,
        alternatives=_fitting(answer.alternatives[:_MOST_ALTERNATIVES], _LONGEST_ALTERNATIVES),
        alternative_count=len(answer.alternatives),
        decided_by=answer.decided_by,
        notes=answer.notes,
        photo=answer.photo,
        query_position=answer.query_position,
        cues=answer.cues,
        candidates=ranked,
        candidate_count=count,
        more=f"Listed: {len(ranked)} of {count} candidates. {more}".rstrip() if len(ranked) < count else "",
    )


class ComparisonSummary(PlaceComparison):
    """Compared photographs, whose groups stand on all pairs; where those are many, only the first are listed."""

    pair_count: int = Field(description="of all pairs; those of which nothing can be said are listed last")


def summarize_comparison(compared: PlaceComparison) -> ComparisonSummary:
    """Summarise a comparison."""
    pairs = _fitting(sorted(compared.pairs, key=lambda pair: pair.same is None), _LONGEST_PAIRS)
    return ComparisonSummary(**{**dict(compared), "pairs": pairs}, pair_count=len(compared.pairs))


def _summary(candidate: RankedCandidate) -> CandidateSummary:
    return CandidateSummary(
        rank=candidate.rank,
        reference=candidate.reference,
        position=candidate.position,
        score=candidate.score,
        retained=candidate.retained,
        judgement=candidate.judgement,
        named=candidate.named,
        inliers=candidate.geometry.inliers if candidate.geometry else None,
        coarse_rank=candidate.coarse_rank,
        coarse_similarity=candidate.coarse_similarity,
    )


def _fitting(records: Sequence[_Listed], characters: int) -> tuple[_Listed, ...]:
    """Return the first records that together have at most so many characters as JSON."""
    lengths = accumulate(len(record.model_dump_json()) for record in records)
    return tuple(record for record, length in zip(records, lengths, strict=True) if length <= characters)
