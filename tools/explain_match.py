"""Why a candidate has its rank, from the answer alone (Eqs. 8–10)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from .arrays import SIMILARITY_DECIMALS
from .compare_places import SAME_PLACE_METRES, candidate_at, metres_between
from .describers.signs_in_cues import texts_on_signs
from .records import (
    Answer,
    Cue,
    CueMatch,
    DecidedBy,
    Geometry,
    Grade,
    Judgement,
    Position,
    Probability,
    RankedCandidate,
    Record,
)
from .text.quoted import fold


class Explanation(Record):
    """What speaks for one candidate of an answer.

    S is the sum of weight · cosine over `matches` (Eq. 9), or what the model's `judgement` is worth.
    """

    photo: Path
    rank: int = Field(ge=1)
    of: int = Field(ge=1, description="candidates in the final list")
    reference: str
    path: Path
    position: Position | None
    decided_by: DecidedBy | None = Field(description="of the answer")
    coarse_rank: int
    coarse_similarity: float
    score: float | None
    tau: float
    retained: bool
    margin: float | None = Field(description="S minus the S of the best candidate of another place; None without one")
    matches: tuple[CueMatch, ...]
    cues: tuple[Cue, ...] = Field(description="the photo's own")
    read: tuple[str, ...] = Field(description="text on signs that the photo's cues quote, each once")
    notes: tuple[str, ...] = Field(description="the answer's, the promise of a calibrated τ among them")
    grade: Grade | None = Field(None, description="of the answer; None in one that was kept before there were grades")
    probability: Probability | None = Field(None, description="of the answer")
    geometry: Geometry | None = Field(None, description="of the photo and this candidate; None if not verified")
    judged: bool = Field(False, description="a model re-ranked the candidates, and not cues")
    judgement: Judgement | None = Field(None, description="what the model said of the photo and this candidate")


def explain_match(answer: Answer, rank: int = 1) -> Explanation:
    """Explain the candidate of a rank; raises `UsageError` when the list has none of that rank."""
    candidate = candidate_at(answer, rank)
    return Explanation(
        photo=answer.photo,
        rank=rank,
        of=len(answer.candidates),
        reference=candidate.reference,
        path=candidate.path,
        position=candidate.position,
        decided_by=answer.decided_by,
        coarse_rank=candidate.coarse_rank,
        coarse_similarity=candidate.coarse_similarity,
        score=candidate.score,
        tau=float(answer.settings["tau"] or 0.0),
        retained=candidate.retained,
        margin=margin(candidate, answer.candidates),
        matches=candidate.matches,
        cues=answer.cues,
        read=read_on_signs(answer),
        notes=answer.notes,
        grade=answer.grade,
        probability=answer.probability,
        geometry=candidate.geometry,
        judged=is_judged(answer),
        judgement=candidate.judgement,
    )


def is_judged(answer: Answer) -> bool:
    """Whether a model that saw the photo beside each candidate re-ranked them, and not cues."""
    return answer.settings.get("reranker") == "judge"


def margin(candidate: RankedCandidate, candidates: Sequence[RankedCandidate]) -> float | None:
    """Return S of a candidate minus the best S further than 25 m from it; None where either is not known."""
    rivals = [other.score for other in candidates if other.score is not None and _is_elsewhere(other, candidate)]
    if candidate.score is None or not rivals:
        return None
    return round(candidate.score - max(rivals), SIMILARITY_DECIMALS)


def _is_elsewhere(other: RankedCandidate, candidate: RankedCandidate) -> bool:
    metres = metres_between(other.position, candidate.position)
    return metres is not None and metres > SAME_PLACE_METRES


def read_on_signs(answer: Answer) -> tuple[str, ...]:
    """Return the text on signs that the photo's cues hold, each once, whatever its case and accents."""
    once: dict[str, str] = {}
    for text in texts_on_signs(answer.cues, str(answer.settings.get("describer_id"))):
        once.setdefault(fold(text) or text, text)
    return tuple(once.values())


About = Literal["match", "text", "certainty"]
