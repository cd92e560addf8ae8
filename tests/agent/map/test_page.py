"""The map: whole in itself, every foreign text as text, every place where independent arithmetic puts it."""

import base64
import io
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from answers import FAR, HERE, answer, candidate, graded
from answers import answers as drawn_answers
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import Page, browse, needs_chromium
from PIL import Image
from places import name_of
from running import Run, caller

from internvl_vpr.agent.map.answer import Pictures
from internvl_vpr.agent.map.areas import areas_of
from internvl_vpr.agent.map.drawing import place_labels
from internvl_vpr.agent.map.page import render_map, write_map
from internvl_vpr.agent.map.planes import as_metres, metres_of
from internvl_vpr.agent.map.window import COARSE, FINE, Window, marks_of
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.index.files import IndexSettings
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.index.seal import seal
from internvl_vpr.tools.index.store import BuildStore
from internvl_vpr.tools.page.matches import MatchedPoint
from internvl_vpr.tools.photo.photo import open_photo
from internvl_vpr.tools.photo.position import distance, from_degrees
from internvl_vpr.tools.records import Answer, Photo, Position

HOSTILE = (
    '"><script>alert(1)</script><img src=x onerror=alert(2)> \u202egnp.exe \x1b[31m javascript:alert(3) </style>{{7*7}}'
)
CSP = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def build(folder: Path, photos: Iterable[tuple[str, Position | None]], root: str = "/photos") -> PlaceIndex:
    """Build an index of photos with one image, each with its reference and position."""
    with BuildStore(folder) as store:
        with store.batch():
            for reference, position in photos:
                photo = Photo(path=Path("x"), digest="0" * 64, width=14, height=14, position=position)
                store.put_photo(root, reference, photo, (1, 1), 1)
            store.put_vector("0" * 64, np.array([1.0, 0.0]))
        seal(folder, store, IndexSettings(clusters=1), np.array([[1.0, 0.0]]))
    return PlaceIndex.open(folder)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlaceIndex]:
    """Photos of four kinds: in UTM 33 N, in a plane of their own, beyond UTM, and without a position."""
    photos: list[tuple[str, Position | None]] = [
        ("vienna.jpg", from_degrees(48.2, 16.37)),
        ("same zone.jpg", from_degrees(48.25, 16.37)),
        ("degrees alone.jpg", Position(latitude=48.21, longitude=16.38)),
        ("own.jpg", Position(easting=10, northing=20)),
        ("pole.jpg", from_degrees(85, 10)),
        ("nowhere.jpg", None),
    ]
    opened = build(tmp_path_factory.mktemp("kinds"), photos)
    yield opened
    opened.close()


def drawings(text: str) -> list[ET.Element]:
    return [ET.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL)]


def dots(svg: ET.Element) -> dict[str, tuple[float, float]]:
    """Where the photos of a drawing stand, in pixels, by what their dots say."""
    group = next(one for one in svg.iter("g") if one.get("class") == "photos")
    return {one.findtext("title") or "": (float(one.get("cx", "")), float(one.get("cy", ""))) for one in group}


def metres_a_pixel(svg: ET.Element) -> float:
    """What the scale bar says."""
    bar = next(one for one in svg.iter("path") if one.get("class") == "bar")
    length = float(re.findall(r"H([\d.]+)", bar.get("d", ""))[0]) - 10
    says = next(one.text or "" for one in svg.iter("text") if re.fullmatch(r"[\d,.]+ k?m", one.text or ""))
    number, unit = says.replace(",", "").split()
    return float(number) * (1000 if unit == "km" else 1) / length


def assert_whole_in_itself(text: str, page: Page) -> None:
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "embed", "base", "form", "use"}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    for value in (*page.values("src"), *page.values("srcset"), *page.values("action")):
        assert value.startswith("data:image/jpeg;base64,")
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert set(page.values("aria-labelledby")) <= set(ids)
    for _, attributes in page.tags:
        if not (href := attributes.get("href", "#photos")).startswith("#"):
            assert re.fullmatch(r"https://www\.openstreetmap\.org/\?mlat=[-\d.]+&mlon=[-\d.]+&zoom=19", href)
            assert attributes["rel"] == "noreferrer"
        else:
            assert href.removeprefix("#") in ids
    assert "url(" not in text
    assert "@import" not in text
    (policy,) = (tag for _, tag in page.tags if tag.get("http-equiv") == "Content-Security-Policy")
    assert policy["content"] == CSP


def test_each_plane_has_a_drawing_and_what_cannot_be_drawn_is_listed(index: PlaceIndex) -> None:
    text = render_map(index, ())
    page = Page(text)
    assert_whole_in_itself(text, page)
    first, own = drawings(text)
    assert set(dots(first)) == {"vienna.jpg", "same zone.jpg", "degrees alone.jpg"}
    assert set(dots(own)) == {"own.jpg"}
    for heading in (
        "UTM zone 33 north: 3 photos", "A plane of its own: 1 photo", "Beyond 80° S and 84° N: 1 photo",
        "Without a position: 1 photo",
    ):  # fmt: skip
        assert f"<h3>{heading}</h3>" in text
    for name in ("own.jpg", "pole.jpg", "nowhere.jpg", "vienna.jpg"):
        assert f"<bdi>{name}</bdi>" in text
    assert "https://www.openstreetmap.org/?mlat=85.00000&amp;mlon=10.00000&amp;zoom=19" in text
    assert "photos, 3" not in text


def test_photos_stand_in_true_proportion_with_north_up(index: PlaceIndex) -> None:
    svg = drawings(render_map(index, ()))[0]
    at, scale = dots(svg), metres_a_pixel(svg)
    known = {
        "vienna.jpg": from_degrees(48.2, 16.37),
        "same zone.jpg": from_degrees(48.25, 16.37),
        "degrees alone.jpg": from_degrees(48.21, 16.38),
    }
    for (one, here), (other, there) in combinations(known.items(), 2):
        assert math.dist(at[one], at[other]) * scale == pytest.approx(distance(here, there), abs=3)
    assert at["same zone.jpg"][1] < at["degrees alone.jpg"][1] < at["vienna.jpg"][1]  # south is below
    assert at["degrees alone.jpg"][0] > at["vienna.jpg"][0]  # east is to the right


_metres = st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e7, 1e7)), min_size=1, max_size=40).map(as_metres)


@given(metres=_metres)
def test_a_window_shows_all_it_is_made_for_with_room_at_the_edges(metres: np.ndarray[Any, Any]) -> None:
    window = Window.around(metres)
    assert window.inside(metres).all()
    assert 220 <= window.height <= 640
    pixels = window.place(metres)
    for number, (east, north) in enumerate(metres):
        x, y = (east - window.west) * window.scale, window.height - (north - window.south) * window.scale
        assert pixels[number] == pytest.approx((x, y))
        assert min(x, window.width - x, y, window.height - y) >= 20
    bar = window.bar_metres()
    assert bar * window.scale <= window.width / 4 < bar * window.scale * 2.51
    assert float(f"{bar:.0e}"[0]) in (1, 2, 5)


@given(metres=_metres, cell=st.sampled_from([FINE, COARSE]))
def test_every_photo_is_in_one_mark_at_the_middle_of_its_cell_s_photos(
    metres: np.ndarray[Any, Any], cell: float
) -> None:
    window = Window.around(metres)
    cells: dict[tuple[float, float], list[int]] = {}
    for number, (x, y) in enumerate(window.place(metres)):
        cells.setdefault((x // cell, y // cell), []).append(number)
    marks = marks_of(metres, window, cell)
    assert sorted((mark.first, mark.photos) for mark in marks) == sorted(
        (members[0], len(members)) for members in cells.values()
    )
    pixels = window.place(metres)
    for mark in marks:
        members = next(members for members in cells.values() if members[0] == mark.first)
        assert (mark.x, mark.y) == pytest.approx(pixels[members].mean(axis=0))


def test_crowded_parts_are_drawn_larger_and_sparse_ones_are_not() -> None:
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(200, 2)) * 50
    other = rng.normal(size=(100, 2)) * 50 + (200_000, 0)
    alone = np.array([[100_000.0, 90_000.0]])
    whole, first, second = areas_of(np.vstack((dense, other, alone)), 40, 10_000)
    assert [area.number for area in (whole, first, second)] == ["", "1", "2"]
    assert sorted(first.members) == list(range(200))
    assert sorted(second.members) == list(range(200, 300))
    assert first.window.scale > 100 * whole.window.scale
    assert {mark.first for mark in second.marks} <= set(range(200, 300))
    assert [part.number for part in whole.parts] == ["1", "2"]
    assert len(areas_of(rng.uniform(0, 700, (200, 2)), 40, 10_000)) == 1  # can be told apart already
    assert len(areas_of(dense * 0 + 5, 40, 10_000)) == 1  # nothing to tell apart


@settings(max_examples=25)
@given(seed=st.integers(0, 1000), photos=st.integers(1, 3000), most_parts=st.integers(0, 12), most=st.integers(0, 4000))
def test_parts_keep_to_their_limits_and_to_their_whole(seed: int, photos: int, most_parts: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, 5000, (4, 2)) * rng.choice([1, 100])
    metres = centres[rng.integers(0, 4, photos)] + rng.normal(size=(photos, 2)) * rng.uniform(1, 500)
    areas = areas_of(metres, most_parts, most)
    assert sorted(areas[0].members) == list(range(photos))
    assert len(areas) - 1 <= most_parts
    assert sum(len(area.marks) for area in areas[1:]) <= most
    for area in areas:
        assert sum(mark.photos for mark in area.marks) == len(area.members)
        assert area.window.inside(metres[area.members]).all()
        for part in area.parts:
            assert any(part is one for one in areas)
            assert set(part.members) <= set(area.members)
            assert part.window.scale > area.window.scale
        assert len(set().union(*(part.members for part in area.parts))) == sum(len(p.members) for p in area.parts)


@given(at=st.lists(st.tuples(st.floats(0, 480), st.floats(20, 400)), max_size=12))
def test_labels_stay_inside_and_name_every_spot(at: list[tuple[float, float]]) -> None:
    labels = list(place_labels([(x, y, str(number)) for number, (x, y) in enumerate(at)], 480))
    assert all(label.box[0] >= -20 and label.box[2] <= 500 for label in labels)
    named = sum(
        len(re.findall(r"\d+", label.text.split(" and ")[0])) + int((re.findall(r"and (\d+)", label.text) or ["0"])[0])
        for label in labels
    )
    assert named == len(at)


def test_an_answer_s_candidates_stand_where_they_are_by_rank(index: PlaceIndex) -> None:
    near = from_degrees(48.2, 16.371)
    found = answer(
        candidate(1, "first.jpg", from_degrees(48.2, 16.37)),
        candidate(2, "near.jpg", near),
        candidate(3, "far.jpg", from_degrees(48.23, 16.37), score=0.4, retained=False),
        candidate(4, "own.jpg", Position(easting=5, northing=5), score=None, retained=False, matches=()),
        candidate(5, "nowhere.jpg", None),
        query_position=from_degrees(48.201, 16.37),
        notes=("A note.",),
    )
    text = render_map(index, [found])
    assert_whole_in_itself(text, Page(text))
    whole, closer, own, overview, _ = drawings(text)
    spots = {one.get("class"): one for one in whole.iter() if (one.get("class") or "").startswith("spot ")}
    assert {"spot place", "spot retained", "spot held", "spot own"} == set(spots)
    place, held = spots["spot place"], spots["spot held"]
    x, y = float(place.get("cx", "")), float(place.get("cy", ""))
    to_held = math.hypot(float(held.get("x", "")) + 4.5 - x, float(held.get("y", "")) + 4.5 - y)
    assert to_held * metres_a_pixel(whole) == pytest.approx(
        distance(from_degrees(48.2, 16.37), from_degrees(48.23, 16.37)), abs=12
    )
    assert {one.text for one in closer.iter("text")} >= {"1", "2"}
    assert "3" not in {one.text for one in closer.iter("text")}
    circle = next(one for one in closer.iter("circle") if one.get("class") == "radius")
    assert float(circle.get("r", "")) * metres_a_pixel(closer) == pytest.approx(25, rel=0.01)
    assert {one.text for one in own.iter("text")} >= {"4"}
    assert overview.find(".//g[@class='spots']//a").get("href") == "#a1"  # type: ignore[union-attr]
    lines = [one.get("class") for one in whole.iter("line")]
    assert sorted(str(one) for one in lines) == ["to held", "to own", "to retained"]
    for words in (
        "48.200000, 16.370000", "S = 0.720, above τ = 0.5: the cues decide", "A note.", "large disc: the place",
        "which was not used, is 111 m from there.", "5 candidates by final rank", "3 candidates in UTM zone 33 north",
    ):  # fmt: skip
        assert words in text


def test_the_verdict_comes_first_and_the_points_that_fit_stand_in_the_list(index: PlaceIndex) -> None:
    text = render_map(index, [graded("confirmed", inliers=254)])
    article = text[text.index("<article") :]
    assert article.index("Confirmed: ") < article.index("<figure") < article.index("<dl>")
    assert article.count("Confirmed: ") == 1
    table = article[article.index("candidates by final rank") :]
    cells = [
        re.findall(r'<td class="number">([^<]*)</td>', row)[1] for row in re.findall(r"<tr><th.*?</tr>", table)[1:5]
    ]
    assert cells == ["254", "253", "5", "5"]


def test_equation_9_can_be_computed_from_the_page(index: PlaceIndex) -> None:
    text = render_map(index, [answer(candidate(1))])
    row = re.search(r"<bdi>sign</bdi>.*?</tr>.*?their sum.*?</tr>", text, re.DOTALL)
    assert row is not None
    weight, cosine, product, total = map(float, re.findall(r"(?<=>)\d\.\d{3}(?=<)", row[0]))
    assert (weight, cosine, total) == (0.8, 0.9, 0.72)
    assert product == pytest.approx(weight * cosine)
    assert "width: 3.20em" in text


def test_an_unknown_place_is_told_with_its_cues(index: PlaceIndex) -> None:
    text = render_map(index, [answer()])
    assert "Probably not in your map" in text
    assert "The photo's cues" in text
    assert "candidates by final rank" not in text


@settings(max_examples=25)
@given(found=st.lists(drawn_answers(), max_size=2))
def test_any_answers_make_a_page_that_is_whole_in_itself(found: list[Answer]) -> None:
    photos = [("a.jpg", HERE), ("b.jpg", FAR), ("c.jpg", None)]
    text = render_map(fake_index(photos), found)
    page = Page(text)
    assert_whole_in_itself(text, page)
    assert [tag for tag, _ in page.tags].count("article") == len(found)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028\u202e\u2066\ufeff\ud800-\udfff]", text)
    for svg in drawings(text):
        assert svg.get("aria-label", "").startswith("Drawing of ")


def fake_index(photos: Sequence[tuple[str, Position | None]]) -> PlaceIndex:
    """What a page asks of an index, without files."""
    rows = [SimpleNamespace(reference=name, position=position) for name, position in photos]
    backbone = SimpleNamespace(id="b")
    return cast(
        "PlaceIndex",
        SimpleNamespace(
            folder=Path("places"), photos=lambda: iter(rows), roots=lambda: [Path("/photos")],
            settings=SimpleNamespace(backbone=backbone), manifest=SimpleNamespace(checksum="0" * 64),
            extent=lambda: SimpleNamespace(photos=len(rows), images=1, positioned=2, bounds=None, zones=()),
        ),
    )  # fmt: skip


def hostile_page(folder: Path) -> str:
    index = build(folder / HOSTILE.replace("/", "_")[:60], [(HOSTILE, HERE), ("b.jpg", None)], root=f"/{HOSTILE}")
    match = candidate(1).matches[0].model_copy(update={"cue": HOSTILE, "matched": HOSTILE})
    found = answer(
        candidate(1, HOSTILE, matches=(match,)), candidate(2, HOSTILE, FAR), photo=Path(HOSTILE), notes=(HOSTILE,)
    )
    try:
        return render_map(index, [found, answer(candidate(1, HOSTILE, score=None, retained=False, matches=()))])
    finally:
        index.close()


def test_hostile_names_cues_and_folders_stay_text(tmp_path: Path) -> None:
    text = hostile_page(tmp_path)
    page = Page(text)
    assert_whole_in_itself(text, page)
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "{{7*7}}" in text
    assert any("<script>alert(1)</script>" in data for data in page.data)  # as a reader sees it


@needs_chromium
def test_a_browser_opens_it_with_no_request_and_no_error(tmp_path: Path) -> None:
    page = tmp_path / "map.html"
    page.write_text(hostile_page(tmp_path))
    content, logged, asked = browse(page)
    assert "Photos of the index" in content
    assert "CONSOLE" not in logged
    assert asked == set()
    page.write_text("<script>console.log('seen')</script><img src='http://photos.example/1.jpg'>")
    _, logged, asked = browse(page)  # what such a page would show here
    assert "CONSOLE" in logged
    assert asked == {"photos.example"}


def test_pictures_are_of_the_very_photos_and_within_their_limit(tmp_path: Path) -> None:
    for name, colour in (("a.png", "navy"), ("b.png", "red")):
        Image.new("RGB", (64, 48), colour).save(tmp_path / name)
    a, b = (open_photo(tmp_path / name).digest for name in ("a.png", "b.png"))
    pictures = Pictures()
    made = pictures.of(tmp_path / "a.png", a)
    assert made is not None
    assert made.startswith("data:image/jpeg;base64,")
    assert pictures.of(tmp_path / "a.png", b) is None  # another photo is there now
    assert pictures.of(tmp_path / "gone.png", a) is None
    full = Pictures(most_bytes=1)
    assert full.of(tmp_path / "a.png", a) == made
    assert full.of(tmp_path / "b.png", b) is None
    assert full.of(tmp_path / "a.png", a) == made


def test_a_located_photo_stands_beside_its_best_match_with_lines_between_points(
    index: PlaceIndex, tmp_path: Path
) -> None:
    digests = []
    for name in ("a.png", "b.png"):
        Image.new("RGB", (64, 48), "navy" if name == "a.png" else "maroon").save(tmp_path / name)
        digests.append(open_photo(tmp_path / name).digest)
    match = candidate(1, path=tmp_path / "b.png").model_copy(update={"digest": digests[1]})
    found = answer(match, photo=tmp_path / "a.png", digest=digests[0])

    def pictures(given: Answer, points: Sequence[MatchedPoint]) -> list[Image.Image]:
        page = render_map(index, [given], lambda _: points)
        drawn = [dict(attributes) for tag, attributes in Page(page).tags if tag == "img"]
        return [
            Image.open(io.BytesIO(base64.b64decode(one["src"].partition(",")[2])))
            for one in drawn
            if "lines between" in one["alt"]
        ]

    (drawn,) = pictures(found, [(0.25, 0.5, 0.75, 0.5)])
    pixels = np.asarray(drawn.convert("RGB"), dtype=np.int_)
    height, width = pixels.shape[:2]
    row = pixels[height // 2]
    lit = np.nonzero(row.sum(axis=1) > 300)[0]
    assert lit.min() == pytest.approx(0.25 * (width - 8) / 2, abs=12)
    assert lit.max() == pytest.approx((width + 8) / 2 + 0.75 * (width - 8) / 2, abs=12)
    assert np.abs(pixels[height // 4, : width // 2 - 20] - (0, 0, 128)).max() < 12  # what is not under the line
    assert pictures(found, ()) == []
    assert pictures(found.model_copy(update={"grade": "unknown"}), [(0.25, 0.5, 0.75, 0.5)]) == []  # as by chance
    assert pictures(found.model_copy(update={"digest": "2" * 64}), [(0.25, 0.5, 0.75, 0.5)]) == []  # another is there


def test_100_000_photos_make_a_page_that_can_be_used(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    metres = rng.normal(size=(100_000, 2)) * 3500 + (551_000, 4_180_000)
    rows = [
        (f"{number:06d}.jpg", Position(easting=float(east), northing=float(north), zone="10S"))
        for number, (east, north) in enumerate(metres)
    ]
    text = render_map(fake_index(rows), ())
    assert len(text.encode()) < 3 * 2**20
    assert "UTM zone 10 north: 100,000 photos" in text
    assert "99,000 more are not listed" in text
    overview, *parts = drawings(text)
    said = (re.match(r"([\d,]+) photos, such as", one) for one in dots(overview))
    assert sum(int(one[1].replace(",", "")) if one else 1 for one in said) > 99_000
    assert 9 <= len(parts) <= 40
    assert_whole_in_itself(text, Page(text))


def test_a_map_replaces_a_map_and_nothing_else(index: PlaceIndex, tmp_path: Path) -> None:
    out = tmp_path / "map.html"
    write_map(index, (), out)
    first = out.read_text()
    write_map(index, [answer(candidate(1))], out)
    assert out.read_text() != first
    mine = tmp_path / "notes.html"
    mine.write_text("mine")
    for path in (mine, tmp_path / "link.html"):
        if path is not mine:
            path.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(UsageError, match="is not a map: name another file"):
            write_map(index, (), path)
    assert mine.read_text() == "mine"
    write_map(index, (), mine, force=True)
    assert mine.read_text() == first
    with pytest.raises(UsageError, match="which is a folder"):
        write_map(index, (), tmp_path, force=True)
    with pytest.raises(UsageError, match="cannot be written"):
        write_map(index, (), tmp_path / "none" / "map.html")
    assert not list(tmp_path.glob("*.part"))


def test_positions_of_every_kind_have_metres_or_none() -> None:
    vienna = from_degrees(48.2, 16.37)
    assert metres_of(vienna) == (("33", True), (vienna.easting, vienna.northing))
    assert metres_of(Position(latitude=48.2, longitude=16.37)) == metres_of(vienna)
    assert metres_of(Position(easting=1, northing=2)) == (None, (1, 2))
    assert metres_of(from_degrees(-33, 18)) is not None
    assert metres_of(from_degrees(85, 18)) is None


def test_the_command_writes_the_index_and_locates_photos(
    town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = commands(tmp_path, monkeypatch, capsys)
    written = run(town / "places")
    assert (written.returncode, written.stdout) == (0, "places.html, 0.0 MiB\n")
    assert "UTM zone 33 north: 8 photos" in (tmp_path / "places.html").read_text()
    located = ("--photo", town / "query.png", "--describer", "statistics", "--ledger", tmp_path / "ledger.sqlite")
    written = run(town / "places", "--out", "found.html", *located)
    assert written.returncode == 0, written.stderr
    text = (tmp_path / "found.html").read_text()
    assert_whole_in_itself(text, Page(text))
    assert text.count("data:image/jpeg;base64,") >= 2
    assert f"<dt>best match</dt><dd><bdi>{name_of(3)}</bdi></dd>" in text
    (tmp_path / "mine.html").write_text("mine")
    assert run(town / "places", "--out", "mine.html", "--photo", "gone.png").returncode == 2
    assert (tmp_path / "mine.html").read_text() == "mine"
    assert run(town / "places", "--out", "mine.html", "--force").returncode == 0
    assert run(tmp_path / "none").returncode == 2


def commands(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs `internvl-vpr map`."""
    run = caller(folder, monkeypatch, capsys)
    return lambda *arguments: run("map", *arguments)
