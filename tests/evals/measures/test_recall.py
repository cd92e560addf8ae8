"""Recall@K by counting by hand, Wilson's interval by solving its equation and by published values."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.evals.measures.recall import Recall, first_positive_rank, recall_at, wilson_interval

RANKS = st.lists(st.none() | st.integers(1, 30), max_size=40)


def normal_quantile(probability: float) -> float:
    """The z whose normal distribution function, here by `erf`, is the probability."""
    low, high = -10.0, 10.0
    for _ in range(200):
        middle = (low + high) / 2
        if 0.5 * (1 + math.erf(middle / math.sqrt(2))) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@given(st.data(), st.integers(1, 10_000), st.floats(0.5, 0.999))
def test_the_limits_solve_wilsons_equation(data: st.DataObject, trials: int, confidence: float) -> None:
    successes = data.draw(st.integers(0, trials))
    share, spread = successes / trials, normal_quantile((1 + confidence) / 2) ** 2 / trials
    # (share − p)² = z² p (1 − p) / trials, by powers of p
    roots = np.sort(np.roots([1 + spread, -(2 * share + spread), share**2]).real)
    low, high = wilson_interval(successes, trials, confidence)
    assert (low, high) == pytest.approx(tuple(roots), abs=1e-7)
    assert 0 <= low <= share <= high <= 1
    assert low < high


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (12, 76, 9.3, 25.6),
        (22, 76, 20.0, 40.0),
        (191, 466, 36.6, 45.5),
        (228, 466, 44.4, 53.5),
        (204, 466, 39.3, 48.3),
        (555, 1231, 42.3, 47.9),
        (586, 1231, 44.8, 50.4),
    ],
)
def test_intervals_of_the_papers_recalls(successes: int, trials: int, low: float, high: float) -> None:
    assert [round(100 * limit, 1) for limit in wilson_interval(successes, trials)] == [low, high]


@given(st.data(), st.integers(1, 1000))
def test_failures_mirror_successes(data: st.DataObject, trials: int) -> None:
    successes = data.draw(st.integers(0, trials))
    low, high = wilson_interval(successes, trials)
    assert wilson_interval(trials - successes, trials) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_no_trials_say_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("successes", "trials", "confidence"), [(-1, 3, 0.95), (4, 3, 0.95), (1, 3, 0.0), (1, 3, 1.0), (1, 3, math.nan)]
)
def test_what_is_no_count_or_no_confidence(successes: int, trials: int, confidence: float) -> None:
    with pytest.raises(ValueError, match=r"successes|confidence"):
        wilson_interval(successes, trials, confidence)


def test_queries_without_a_correct_reference_are_missed_and_counted() -> None:
    assert recall_at([1, None, 3, 5, 6], 5) == (3, 5)
    assert recall_at([None, None], 100) == (0, 2)
    assert recall_at([], 1) == (0, 0)


@given(RANKS, st.integers(1, 30))
def test_recall_grows_with_k_to_all_that_have_a_rank(ranks: list[int | None], k: int) -> None:
    successes, queries = recall_at(ranks, k)
    assert queries == len(ranks)
    assert successes <= recall_at(ranks, k + 1)[0]
    assert recall_at(ranks, 30)[0] == len(ranks) - ranks.count(None)
    assert recall_at(ranks, 1)[0] == ranks.count(1)


@pytest.mark.parametrize(
    ("ranking", "positives", "rank"),
    [("abcd", {"a"}, 1), ("abcd", {"d", "c"}, 3), ("abcd", {"x"}, None), ("abcd", set(), None), ("", {"a"}, None)],
)
def test_first_positive_rank(ranking: Sequence[str], positives: set[str], rank: int | None) -> None:
    assert first_positive_rank(ranking, positives) == rank


def test_a_recall_says_what_it_was_counted_from() -> None:
    recall = Recall(1, *recall_at([1] * 46 + [None] * 18, 1))
    assert recall.value == 46 / 64
    assert recall.interval == wilson_interval(46, 64)
    assert str(recall) == "71.9 % (46/64, 59.9–81.4)"


def test_a_recall_of_no_queries_has_no_value() -> None:
    recall = Recall(1, 0, 0)
    assert math.isnan(recall.value)
    assert str(recall) == "– (0/0, 0.0–100.0)"
