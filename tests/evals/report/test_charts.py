"""Curves and maps: every point stands where independent arithmetic puts it, and every text is escaped."""

import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.evals.report.charts import (
    BOTTOM,
    HEIGHT,
    LEFT,
    MAP,
    RIGHT,
    TOP,
    WIDTH,
    ChartLine,
    MapPoint,
    ReliabilityBin,
    curve_chart,
    local_map,
    reliability_chart,
)

METRES = st.floats(-5000, 5000)


def points_of(svg: str) -> list[list[tuple[float, float]]]:
    lines = [one.get("points", "") for one in ET.fromstring(svg).iter("polyline")]
    return [[(float(x), float(y)) for x, y in (pair.split(",") for pair in line.split())] for line in lines]


def test_a_curve_spans_its_axes() -> None:
    svg = curve_chart("Recall@K", "K", "share", [ChartLine("stage 1", [(1, 0.5), (3, 0.75), (5, 1.0)])], ranks=True)
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - BOTTOM - 0.75 * (HEIGHT - TOP - BOTTOM)
    half = HEIGHT - BOTTOM - 0.5 * (HEIGHT - TOP - BOTTOM)
    ((first, second, third),) = points_of(svg)
    assert first == pytest.approx((LEFT, half))
    assert second == pytest.approx(middle)
    assert third == pytest.approx((WIDTH - RIGHT, TOP))


@given(high=st.integers(1, 3000))
def test_the_ranks_along_an_axis_stand_where_their_labels_say(high: int) -> None:
    svg = curve_chart("t", "x", "y", [ChartLine("stage 1", [(1.0, 0.5), (float(high), 0.5)])], ranks=True)
    ticks = [one for one in ET.fromstring(svg).iter("text") if one.get("y") == f"{HEIGHT - BOTTOM + 16:.2f}"]
    named = [int(one.text or "") for one in ticks]
    assert named[0] == 1
    assert named == sorted(set(named))
    assert named[-1] <= high < 2 * named[-1]
    assert len(named) <= 6
    for tick, rank in zip(ticks, named, strict=True):
        share = (rank - 1) / (high - 1) if high > 1 else 0.5
        assert float(tick.get("x", "")) == pytest.approx(LEFT + share * (WIDTH - LEFT - RIGHT), abs=0.01)


def test_shares_along_an_axis_run_to_all_however_few_are_accepted() -> None:
    svg = curve_chart("t", "coverage", "risk", [ChartLine("run", [(0.1, 0.0), (0.4, 0.25)], mark=(0.4, 0.25))])
    ((first, last),) = points_of(svg)
    assert first == pytest.approx((LEFT + 0.1 * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM))
    (dot,) = ET.fromstring(svg).iter("circle")
    assert (float(dot.get("cx", "")), float(dot.get("cy", ""))) == pytest.approx(last)


def test_a_curve_of_one_point_is_seen() -> None:
    root = ET.fromstring(curve_chart("t", "x", "y", [ChartLine("stage 1", [(1, 0.5)])], ranks=True))
    assert len(list(root.iter("circle"))) == 1


def test_lines_are_told_apart_without_colour() -> None:
    lines = [ChartLine(f"stage {number}", [(1, 0.5), (2, 0.6)]) for number in range(4)]
    root = ET.fromstring(curve_chart("t", "x", "y", lines))
    dashes = [one.get("stroke-dasharray") for one in root.iter("polyline")]
    assert len(set(dashes)) == 4
    legend = [one.get("stroke-dasharray") for one in root.iter("line") if "line" in (one.get("class") or "").split()]
    assert legend == dashes


@given(spots=st.lists(st.tuples(METRES, METRES, st.booleans()), min_size=1, max_size=6), radius=st.floats(1, 100))
def test_a_map_is_to_scale_with_north_up_and_all_of_it_inside(
    spots: list[tuple[float, float, bool]], radius: float
) -> None:
    places = [MapPoint(east, north, str(i), right) for i, (east, north, right) in enumerate(spots)]
    root = ET.fromstring(local_map(places, radius, "map"))
    (around,) = (one for one in root.iter("circle") if one.get("class") == "radius")
    scale = float(around.get("r", "")) / radius  # pixels a metre
    for (x, y), (east, north, _) in zip(drawn(root), spots, strict=True):
        slack = 0.02 + abs(0.01 / max(scale * radius, 1e-9)) * max(abs(east), abs(north)) * scale
        assert x - MAP / 2 == pytest.approx(east * scale, abs=slack)
        assert MAP / 2 - y == pytest.approx(north * scale, abs=slack)
        assert 0 < x < MAP
        assert 0 < y < MAP
    labels = [one.text or "" for one in root.iter("text") if one.get("class") == "halo"]
    assert sorted(", ".join(labels).split(", ")) == [str(i) for i in range(len(spots))]  # each once, also where close


def drawn(root: ET.Element) -> list[tuple[float, float]]:
    """Where the centres of dots and squares are, in the order of their drawing."""
    centres = []
    for one in root:
        kind = one.get("class") or ""
        if kind == "spot right":
            centres.append((float(one.get("cx", "")), float(one.get("cy", ""))))
        elif kind == "spot wrong":
            half = float(one.get("width", "")) / 2
            centres.append((float(one.get("x", "")) + half, float(one.get("y", "")) + half))
    return centres


def test_places_too_close_for_two_labels_share_one_unless_one_is_right_and_one_wrong() -> None:
    spots = [MapPoint(1, 1, "1", right=True), MapPoint(2, 1, "2", right=True), MapPoint(2, 2, "3", right=False)]
    root = ET.fromstring(local_map([*spots, MapPoint(-900, 0, "4", right=False)], 25, "map"))
    assert [one.text for one in root.iter("text") if one.get("class") == "halo"] == ["1, 2", "3", "4"]


@given(reach=st.floats(1, 100_000))
def test_the_scale_bar_is_a_round_length_of_its_own_label(reach: float) -> None:
    root = ET.fromstring(local_map([MapPoint(reach, 0, "1", right=False)], 25.0, "map"))
    (bar,) = (one for one in root.iter("line") if one.get("class") == "bar")
    pixels = float(bar.get("x2", "")) - float(bar.get("x1", ""))
    text = [one.text or "" for one in root.iter("text")][-2]
    number, unit = text.split()
    metres = float(number) * (1000 if unit == "km" else 1)
    scale = (MAP / 2 - 26) / (max(reach, 25.0) * 1.05)
    assert pixels == pytest.approx(metres * scale, abs=0.02)
    assert metres / 10 ** math.floor(math.log10(metres) + 1e-9) == pytest.approx(round(metres / 10 ** math.floor(
        math.log10(metres) + 1e-9)))  # fmt: skip
    assert MAP / 9 < pixels <= MAP / 3 + 0.01


def test_labels_are_text_and_never_markup() -> None:
    hostile = "</svg><script>alert(1)</script>"
    for svg in (curve_chart(hostile, hostile, hostile, [ChartLine(hostile, [(0, 0.0)])]), local_map(
        [MapPoint(1, 1, hostile, right=True)], 25, hostile)):  # fmt: skip
        assert "<script" not in svg
        assert not list(ET.fromstring(svg).iter("script"))


def test_a_probability_stands_at_its_value_with_its_share_and_limits() -> None:
    bins = [ReliabilityBin(0.96, 45, 50, 0.78, 0.97), ReliabilityBin(0.5, 1, 4, 0.0, 1.0)]
    root = ET.fromstring(reliability_chart("Reliability", [("54 answers", bins)]))
    (diagonal,) = points_of(ET.tostring(root, encoding="unicode"))
    assert diagonal == [pytest.approx((LEFT, HEIGHT - BOTTOM)), pytest.approx((WIDTH - RIGHT, TOP))]
    dots = [(float(one.get("cx", "")), float(one.get("cy", ""))) for one in root.iter("circle")]
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    assert dots[0] == pytest.approx((LEFT + 0.96 * wide, HEIGHT - BOTTOM - 45 / 50 * high), abs=0.01)
    assert dots[1] == pytest.approx((LEFT + 0.5 * wide, HEIGHT - BOTTOM - 1 / 4 * high), abs=0.01)
    bars = [one for one in root.iter("line") if one.get("x1") == one.get("x2")]
    limits = [[(HEIGHT - BOTTOM - float(one.get(side, ""))) / high for side in ("y2", "y1")] for one in bars]
    assert limits == [pytest.approx([0.78, 0.97], abs=1e-4), pytest.approx([0.0, 1.0], abs=1e-4)]
    assert {"45/50", "1/4", "54 answers"} <= {one.text for one in root.iter("text")}
    assert root.get("aria-label") == "Reliability: 54 answers: told 96.0 %, right 45 of 50, told 50.0 %, right 1 of 4"


def test_two_runs_of_a_reliability_diagram_differ_by_more_than_colour() -> None:
    bins = [ReliabilityBin(0.9, 9, 10, 0.5, 1.0)]
    root = ET.fromstring(reliability_chart("Reliability", [("first", bins), ("second", bins)]))
    lines = [one for one in root.iter("line") if "line" in (one.get("class") or "")]
    assert len({one.get("class") for one in lines}) == len({one.get("stroke-dasharray") for one in lines}) == 2
    counts = [float(one.get("y", "")) for one in root.iter("text") if one.text == "9/10"]
    assert abs(counts[0] - counts[1]) >= 12  # both can be read
