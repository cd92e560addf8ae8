"""Keypoints: strict maxima of the heat map, ranked, with a unit descriptor each."""

import numpy as np
import pytest
from PIL import Image
from plain_xfeat import PlainXFeat, plain_xfeat
from texture import texture

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.features.keypoints import KeypointExtractor

pytest.importorskip("kornia.feature.xfeat", reason="needs the extra embedded")

IMAGE = texture(5, (160, 128))


@pytest.fixture(scope="module")
def plain() -> PlainXFeat:
    return plain_xfeat(np.asarray(IMAGE))


def maxima(heat: Floats) -> set[tuple[int, int]]:
    """Pixels above 0.05 whose heat is more than that of all others in their 5 × 5 pixels, which lie in the image."""
    found = set()
    for y in range(2, heat.shape[0] - 2):
        for x in range(2, heat.shape[1] - 2):
            around = heat[y - 2 : y + 3, x - 2 : x + 3].copy()
            around[2, 2] = 0.05
            if heat[y, x] > around.max():
                found.add((x, y))
    return found


def rank(plain: PlainXFeat, points: Floats) -> Floats:
    """Heat times the reliability map at each point, between its four cells; it is 0 outside (eq. of the reference)."""
    height, width = plain.heat.shape
    padded = np.pad(plain.reliability, 1)
    scores = []
    for x, y in points.astype(int):
        across, down = x * (width / 8) / (width - 1) + 0.5, y * (height / 8) / (height - 1) + 0.5
        left, top = int(across), int(down)
        right, bottom = across - left, down - top
        cells = padded[top : top + 2, left : left + 2]
        value = np.array([1 - bottom, bottom]) @ cells @ np.array([1 - right, right])
        scores.append(plain.heat[y, x] * value)
    return np.array(scores)


def test_keypoints_are_the_strict_maxima_of_the_heat_map(plain: PlainXFeat) -> None:
    found = KeypointExtractor(160, 4096, device="cpu").extract(IMAGE)
    expected = maxima(plain.heat)
    assert len(expected) > 20
    assert {(int(x), int(y)) for x, y in found.points} == expected
    assert found.size == (160, 128)


def test_the_best_come_first(plain: PlainXFeat) -> None:
    every = KeypointExtractor(160, 4096, device="cpu").extract(IMAGE)
    scores = rank(plain, every.points)
    assert (np.diff(scores) < 1e-5).all()
    few = KeypointExtractor(160, 7, device="cpu").extract(IMAGE)
    np.testing.assert_array_equal(few.points, every.points[:7])


def test_descriptors_are_unit_rows_like_the_maps_where_the_points_are(plain: PlainXFeat) -> None:
    found = KeypointExtractor(160, 64, device="cpu").extract(IMAGE)
    assert found.descriptors.shape == (len(found), 64)
    assert found.points.dtype == found.descriptors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found.descriptors.astype(np.float64), axis=1), 1, atol=1e-5)
    cells = (found.points // 8).astype(int)
    there = (found.descriptors * plain.descriptors[cells[:, 1], cells[:, 0]]).sum(axis=1)
    elsewhere = (found.descriptors * plain.descriptors[cells[::-1, 1], cells[::-1, 0]]).sum(axis=1)
    assert np.median(there) > 0.9
    assert np.median(there) > np.median(elsewhere) + 0.2


@pytest.mark.parametrize("image", [Image.new("RGB", (160, 120), "gray"), Image.linear_gradient("L").convert("RGB")])
def test_where_nothing_is_seen_there_is_no_keypoint(image: Image.Image) -> None:
    found = KeypointExtractor(160, device="cpu").extract(image)
    assert (found.points.shape, found.descriptors.shape) == ((0, 2), (0, 64))


def test_the_id_names_weights_size_and_number() -> None:
    assert KeypointExtractor(480, 512).id == "xfeat-keypoints/0f5187fd7bed/480px/512"
