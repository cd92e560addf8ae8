"""Risk and coverage by counting: every τ, ties, queries without a score and from outside the map, the area."""

import math

import made_runs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.evals.runs.records import Result, Shortlisted
from internvl_vpr.evals.runs.risk import Accepted, Judged, accepted_at, judge, risk_coverage, risk_of_answers
from internvl_vpr.evals.runs.view import stage_recalls
from internvl_vpr.tools.records import Probability

ANSWERS = st.lists(
    st.builds(Judged, st.none() | st.sampled_from([-0.5, 0.0, 0.5, 0.75, 1.0]) | st.floats(-0.99, 1), st.booleans()),
    max_size=30,
)


@given(ANSWERS)
def test_the_curve_has_every_set_that_a_tau_accepts(answers: list[Judged]) -> None:
    curve = risk_coverage(answers)
    known = [(one.confidence, one.right) for one in answers if one.confidence is not None]
    expected = []
    for least in sorted({confidence for confidence, _ in known}, reverse=True):
        inside = [right for confidence, right in known if confidence >= least]
        expected.append((len(inside), sum(inside)))
    assert [(point.accepted, point.right) for point in curve.points] == expected
    assert curve.queries == len(answers)
    for point in curve.points:
        assert accepted_at(answers, point.tau) == point
        assert -1 <= point.tau < 1


@given(ANSWERS)
def test_the_area_is_the_mean_risk_over_the_answers(answers: list[Judged]) -> None:
    known = [(one.confidence, one.right) for one in answers if one.confidence is not None]
    risks = []
    for confidence, _ in known:
        accepted = [right for other, right in known if other >= confidence]
        risks.append(accepted.count(False) / len(accepted))
    area = risk_coverage(answers).aurc
    if not risks:
        assert area is None
    else:
        assert area == pytest.approx(math.fsum(risks) / len(risks))


def test_an_area_by_hand() -> None:
    answers = [Judged(0.9, True), Judged(0.8, False), Judged(0.8, True), Judged(0.1, False), Judged(None, False)]
    curve = risk_coverage(answers)
    # accepted 1, 3, 3, 4: wrong 0/1, 1/3, 1/3, 2/4
    assert curve.aurc == pytest.approx((0 + 1 / 3 + 1 / 3 + 1 / 2) / 4)
    assert [point.accepted for point in curve.points] == [1, 3, 4]
    assert [point.tau for point in curve.points] == pytest.approx([0.85, 0.45, -0.45])
    assert [point.wrong for point in curve.points] == [0, 1, 2]
    assert curve.at_coverage(0.2) == curve.points[0]
    assert curve.at_coverage(0.21) == curve.points[1]
    assert curve.at_coverage(0.8) == curve.points[2]
    assert curve.at_coverage(0.81) is None  # one of five has no score


def test_no_number_lies_between_two_neighbours() -> None:
    close = [Judged(0.5, True), Judged(math.nextafter(0.5, 0), False)]
    curve = risk_coverage(close)
    assert accepted_at(close, curve.points[0].tau) == Accepted(curve.points[0].tau, 1, 1)


def test_tau_is_exceeded_strictly() -> None:
    answers = [Judged(0.5, True), Judged(0.6, False)]
    assert accepted_at(answers, 0.5) == Accepted(0.5, 1, 0)
    assert accepted_at(answers, 0.6) == Accepted(0.6, 0, 0)


def with_scores(*scores: float | None, positives: tuple[str, ...] = ("c2",), outside: bool = False) -> Result:
    shortlist = tuple(
        Shortlisted(reference=f"c{rank}", digest=made_runs.digest(f"c{rank}"), similarity=0.5, score=score)
        for rank, score in enumerate(scores, start=1)
    )
    return Result(query="q", digest=None, positives=positives, outside=outside, shortlist=shortlist)


def test_the_candidate_with_the_largest_s_is_judged_whatever_its_rank() -> None:
    assert judge(with_scores(0.1, 0.9, None)) == Judged(0.9, True)
    assert judge(with_scores(0.9, 0.1)) == Judged(0.9, False)
    assert judge(with_scores(None, -0.2, -0.3)) == Judged(-0.2, True)
    assert judge(with_scores(0.0, -0.5)) == Judged(0.0, False)


def test_of_equal_scores_the_first_by_looks_is_judged() -> None:
    assert judge(with_scores(0.5, 0.5)) == Judged(0.5, False)
    assert judge(with_scores(0.4, 0.5, 0.5, positives=("c3",))) == Judged(0.5, False)


def test_from_outside_the_map_nothing_is_right_and_without_scores_nothing_is_accepted() -> None:
    assert judge(with_scores(0.1, 0.9, outside=True)) == Judged(0.9, False)
    assert judge(with_scores(None, None)) == Judged(None, False)
    assert judge(made_runs.result("q", None, None).model_copy(update={"shortlist": ()})) == Judged(None, False)


GRADES = ("confirmed", "likely", "ambiguous", "unknown")


@st.composite
def graded_answers(draw: st.DrawFn) -> list[Result]:
    """Answers with every mixture of grade, probability, inliers and S; some were not located."""
    results = []
    for number in range(draw(st.integers(1, 12))):
        rank = draw(st.sampled_from([1, 2, None]))
        told = draw(st.none() | st.integers(0, 4))
        probability = None if told is None else Probability(right=told, answers=4, low=0, high=1, basis="this map")
        one = made_runs.result(
            f"q{number}", rank, rank, k=3, inliers=draw(st.lists(st.integers(0, 3), max_size=3)),
            scores=draw(st.none() | st.lists(st.sampled_from([0.1, 0.5]), min_size=3, max_size=3)),
            outside=draw(st.booleans()), grade=draw(st.sampled_from(GRADES)), probability=probability,
        )  # fmt: skip
        lost = draw(st.integers(0, 5)) == 0
        results.append(Result(query=one.query, digest=None, error="damaged") if lost else one)
    return results


def rank_of(one: Result, by_grade: bool) -> tuple[float, ...]:
    """How much an answer is believed, the less the more, from the definition alone."""
    if one.error:
        return (9.0,)
    if not by_grade:
        return (-max(s.score for s in one.shortlist if s.score is not None),)
    told = -one.probability.right / one.probability.answers if one.probability else 1.0
    first = one.shortlist[one.ranking[0] - 1]
    return (float(GRADES.index(one.grade or "")), told, -float(first.inliers or 0))


@given(graded_answers(), st.booleans())
def test_answers_are_believed_by_grade_then_probability_then_inliers(results: list[Result], by_grade: bool) -> None:
    expected = []
    for least in sorted({rank_of(one, by_grade) for one in results}):
        inside = [one for one in results if rank_of(one, by_grade) <= least]
        expected.append((len(inside), sum(one.outside or one.final_rank != 1 for one in inside)))
    assert risk_of_answers(results, by_grade=by_grade) == expected


@given(graded_answers(), st.booleans())
def test_where_all_are_believed_the_risk_is_what_recall_leaves(results: list[Result], by_grade: bool) -> None:
    run = made_runs.run([one for one in results if not one.outside] or [made_runs.result("q", 1, 1)])
    (recall,) = stage_recalls(run, 2, [1])
    last = risk_of_answers(run.results, by_grade=by_grade)[-1]
    assert last.answers == recall.queries
    assert last.wrong == recall.queries - recall.successes
