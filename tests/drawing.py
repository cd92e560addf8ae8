"""Consoles that the tests draw on."""

import io
import re

from rich.console import Console, RenderableType


def render(shown: RenderableType, width: int = 80, *, markup: bool = False) -> str:
    """Draw on a console without colour; with `markup`, on one that would read markup and emoji codes."""
    console = Console(file=io.StringIO(), width=width, markup=markup, emoji=markup, highlight=markup)
    console.print(shown)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def on_terminal(shown: RenderableType, encoding: str = "utf-8", *, no_color: bool = False) -> str:
    """Draw on a terminal with colour; what its encoding does not have is an error."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict", newline="")
    Console(file=file, width=80, force_terminal=True, color_system="truecolor", no_color=no_color).print(shown)
    file.flush()
    assert isinstance(file.buffer, io.BytesIO)
    return file.buffer.getvalue().decode(encoding)


def without_styles(drawn: str) -> str:
    """Take away the sequences that set bold, dim and colours."""
    return re.sub(r"\x1b\[[\d;]*m", "", drawn)
