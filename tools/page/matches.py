"""Two photographs side by side, with lines between the points that they have in common."""

import colorsys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

MatchedPoint = tuple[float, float, float, float]  # x and y in one photograph, x and y in the other, from 0 to 1

MOST_LINES = 40  # more cannot be followed with the eye
_FEW = 8  # lines that are always drawn
_CLOSE = 0.02  # of a side, within which two points count as neighbours
_HEIGHT = 480  # pixels of both photographs
_MOST_WIDTH = 960  # pixels of one of them; a panorama is made lower instead
_GAP = 8
_FINER = 2  # lines are drawn larger and scaled down, since Pillow's own have steps
_BETWEEN = (128, 128, 128)  # a grey that is seen on light and on dark ground


def draw_matches(
    one: Image.Image, other: Image.Image, points: Sequence[MatchedPoint], most: int = MOST_LINES
) -> Image.Image:
    """Return two RGB photographs side by side, of one height, with lines between `points`.

    At most `most` lines are drawn, from points that are spread over the first photograph. Each is bright with a dark
    edge, so that it is seen by day and at night, and the colours go round by height, so that neighbours differ.
    """
    left, right = _same_height(one, other)
    width, height = left.width + _GAP + right.width, left.height
    beside = Image.new("RGB", (width, height), _BETWEEN)
    beside.paste(left, (0, 0))
    beside.paste(right, (left.width + _GAP, 0))
    chosen = np.array(spread(points, most), dtype=np.float64).reshape(-1, 4)
    # Pixels of the drawing; the outermost points stay inside.
    ends = chosen * [left.width - 1, height - 1, right.width - 1, height - 1] + [0, 0, left.width + _GAP, 0]
    lines = Image.new("RGBA", (width * _FINER, height * _FINER))
    pen = ImageDraw.Draw(lines)
    for number, row in enumerate(ends[np.argsort(ends[:, 1])] * _FINER):
        _draw_line(pen, row, _colour(number, len(ends)))
    lines = lines.resize(beside.size, Image.Resampling.BOX)
    beside.paste(lines, (0, 0), lines)
    return beside


def spread(points: Sequence[MatchedPoint], most: int) -> list[MatchedPoint]:
    """Choose at most `most` points that lie far from each other in the first photograph, one after another.

    The first is the one nearest to the middle of all; each next one is the furthest from those chosen before it. Where
    only close neighbours are left, no more than eight are chosen: lines side by side cannot be told apart.
    """
    if len(points) <= min(most, _FEW):
        return list(points)
    places: NDArray[np.float64] = np.array(points, dtype=np.float64)[:, :2]
    nearest = np.linalg.norm(places - places.mean(axis=0), axis=1)
    chosen = [int(np.argmin(nearest))]
    away = np.linalg.norm(places - places[chosen[0]], axis=1)
    away[chosen[0]] = -1  # nor is a point at the same place chosen twice
    while len(chosen) < min(most, len(points)) and (len(chosen) < _FEW or away.max() >= _CLOSE):
        chosen.append(int(np.argmax(away)))
        away = np.minimum(away, np.linalg.norm(places - places[chosen[-1]], axis=1))
        away[chosen] = -1
    return [points[number] for number in sorted(chosen)]


def _same_height(one: Image.Image, other: Image.Image) -> tuple[Image.Image, Image.Image]:
    """Scale both to one height, at which neither is too wide."""
    shapes = [image.width / image.height for image in (one, other)]
    height = min(_HEIGHT, *(max(round(_MOST_WIDTH / shape), 1) for shape in shapes))
    left, right = (
        image.convert("RGB").resize((max(round(shape * height), 1), height), Image.Resampling.LANCZOS)
        for image, shape in zip((one, other), shapes, strict=True)
    )
    return left, right


def _colour(number: int, count: int) -> tuple[int, int, int]:
    """Return a bright colour, one of `count` round the circle of hues."""
    red, green, blue = colorsys.hsv_to_rgb(number / max(count, 1), 0.65, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def _draw_line(pen: ImageDraw.ImageDraw, row: NDArray[np.float64], colour: tuple[int, int, int]) -> None:
    start, end = (float(row[0]), float(row[1])), (float(row[2]), float(row[3]))
    dark = (0, 0, 0, 110)
    pen.line([start, end], fill=dark, width=5)
    pen.line([start, end], fill=(*colour, 255), width=3)
    for x, y in (start, end):
        for radius, fill in ((3.5 * _FINER, dark), (2.5 * _FINER, (*colour, 255))):
            pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=fill)
