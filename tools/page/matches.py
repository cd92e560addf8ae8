"""Two photographs side by side, with lines between the points that they have in common."""

import colorsys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

MatchedPoint = tuple[float, float, float, float]  # x and y in one photograph, x and y in the other, from 0 to 1

MOST_LINES = 40  # more cannot be followed with the eye
COARSE_LINES = 6  # where a picture is drawn with characters
_FEW = 8  # lines that are always drawn
_CLOSE = 0.02  # of a side, within which two points count as neighbours
HEIGHT = 480  # pixels of both photographs
_MOST_WIDTH = 960  # pixels of one of them; a panorama is made lower instead
_BETWEEN = (128, 128, 128)  # a grey that is seen on light and on dark ground


class _Pen(NamedTuple):
    """How lines are drawn: `finer` times larger and then scaled down, since Pillow's own lines have steps.

    `gap` is in pixels of the drawing, the others are in pixels of what is scaled down.
    """

    finer: int
    gap: int
    width: int
    edge: int  # of a dark line below it
    radius: float  # of a point
    opacity: int


_FINE = _Pen(finer=2, gap=8, width=3, edge=5, radius=5, opacity=255)
_COARSE = _Pen(finer=4, gap=2, width=4, edge=0, radius=2, opacity=150)  # lines one pixel wide, which let much through


def draw_matches(
    one: Image.Image,
    other: Image.Image,
    points: Sequence[MatchedPoint],
    most: int = MOST_LINES,
    *,
    height: int = HEIGHT,
    coarse: bool = False,
) -> Image.Image:
    """Return two RGB photographs side by side, of one height in pixels, with lines between `points`.

    At most `most` lines are drawn, from points that are spread over the first photograph. Each is bright with a dark
    edge, so that it is seen by day and at night, and the colours go round by height, so that neighbours differ. For a
    drawing of very few pixels, `coarse` lines are one pixel wide and half transparent.
    """
    pen = _COARSE if coarse else _FINE
    left, right = _same_height(one, other, height)
    width, height = left.width + pen.gap + right.width, left.height
    beside = Image.new("RGB", (width, height), _BETWEEN)
    beside.paste(left, (0, 0))
    beside.paste(right, (left.width + pen.gap, 0))
    chosen = np.array(spread(points, most), dtype=np.float64).reshape(-1, 4)
    # Pixels of the drawing; the outermost points stay inside.
    ends = chosen * [left.width - 1, height - 1, right.width - 1, height - 1] + [0, 0, left.width + pen.gap, 0]
    lines = Image.new("RGBA", (width * pen.finer, height * pen.finer))
    drawing = ImageDraw.Draw(lines)
    for number, row in enumerate((ends[np.argsort(ends[:, 1])] + 0.5) * pen.finer):
        _draw_line(drawing, row, _colour(number, len(ends)), pen)
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


def _same_height(one: Image.Image, other: Image.Image, height: int) -> tuple[Image.Image, Image.Image]:
    """Scale both to one height, at which neither is too wide."""
    shapes = [image.width / image.height for image in (one, other)]
    height = min(height, *(max(round(_MOST_WIDTH / shape), 1) for shape in shapes))
    left, right = (
        image.convert("RGB").resize((max(round(shape * height), 1), height), Image.Resampling.LANCZOS)
        for image, shape in zip((one, other), shapes, strict=True)
    )
    return left, right


def _colour(number: int, count: int) -> tuple[int, int, int]:
    """Return a bright colour, one of `count` round the circle of hues."""
    red, green, blue = colorsys.hsv_to_rgb(number / max(count, 1), 0.65, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def _draw_line(drawing: ImageDraw.ImageDraw, row: NDArray[np.float64], colour: tuple[int, int, int], pen: _Pen) -> None:
    start, end = (float(row[0]), float(row[1])), (float(row[2]), float(row[3]))
    dark = (0, 0, 0, 110)
    if pen.edge:
        drawing.line([start, end], fill=dark, width=pen.edge)
    drawing.line([start, end], fill=(*colour, pen.opacity), width=pen.width)
    for x, y in (start, end):
        for radius, fill in ((pen.radius + 2, dark), (pen.radius, (*colour, 255)))[not pen.edge :]:
            drawing.ellipse([x - radius, y - radius, x + radius, y + radius], fill=fill)
