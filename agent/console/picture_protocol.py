"""How pictures can be drawn, decided without asking the terminal anything.

A terminal would answer through the keyboard's input, where its answer cannot be told from what a person is typing. For
three terminals the environment says enough. All others get half blocks, which work wherever there is colour; whoever
knows better says `--images sixel` or `--images kitty`:

    kitty       kitty   TERM=xterm-kitty; by Unicode placeholders, which name their picture by a 24-bit colour
    foot        sixel   TERM=foot, foot-extra, foot-direct
    WezTerm     sixel   TERM_PROGRAM=WezTerm; it has no Unicode placeholders
    tmux        half    also screen and Zellij: what they pass on depends on how they were built and set up
    iTerm2      half    it gives its size in points but draws Sixel in pixels, half as large on a Retina display
    Ghostty     half    reports differ on how well its placeholders work
    Konsole, VS Code, Windows Terminal, xterm: half, as Sixel depends on their version and settings
    16 colours  unicode what so few colours make of a photograph misleads more than its shades do
"""

import os
import struct
import sys
from collections.abc import Mapping
from typing import Literal, NamedTuple

from rich.console import Console

from ..settings import Images

if sys.platform != "win32":
    import fcntl
    import termios

PictureKind = Literal["unicode", "half", "sixel", "kitty"]
Chosen = Literal["off"] | PictureKind

_MULTIPLEXERS = ("TMUX", "STY", "ZELLIJ")  # set inside, beside what the terminal around them had set


class CharacterSize(NamedTuple):
    """Width and height of a character in pixels."""

    width: int
    height: int


UNKNOWN_SIZE = CharacterSize(8, 16)  # small, so that a Sixel picture never grows out of its place


def choose_images(wanted: Images, console: Console, environ: Mapping[str, str] = os.environ) -> Chosen:
    """Return how pictures are drawn on a console: as wanted where it can show that.

    A pipe or a file gets none; without colour there are only shades. The terminal is asked for nothing but its size
    (an ioctl, which writes and reads nothing).
    """
    if wanted == "off" or not _is_terminal(console) or console.options.ascii_only:
        return "off"
    if console.no_color or console.color_system is None or console.is_dumb_terminal:
        return "unicode"
    chosen = _known(console, environ) if wanted == "auto" else wanted
    return "half" if chosen == "kitty" and not _shows_placeholders(console, environ) else chosen


def character_size(console: Console) -> CharacterSize | None:
    """Return the size of a console's characters, or None where its terminal does not say."""
    if sys.platform == "win32":
        return None
    try:
        size = fcntl.ioctl(console.file.fileno(), termios.TIOCGWINSZ, bytes(8))
    except (OSError, ValueError):  # no terminal, no file, a closed one
        return None
    rows, columns, width, height = struct.unpack("HHHH", size)
    if not rows or not columns or width < columns or height < rows:
        return None
    return CharacterSize(width // columns, height // rows)


def _known(console: Console, environ: Mapping[str, str]) -> PictureKind:
    """The best that a terminal is known to show."""
    term = environ.get("TERM", "")
    if console.color_system == "standard":
        return "unicode"
    if _is_multiplexed(environ):
        return "half"
    if term == "xterm-kitty":
        return "kitty"
    draws_sixels = term.partition("-")[0] == "foot" or environ.get("TERM_PROGRAM") == "WezTerm"
    return "sixel" if draws_sixels and character_size(console) else "half"


def _is_multiplexed(environ: Mapping[str, str]) -> bool:
    term = environ.get("TERM", "").partition("-")[0]
    return term in ("tmux", "screen") or any(name in environ for name in _MULTIPLEXERS)


def _is_terminal(console: Console) -> bool:
    """Whether a console's file is one; Rich's own answer is what FORCE_COLOR says."""
    try:
        return console.file.isatty()
    except ValueError:  # closed
        return False


def _shows_placeholders(console: Console, environ: Mapping[str, str]) -> bool:
    """Whether 24 bits of colour, which spell a picture's number, reach a terminal with nothing in between."""
    return console.color_system == "truecolor" and not _is_multiplexed(environ)
