"""Curves and a small map as SVG that needs nothing else: no script, no font, no colour to tell lines apart by."""

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH, HEIGHT = 460, 280
LEFT, RIGHT, TOP, BOTTOM = 52, 26, 12, 46
MAP, MARGIN = 240, 26
_DASHES = ("", "7 4", "2 3", "10 3 2 3")
_TICKS = 5


@dataclass(frozen=True)
class Line:
    """One curve: its label, and its points in the chart's own units."""

    label: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Spot:
    """A place on the map, in metres east and north of the query, with its label; `right` ones are positives."""

    east: float
    north: float
    label: str
    right: bool


def curve_chart(title: str, x_label: str, y_label: str, lines: Sequence[Line], *, x_from: float = 0) -> Markup:
    """Draw curves whose y are shares in [0, 1], y from 0 to 1 and x from `x_from` to the largest."""
    largest = max((x for line in lines for x, _ in line.points), default=1.0)
    span = max(largest - x_from, 1e-9)

    def place(x: float, y: float) -> tuple[float, float]:
        return LEFT + (x - x_from) / span * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y * (HEIGHT - TOP - BOTTOM)

    svg = _svg(WIDTH, HEIGHT + 18 * len(lines), title, _summary(lines))
    for tick in range(_TICKS + 1):
        share = tick / _TICKS
        _axis_tick(svg, place(x_from, share), f"{100 * share:.0f} %", level=True)
        x = x_from + share * span
        _axis_tick(svg, place(x, 0), f"{x:.0f}" if span > 2 else f"{100 * x:.0f} %", level=False)
    _text(svg, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x_label, anchor="middle")
    turned = _text(svg, 12, (TOP + HEIGHT - BOTTOM) / 2, y_label, anchor="middle")
    turned.set("transform", f"rotate(-90 12 {(TOP + HEIGHT - BOTTOM) / 2:g})")
    for number, line in enumerate(lines):
        style = {"class": f"line c{number % 4}", "stroke-dasharray": _DASHES[number % 4]}
        ET.SubElement(svg, "polyline", {"points": _points(place(*point) for point in line.points), **style})
        y = HEIGHT + 18 * number + 8
        ET.SubElement(svg, "line", {"x1": str(LEFT), "x2": str(LEFT + 40), "y1": str(y), "y2": str(y), **style})
        _text(svg, LEFT + 48, y + 4, line.label)
    return _markup(svg)


def local_map(spots: Sequence[Spot], radius: float, title: str) -> Markup:
    """Draw places around a query, which is at the centre, to scale: the radius as a circle, a scale bar, north up."""
    reach = max([radius, *(max(abs(spot.east), abs(spot.north)) for spot in spots)]) * 1.05
    scale = (MAP / 2 - MARGIN) / reach  # pixels a metre

    def place(east: float, north: float) -> tuple[float, float]:
        return MAP / 2 + east * scale, MAP / 2 - north * scale

    places = "; ".join(
        f"{one.label} {'right' if one.right else 'wrong'}, {math.hypot(one.east, one.north):.0f} m" for one in spots
    )
    svg = _svg(MAP, MAP + 22, title, f"the query at the centre; {places}")
    ET.SubElement(svg, "rect", {"x": "1", "y": "1", "width": f"{MAP - 2}", "height": f"{MAP - 12}", "class": "frame"})
    centre = {"cx": f"{MAP / 2:g}", "cy": f"{MAP / 2:g}"}
    ET.SubElement(svg, "circle", {**centre, "r": f"{radius * scale:.2f}", "class": "radius"})
    ET.SubElement(svg, "circle", {**centre, "r": "4", "class": "query"})
    for spot in spots:
        x, y = place(spot.east, spot.north)
        if spot.right:
            ET.SubElement(svg, "circle", {"cx": f"{x:.2f}", "cy": f"{y:.2f}", "r": "9", "class": "spot right"})
        else:
            box = {"x": f"{x - 8:.2f}", "y": f"{y - 8:.2f}", "width": "16", "height": "16"}
            ET.SubElement(svg, "rect", {**box, "class": "spot wrong"})
        _text(svg, x, y + 4, spot.label, anchor="middle")
    _scale_bar(svg, scale)
    _text(svg, MAP - 14, 16, "N ↑", anchor="middle")
    return _markup(svg)


def _scale_bar(svg: ET.Element, scale: float) -> None:
    """A bar of 1, 2 or 5 times a power of ten metres, at most a third of the map."""
    most = MAP / 3 / scale
    power = 10 ** math.floor(math.log10(most))
    metres = max(step * power for step in (1, 2, 5) if step * power <= most)
    y = str(MAP + 6)
    ET.SubElement(svg, "line", {"x1": "10", "x2": f"{10 + metres * scale:.2f}", "y1": y, "y2": y, "class": "bar"})
    shown = f"{metres:g} m" if metres < 1000 else f"{metres / 1000:g} km"
    _text(svg, 16 + metres * scale, MAP + 10, shown)


def _svg(width: float, height: float, title: str, description: str) -> ET.Element:
    svg = ET.Element("svg", {"viewBox": f"0 0 {width:g} {height:g}", "width": f"{width:g}", "role": "img"})
    svg.set("aria-label", f"{title}: {description}")
    ET.SubElement(svg, "title").text = title
    ET.SubElement(svg, "desc").text = description
    return svg


def _axis_tick(svg: ET.Element, at: tuple[float, float], text: str, *, level: bool) -> None:
    x, y = at
    if level:
        line = {"x1": f"{x:.2f}", "x2": f"{WIDTH - RIGHT}", "y1": f"{y:.2f}", "y2": f"{y:.2f}", "class": "grid"}
        ET.SubElement(svg, "line", line)
        _text(svg, x - 6, y + 4, text, anchor="end")
    else:
        _text(svg, x, y + 16, text, anchor="middle")


def _text(svg: ET.Element, x: float, y: float, text: str, anchor: str = "start") -> ET.Element:
    element = ET.SubElement(svg, "text", {"x": f"{x:.2f}", "y": f"{y:.2f}", "text-anchor": anchor})
    element.text = text
    return element


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in points)


def _summary(lines: Sequence[Line]) -> str:
    """The ends of each curve, for who does not see them."""
    return "; ".join(
        f"{line.label} from {100 * line.points[0][1]:.1f} % to {100 * line.points[-1][1]:.1f} %"
        for line in lines
        if line.points
    )


def _markup(svg: ET.Element) -> Markup:
    return Markup(ET.tostring(svg, encoding="unicode"))  # noqa: S704 - ElementTree has escaped every text
