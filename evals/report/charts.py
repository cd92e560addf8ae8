"""Curves and a small map as SVG that needs no script and no font; lines differ by more than their colour."""

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from internvl_vpr.tools.page.svg import add_text, labels_together, markup_of

WIDTH, HEIGHT = 540, 280
LEFT, RIGHT, TOP, BOTTOM = 60, 26, 12, 46
MAP, MARGIN = 240, 26
_DASHES = ("", "7 4", "2 3", "10 3 2 3", "14 4", "1 5")
_STYLES = len(_DASHES)
_TICKS = 5
_SHARES = [tick / _TICKS for tick in range(_TICKS + 1)]
_CHARACTER = 7  # pixels, about


Pixels = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class ChartLine:
    """One curve: its label, its points in the chart's own units, and one of them that is marked by a dot."""

    label: str
    points: Sequence[tuple[float, float]]
    mark: tuple[float, float] | None = None


@dataclass(frozen=True)
class ReliabilityBin:
    """Answers that were told with about one probability: its mean, how many were right, and limits of that share."""

    predicted: float
    right: int
    answers: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The share that was right."""
        return self.right / self.answers


@dataclass(frozen=True)
class MapPoint:
    """A place on the map, in metres east and north of the query, with its label; `right` ones are positives."""

    east: float
    north: float
    label: str
    right: bool


def curve_chart(title: str, x_label: str, y_label: str, lines: Sequence[ChartLine], *, ranks: bool = False) -> Markup:
    """Draw curves whose y are shares in [0, 1]; x are shares, too, or with `ranks` whole numbers from 1."""
    low = 1.0 if ranks else 0.0
    high = max((x for line in lines for x, _ in line.points), default=low) if ranks else 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        share = (x - low) / (high - low) if high > low else 0.5
        return _at(share, y)

    svg = _svg(WIDTH, HEIGHT + 18 * len(lines), title, _summary(lines))
    ticks = _rank_ticks(high) if ranks else _SHARES
    _axes(svg, [(place(at, 0)[0], f"{at:g}" if ranks else f"{100 * at:.0f} %") for at in ticks], x_label, y_label)
    for number, line in enumerate(lines):
        _draw(svg, line, number, [place(*point) for point in line.points], [place(*dot) for dot in _dots(line)])
    return markup_of(svg)


def reliability_chart(title: str, series: Sequence[tuple[str, Sequence[ReliabilityBin]]]) -> Markup:
    """Draw, for some runs, what was predicted against the share that was right; the diagonal is as promised.

    Each bin is a dot with its limits at 95 % as a bar, and its counts beside it.
    """
    svg = _svg(WIDTH, HEIGHT + 18 * len(series), title, "; ".join(f"{label}: {_told(bins)}" for label, bins in series))
    ticks = [(_at(share, 0)[0], f"{100 * share:.0f} %") for share in _SHARES]
    _axes(svg, ticks, "probability that was told", "share that was right")
    ET.SubElement(svg, "polyline", {"points": _points([_at(0, 0), _at(1, 1)]), "class": "frame"})
    for number, (label, bins) in enumerate(series):
        for one in bins:
            _draw_bin(svg, one, number)
        _legend(
            svg, label, number, {"class": f"line c{_colour(number)}", "stroke-dasharray": _DASHES[number % _STYLES]}
        )
    return markup_of(svg)


def _draw_bin(svg: ET.Element, one: ReliabilityBin, number: int) -> None:
    """Draw a bin: its dot, the bar of its limits, and its counts on the side that has room."""
    (x, y), top, bottom = _at(one.predicted, one.share), _at(0, one.high)[1], _at(0, one.low)[1]
    bar = {"x1": f"{x:.2f}", "x2": f"{x:.2f}", "y1": f"{top:.2f}", "y2": f"{bottom:.2f}"}
    style = {"class": f"line c{_colour(number)}", "stroke-dasharray": _DASHES[number % _STYLES]}
    ET.SubElement(svg, "line", {**bar, **style})
    _dot(svg, x, y, f"mark c{_colour(number)}")
    add_text(svg, x - 8, y + 4 + 14 * number, f"{one.right}/{one.answers}", anchor="end").set("class", "halo")


def _colour(number: int) -> int:
    return (number + 1) % _STYLES  # the first one is not grey


def _told(bins: Sequence[ReliabilityBin]) -> str:
    return ", ".join(f"told {100 * one.predicted:.1f} %, right {one.right} of {one.answers}" for one in bins)


def _at(x: float, y: float) -> tuple[float, float]:
    """Where shares lie in a chart."""
    return LEFT + x * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y * (HEIGHT - TOP - BOTTOM)


def _axes(svg: ET.Element, ticks: Iterable[tuple[float, str]], x_label: str, y_label: str) -> None:
    """Draw the grid of shares, the ticks below it, and what both axes mean."""
    for share in _SHARES:
        _share_tick(svg, _at(0, share)[1], f"{100 * share:.0f} %")
    for x, text in ticks:
        add_text(svg, x, HEIGHT - BOTTOM + 16, text, anchor="middle")
    add_text(svg, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x_label, anchor="middle")
    turned = add_text(svg, 12, (TOP + HEIGHT - BOTTOM) / 2, y_label, anchor="middle")
    turned.set("transform", f"rotate(-90 12 {(TOP + HEIGHT - BOTTOM) / 2:g})")


def _draw(svg: ET.Element, line: ChartLine, number: int, points: Pixels, dots: Pixels) -> None:
    """Draw one curve and its line of the legend."""
    style = {"class": f"line c{number % _STYLES}", "stroke-dasharray": _DASHES[number % _STYLES]}
    ET.SubElement(svg, "polyline", {"points": _points(points), **style})
    for x, y in dots:
        _dot(svg, x, y, f"mark c{number % _STYLES}")
    _legend(svg, line.label, number, style)


def _legend(svg: ET.Element, label: str, number: int, style: dict[str, str]) -> None:
    below = HEIGHT + 18 * number + 8
    ET.SubElement(svg, "line", {"x1": f"{LEFT}", "x2": f"{LEFT + 40}", "y1": f"{below}", "y2": f"{below}", **style})
    add_text(svg, LEFT + 48, below + 4, label)


def _rank_ticks(high: float) -> list[int]:
    """1, and the multiples of a round number up to `high`."""
    power = 10 ** math.floor(math.log10(max(high / _TICKS, 1)))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if high / step <= _TICKS)
    return sorted({1, *range(step, int(high) + 1, step)})


def _dots(line: ChartLine) -> list[tuple[float, float]]:
    """The mark, and the only point of a curve that has one, which no line would show."""
    alone = line.points if len(line.points) == 1 else []
    return [*alone, *([line.mark] if line.mark else [])]


def local_map(points: Sequence[MapPoint], radius: float, title: str) -> Markup:
    """Draw places around a query, which is at the centre, to scale: the radius as a circle, a scale bar, north up."""
    reach = max([radius, *(max(abs(point.east), abs(point.north)) for point in points)]) * 1.05
    scale = (MAP / 2 - MARGIN) / reach  # pixels a metre

    def place(east: float, north: float) -> tuple[float, float]:
        return MAP / 2 + east * scale, MAP / 2 - north * scale

    svg = _svg(MAP, MAP + 22, title, f"the query at the centre; {'; '.join(map(_in_words, points))}")
    ET.SubElement(svg, "rect", {"x": "1", "y": "1", "width": f"{MAP - 2}", "height": f"{MAP - 12}", "class": "frame"})
    centre = f"{MAP / 2:g}"
    ET.SubElement(svg, "circle", {"cx": centre, "cy": centre, "r": f"{radius * scale:.2f}", "class": "radius"})
    for point in points:
        _draw_point(svg, *place(point.east, point.north), right=point.right)
    cross = f"M{MAP / 2 - 10:g} {centre}h20M{centre} {MAP / 2 - 10:g}v20"
    ET.SubElement(svg, "path", {"d": cross, "class": "query"})
    for right, side in ((True, -6), (False, 16)):  # above and below, so that both can be read where they are close
        _label_points(svg, [(*place(one.east, one.north), one.label) for one in points if one.right == right], side)
    _scale_bar(svg, scale)
    add_text(svg, MAP - 14, 16, "N ↑", anchor="middle")
    return markup_of(svg)


def _draw_point(svg: ET.Element, x: float, y: float, *, right: bool) -> None:
    """Draw a dot for a right place, a square for a wrong one."""
    if right:
        _dot(svg, x, y, "spot right")
        return
    box = {"x": f"{x - 4:.2f}", "y": f"{y - 4:.2f}", "width": "8", "height": "8"}
    ET.SubElement(svg, "rect", {**box, "class": "spot wrong"})


def _label_points(svg: ET.Element, points: Sequence[tuple[float, float, str]], side: float) -> None:
    """Write the labels of points `side` pixels below them; those that are close share one."""
    for x, y, label in labels_together(points):
        left = x + 9 + _CHARACTER * len(label) > MAP
        text = add_text(svg, x - 9 if left else x + 9, y + side, label, anchor="end" if left else "start")
        text.set("class", "halo")


def _in_words(point: MapPoint) -> str:
    return f"{point.label} {'right' if point.right else 'wrong'}, {math.hypot(point.east, point.north):.0f} m"


def _scale_bar(svg: ET.Element, scale: float) -> None:
    """A bar of 1, 2 or 5 times a power of ten metres, at most a third of the map."""
    most = MAP / 3 / scale
    power = 10 ** math.floor(math.log10(most))
    metres = max(step * power for step in (1, 2, 5) if step * power <= most)
    y = str(MAP + 6)
    ET.SubElement(svg, "line", {"x1": "10", "x2": f"{10 + metres * scale:.2f}", "y1": y, "y2": y, "class": "bar"})
    shown = f"{metres:g} m" if metres < 1000 else f"{metres / 1000:g} km"
    add_text(svg, 16 + metres * scale, MAP + 10, shown)


def _svg(width: float, height: float, title: str, description: str) -> ET.Element:
    svg = ET.Element("svg", {"viewBox": f"0 0 {width:g} {height:g}", "width": f"{width:g}", "role": "img"})
    svg.set("aria-label", f"{title}: {description}")
    ET.SubElement(svg, "title").text = title
    ET.SubElement(svg, "desc").text = description
    return svg


def _share_tick(svg: ET.Element, y: float, text: str) -> None:
    line = {"x1": f"{LEFT}", "x2": f"{WIDTH - RIGHT}", "y1": f"{y:.2f}", "y2": f"{y:.2f}", "class": "grid"}
    ET.SubElement(svg, "line", line)
    add_text(svg, LEFT - 6, y + 4, text, anchor="end")


def _dot(svg: ET.Element, x: float, y: float, kind: str) -> None:
    ET.SubElement(svg, "circle", {"cx": f"{x:.2f}", "cy": f"{y:.2f}", "r": "4", "class": kind})


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in points)


def _summary(lines: Sequence[ChartLine]) -> str:
    """The ends of each curve, for readers who cannot see them."""
    return "; ".join(
        f"{line.label} from {100 * line.points[0][1]:.1f} % to {100 * line.points[-1][1]:.1f} %"
        for line in lines
        if line.points
    )
