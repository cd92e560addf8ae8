"""Sixel, read back by a decoder written from DEC's description."""

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from internvl_vpr.agent.console.sixel import sixel_of


def decoded(sequence: str) -> "np.ndarray[tuple[int, int, int], np.dtype[np.int_]]":
    """Return the percentages of red, green and blue `[h, w, 3]` that a sequence draws; −1 where it draws nothing."""
    found = re.fullmatch(r'\x1bP0;1q"1;1;(\d+);(\d+)(.*)\x1b\\', sequence)
    assert found
    width, height = int(found[1]), int(found[2])
    shown = np.full((height + 5, width, 3), -1)
    colours: dict[int, tuple[int, int, int]] = {}
    x = y = colour = 0
    for token in re.finditer(r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)(.)|([-$])|(.)", found[3]):
        number, red, green, blue, count, repeated, control, once = token.groups()
        if number is not None:
            colour = int(number)
            if red is not None:
                colours[colour] = int(red), int(green), int(blue)
        elif control == "-":
            x, y = 0, y + 6
        elif control == "$":
            x = 0
        else:
            for _ in range(int(count or 1)):
                for bit in range(6):
                    if (ord(repeated or once) - 63) >> bit & 1:
                        shown[y + bit, x] = colours[colour]
                x += 1  # noqa: SIM113 - a cursor that the controls above move too
    assert (shown[height:] == -1).all()
    return shown[:height]


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
