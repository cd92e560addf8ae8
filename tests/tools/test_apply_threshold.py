"""Eq. 10: order, strictness, ties, and both modes below τ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.tools.apply_threshold import BelowTau, apply_threshold
from internvl_vpr.tools.records import Candidate, RankedCandidate, Score

SCORES = st.lists(st.none() | st.sampled_from([-0.5, 0.0, 0.25, 0.5, 0.75, 1.0]), max_size=12)


def rank(scores: list[float | None], tau: float, below_tau: BelowTau) -> list[RankedCandidate]:
    candidates = [
        Candidate(
            reference=str(i), path=str(i), digest="0" * 64, position=None, coarse_rank=i + 1, coarse_similarity=0.5
        )
        for i in range(len(scores))
    ]
    records = [Score(reference=str(i), score=score, matches=()) for i, score in enumerate(scores)]
    return apply_threshold(candidates, records, tau, below_tau)


def retained_by_hand(scores: list[float | None], tau: float) -> list[int]:
    """Eq. 10 by repeated selection of the best that is left."""
    left = {i: score for i, score in enumerate(scores) if score is not None and score > tau}
    order = []
    while left:
        best = min(i for i, score in left.items() if score == max(left.values()))
        order.append(best)
        del left[best]
    return order


@given(scores=SCORES, tau=st.sampled_from([-1.0, 0.0, 0.25, 0.5, 0.99, 1.0]))
def test_retained_are_sorted_by_score_and_ties_keep_the_coarse_order(scores: list[float | None], tau: float) -> None:
    strict = rank(scores, tau, "strict")
    retained = retained_by_hand(scores, tau)
    unjudged = [i for i, score in enumerate(scores) if score is None]
    kept = unjudged if retained or len(unjudged) == len(scores) else []
    assert [int(candidate.reference) for candidate in strict] == retained + kept
    assert [candidate.retained for candidate in strict] == [True] * len(retained) + [False] * len(kept)
    assert [candidate.rank for candidate in strict] == list(range(1, len(strict) + 1))


@given(scores=SCORES, tau=st.sampled_from([-1.0, 0.0, 0.25, 0.5, 0.99, 1.0]))
def test_fallback_keeps_every_candidate_and_the_coarse_order_of_the_rest(
    scores: list[float | None], tau: float
) -> None:
    retained = retained_by_hand(scores, tau)
    fallback = rank(scores, tau, "fallback")
    held_back = [i for i in range(len(scores)) if i not in retained]
    assert [int(candidate.reference) for candidate in fallback] == retained + held_back
    assert [candidate.retained for candidate in fallback] == [True] * len(retained) + [False] * len(held_back)
    assert [candidate.rank for candidate in fallback] == list(range(1, len(scores) + 1))


def test_a_score_equal_to_tau_is_not_retained() -> None:
    assert [candidate.retained for candidate in rank([0.5, 0.5000001], 0.5, "fallback")] == [True, False]
    assert [candidate.reference for candidate in rank([0.5, 0.5000001], 0.5, "strict")] == ["1"]


def test_minus_one_retains_everything_that_has_a_score() -> None:
    assert [candidate.retained for candidate in rank([-0.9, None, 0.0], -1.0, "fallback")] == [True, True, False]


def test_a_candidate_without_a_score_follows_in_strict_mode_only_those_that_were_retained() -> None:
    assert [candidate.reference for candidate in rank([None, 0.4, 0.6, None], 0.5, "strict")] == ["2", "0", "3"]
    assert rank([None, 0.4], 0.5, "strict") == []


@pytest.mark.parametrize("below_tau", ["fallback", "strict"])
def test_without_any_score_the_coarse_order_stands(below_tau: BelowTau) -> None:
    ranked = rank([None, None], 0.5, below_tau)
    assert [(candidate.reference, candidate.retained) for candidate in ranked] == [("0", False), ("1", False)]


def test_every_candidate_needs_its_score() -> None:
    candidates = rank([0.1, 0.2], -1, "fallback")
    with pytest.raises(ValueError, match="zip"):
        apply_threshold(candidates, [], 0.0, "strict")
