"""Scores to the final list: sorted by S, retained above τ, the others held back (Eq. 10)."""

from collections.abc import Sequence
from typing import Literal

from .records import Candidate, RankedCandidate, Score

BelowTau = Literal["fallback", "strict"]


def apply_threshold(
    candidates: Sequence[Candidate], scores: Sequence[Score], tau: float, below_tau: BelowTau
) -> list[RankedCandidate]:
    """Order candidates by S descending and retain those with `S > τ`, strictly (Eq. 10).

    `scores` are in the candidates' order, rounded to five decimals as `score_candidates` gives them. Equal ones keep
    the coarse order: what looks more alike comes first, and no digit that depends on the processor decides. With
    `fallback` those that are not retained follow in their coarse order, with `strict` they are left out. A candidate
    without a score is never retained, but has not failed either: it follows in both modes, except where `strict` leaves
    out all others and none is retained. When no candidate has a score, all stay in their coarse order.
    """
    retained: list[tuple[Candidate, Score]] = []
    held_back: list[tuple[Candidate, Score]] = []
    for pair in sorted(zip(candidates, scores, strict=True), key=lambda pair: pair[0].coarse_rank):
        above = pair[1].score is not None and pair[1].score > tau
        (retained if above else held_back).append(pair)
    retained.sort(key=lambda pair: -(pair[1].score or 0.0))  # stable: equal scores stay in their coarse order
    if below_tau == "strict" and (retained or any(score.score is not None for score in scores)):
        held_back = [pair for pair in held_back if retained and pair[1].score is None]
    return [
        _ranked(candidate, score, rank, retained=rank <= len(retained))
        for rank, (candidate, score) in enumerate(retained + held_back, start=1)
    ]


def _ranked(candidate: Candidate, score: Score, rank: int, *, retained: bool) -> RankedCandidate:
    return RankedCandidate(
        **dict(candidate),
        rank=rank,
        score=score.score,
        retained=retained,
        matches=score.matches,
        judgement=score.judgement,
    )
