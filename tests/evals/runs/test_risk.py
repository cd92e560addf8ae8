"""Risk and coverage by counting: every τ, ties, queries without a score and from outside the map, the area."""

import math

import made_runs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.evals.runs.records import Result, Shortlisted
from internvl_vpr.evals.runs.risk import Accepted, Judged, accepted_at, judge, risk_coverage

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
