"""Pictures by textual-image, kept from asking the terminal, and set side by side whatever they are drawn with."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageOps
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.control import Control
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table
from textual_image._pixeldata import PixelData
from textual_image._terminal import get_cell_size

from .picture_protocol import Cell, Kind

_CUT_OFF = 1  # percent of the characters that may be all black, and all white


@dataclass(frozen=True)
class Drawing:
    """A picture of `columns` × `rows` characters of size `cell`.

    Kitty's is sent past the console, to the process's standard output: see to it that this is a terminal.
    """

    pixels: Image.Image
    kind: Kind
    columns: int
    rows: int
    cell: Cell

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        # What is remembered here is not asked for, which would cost what is typed meanwhile.
        vars(get_cell_size)["_result"] = self.cell
        pixels = self._shades() if self.kind == "unicode" else self.pixels
        picture = _classes()[self.kind](pixels, self.columns, self.rows)
        picture._image_data = _Pixels(pixels)
        yield from console.render(picture, options)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(self.columns, self.columns)

    def _shades(self) -> Image.Image:
        """One grey pixel a character, from black to white whatever the light was: there are five shades only."""
        small = self.pixels.convert("L").resize((self.columns, self.rows), Image.Resampling.LANCZOS)
        return ImageOps.autocontrast(small, _CUT_OFF)


def beside(drawings: Sequence[Drawing | None], columns: Sequence[int], gap: int) -> Iterator[RenderableType]:
    """Set drawings side by side, at the foot of columns of these widths; None leaves its column empty."""
    if any(drawing is not None and drawing.kind == "sixel" for drawing in drawings):
        yield _Sixels(drawings, columns, gap)
    elif any(drawings):
        yield grid([drawing or "" for drawing in drawings], columns, gap)


def grid(row: Iterable[RenderableType], columns: Sequence[int], gap: int) -> Table:
    """Set renderables side by side in columns of these widths."""
    table = Table.grid(padding=(0, gap))
    for width in columns:
        table.add_column(width=width, overflow="fold")
    table.add_row(*row)
    return table


@dataclass(frozen=True)
class _Sixels:
    """Sixel pictures in a row: room for all of them, then each drawn upwards from the line below that room.

    A table would take their escape sequences for a line of text.
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
                yield from (segment for segment in console.render(drawing, options) if segment.control)
            left += width + self.gap
        yield Control.move_to_column(0)


class _Pixels(PixelData):
    """Rows of pixels, which its base takes from Pillow by a method that Pillow 14 is without."""

    def scaled(self, width: int, height: int) -> "_Pixels":
        return _Pixels(self.pil_image.resize((width, height), Image.Resampling.LANCZOS))

    def __iter__(self) -> Iterator[Iterable[int | tuple[int, ...]]]:
        yield from np.asarray(self.pil_image).tolist()


@cache
def _classes() -> dict[Kind, type]:
    """Import the classes without the question that their package asks a terminal to choose one of them."""
    stdout = sys.__stdout__
    sys.__stdout__ = None  # type: ignore[misc]
    try:
        from textual_image.renderable import HalfcellImage, SixelImage, TGPImage, UnicodeImage
    finally:
        sys.__stdout__ = stdout  # type: ignore[misc]
    return {"unicode": UnicodeImage, "half": HalfcellImage, "sixel": SixelImage, "kitty": TGPImage}
