"""Pictures drawn with what a terminal has, and set side by side."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageOps
from rich.color import Color
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.control import Control
from rich.measure import Measurement
from rich.segment import ControlType, Segment
from rich.style import Style
from rich.table import Table

from .kitty import new_number, placeholders, sent
from .picture_protocol import CharacterSize, PictureKind
from .sixel import sixel_of

_CUT_OFF = 1  # percent of the characters that may be all black, and all white
_SHADES = " ░▒▓█"
_UNTOUCHED = [(ControlType.CURSOR_FORWARD, 0)]  # what Rich takes for a control code it neither wraps nor crops


@dataclass(frozen=True)
class Drawing:
    """A picture of `columns` × `rows` characters of this size; `number` is what kitty knows it by."""

    pixels: Image.Image
    kind: PictureKind
    columns: int
    rows: int
    character: CharacterSize
    number: int = field(default_factory=new_number)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        match self.kind:
            case "unicode":
                yield from self._shades()
            case "half":
                yield from self._half_blocks()
            case "kitty":
                yield from placeholders(self.number, self.columns, self.rows)
            case "sixel":
                yield Segment("\x1b7", control=_UNTOUCHED)  # keep the cursor's place
                yield Control.move(0, -self.rows)
                yield Segment(sixel_of(self._in_full_size()), control=_UNTOUCHED)
                yield Segment("\x1b8", control=_UNTOUCHED)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(self.columns, self.columns)

    def sent(self) -> Segment:
        """Return what kitty must be sent before its placeholders are shown."""
        message = sent(self._in_full_size(), self.number, self.columns, self.rows)
        return Segment(message, control=_UNTOUCHED)

    def _in_full_size(self) -> Image.Image:
        return self._scaled(self.columns * self.character.width, self.rows * self.character.height)

    def _scaled(self, width: int, height: int) -> Image.Image:
        return self.pixels.resize((width, height), Image.Resampling.LANCZOS)

    def _shades(self) -> Iterator[Segment]:
        """One grey pixel for each character, stretched from black to white, for there are only five shades."""
        grey = ImageOps.autocontrast(self._scaled(self.columns, self.rows).convert("L"), _CUT_OFF)
        levels = np.asarray(grey).astype(np.intp) * len(_SHADES) // 256
        for row in levels.tolist():
            yield Segment("".join(_SHADES[level] for level in row) + "\n")

    def _half_blocks(self) -> Iterator[Segment]:
        """Two pixels for each character, one above the other: its own colour, and the one behind it."""
        rows = np.asarray(self._scaled(self.columns, 2 * self.rows).convert("RGB")).tolist()
        for upper, lower in zip(rows[::2], rows[1::2], strict=True):
            for above, below in zip(upper, lower, strict=True):
                yield Segment("▀", Style(color=Color.from_rgb(*above), bgcolor=Color.from_rgb(*below)))
            yield Segment("\n")


def beside(drawings: Sequence[Drawing | None], columns: Sequence[int], gap: int) -> Iterator[RenderableType]:
    """Set drawings side by side, at the foot of columns of these widths; None leaves its column empty."""
    if any(drawing is not None and drawing.kind == "sixel" for drawing in drawings):
        yield _Sixels(drawings, columns, gap)
    elif any(drawings):
        yield _Sent([drawing for drawing in drawings if drawing is not None and drawing.kind == "kitty"])
        yield grid([drawing or "" for drawing in drawings], columns, gap)


def grid(row: Iterable[RenderableType], columns: Sequence[int], gap: int) -> Table:
    """Set renderables side by side in columns of these widths."""
    table = Table.grid(padding=(0, gap))
    for width in columns:
        table.add_column(width=width, overflow="fold")
    table.add_row(*row)
    return table


@dataclass(frozen=True)
class _Sent:
    """What a terminal must be sent before drawings can be laid out; nothing of it is seen."""

    drawings: Sequence[Drawing]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from (drawing.sent() for drawing in self.drawings)


@dataclass(frozen=True)
class _Sixels:
    """Sixel pictures in a row: room for all of them, then each is drawn from the line below that room upwards.

    A table would take their escape sequences for lines of text.
    """

    drawings: Sequence[Drawing | None]
    columns: Sequence[int]
    gap: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Segment("\n" * max(drawing.rows for drawing in self.drawings if drawing))
        left = 0
        for drawing, width in zip(self.drawings, self.columns, strict=True):
            if drawing is not None:
                yield Control.move_to_column(left)
                yield drawing
            left += width + self.gap
        yield Control.move_to_column(0)
