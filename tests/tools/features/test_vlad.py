"""Eqs. 1–4 against an independent float64 computation that goes descriptor by descriptor."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors import unit

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.features.vlad import aggregate, log_weights

KAPPAS = st.sampled_from([0.5, 1.0, 30.0, 100.0, 5000.0, math.inf])


def descriptors_and_centers(seed: int, m: int, s: int, d: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    return unit(rng.normal(size=(m, d))), unit(rng.normal(size=(s, d)))


def vlad_by_hand(descriptors: Floats, centers: Floats, kappa: float) -> Floats:
    """Eqs. 1–4, one descriptor and one centre at a time, in float64; Eq. 1 takes the centres' directions."""
    x, c = descriptors.astype(np.float64), centers.astype(np.float64)
    u = [center / math.sqrt(math.fsum(center * center)) for center in c]
    blocks = np.zeros_like(c)
    for row in x:
        if math.isinf(kappa):
            weights = [0.0] * len(c)
            weights[max(range(len(c)), key=lambda s: math.fsum(row * u[s]))] = 1.0
        else:
            logits = [kappa * math.fsum(row * center) for center in u]
            top = max(logits)
            exponentials = [math.exp(logit - top) for logit in logits]
            weights = [e / math.fsum(exponentials) for e in exponentials]
        for s, weight in enumerate(weights):
            blocks[s] += weight * (row - c[s])
    for s, block in enumerate(blocks):
        norm = math.sqrt(math.fsum(block * block))
        blocks[s] = block / norm if norm > 0 else 0
    length = math.sqrt(math.fsum(blocks.ravel() ** 2))
    return blocks.ravel() / length if length > 0 else blocks.ravel()


@given(
    seed=st.integers(0, 2**32 - 1),
    m=st.integers(1, 40),
    s=st.integers(1, 8),
    d=st.integers(2, 24),
    kappa=st.sampled_from([0.5, 1.0, 30.0, 100.0]),
)
def test_soft_aggregation_is_eqs_1_to_4(seed: int, m: int, s: int, d: int, kappa: float) -> None:
    descriptors, centers = descriptors_and_centers(seed, m, s, d)
    vector = aggregate(descriptors, centers, kappa)
    assert vector.dtype == np.float32
    assert vector.shape == (s * d,)
    np.testing.assert_allclose(vector, vlad_by_hand(descriptors, centers, kappa), atol=2e-4)


@given(seed=st.integers(0, 2**32 - 1), m=st.integers(1, 40), s=st.integers(1, 8), d=st.integers(2, 24))
def test_hard_aggregation_is_eqs_1_to_4(seed: int, m: int, s: int, d: int) -> None:
    descriptors, centers = descriptors_and_centers(seed, m, s, d)
    vector = aggregate(descriptors, centers, math.inf)
    np.testing.assert_allclose(vector, vlad_by_hand(descriptors, centers, math.inf), atol=2e-5)


@pytest.mark.parametrize("kappa", [1.0, 30.0, math.inf])
@given(seed=st.integers(0, 2**32 - 1), m=st.integers(1, 40))
def test_residuals_are_to_means_and_weights_by_their_directions(kappa: float, seed: int, m: int) -> None:
    """AnyLoc's centres: means of unit vectors, so shorter than 1, which are scaled for the arg-max alone."""
    descriptors, centers = descriptors_and_centers(seed, m, 5, 12)
    lengths = np.random.default_rng(seed).uniform(0.6, 0.99, size=(5, 1)).astype(np.float32)
    vector = aggregate(descriptors, lengths * centers, kappa)
    np.testing.assert_allclose(vector, vlad_by_hand(descriptors, lengths * centers, kappa), atol=2e-4)


@given(seed=st.integers(0, 2**32 - 1), m=st.integers(1, 60), kappa=KAPPAS)
def test_weights_are_a_distribution_that_sharpens_with_kappa(seed: int, m: int, kappa: float) -> None:
    descriptors, centers = descriptors_and_centers(seed, m, 6, 12)
    weights = np.exp(log_weights(descriptors, centers, kappa))
    assert weights.shape == (m, 6)
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(weights.argmax(axis=1), (descriptors @ centers.T).argmax(axis=1))


@given(seed=st.integers(0, 2**32 - 1))
def test_a_large_kappa_approaches_hard_assignment(seed: int) -> None:
    descriptors, centers = descriptors_and_centers(seed, 30, 4, 16)
    cosines = np.sort(descriptors @ centers.T, axis=1)
    clear = descriptors[cosines[:, -1] - cosines[:, -2] > 0.02]  # a tie would be split
    np.testing.assert_allclose(aggregate(clear, centers, 5000.0), aggregate(clear, centers, math.inf), atol=1e-4)


@given(seed=st.integers(0, 2**32 - 1), kappa=KAPPAS)
def test_the_order_of_descriptors_does_not_matter(seed: int, kappa: float) -> None:
    descriptors, centers = descriptors_and_centers(seed, 50, 5, 16)
    shuffled = np.random.default_rng(seed).permutation(descriptors)
    np.testing.assert_allclose(aggregate(descriptors, centers, kappa), aggregate(shuffled, centers, kappa), atol=1e-4)


def test_kappa_one_is_almost_uniform() -> None:
    """With κ = 1 and S = 32 no centre gets more than e / (e + 31 / e), about 0.19, even at the extreme."""
    descriptors, centers = descriptors_and_centers(0, 500, 32, 128)
    assert np.exp(log_weights(descriptors, centers, 1.0)).max() < math.e / (math.e + 31 / math.e)


def test_a_centre_without_descriptors_leaves_a_zero_block() -> None:
    centers = np.eye(3, dtype=np.float32)
    descriptors = unit(np.array([[0.9, 0.1, 0.0], [0.8, 0.3, 0.1]]))
    blocks = aggregate(descriptors, centers, math.inf).reshape(3, 3)
    np.testing.assert_array_equal(blocks[1:], 0)
    assert np.linalg.norm(blocks[0]) == pytest.approx(1)


def test_rounding_errors_do_not_become_a_direction() -> None:
    centers = unit(np.random.default_rng(1).normal(size=(2, 64)))
    copies = np.repeat(centers[:1], 1000, axis=0)
    np.testing.assert_array_equal(aggregate(copies, centers, math.inf), 0)


def at_an_angle(radians: float, copies: int) -> tuple[Floats, Floats]:
    """Descriptors at an angle from the one centre, e₁, towards e₂: their mean residual is as long as that angle."""
    row = np.array([math.cos(radians), math.sin(radians), 0.0], np.float32)
    return np.repeat(row[None], copies, axis=0), np.eye(3, dtype=np.float32)[:1]


@pytest.mark.parametrize("kappa", [1.0, math.inf])
@pytest.mark.parametrize("copies", [1, 64])
@pytest.mark.parametrize("radians", [1e-4, 3e-4, 1e-3, 3e-3, 1e-2])
def test_a_small_residual_still_is_a_direction(radians: float, copies: int, kappa: float) -> None:
    """cos φ − 1 and sin φ, divided by their length 2 sin(φ/2), are −sin(φ/2) and cos(φ/2)."""
    vector = aggregate(*at_an_angle(radians, copies), kappa)
    np.testing.assert_allclose(vector, [-math.sin(radians / 2), math.cos(radians / 2), 0], atol=1e-3)


@pytest.mark.parametrize("copies", [1, 64])
def test_a_residual_as_short_as_rounding_errors_counts_as_zero(copies: int) -> None:
    np.testing.assert_array_equal(aggregate(*at_an_angle(1.5e-5, copies), math.inf), 0)


def test_no_descriptor_gives_the_zero_vector() -> None:
    centers = np.eye(4, dtype=np.float32)
    np.testing.assert_array_equal(aggregate(np.empty((0, 4), np.float32), centers, 10.0), np.zeros(16))


@pytest.mark.parametrize("kappa", [0.0, -1.0, math.nan])
def test_kappa_must_be_positive(kappa: float) -> None:
    with pytest.raises(ValueError, match="kappa"):
        aggregate(*descriptors_and_centers(0, 3, 2, 4), kappa)


def test_shapes_must_fit() -> None:
    with pytest.raises(ValueError, match="are not"):
        aggregate(np.zeros((3, 4), np.float32), np.zeros((2, 5), np.float32), 1.0)


def test_values_must_be_finite() -> None:
    descriptors, centers = descriptors_and_centers(0, 3, 2, 4)
    descriptors[1, 2] = np.nan
    with pytest.raises(ValueError, match="finite"):
        aggregate(descriptors, centers, 1.0)
