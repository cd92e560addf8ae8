"""What is drawn of photographs, in which place, and what is said of them."""

import base64
import io
import re
from pathlib import Path
from typing import get_args

import numpy as np
import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rich.console import Console, RenderableType
from rich.segment import Segment
from sixel_pictures import decoded
from terminals import TRUECOLOR, TerminalFile, console_in
from texture import texture

from internvl_vpr.agent.console.picture_protocol import choose_images
from internvl_vpr.agent.console.pictures import show_pair
from internvl_vpr.agent.settings import Images

RED, BLUE, GREEN, WHITE = (200, 0, 0), (0, 0, 200), (0, 200, 0), (250, 250, 250)
KINDS: tuple[Images, ...] = get_args(Images)


def printed(renderable: RenderableType, console: Console) -> str:
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def screen(text: str, columns: int = 80, rows: int = 50) -> pyte.Screen:
    shown = pyte.Screen(columns, rows)
    pyte.Stream(shown).feed(text.replace("\n", "\r\n"))
    return shown


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two textures, 4:3, and `quarters.png`: red and blue above green and white."""
    folder = tmp_path_factory.mktemp("photos")
    texture(1, (400, 300)).save(folder / "a.png")
    texture(2, (400, 300)).save(folder / "b.png")
    quarters().save(folder / "quarters.png")
    return folder


def quarters(size: tuple[int, int] = (400, 300)) -> Image.Image:
    small = Image.new("RGB", (2, 2))
    for at, colour in {(0, 0): RED, (1, 0): BLUE, (0, 1): GREEN, (1, 1): WHITE}.items():
        small.putpixel(at, colour)
    return small.resize(size, Image.Resampling.NEAREST)


def cut_short() -> bytes:
    file = io.BytesIO()
    texture(1).save(file, "JPEG")
    return file.getvalue()[:3000]


def pair(
    folder: Path, images: Images, width: int = 80, captions: tuple[str, str] = ("mine", "yours")
) -> RenderableType:
    return show_pair(folder / "a.png", folder / "b.png", captions, images, width)


def test_half_blocks_have_the_photos_colours_in_their_places(folder: Path) -> None:
    shown = screen(printed(show_pair(folder / "quarters.png", None, ("", ""), "half", 80), console_in()))
    width = next(x for x in range(80) if shown.buffer[0][x].data != "▀")
    height = next(y for y in range(50) if shown.buffer[y][0].data != "▀")
    assert (width, height) == (37, 14)  # 4:3, with characters twice as high as wide
    for x, top, bottom in ((0, RED, GREEN), (14, RED, GREEN), (22, BLUE, WHITE), (36, BLUE, WHITE)):
        for y, colour in ((0, top), (5, top), (8, bottom), (13, bottom)):
            assert near(shown.buffer[y][x].fg, colour), (x, y)
            assert near(shown.buffer[y][x].bg, colour), (x, y)


def test_the_upper_and_the_lower_half_of_a_character_differ(tmp_path: Path) -> None:
    stripes = Image.new("RGB", (1, 28), RED)
    for y in range(1, 28, 2):
        stripes.putpixel((0, y), BLUE)
    stripes.resize((400, 308), Image.Resampling.NEAREST).save(tmp_path / "stripes.png")
    shown = screen(printed(show_pair(tmp_path / "stripes.png", None, ("", ""), "half", 80), console_in()))
    for y in range(14):
        assert near(shown.buffer[y][5].fg, RED, 50), y
        assert near(shown.buffer[y][5].bg, BLUE, 50), y


def near(shown: str, colour: tuple[int, int, int], most: int = 12) -> bool:
    return all(abs(int(shown[2 * i : 2 * i + 2], 16) - colour[i]) < most for i in range(3))


def joined(kind: Images, shown: str) -> "np.ndarray[tuple[int, int, int], np.dtype[np.int_]]":
    """Return the pixels `[h, w, 3]`, from 0 to 255, that are drawn of two photographs."""
    if kind == "kitty":
        sent = re.findall(r"\x1b_G[^;\x1b]*f=100[^;\x1b]*;([^\x1b]*)\x1b", shown)
        return np.asarray(Image.open(io.BytesIO(base64.b64decode("".join(sent)))).convert("RGB"), dtype=np.int_)
    if kind == "sixel":
        (sixel,) = re.findall(r"\x1bP.*?\x1b\\", shown, re.DOTALL)
        return decoded(sixel) * 255 // 100
    lines = [[one for one in row.values() if one.data == "▀"] for row in screen(shown).buffer.values()]
    halves = [[[one.fg for one in row], [one.bg for one in row]] for row in lines if row]
    rows = [[[int(one[i : i + 2], 16) for i in (0, 2, 4)] for one in row] for pair in halves for row in pair]
    return np.array(rows, dtype=np.int_)


@pytest.mark.parametrize("kind", ["kitty", "sixel", "half"])
def test_a_line_joins_the_points_that_both_photos_have(tmp_path: Path, kind: Images) -> None:
    for name in ("a.png", "b.png"):
        Image.new("RGB", (400, 300)).save(tmp_path / name)
    photos, captions = (tmp_path / "a.png", tmp_path / "b.png"), ("mine", "yours")
    points = [(0.25, 0.75, 0.75, 0.25)]
    shown = printed(show_pair(*photos, captions, kind, 80, points), console_in(TRUECOLOR))
    pixels = joined(kind, shown)
    height, width = pixels.shape[:2]
    gap = 2 if kind == "half" else 8
    left = (width - gap) / 2  # of each photograph
    lit = pixels.max(axis=2) > 70
    lit[:, round(left - 2) : round(left + gap + 2)] = False
    ys, xs = np.nonzero(lit)
    assert abs(xs.min() - 0.25 * left) < 0.06 * left
    assert abs(xs.max() - (left + gap + 0.75 * left)) < 0.06 * left
    for x in np.linspace(xs.min() + 2, xs.max() - 2, 20):  # from 3/4 down on the left to 1/4 down on the right
        if abs(x - width / 2) > gap + 2:
            share = (x - 0.25 * left) / (gap + 1.5 * left)
            wanted = (0.75 - 0.5 * share) * height
            assert abs(ys[xs == round(x)].mean() - wanted) < 0.06 * height
    assert lit.mean() < 0.1
    assert "mine" in shown
    assert "yours" in shown


@pytest.mark.parametrize("kind", ["kitty", "sixel", "half"])
def test_lines_hide_little_of_the_photos(tmp_path: Path, kind: Images) -> None:
    for name in ("a.png", "b.png"):
        Image.new("RGB", (400, 300)).save(tmp_path / name)
    points = [(x / 20, y / 20, x / 20, y / 20) for x in range(21) for y in range(21)]
    renderable = show_pair(tmp_path / "a.png", tmp_path / "b.png", ("", ""), kind, 80, points)
    pixels = joined(kind, printed(renderable, console_in(TRUECOLOR)))
    assert 0.02 < (pixels.max(axis=2) > 70).mean() < 0.35


def test_shades_of_grey_have_no_lines(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        Image.new("RGB", (400, 300)).save(tmp_path / name)
    photos = (tmp_path / "a.png", tmp_path / "b.png")
    plain, with_points = (
        printed(show_pair(*photos, ("", ""), "unicode", 80, points), console_in())
        for points in ((), [(0.25, 0.75, 0.75, 0.25)])
    )
    assert with_points == plain


def test_photos_are_shown_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° clockwise
    quarters((300, 300)).rotate(90).save(tmp_path / "turned.jpg", exif=exif, quality=95, subsampling=0)
    shown = screen(printed(show_pair(tmp_path / "turned.jpg", None, ("", ""), "half", 80), console_in()))
    assert near(shown.buffer[1][1].fg, RED)
    assert near(shown.buffer[12][1].fg, GREEN)


def test_without_colour_there_are_shades_brightest_where_the_photo_is(folder: Path) -> None:
    environ = TRUECOLOR | {"NO_COLOR": "1"}
    shown = printed(pair(folder, choose_images("auto", console_in(environ), environ)), console_in(environ))
    assert len(set("█▓▒░ ") & set(shown)) >= 4
    assert "▀" not in shown
    lines = printed(
        show_pair(folder / "quarters.png", None, ("", ""), "half", 80), console_in({"TERM": "dumb"})
    ).splitlines()
    assert lines[12][30] == "█"  # white
    assert lines[1][30] == " "  # blue
    assert lines[12][2] in "▒▓"  # green


def test_a_photo_in_the_dark_has_shades_too(tmp_path: Path) -> None:
    texture(1, (400, 300)).point(lambda value: value // 16).save(tmp_path / "night.png")
    shown = printed(show_pair(tmp_path / "night.png", None, ("", ""), "unicode", 80), console_in({"TERM": "dumb"}))
    assert len(set("█▓▒░ ") & set(shown)) >= 4


@pytest.mark.parametrize("images", KINDS)
def test_captions_and_paths_are_always_shown(folder: Path, images: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    captions = ("your photo", "the best match, S = 0.812")
    monkeypatch.chdir(folder)
    photos = (Path("a.png"), Path("b.png"))  # of one line, so that what stands beside it does not cut it in two
    for console in (console_in(), console_in(width=30), console_in(file=io.StringIO())):
        text = re.sub(
            r"\x1b[P_].*?\x1b\\|\x1b\[[\d;]*[A-Za-z]|\x1b[78]",
            "",
            printed(show_pair(*photos, captions, images, 200), console),
        )
        folded = re.sub(r"[\s▀█▓▒░\U0010eeee\u0300-\u036f]", "", text)
        for said in (*captions, *map(str, photos)):
            assert said.replace(" ", "") in folded


@pytest.mark.parametrize("images", KINDS)
@pytest.mark.parametrize("longer", [0, 40, 400])
def test_a_path_of_any_length_is_shown_whole(tmp_path: Path, images: Images, longer: int) -> None:
    deep = tmp_path.joinpath(*["x" * 100] * (longer // 100), "x" * (longer % 100))
    deep.mkdir(parents=True, exist_ok=True)
    for name in ("a.png", "b.png"):
        quarters().save(deep / name)
    length = len(str(deep / "a.png"))
    wide = 2 * length + 10
    shown = printed(pair(deep, images, wide), console_in(width=wide))
    assert str(deep / "a.png") in shown
    assert str(deep / "b.png") in shown
    narrow = printed(show_pair(deep / "a.png", None, ("", ""), images, 30), console_in(width=30))
    assert str(deep / "a.png") in re.sub(r"\x1b[P_].*?\x1b\\|\x1b\[[\d;]*[A-Za-z]|\x1b[78]|\s", "", narrow)


def test_two_pictures_are_of_one_height_and_stand_side_by_side(tmp_path: Path) -> None:
    quarters((300, 400)).save(tmp_path / "high.png")
    quarters((800, 450)).save(tmp_path / "wide.png")
    shown = screen(printed(show_pair(tmp_path / "high.png", tmp_path / "wide.png", ("", ""), "half", 80), console_in()))
    heights = [sum(shown.buffer[y][x].data == "▀" for y in range(50)) for x in range(80)]
    assert set(heights) == {0, 11}
    assert shown.display[10].strip("▀ ") == ""
    assert re.fullmatch(r"▀{16} +▀{39}", shown.display[0].rstrip())


def test_a_panorama_does_not_make_its_neighbour_too_low(tmp_path: Path) -> None:
    quarters((2000, 200)).save(tmp_path / "panorama.png")
    quarters((300, 300)).save(tmp_path / "square.png")
    renderable = show_pair(tmp_path / "panorama.png", tmp_path / "square.png", ("", ""), "half", 80)
    shown = screen(printed(renderable, console_in()))
    assert [sum(shown.buffer[y][x].data == "▀" for y in range(50)) for x in (3, 48)] == [2, 8]


def test_narrow_terminals_show_one_above_the_other(folder: Path) -> None:
    shown = printed(pair(folder, "half", 80), console_in(width=40))
    assert shown.index("mine") < shown.index("yours")
    assert all(line.count("▀") in (0, 37) for line in screen(shown, 40).display)


def test_what_is_printed_again_after_a_resize_fits(folder: Path) -> None:
    renderable = pair(folder, "half", 200)
    widths = [
        max(len(line.rstrip()) for line in screen(printed(renderable, console_in(width=w)), 200).display)
        for w in (140, 80, 30)
    ]
    assert widths[0] > 80 >= widths[1] > 30 >= widths[2]


def test_without_a_reference_its_caption_stands_alone(folder: Path) -> None:
    shown = printed(show_pair(folder / "a.png", None, ("mine", "not a place I know"), "half", 80), console_in())
    assert "not a place I know" in shown
    assert screen(shown).display[0].rstrip() == "▀" * 37
    assert "None" not in shown


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of many shapes, named by width and height."""
    folder = tmp_path_factory.mktemp("shapes")
    for width, height in ((14, 500), (500, 14), (100, 100), (300, 400)):
        quarters((width, height)).save(folder / f"{width}×{height}", "PNG")
    return folder


@given(
    width=st.integers(20, 200),
    images=st.sampled_from(KINDS),
    captions=st.tuples(st.text(max_size=300), st.text(max_size=300)),
    photos=st.tuples(*(st.sampled_from(["14×500", "500×14", "100×100", "300×400", "missing"]),) * 2),
)
def test_nothing_is_wider_than_asked_for(
    width: int, images: Images, captions: tuple[str, str], photos: tuple[str, str], shapes: Path
) -> None:
    console = console_in(width=400)
    segments = list(console.render(show_pair(shapes / photos[0], shapes / photos[1], captions, images, width)))
    for line in Segment.split_lines(segment for segment in segments if not segment.control):
        assert Segment.get_line_length(line) <= width
    control = "".join(segment.text for segment in segments if segment.control)
    drawn = re.findall(r'\x1b\[(\d+)G\x1b7\x1b\[(\d+)A\x1bP[\d;]*q"1;1;(\d+);(\d+)', control)
    assert bool(drawn) == (images == "sixel" and set(photos) != {"missing"})
    for column, up, wide, high in drawn:
        assert int(column) - 1 + int(wide) / 8 <= width
        assert int(high) / 16 == int(up)


@pytest.mark.parametrize("images", ["half", "unicode", "sixel"])
def test_pictures_leave_room_for_text_in_a_low_console_in(folder: Path, images: Images) -> None:
    console = Console(file=TerminalFile(), width=140, height=12, _environ=TRUECOLOR)
    lines = Segment.split_lines(s for s in console.render(pair(folder, images, 140)) if not s.control)
    assert len(list(lines)) <= 12


@pytest.mark.parametrize(
    "name",
    [
        "\x1b]52;c;aGk=\x07",
        "\x1b[2J",
        "\x9b31m",
        "[link=http:evil]x[@/link]",
        "\u202eabc",
        ":pizza: [bold]",
        "a\nb\tc",
        "\udce9",
    ],
)
@pytest.mark.parametrize("images", ["off", "half", "unicode", "sixel"])
def test_hostile_names_are_shown_as_they_are(tmp_path: Path, name: str, images: Images) -> None:
    photo = tmp_path / f"{name.replace('/', '_')}.png"
    quarters().save(photo)
    console = console_in(
        TRUECOLOR | {"NO_COLOR": "1"}, width=300, file=TerminalFile() if images != "off" else io.StringIO()
    )
    shown = printed(show_pair(photo, None, (f"photo {name}", ""), images, 300), console)
    assert not re.search("[\x07\x9b\u202e\t\ud800-\udfff]", shown)
    assert not re.search(r"\x1b(?!\[\d*m)", shown)  # only Rich's own
    escaped = {"a\nb\tc": "a\\nb\\tc", "\udce9": "\\udce9"}.get(name)
    assert (escaped or name.encode("unicode_escape").decode()) in shown


def test_a_photo_that_has_vanished_is_said_beside_the_other(folder: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone.jpg"
    shown = screen(printed(show_pair(folder / "a.png", gone, ("mine", "1: S = 0.8"), "half", 80), console_in()))
    text = "\n".join(shown.display)
    assert shown.display[0].rstrip() == "▀" * 37
    assert "1: S = 0.8" in text
    assert "(cannot be shown: The photo" in text
    assert "No such file or directory" in re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("content", [b"", b"no photo", cut_short(), b"\x89PNG\r\n\x1a\n"])
def test_a_damaged_photo_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.jpg").write_bytes(content)
    shown = printed(show_pair(tmp_path / "x.jpg", tmp_path / "x.jpg", ("one", "two"), "half", 80), console_in())
    assert shown.count("(cannot be shown:") == 2
    assert "▀" not in shown


def test_with_pictures_off_photos_are_not_opened(tmp_path: Path) -> None:
    shown = printed(show_pair(tmp_path / "gone.jpg", None, ("mine", ""), "off", 200), console_in(width=200))
    assert "mine" in shown
    assert "cannot" not in shown
