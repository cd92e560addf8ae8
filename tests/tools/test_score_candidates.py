"""Eqs. 8–9 against an independent float64 computation in plain loops."""

import math
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors import unit

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.records import Candidate, Cue, Description
from internvl_vpr.tools.score_candidates import best_matches, score_candidates, similarity, weighted_sum


def unit_rows(rng: np.random.Generator, n: int, d: int) -> Floats:
    return unit(rng.normal(size=(n, d)))


def similarity_by_hand(query: Floats, weights: Floats, candidates: list[Floats]) -> list[float]:
    """Eqs. 8–9, one pair of cues at a time."""
    totals = []
    for candidate in candidates:
        best = [
            max(math.fsum(float(a) * float(b) for a, b in zip(q, c, strict=True)) for c in candidate) for q in query
        ]
        totals.append(math.fsum(float(w) * s for w, s in zip(weights, best, strict=True)))
    return totals


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 5),
    lengths=st.lists(st.integers(1, 5), min_size=1, max_size=12),
    d=st.integers(2, 16),
)
def test_similarity_is_eqs_8_and_9(seed: int, n: int, lengths: list[int], d: int) -> None:
    rng = np.random.default_rng(seed)
    query, weights = unit_rows(rng, n, d), rng.dirichlet(np.ones(n))
    candidates = [unit_rows(rng, length, d) for length in lengths]
    found = similarity(query, weights, candidates)
    assert found.shape == (len(lengths),)
    np.testing.assert_allclose(found, similarity_by_hand(query, weights, candidates), atol=1e-12)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 4), copies=st.integers(2, 40))
def test_equal_cues_give_equal_scores_to_the_last_bit(seed: int, n: int, copies: int) -> None:
    rng = np.random.default_rng(seed)
    query, weights, cues = unit_rows(rng, n, 48), rng.dirichlet(np.ones(n)), unit_rows(rng, 3, 48)
    padded = [part for _ in range(copies) for part in (cues, unit_rows(rng, 2, 48))]
    assert len(set(similarity(query, weights, padded)[::2])) == 1


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 4))
def test_a_candidate_with_the_querys_own_cues_scores_one(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    query, weights = unit_rows(rng, n, 32), rng.dirichlet(np.ones(n))
    more = np.concatenate([unit_rows(rng, 2, 32), query])
    assert similarity(query, weights, [more])[0] == pytest.approx(1, abs=1e-6)


def test_the_first_of_equally_good_matches_is_named() -> None:
    query = np.array([[1.0, 0.0]])
    candidate = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    cosines, best = best_matches(query, [candidate])
    assert (cosines[0, 0], best[0, 0]) == (1.0, 1)


def rounded_by_hand(value: float) -> float:
    """The nearest of the numbers with five decimals; zero without a sign."""
    return float(Decimal(value).quantize(Decimal("0.00001"), ROUND_HALF_EVEN)) + 0.0


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 5),
    lengths=st.lists(st.integers(1, 5), min_size=1, max_size=8),
    d=st.integers(2, 64),
)
def test_what_is_told_has_five_decimals_and_s_is_the_sum_of_what_is_told(
    seed: int, n: int, lengths: list[int], d: int
) -> None:
    rng = np.random.default_rng(seed)
    query, weights = unit_rows(rng, n, d), rng.dirichlet(np.ones(n))
    candidates = [unit_rows(rng, length, d) for length in lengths]
    cosines, best = best_matches(query, candidates)
    for i in range(n):
        for j, candidate in enumerate(candidates):
            exact = [math.fsum(float(a) * float(b) for a, b in zip(query[i], row, strict=True)) for row in candidate]
            told = [rounded_by_hand(max(-1.0, min(1.0, cosine))) for cosine in exact]
            assert cosines[i, j] == max(told)
            assert best[i, j] == told.index(max(told))
    for j, total in enumerate(weighted_sum(weights, cosines)):
        assert total == rounded_by_hand(sum(float(w) * float(s) for w, s in zip(weights, cosines[:, j], strict=True)))


def test_of_matches_that_differ_in_the_sixth_decimal_the_first_is_named() -> None:
    query = np.array([[1.0, 0.0]])
    near, nearer = ([cosine, math.sqrt(1 - cosine**2)] for cosine in (0.800001, 0.800004))
    cosines, best = best_matches(query, [np.array([near, nearer])])
    assert (cosines[0, 0], best[0, 0]) == (0.8, 0)


def test_nothing_but_rounding_errors_is_zero_without_a_sign() -> None:
    assert str(weighted_sum(np.array([1.0]), np.array([[-1e-17, 1e-17]])).tolist()) == "[0.0, 0.0]"


@given(seed=st.integers(0, 2**32 - 1))
def test_errors_of_float32_sums_change_no_score(seed: int) -> None:
    """Whatever a processor's float32 sums are off by, the float64 ones are not, and the order is the same."""
    rng = np.random.default_rng(seed)
    query, weights = unit_rows(rng, 3, 384), rng.dirichlet(np.ones(3))
    candidates = [unit_rows(rng, 3, 384) for _ in range(20)]
    mixed = rng.permutation(384)  # another order of addition
    again = [candidate[:, mixed] for candidate in candidates]
    found = weighted_sum(weights, best_matches(query, candidates)[0])
    assert found.tolist() == weighted_sum(weights, best_matches(query[:, mixed], again)[0]).tolist()


def test_no_candidates_is_no_scores() -> None:
    assert similarity(np.eye(2), np.array([0.5, 0.5]), []).shape == (0,)


@pytest.mark.parametrize("candidates", [[np.empty((0, 2))], [np.eye(2), np.empty((0, 2))]])
def test_a_candidate_without_cues_is_refused(candidates: list[Floats]) -> None:
    with pytest.raises(ValueError, match="one cue at least"):
        similarity(np.eye(2), np.array([0.5, 0.5]), candidates)


def test_weights_must_fit_the_cues() -> None:
    with pytest.raises(ValueError, match="weights do not fit"):
        similarity(np.eye(2), np.array([1.0]), [np.eye(2)])


def candidate(number: int) -> Candidate:
    return Candidate(
        reference=f"{number}.jpg",
        path=f"/photos/{number}.jpg",
        digest=f"{number:064x}",
        position=None,
        coarse_rank=number,
        coarse_similarity=1 / number,
    )


def described(number: int, **weights: float) -> Description:
    cues = tuple(Cue(text=text, score=weight, weight=weight) for text, weight in weights.items())
    return Description(digest=f"{number:064x}", describer="test", cues=cues, recorded=False)


EMBEDDINGS = {"sign": np.array([1.0, 0.0]), "roof": np.array([0.0, 1.0]), "spire": np.array([0.6, 0.8])}


def test_scores_stand_in_the_candidates_order_with_their_matches() -> None:
    query = described(99, sign=0.75, roof=0.25)
    found = score_candidates(
        query,
        [candidate(1), candidate(2), candidate(3)],
        {f"{1:064x}": described(1, roof=1.0), f"{3:064x}": described(3, spire=0.5, sign=0.5)},
        EMBEDDINGS,
    )
    assert [score.reference for score in found] == ["1.jpg", "2.jpg", "3.jpg"]
    assert found[0].score == pytest.approx(0.75 * 0 + 0.25 * 1)
    assert found[1].score is None
    assert found[1].matches == ()
    assert found[2].score == pytest.approx(0.75 * 1 + 0.25 * 0.8)
    assert [(match.cue, match.matched) for match in found[2].matches] == [("sign", "sign"), ("roof", "spire")]


def test_a_query_without_cues_scores_nobody() -> None:
    found = score_candidates(described(99), [candidate(1)], {f"{1:064x}": described(1, roof=1.0)}, EMBEDDINGS)
    assert [score.score for score in found] == [None]


def test_a_cosine_is_never_beyond_one_though_unit_rows_are_rounded() -> None:
    rows = unit(np.random.default_rng(0).normal(size=(50, 384)))
    squares = (rows.astype(np.float64) ** 2).sum(axis=1)
    longest = rows[squares.argmax()][None]
    assert squares.max() > 1  # else S > τ = 1 would not be put to the test
    assert similarity(longest, np.ones(1), [longest, -longest]).tolist() == [1.0, -1.0]
