"""Sixel: what is drawn is the picture, and no more is written than it takes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sixel_pictures import decoded

from internvl_vpr.agent.console.sixel import sixel_of


@given(st.integers(1, 40), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_what_is_drawn_is_the_picture(width: int, height: int, seed: int) -> None:
    colours = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)], dtype=np.uint8)
    pixels = colours[np.random.default_rng(seed).integers(0, len(colours), (height, width))]
    shown = decoded(sixel_of(Image.fromarray(pixels)))
    assert np.array_equal(shown, pixels.astype(int) * 100 // 255)


def test_a_photographs_colours_come_near() -> None:
    across, down = np.meshgrid(np.linspace(0, 255, 90), np.linspace(0, 255, 60))
    pixels = np.stack([across, down, 255 - across], axis=2).astype(np.uint8)
    shown = decoded(sixel_of(Image.fromarray(pixels)))
    assert shown.min() >= 0
    assert np.abs(shown - pixels.astype(float) * 100 / 255).mean() < 4


def test_a_run_is_written_once() -> None:
    assert len(sixel_of(Image.new("RGB", (900, 6), (255, 0, 0)))) < 60
