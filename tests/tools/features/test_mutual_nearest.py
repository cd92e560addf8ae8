"""Mutual nearest neighbours against a plain search in float64."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from internvl_vpr.tools.features.keypoints import Keypoints
from internvl_vpr.tools.features.mutual_nearest import MutualNearest

pytest.importorskip("kornia", reason="needs the extra embedded")


def keypoints(descriptors: NDArray[np.float64]) -> Keypoints:
    rows = descriptors / np.linalg.norm(descriptors, axis=1, keepdims=True)
    return Keypoints(np.zeros((len(rows), 2), np.float32), (64, 64), rows.astype(np.float32))


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 40), st.sampled_from([0.05, 0.1, 0.3]))
def test_each_is_the_other_s_nearest_and_nearly_alike(seed: int, m: int, n: int, noise: float) -> None:
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(40, 64))
    a, b = (keypoints(base[rng.permutation(40)[:count]] + noise * rng.normal(size=(count, 64))) for count in (m, n))
    cosines = a.descriptors.astype(np.float64) @ b.descriptors.T.astype(np.float64)
    expected = {
        (i, j)
        for i, j in np.ndindex(m, n)
        if cosines[i, j] == cosines[i].max() and cosines[i, j] == cosines[:, j].max() and cosines[i, j] > 0.82
        if abs(cosines[i, j] - 0.82) > 1e-6
    }
    found = {(int(i), int(j)) for i, j in MutualNearest().match(a, b) if abs(cosines[i, j] - 0.82) > 1e-6}
    assert found == expected


def test_no_keypoints_match_nothing() -> None:
    some = keypoints(np.eye(64))
    none = Keypoints(some.points[:0], some.size, some.descriptors[:0])
    for pair in ((some, none), (none, some), (none, none)):
        found = MutualNearest().match(*pair)
        assert (found.shape, found.dtype) == ((0, 2), np.dtype(np.intp))


def test_the_id_tells_the_threshold() -> None:
    assert MutualNearest().id == "mutual-nearest/0.82"
