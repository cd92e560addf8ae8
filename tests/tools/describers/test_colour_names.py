"""Colours: CIELAB against known values, names against brute force, and a tint of the light taken out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("cv2", reason="needs the extra embedded")

from internvl_vpr.tools.describers.colour_names import PALETTE, balanced_lab, main_colours, name_colours, to_lab

WORDS = list(PALETTE)


def patch(*colours: str, size: int = 10) -> np.ndarray:
    """Stripes of the named colours side by side, `[size, size · colours, 3]`, 8-bit RGB."""
    stripes = [np.full((size, size, 3), PALETTE[colour], np.uint8) for colour in colours]
    return np.concatenate(stripes, axis=1)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [((255, 255, 255), (100, 0, 0)), ((255, 0, 0), (53.24, 80.09, 67.20)), ((0, 0, 255), (32.30, 79.19, -107.86))],
)
def test_lab_of_known_colours(rgb: tuple[int, ...], lab: tuple[float, ...]) -> None:
    assert to_lab(np.array([[rgb]]))[0, 0] == pytest.approx(lab, abs=0.5)


@pytest.mark.parametrize("word", WORDS)
def test_every_colour_of_the_palette_has_its_own_name(word: str) -> None:
    assert WORDS[name_colours(to_lab(patch(word)))[0, 0]] == word


@given(st.tuples(st.floats(0, 100), st.floats(-90, 90), st.floats(-90, 90)))
def test_the_name_is_that_of_the_nearest_colour(lab: tuple[float, float, float]) -> None:
    anchors = to_lab(np.array([list(PALETTE.values())]))[0].astype(np.float64)
    distances = ((anchors - lab) ** 2 * [0.5, 1, 1]).sum(axis=1)
    named = name_colours(np.array([[lab]], np.float32))[0, 0]
    assert distances[named] <= distances.min() + 0.05


def everywhere(rgb: np.ndarray) -> np.ndarray:
    return np.ones(rgb.shape[:2], bool)


def mean_chroma(lab: np.ndarray) -> float:
    return float(np.hypot(lab[..., 1], lab[..., 2]).mean())


def test_a_tint_of_the_light_is_taken_out() -> None:
    grey = np.repeat(np.random.default_rng(0).integers(20, 200, (40, 40, 1)), 3, axis=2)
    tinted = (grey * [1.12, 1.0, 0.88]).astype(np.uint8)
    assert mean_chroma(to_lab(tinted)) > 8
    assert mean_chroma(balanced_lab(tinted, everywhere(tinted))) < 2


def test_a_blue_sky_is_no_tint() -> None:
    ground = np.repeat(np.random.default_rng(0).integers(20, 200, (40, 40, 1)), 3, axis=2).astype(np.uint8)
    sky = np.full((40, 40, 3), (120, 165, 220), np.uint8)
    view = np.concatenate([sky, ground])
    solid = np.broadcast_to(np.arange(80)[:, None] >= 40, (80, 40))
    assert mean_chroma(balanced_lab(view, solid)[40:]) < 1
    assert mean_chroma(balanced_lab(view, everywhere(view))[40:]) > 5


def test_exposure_is_taken_out() -> None:
    scene = np.random.default_rng(0).integers(30, 250, (40, 40, 3)).astype(np.uint8)
    dark = (scene * 0.7).astype(np.uint8)
    balanced = [balanced_lab(image, everywhere(image))[..., 0] for image in (scene, dark)]
    plain = [to_lab(image)[..., 0] for image in (scene, dark)]
    assert np.abs(balanced[0] - balanced[1]).mean() < 0.25 * np.abs(plain[0] - plain[1]).mean()


@pytest.mark.parametrize("value", [0, 255])
def test_an_even_image_is_left_alone(value: int) -> None:
    image = np.full((16, 16, 3), value, np.uint8)
    for solid in (everywhere(image), ~everywhere(image)):
        assert np.array_equal(balanced_lab(image, solid), to_lab(image))


def main_of(rgb: np.ndarray, mask: np.ndarray | None = None) -> str:
    lab = to_lab(rgb)
    return main_colours(lab, name_colours(lab), np.ones(rgb.shape[:2], bool) if mask is None else mask)


def test_two_colours_are_named_the_more_frequent_first() -> None:
    assert main_of(patch("cream", "cream", "slate grey")) == "cream and slate grey"


def test_a_rare_colour_is_left_out() -> None:
    assert main_of(patch(*["cream"] * 9, "slate grey")) == "cream"


def test_shadows_are_left_out_unless_there_is_nothing_else() -> None:
    assert main_of(patch("black", "black", "black", "cream")) == "cream"
    assert main_of(patch("black")) == "black"


def test_only_what_the_mask_shows_counts() -> None:
    rgb = patch("cream", "brick red")
    right = np.broadcast_to(np.arange(rgb.shape[1]) >= 10, rgb.shape[:2])
    assert main_of(rgb, right) == "brick red"
    assert main_of(rgb, np.zeros(rgb.shape[:2], bool)) == main_of(rgb)
