"""How often an answer is wrong, by how many are given: risk–coverage curves, of S and of what answers say."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple, get_args

from internvl_vpr.tools.answer import UNCALIBRATED_TAU
from internvl_vpr.tools.records import Grade

from .records import Result


@dataclass(frozen=True)
class Judged:
    """A query's confidence, the largest S in its shortlist, and whether the candidate that has it is a positive.

    A query from outside the map has no positive, so its answer is never right. None: no candidate has a score.
    """

    confidence: float | None
    right: bool


@dataclass(frozen=True)
class Accepted:
    """How many queries have an answer with S > τ, and how many of those are right."""

    tau: float
    accepted: int
    right: int

    @property
    def wrong(self) -> int:
        """Accepted answers that are wrong."""
        return self.accepted - self.right


@dataclass(frozen=True)
class Curve:
    """Every set of answers that some τ accepts, the smallest first, and the number of queries."""

    points: tuple[Accepted, ...]
    queries: int

    @property
    def aurc(self) -> float | None:
        """Area under the risk–coverage curve, from 0 (best) to 1; None where nothing can be accepted.

        The mean, over all queries with a confidence, of the share of wrong answers among those accepted with it:
        all that are at least as confident, so that equal confidences are accepted together.
        """
        if not self.points:
            return None
        before = [0, *(point.accepted for point in self.points)]
        areas = (
            (point.accepted - less) * point.wrong / point.accepted
            for point, less in zip(self.points, before, strict=False)
        )
        return sum(areas) / before[-1]

    def at_coverage(self, share: float) -> Accepted | None:
        """Return the smallest set that is at least this share of the queries, or None."""
        return next((point for point in self.points if point.accepted >= share * self.queries), None)


def judge(result: Result) -> Judged:
    """Return a query's confidence; of equal scores the candidate that stage 1 ranked first is judged."""
    scored = [one for one in result.shortlist if one.score is not None]
    if not scored:
        return Judged(None, right=False)
    best = max(scored, key=lambda one: one.score or 0.0)
    return Judged(best.score, right=not result.outside and best.reference in result.positives)


def risk_coverage(judged: Iterable[Judged]) -> Curve:
    """Return the risk–coverage curve.

    The τ of each point lies halfway between the least confident answer it accepts and the next one, for any τ
    between them accepts the same. A query without a confidence is never accepted, and counts as a query.
    """
    everyone = list(judged)
    known = sorted(
        (one.confidence, one.right)
        for one in everyone
        if one.confidence is not None and one.confidence > UNCALIBRATED_TAU
    )[::-1]
    points: list[Accepted] = []
    right = 0
    for accepted, (confidence, is_right) in enumerate(known, start=1):
        right += is_right
        below = known[accepted][0] if accepted < len(known) else UNCALIBRATED_TAU
        if below < confidence:
            points.append(Accepted(_between(below, confidence), accepted, right))
    return Curve(tuple(points), len(everyone))


def _between(below: float, above: float) -> float:
    middle = (below + above) / 2
    return middle if middle < above else below  # there may be no number between two


def accepted_at(judged: Sequence[Judged], tau: float) -> Accepted:
    """Return what one τ accepts (Eq. 10: strictly above it)."""
    accepted = [one.right for one in judged if one.confidence is not None and one.confidence > tau]
    return Accepted(tau, len(accepted), sum(accepted))


class Believed(NamedTuple):
    """How many answers are believed, and how many of those are wrong."""

    answers: int
    wrong: int


def risk_of_answers(results: Sequence[Result], *, by_grade: bool) -> list[Believed]:
    """Return the risk–coverage curve of answers as they were given; its last point has all, and so 1 − Recall@1.

    They are believed in the order of their grade, then their probability, then the first candidate's inliers; without
    `by_grade` in the order of the best S. Answers that are equal in all of this are believed together. Queries that
    were not located come last, and are wrong.
    """
    order = _by_grade if by_grade else _by_score
    curve: list[Believed] = []
    answers = wrong = 0
    for _, alike in groupby(sorted(results, key=order, reverse=True), key=order):
        members = list(alike)
        answers += len(members)
        wrong += sum(not one.right for one in members)
        curve.append(Believed(answers, wrong))
    return curve


_GRADES = get_args(Grade)


def _by_grade(result: Result) -> tuple[float, ...]:
    if result.grade is None:
        return (-len(_GRADES), 0.0, 0)
    told = result.probability.value if result.probability else -1.0
    first = result.ranked[0].inliers if result.ranked else None
    return (-_GRADES.index(result.grade), told, first or 0)


def _by_score(result: Result) -> tuple[float, ...]:
    known = [one.score for one in result.shortlist if one.score is not None]
    return (max(known),) if known and result.error is None else (-math.inf,)
