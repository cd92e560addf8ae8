"""Which kind of picture is drawn where, and that a terminal is never asked anything."""

import base64
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pyte
import pytest
from PIL import Image
from rich.console import Console
from terminals import TRUECOLOR, console_in, pseudo_terminal, written_in_terminal
from texture import texture

from internvl_vpr.agent.console.picture_protocol import choose_images
from internvl_vpr.agent.settings import Images

KINDS: tuple[Images, ...] = get_args(Images)
TYPED = "where was this taken?"
PRINT = """
import sys
from pathlib import Path
from rich.console import Console, Group
from internvl_vpr.agent.console.picture_protocol import choose_images
from internvl_vpr.agent.console.pictures import show_pair

first, second, *kinds = sys.argv[1:]
console = Console(markup=False, highlight=False)
for kind in kinds:
    images = kind.removesuffix("!") if kind.endswith("!") else choose_images(kind, console)
    pair = show_pair(Path(first), Path(second), ("mine", "yours"), images, console.width)
    console.print(Group("above", pair, "below"))
print("typed", repr(input()))
"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two photos, of 4:3 and of 1:2."""
    folder = tmp_path_factory.mktemp("photos")
    texture(1, (400, 300)).save(folder / "a.png")
    texture(2, (200, 400)).save(folder / "b.png")
    return [str(folder / "a.png"), str(folder / "b.png")]


def environ_of(**changes: str) -> dict[str, str]:
    """This process's environment without what it says of its terminal, and of colours."""
    said = (
        "TERM",
        "COLORTERM",
        "NO_COLOR",
        "FORCE_COLOR",
        "TTY_",
        "TMUX",
        "STY",
        "ZELLIJ",
        "COLUMNS",
        "LINES",
        "KITTY",
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(said)}
    return kept | changes


@pytest.mark.parametrize(
    ("environ", "chosen"),
    [
        (TRUECOLOR, "half"),
        ({"TERM": "xterm-256color"}, "half"),
        ({"TERM": "linux"}, "unicode"),
        ({"TERM": "dumb"}, "unicode"),
        (TRUECOLOR | {"NO_COLOR": "1"}, "unicode"),
        (TRUECOLOR | {"TERM": "tmux-256color", "TMUX": "/tmp/tmux", "TERM_PROGRAM": "tmux"}, "half"),
        (TRUECOLOR | {"TERM": "foot"}, "sixel"),
        (TRUECOLOR | {"TERM": "foot-extra"}, "sixel"),
        (TRUECOLOR | {"TERM": "foot", "NO_COLOR": "1"}, "unicode"),
        (TRUECOLOR | {"TERM_PROGRAM": "WezTerm"}, "sixel"),
        (TRUECOLOR | {"TERM_PROGRAM": "WezTerm", "TMUX": "/tmp/tmux"}, "half"),
        (TRUECOLOR | {"TERM_PROGRAM": "WezTerm", "TERM": "screen.xterm-256color", "STY": "1.pts"}, "half"),
        (TRUECOLOR | {"TERM_PROGRAM": "iTerm.app"}, "half"),
        (TRUECOLOR | {"TERM_PROGRAM": "ghostty", "TERM": "xterm-ghostty"}, "half"),
        (TRUECOLOR | {"KITTY_WINDOW_ID": "1"}, "half"),  # left by kitty to another terminal that was started from it
        (TRUECOLOR | {"TERM": "xterm-kitty"}, "kitty"),
        (TRUECOLOR | {"TERM": "xterm-kitty", "ZELLIJ": "0"}, "half"),
        ({"TERM": "xterm-kitty"}, "half"),  # without 24 bits, as over ssh, placeholders name another picture
    ],
)
def test_what_auto_is_where(environ: dict[str, str], chosen: str) -> None:
    with pseudo_terminal(pixels=(800, 1000)) as (_, inside), open(inside, "w", closefd=False) as file:
        assert choose_images("auto", Console(file=file, _environ=environ), environ) == chosen


def test_auto_draws_no_sixels_where_the_size_of_a_character_is_not_known() -> None:
    environ = TRUECOLOR | {"TERM": "foot"}
    assert choose_images("auto", console_in(environ), environ) == "half"
    assert choose_images("sixel", console_in(environ), environ) == "sixel"


@pytest.mark.parametrize("wanted", KINDS)
def test_no_pictures_outside_of_a_terminal_whatever_is_wanted(wanted: Images) -> None:
    for environ in ({}, TRUECOLOR, TRUECOLOR | {"FORCE_COLOR": "1"}, {"TTY_COMPATIBLE": "1", "TERM": "xterm-kitty"}):
        assert choose_images(wanted, console_in(environ, file=io.StringIO()), environ) == "off"


@pytest.mark.parametrize("wanted", KINDS)
def test_a_wish_is_granted_on_a_terminal_with_colours(wanted: Images) -> None:
    granted = choose_images(wanted, console_in(), TRUECOLOR)
    assert granted == ("half" if wanted == "auto" else wanted)


@pytest.mark.parametrize("wanted", sorted(set(KINDS) - {"off"}))
def test_at_best_shades_without_colour(wanted: Images) -> None:
    for environ in (TRUECOLOR | {"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": "unknown"}):
        assert choose_images(wanted, console_in(environ), environ) == "unicode"


def test_no_pictures_where_their_characters_cannot_be_written() -> None:
    with pseudo_terminal() as (_, inside), open(inside, "w", encoding="latin-1", closefd=False) as file:
        assert choose_images("half", Console(file=file, _environ=TRUECOLOR), TRUECOLOR) == "off"


@pytest.mark.parametrize("forced", [{}, {"FORCE_COLOR": "1"}, {"TTY_COMPATIBLE": "1"}])
def test_pipes_get_no_pictures_even_when_a_caller_insists(photos: list[str], forced: dict[str, str]) -> None:
    kinds = [*KINDS, *(f"{kind}!" for kind in KINDS)]
    environ = environ_of(TERM="xterm-kitty", COLORTERM="truecolor", **forced)
    command = [sys.executable, "-c", PRINT, *photos, *kinds]
    done = subprocess.run(command, env=environ, input=b"hello\n", capture_output=True, check=True, timeout=300)
    plain = re.sub(rb"\x1b\[[\d;]*m", b"", done.stdout) if forced else done.stdout
    assert b"\x1b" not in plain
    assert not re.search("[▀█▓▒░\U0010eeee]", plain.decode())
    assert plain.count(b"mine") == len(kinds)
    assert done.stderr == b""


@pytest.mark.parametrize("pixels", [(0, 0), (720, 640)])
def test_drawing_asks_nothing_and_takes_nothing_that_was_typed_ahead(
    photos: list[str], pixels: tuple[int, int]
) -> None:
    environ = environ_of(TERM="xterm-kitty", COLORTERM="truecolor")
    command = [sys.executable, "-c", PRINT, *photos, "half", "unicode", "sixel", "kitty", "auto"]
    written = written_in_terminal(command, environ, f"{TYPED}\n", pixels)
    assert written.endswith(f"typed {TYPED!r}\r\n".encode())
    assert written.count(b"below") == 5
    without_pictures = re.sub(rb"\x1b[P_].*?\x1b\\", b"", written, flags=re.DOTALL)
    asked = re.findall(rb"\x1b\[[?>=]?[\d;]*[cntq]", without_pictures)  # attributes, reports, window, version
    assert asked == []
    assert b"a=q" not in written


def test_sixels_stand_side_by_side_between_the_lines_around_them(photos: list[str]) -> None:
    environ = environ_of(TERM="foot", COLORTERM="truecolor")
    written = written_in_terminal([sys.executable, "-c", PRINT, *photos, "auto"], environ, "\n", (720, 640))
    sizes = re.findall(rb'\x1bP[\d;]*q"1;1;(\d+);(\d+)', written)
    # Characters of 9 × 16 pixels, 14 rows: 4:3 takes 33 columns, 1:2 takes 12.
    assert sizes == [(b"297", b"224"), (b"108", b"224")]
    shown = pyte.Screen(80, 40)
    marks = iter("①②")
    marked = re.sub(r"\x1bP.*?\x1b\\", lambda _: next(marks), written.decode(), flags=re.DOTALL)
    pyte.Stream(shown).feed(marked)
    lines = [line.rstrip() for line in shown.display]
    assert lines[0] == "above"
    assert lines[1].startswith("①")  # the upper left corners
    assert lines[1].index("②") == lines[15].index("yours")
    assert lines[2:15] == [""] * 13
    assert lines[15].startswith("mine")
    assert "below" in lines


def test_kittys_pictures_are_sent_once_each_and_placed_side_by_side(photos: list[str]) -> None:
    environ = environ_of(TERM="xterm-kitty", COLORTERM="truecolor")
    written = written_in_terminal([sys.executable, "-c", PRINT, *photos, "auto"], environ, "\n", (720, 640))
    messages = re.findall(rb"\x1b_G([^;\x1b]*);?(.*?)\x1b\\", written, flags=re.DOTALL)
    placed = [dict(pair.split(b"=") for pair in about.split(b",")) for about, payload in messages if not payload]
    assert [(place[b"c"], place[b"r"]) for place in placed] == [(b"33", b"14"), (b"12", b"14")]
    payloads: dict[bytes, bytes] = {}
    for about, payload in messages:
        if payload:
            number = dict(pair.split(b"=") for pair in about.split(b","))[b"i"]
            payloads[number] = payloads.get(number, b"") + payload
    sizes = [Image.open(io.BytesIO(base64.b64decode(payload))).size for payload in payloads.values()]
    assert sizes == [(297, 224), (108, 224)]
    rows = [line for line in written.decode().splitlines() if "\U0010eeee" in line]
    assert [row.count("\U0010eeee") for row in rows] == [33 + 12] * 14


def test_kittys_pictures_go_where_the_console_writes(photos: list[str], tmp_path: Path) -> None:
    program = PRINT.replace("Console(", "Console(stderr=True, ")
    command = [sys.executable, "-c", program, *photos, "kitty"]
    environ = environ_of(TERM="xterm-kitty", COLORTERM="truecolor")
    with (tmp_path / "stdout").open("wb") as stdout:
        written = written_in_terminal(command, environ, f"{TYPED}\n", (720, 640), stdout)
    assert (tmp_path / "stdout").read_text() == f"typed {TYPED!r}\n"
    assert written.count(b"\x1b_Ga=p,") == 2
