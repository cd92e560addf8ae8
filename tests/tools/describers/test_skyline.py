"""The skyline: found where it was drawn, whatever crosses the sky."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

pytest.importorskip("cv2", reason="needs the extra embedded")

from internvl_vpr.tools.describers.colour_names import to_lab
from internvl_vpr.tools.describers.skyline import find_skyline, sky_border

SKY, WALL = (120, 165, 220), (150, 110, 85)


def view(left: float = 0.3, right: float = 0.5) -> np.ndarray:
    """Windowed walls below a blue sky that ends at these shares of the height, `[120, 160, 3]`."""
    rng = np.random.default_rng(0)
    image = np.empty((120, 160, 3))
    image[:] = WALL
    image[::12] -= 60
    image[:, ::10] -= 40
    image[: round(left * 120), :80] = SKY
    image[: round(right * 120), 80:] = SKY
    return (image + rng.normal(0, 2, image.shape)).clip(0, 255).astype(np.uint8)


def skyline(image: np.ndarray) -> np.ndarray:
    found: np.ndarray = find_skyline(sky_border(image), to_lab(image))
    return found


def assert_steps(found: np.ndarray, left: float = 0.3, right: float = 0.5) -> None:
    assert found[5:74] == pytest.approx(np.full(69, left), abs=0.04)
    assert found[86:155] == pytest.approx(np.full(69, right), abs=0.04)


@pytest.mark.parametrize(("left", "right"), [(0.3, 0.5), (0.6, 0.2), (0.4, 0.4)])
def test_skyline_is_found_where_it_was_drawn(left: float, right: float) -> None:
    assert_steps(skyline(view(left, right)), left, right)


def test_wires_and_poles_do_not_end_the_sky() -> None:
    image = view()
    image[12] = image[20] = 30
    image[:, 40] = 30
    assert_steps(skyline(image))


def test_sky_goes_on_below_a_cloud() -> None:
    image = view()
    image[8:18, 95:140] = 250
    assert_steps(skyline(image))


def test_a_smooth_warm_wall_up_to_the_edge_is_no_sky() -> None:
    image = view()
    image[:, 120:] = (205, 160, 60)
    found = skyline(image)
    assert found[5:74] == pytest.approx(np.full(69, 0.3), abs=0.04)
    assert not found[125:].any()


def test_without_a_sky_there_is_none() -> None:
    assert not skyline(np.full((40, 60, 3), WALL, np.uint8)).any()
    assert not skyline(view(0, 0)).any()


@given(arrays(np.uint8, st.tuples(st.integers(16, 40), st.integers(16, 40), st.just(3))))
def test_any_image_has_a_skyline_within_it(image: np.ndarray) -> None:
    found = skyline(image)
    assert found.shape == (image.shape[1],)
    assert ((found >= 0) & (found <= 1)).all()
