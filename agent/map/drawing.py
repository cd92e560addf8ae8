"""Photos and candidates as SVG in true proportions: no script, no font, nothing told by colour alone."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from markupsafe import Markup

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.page.svg import add_text, labels_together, markup_of
from internvl_vpr.tools.text.foreign import one_line

from ..words.phrases import metres_in_words
from .areas import Area
from .window import EDGE, Mark, Window

PlaceKind = Literal["place", "alike", "retained", "held", "own"]  # alike: the first, where it is not retained
_SIZES: dict[PlaceKind, float] = {"place": 8, "alike": 7.5, "retained": 5, "held": 4.5, "own": 9}
_FEW = 16  # photos of one mark, up to which one photo is as large in every drawing
_LARGEST = 8.5  # pixels of a dot's radius
_LEAST_FRAME = 12  # pixels


@dataclass(frozen=True)
class NumberedPlace:
    """A numbered place on a drawing: metres east and north, what it is, and what it says when pointed at."""

    metres: tuple[float, float]
    number: str
    kind: PlaceKind
    says: str
    href: str | None = None


def draw(
    window: Window,
    marks: Sequence[Mark],
    says: Callable[[Mark], str],
    about: str,
    *,
    parts: Iterable[tuple[Area, str]] = (),
    spots: Sequence[NumberedPlace] = (),
    radius: float | None = None,
) -> Markup:
    """Draw photos as dots, parts as framed links, and spots with their numbers, joined to the first by lines.

    `radius` is that of a circle around the first spot, in metres.
    """
    size = {"viewBox": f"0 0 {window.width:g} {window.height:g}", "width": f"{window.width:g}", "class": "plane"}
    svg = ET.Element("svg", {**size, "role": "group", "aria-label": about})
    ET.SubElement(svg, "rect", {"width": f"{window.width:g}", "height": f"{window.height:g}", "class": "frame"})
    _draw_marks(svg, marks, says)
    for area, href in parts:
        _draw_part(svg, window, area, href)
    if spots:
        _draw_spots(svg, window, spots, radius)
    _draw_scale(svg, window)
    return markup_of(svg)


def _draw_marks(svg: ET.Element, marks: Sequence[Mark], says: Callable[[Mark], str]) -> None:
    """Draw each mark as a dot that is the larger the more photos it stands for."""
    most = max((mark.photos for mark in marks), default=1)
    group = ET.SubElement(svg, "g", {"class": "photos", "aria-hidden": "true"})
    for mark in marks:
        r = 2.5 * mark.photos**0.25 if most <= _FEW else max(_LARGEST * (mark.photos / most) ** 0.5, 1.8)
        dot = ET.SubElement(group, "circle", {"cx": f"{mark.x:.1f}", "cy": f"{mark.y:.1f}", "r": f"{r:.1f}"})
        ET.SubElement(dot, "title").text = one_line(says(mark))


def _draw_part(svg: ET.Element, window: Window, area: Area, href: str) -> None:
    """Frame the photos of a part; the frame leads to its drawing."""
    inner, ratio = area.window, window.scale / area.window.scale
    middle = inner.west + inner.width / inner.scale / 2, inner.south + inner.height / inner.scale / 2
    x, y = window.place(np.array([middle]))[0]
    width, height = (max((size - 2 * EDGE + 8) * ratio, _LEAST_FRAME) for size in (inner.width, inner.height))
    box = {"x": x - width / 2, "y": y - height / 2, "width": width, "height": height}
    link = ET.SubElement(svg, "a", {"href": href, "aria-label": f"area {area.number}"})
    ET.SubElement(link, "rect", {**{name: f"{value:.1f}" for name, value in box.items()}, "class": "part"})
    left, top = min(max(box["x"], 2), window.width - 20), max(box["y"] - 4, 12)
    add_text(link, left, top, area.number).set("class", "halo")


def _draw_spots(svg: ET.Element, window: Window, spots: Sequence[NumberedPlace], radius: float | None) -> None:
    pixels = window.place(np.array([spot.metres for spot in spots], dtype=np.float64))
    group = ET.SubElement(svg, "g", {"class": "spots", "aria-hidden": "true"})
    x0, y0 = pixels[0]
    if radius is not None:
        circle = {"cx": f"{x0:.1f}", "cy": f"{y0:.1f}", "r": f"{radius * window.scale:.1f}", "class": "radius"}
        ET.SubElement(group, "circle", circle)
        for spot, (x, y) in zip(spots[1:], pixels[1:], strict=True):
            ends = {"x1": f"{x0:.1f}", "y1": f"{y0:.1f}", "x2": f"{x:.1f}", "y2": f"{y:.1f}"}
            ET.SubElement(group, "line", {**ends, "class": f"to {spot.kind}"})
    for spot, (x, y) in reversed(list(zip(spots, pixels, strict=True))):  # the first on top
        _draw_spot(group, spot, x, y)
    _draw_numbers(group, window, spots, pixels)


def _draw_spot(group: ET.Element, spot: NumberedPlace, x: float, y: float) -> None:
    parent = group if spot.href is None else ET.SubElement(group, "a", {"href": spot.href})
    r = _SIZES[spot.kind]
    if spot.kind == "own":
        shape = ET.SubElement(parent, "path", {"d": f"M{x - r:.1f} {y:.1f}h{2 * r:g}M{x:.1f} {y - r:.1f}v{2 * r:g}"})
    elif spot.kind in ("held", "alike"):
        box = {"x": f"{x - r:.1f}", "y": f"{y - r:.1f}", "width": f"{2 * r:g}", "height": f"{2 * r:g}"}
        shape = ET.SubElement(parent, "rect", box)
    else:
        shape = ET.SubElement(parent, "circle", {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": f"{r:g}"})
    shape.set("class", f"spot {spot.kind}")
    ET.SubElement(shape, "title").text = one_line(spot.says)


def _draw_numbers(group: ET.Element, window: Window, spots: Sequence[NumberedPlace], pixels: Floats) -> None:
    """Write each number beside its spot."""
    numbered = [(float(x), float(y), spot.number) for spot, (x, y) in zip(spots, pixels, strict=True) if spot.number]
    for label in place_labels(numbered, window.width):
        text = add_text(group, label.x, label.y, label.text, anchor="end" if label.is_left else "start")
        text.set("class", "halo")


def _draw_scale(svg: ET.Element, window: Window) -> None:
    """Draw the scale bar, and an arrow to the plane's north."""
    metres = window.bar_metres()
    y, end = window.height - 10, 10 + metres * window.scale
    ET.SubElement(svg, "path", {"d": f"M10 {y - 4:g}v4H{end:.1f}v-4", "class": "bar"})
    shown = (
        f"{metres:g} m" if metres < 1000 else metres_in_words(metres) if metres >= 10_000 else f"{metres / 1000:g} km"
    )
    add_text(svg, end + 6, y + 2, shown).set("class", "halo")
    arrow = {"d": f"M{window.width - 16:g} 34V10l-5 8m5 -8l5 8", "class": "bar"}
    ET.SubElement(svg, "path", arrow)
    add_text(svg, window.width - 16, 48, "N", anchor="middle").set("class", "halo")


_MOST_NUMBERS = 4  # in one label


_CHARACTER, _LINE = 7, 13  # pixels, about


_ASIDE = 11  # pixels from the spot's middle


_ABOVE, _BELOW = -7, 15  # pixels of the base line from the spot's middle


class Label(NamedTuple):
    """A text with its anchor point in pixels, that is its left or its right end."""

    x: float
    y: float
    text: str
    is_left: bool

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom, in pixels."""
        width = _CHARACTER * len(self.text)
        left = self.x - width if self.is_left else self.x
        return left, self.y - _LINE, left + width, self.y


def place_labels(spots: Sequence[tuple[float, float, str]], width: float) -> Iterator[Label]:
    """Yield the labels of spots, `(x, y, number)` in pixels; spots that are close together share one."""
    placed: list[Label] = []
    for x, y, joined in labels_together(spots):
        options = list(_around(x, y, _shortened(joined)))
        inside = [one for one in options if one.box[0] >= 0 and one.box[2] <= width and one.box[1] >= 0] or options
        free = (one for one in inside if not any(_overlap(one.box, other.box) for other in placed))
        placed.append(next(free, inside[0]))
        yield placed[-1]


def _around(x: float, y: float, text: str) -> Iterator[Label]:
    """Yield where a label could stand: above or below its spot, to the right or to the left."""
    for down in (_ABOVE, _BELOW):
        yield Label(x + _ASIDE, y + down, text, is_left=False)
        yield Label(x - _ASIDE, y + down, text, is_left=True)


def _shortened(joined: str) -> str:
    numbers = joined.split(", ")
    more = len(numbers) - _MOST_NUMBERS
    return joined if more <= 1 else f"{', '.join(numbers[:_MOST_NUMBERS])} and {more} more"


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
