"""The codebook: unit centres or means, none dead, seeded, near the clusters that are there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import unit

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.errors import PlaceIndexError
from internvl_vpr.tools.features.codebook import codebook_digest, directions, kind_of, sample_rows, train_codebook


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31 - 1), distinct=st.integers(8, 60), copies=st.integers(1, 20))
def test_centres_are_unit_and_alive(seed: int, distinct: int, copies: int) -> None:
    descriptors = np.repeat(unit(np.random.default_rng(seed).normal(size=(distinct, 6))), copies, axis=0)
    centers = train_codebook(descriptors, 8, seed)
    assert centers.shape == (8, 6)
    np.testing.assert_allclose(np.linalg.norm(centers.astype(np.float64), axis=1), 1, atol=1e-5)
    nearest = (descriptors.astype(np.float64) @ centers.T.astype(np.float64)).argmax(axis=1)
    assert set(nearest) == set(range(8))


def test_clear_clusters_are_found() -> None:
    rng = np.random.default_rng(3)
    modes = np.eye(5)
    descriptors = unit(np.repeat(modes, 200, axis=0) + 0.05 * rng.normal(size=(1000, 5)))
    centers = train_codebook(descriptors, 5, seed=0)
    np.testing.assert_allclose(np.sort((centers @ modes.T).max(axis=1)), 1, atol=0.01)


def spread_unevenly(seed: int) -> Floats:
    """Unit descriptors `[400, 6]` around four directions, some close together and some far apart."""
    rng = np.random.default_rng(seed)
    spread = np.repeat([0.1, 0.5, 0.9, 1.5], 100)[:, None]
    return unit(np.repeat(rng.normal(size=(4, 6)), 100, axis=0) + spread * rng.normal(size=(400, 6)))


@pytest.mark.parametrize("seed", range(6))
def test_each_centre_is_the_direction_of_the_mean_of_those_with_the_largest_cosine(seed: int) -> None:
    """Where spherical k-means comes to rest; plain k-means rests elsewhere, as its wide clusters have short means."""
    descriptors = spread_unevenly(seed).astype(np.float64)
    centers = train_codebook(descriptors.astype(np.float32), 4, seed)
    nearest = (descriptors @ centers.T.astype(np.float64)).argmax(axis=1)
    for number, center in enumerate(centers):
        mean = descriptors[nearest == number].mean(axis=0)
        np.testing.assert_allclose(center, mean / np.linalg.norm(mean), atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_mean_centres_are_the_means_of_the_descriptors_nearest_to_the_unit_ones(seed: int) -> None:
    descriptors = spread_unevenly(seed)
    unit_ones, means = (train_codebook(descriptors, 4, seed, kind) for kind in ("unit", "mean"))
    nearest = (descriptors.astype(np.float64) @ unit_ones.T.astype(np.float64)).argmax(axis=1)
    expected = [descriptors[nearest == s].astype(np.float64).mean(axis=0) for s in range(4)]
    np.testing.assert_allclose(means, expected, atol=1e-6)
    assert (np.linalg.norm(means, axis=1) < 0.999).all()
    assert (kind_of(unit_ones), kind_of(means)) == ("unit", "mean")
    np.testing.assert_allclose(directions(means), unit_ones, atol=1e-5)
    assert directions(unit_ones) is unit_ones


def test_a_zero_centre_has_no_direction_and_a_long_one_is_no_centre() -> None:
    np.testing.assert_array_equal(directions(np.array([[0.0, 0.0], [0.0, 0.5]])), [[0, 0], [0, 1]])
    assert kind_of(np.array([[0.0, 1.1]])) is None
    assert kind_of(np.array([[0.0, np.nan]])) is None


def test_the_same_seed_gives_the_same_codebook() -> None:
    descriptors = unit(np.random.default_rng(0).normal(size=(500, 16)))
    first, second = (codebook_digest(train_codebook(descriptors, 12, seed=5)) for _ in range(2))
    assert first == second
    assert first != codebook_digest(train_codebook(descriptors, 12, seed=6))


@pytest.mark.parametrize("rows", [unit(np.eye(3)), np.repeat(unit(np.eye(3)), 50, axis=0)])
def test_too_few_distinct_descriptors_are_one_clear_error(rows: Floats) -> None:
    with pytest.raises(PlaceIndexError, match="fewer clusters"):
        train_codebook(rows, 8, seed=0)


@given(m=st.integers(0, 50), rows=st.integers(1, 60))
def test_a_sample_is_distinct_rows_in_their_order(m: int, rows: int) -> None:
    descriptors = np.arange(m, dtype=np.float32)[:, None]
    sample = sample_rows(descriptors, rows, np.random.default_rng(1))[:, 0]
    assert len(sample) == min(m, rows)
    assert (np.diff(sample) > 0).all()
