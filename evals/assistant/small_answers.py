"""Answers made from what a conversation needs of them: a photo, a grade, places and a sign."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from internvl_vpr.tools.records import (
    Alternative,
    Answer,
    Cue,
    CueMatch,
    DecidedBy,
    Geometry,
    Grade,
    Position,
    RankedCandidate,
    Record,
    Steps,
)

_TAU = 0.97
_WALL = Cue(text="a brick wall with an arched window", score=40, weight=0.4)


class SmallAnswer(Record):
    """What tells one answer from another: each place is a reference, its latitude and longitude, and the inliers."""

    photo: str
    grade: Grade
    places: tuple[tuple[str, float, float, int], ...]
    sign: str = ""

    def answer(self) -> Answer:
        """Return the whole answer."""
        cues = (Cue(text=f'a sign that reads "{self.sign}"', score=60, weight=0.6), _WALL) if self.sign else (_WALL,)
        candidates = tuple(_candidate(self, rank, cues) for rank in range(1, len(self.places) + 1))
        first = candidates[0]
        decided_by: DecidedBy = "coarse order" if self.grade == "unknown" else "geometry"
        return Answer(
            status="unknown" if self.grade == "unknown" else "located",
            grade=self.grade,
            decided_by=decided_by,
            photo=Path(self.photo),
            digest=_digest(self.photo),
            reference=first.reference,
            position=first.position,
            query_position=None,
            cues=cues,
            candidates=candidates,
            alternatives=_alternatives(candidates[1:]) if self.grade == "ambiguous" else (),
            notes=(),
            settings={"tau": _TAU, "trust": "likely"},
            steps=Steps(made=0, recorded=len(candidates) + 1),
        )


def _candidate(small: SmallAnswer, rank: int, cues: Sequence[Cue]) -> RankedCandidate:
    reference, latitude, longitude, inliers = small.places[rank - 1]
    cosine = 0.98 if rank == 1 else 0.5
    matches = tuple(CueMatch(cue=cue.text, weight=cue.weight, matched=cue.text, cosine=cosine) for cue in cues)
    return RankedCandidate(
        reference=reference,
        path=Path(reference),
        digest=_digest(reference),
        position=Position(latitude=latitude, longitude=longitude),
        coarse_rank=rank,
        coarse_similarity=0.6 - rank / 20,
        rank=rank,
        score=sum(match.weight * match.cosine for match in matches),
        retained=False,
        matches=matches,
        geometry=Geometry(matches=max(400, inliers), inliers=inliers),
    )


def _alternatives(others: Sequence[RankedCandidate]) -> tuple[Alternative, ...]:
    return tuple(
        Alternative(
            position=one.position,
            reference=one.reference,
            rank=one.rank,
            inliers=one.geometry.inliers if one.geometry else None,
            score=one.score,
        )
        for one in others
    )


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
