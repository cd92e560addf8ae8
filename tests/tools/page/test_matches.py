"""Two photographs side by side, with lines between the points that they have in common."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from internvl_vpr.tools.page.matches import MOST_LINES, MatchedPoint, draw_matches, spread

FRACTIONS = st.integers(0, 10_000).map(lambda number: number / 10_000)
POINTS = st.lists(st.tuples(FRACTIONS, FRACTIONS, FRACTIONS, FRACTIONS), max_size=90)
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def plain(size: tuple[int, int], colour: tuple[int, int, int]) -> Image.Image:
    return Image.new("RGB", size, colour)


@given(points=POINTS, most=st.integers(1, 50))
def test_points_that_are_drawn_are_some_of_all_and_no_more_than_asked(points: list[MatchedPoint], most: int) -> None:
    chosen = spread(points, most)
    assert len(chosen) <= most
    assert len(chosen) >= min(len(points), most, 8)
    left = list(points)
    for one in chosen:
        left.remove(one)  # each is one of them, and none is drawn twice


def test_points_are_spread_over_the_photograph() -> None:
    crowd = [(0.5 + i / 1e4, 0.5, 0.5, 0.5) for i in range(400)]
    corners: list[MatchedPoint] = [(x, y, 0.5, 0.5) for x, y in itertools.product((0.1, 0.9), repeat=2)]
    chosen = spread([*crowd, *corners], MOST_LINES)
    assert set(corners) <= set(chosen)
    grid: list[MatchedPoint] = [(x / 30, y / 30, 0, 0) for x, y in itertools.product(range(31), repeat=2)]
    chosen = spread(grid, MOST_LINES)
    assert len(chosen) == MOST_LINES
    nearest = [min(math.dist(a[:2], b[:2]) for b in chosen if b != a) for a in chosen]
    assert min(nearest) > 0.1  # forty that lie evenly are 0.16 from each other


@pytest.mark.parametrize("ground", [BLACK, WHITE, (128, 128, 128)])
def test_a_line_joins_its_two_points_and_is_seen_on_any_ground(ground: tuple[int, int, int]) -> None:
    drawn = draw_matches(plain((640, 480), ground), plain((640, 480), ground), [(0.25, 0.5, 0.75, 0.25)])
    assert drawn.size == (640 + 8 + 640, 480)
    pixels = np.asarray(drawn, dtype=np.int64)
    start, end = np.array([0.25 * 639, 0.5 * 479]), np.array([648 + 0.75 * 639, 0.25 * 479])
    for share in np.linspace(0, 1, 50):
        x, y = start + share * (end - start)
        around = pixels[round(y) - 2 : round(y) + 3, round(x)]
        assert np.abs(around - around[0]).sum(axis=1).max() > 90 or not 640 <= x < 648
    assert (pixels[:100] != pixels[0, 0]).any(axis=2).sum() == 100 * 8 * (ground != (128, 128, 128))


def test_photographs_of_any_shape_stand_beside_each_other() -> None:
    wide = draw_matches(plain((4000, 200), BLACK), plain((200, 4000), WHITE), [(0, 0, 1, 1)])
    assert wide.size == (960 + 8 + 2, 48)
    assert draw_matches(plain((1, 1), BLACK), plain((640, 480), WHITE), []).size == (480 + 8 + 640, 480)


def test_without_points_the_photographs_are_as_they_were() -> None:
    drawn = np.asarray(draw_matches(plain((640, 480), BLACK), plain((640, 480), WHITE), []))
    assert not drawn[:, :640].any()
    assert (drawn[:, 648:] == 255).all()
