"""Photographs drawn in the terminal, side by side, each above its caption and its path."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from internvl_vpr.tools.errors import PackageMissing, PhotoError
from internvl_vpr.tools.page.matches import COARSE_LINES, HEIGHT, MOST_LINES, MatchedPoint, draw_matches
from internvl_vpr.tools.photo.photo import load_image, open_photo
from internvl_vpr.tools.text.foreign import one_line

from ..settings import Images
from .picture_drawing import Drawing, beside, grid
from .picture_protocol import UNKNOWN_SIZE, CharacterSize, PictureKind, character_size, choose_images

_LONGER_SIDE = 1024  # pixels that are kept of a photo, whatever is drawn of them
_GAP = 2  # columns
_JOINED = ("kitty", "sixel", "half")  # shades are too few for lines to be told from what they cross
_STACKED_BELOW = 48  # columns, in which two pictures side by side show less than one above the other
_APART = 10  # pixels between lines, if they are spread evenly
_FEW_ROWS, _MANY_ROWS = 14, 20  # at 80 columns, at 140
_ROWS_OF_TEXT = 4  # that stay in the terminal beside a picture
_LEAST_ROWS = 8  # below which a picture is not made as low as a wide one beside it


def show_pair(
    query: Path,
    reference: Path | None,
    captions: tuple[str, str],
    images: Images,
    width: int,
    points: Sequence[MatchedPoint] = (),
) -> RenderableType:
    """Show two photos side by side, in `width` columns at most, each above its caption and its path.

    Lines join some of the `points` that both have; in half blocks they are few, for there they hide much.

    Without a reference there is its caption alone. What cannot be opened is replaced by the reason. Sixel pictures
    move the cursor: print the result itself or in a `Group`, not in a table, a panel or a live display.
    """
    shown = [_open(query, captions[0], images)]
    if reference is not None or captions[1]:
        shown.append(_open(reference, captions[1], images))
    return _Row(tuple(shown), images, width, points)


@dataclass(frozen=True)
class _Shown:
    """A photo with what is said of it; without pixels where none are wanted, or where it has a fault."""

    path: Path | None
    caption: str
    pixels: Image.Image | None = None
    fault: str = ""

    def lines(self) -> list[Text]:
        """Return its caption, its path and its fault; nothing is cut off, for a picture is not for everybody."""
        path = "" if self.path is None else str(self.path)
        fault = f"(cannot be shown: {self.fault})" if self.fault else ""
        return [
            Text(one_line(text), style=style)
            for text, style in ((self.caption, ""), (path, "dim"), (fault, "yellow"))
            if text
        ]


@dataclass(frozen=True)
class _Row:
    """Photos side by side; laid out when they are printed, for the terminal that there is then."""

    shown: Sequence[_Shown]
    images: Images
    width: int
    points: Sequence[MatchedPoint] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(min(self.width, options.max_width), 1)
        images = choose_images(self.images, console)
        if images == "off":
            lines = (line for shown in self.shown for line in shown.lines())
            yield from console.render(Group(*lines), options.update_width(width))
        elif width < _STACKED_BELOW:
            for shown in self.shown:
                yield from _side_by_side([shown], images, width, console)
        elif self.points and images in _JOINED and all(shown.pixels for shown in self.shown):
            yield from _joined(self.shown, self.points, images, width, console)
        else:
            yield from _side_by_side(self.shown, images, width, console)


def _open(path: Path | None, caption: str, images: Images) -> _Shown:
    if path is None or images == "off":
        return _Shown(path, caption)
    try:
        return _Shown(path, caption, load_image(open_photo(path, read_position=False), _LONGER_SIDE))
    except (PhotoError, PackageMissing) as error:
        return _Shown(path, caption, fault=str(error))


def _side_by_side(row: Sequence[_Shown], kind: PictureKind, width: int, console: Console) -> Iterator[RenderableType]:
    """Pictures in a row, and below each what is said of it."""
    most = max((width - _GAP * (len(row) - 1)) // len(row), 1)
    character = character_size(console) or UNKNOWN_SIZE
    shapes = [shown.pixels.width / shown.pixels.height if shown.pixels else None for shown in row]
    sizes = _fit(shapes, most, _most_rows(width, console), character)
    drawings = [
        None if shown.pixels is None else Drawing(shown.pixels, kind, *size, character)
        for shown, size in zip(row, sizes, strict=True)
    ]
    said = [shown.lines() for shown in row]
    columns = [
        min(max([columns, *(cell_len(line.plain) for line in lines)]), most)
        for (columns, _), lines in zip(sizes, said, strict=True)
    ]
    yield from beside(drawings, columns, _GAP)
    yield grid([Group(*lines) for lines in said], columns, _GAP)


def _joined(
    row: Sequence[_Shown], points: Sequence[MatchedPoint], kind: PictureKind, width: int, console: Console
) -> Iterator[RenderableType]:
    """Two pictures as one, with lines between their points, and below what is said of each."""
    one, other = (shown.pixels for shown in row if shown.pixels is not None)
    character = character_size(console) or UNKNOWN_SIZE
    shape = one.width / one.height + other.width / other.height
    ((columns, rows),) = _fit([shape], width, _most_rows(width, console), character)
    if kind == "half":
        drawn = draw_matches(one, other, points, COARSE_LINES, height=2 * rows, coarse=True)
    else:
        height = min(rows * character.height, HEIGHT)
        drawn = draw_matches(one, other, points, min(MOST_LINES, height // _APART), height=height)
    yield from beside([Drawing(drawn, kind, columns, rows, character)], [columns], _GAP)
    half = (width - _GAP) // 2
    yield grid([Group(*shown.lines()) for shown in row], [half, half], _GAP)


def _most_rows(width: int, console: Console) -> int:
    """How high a picture may be: higher in a wide terminal, and never so high that it scrolls away."""
    rows = min(max(width // 7, _FEW_ROWS), _MANY_ROWS)
    return max(min(rows, console.height - _ROWS_OF_TEXT), 1)


def _fit(shapes: Sequence[float | None], columns: int, rows: int, character: CharacterSize) -> list[tuple[int, int]]:
    """Return columns and rows of each picture, as large as fits, and of one height unless one is very wide.

    `shapes` are width / height, None where there is no picture.
    """
    # Columns that a picture needs for each row, in its own shape.
    across = [(shape or 0.0) * character.height / character.width for shape in shapes]
    highest = [min(max(round(columns / one), 1), rows) if one else rows for one in across]
    common = max(min(highest), _LEAST_ROWS)
    heights = [min(height, common) for height in highest]
    return [(min(max(round(one * height), 1), columns), height) for one, height in zip(across, heights, strict=True)]
