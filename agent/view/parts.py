"""What the views are made of: bars, tables of cues and of candidates; pure, and safe on any terminal."""

import unicodedata
from collections.abc import Callable, Sequence

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from internvl_vpr.tools.records import CueMatch, RankedCandidate
from internvl_vpr.tools.text.foreign import one_line

from ..console.tables import styled_table
from ..words.phrases import apart, coordinates, strongest

WIDE = 110  # columns from which there is room for longer bars and more of them
_LEAST_SHORTENED = 12  # cells
# One cell for one, so that nothing moves.
_STAND_INS = str.maketrans("τ━─–—−…→×·“”‘’", "t#----~>x.\"\"''")


class Fitted:
    """Something drawn once its width is known, in ASCII where the console's encoding has nothing else."""

    def __init__(self, draw: Callable[[int], RenderableType]) -> None:
        self._draw = draw

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self._draw(options.max_width), options):
            if options.ascii_only and not segment.control:
                yield Segment(in_ascii(segment.text), segment.style)
            else:
                yield segment


def in_ascii(text: str) -> str:
    """Replace what is not ASCII by what looks like it, or else by question marks, of the same width in cells."""
    return "".join(one if one.isascii() else _stand_in(one) for one in text.translate(_STAND_INS))


def _stand_in(character: str) -> str:
    base = unicodedata.normalize("NFKD", character)[0]
    return base if base.isascii() and base.isalnum() and cell_len(character) == 1 else "?" * cell_len(character)


class Link:
    """An address that can be clicked where the terminal has colour, and is plain text elsewhere."""

    def __init__(self, address: str) -> None:
        self._address = address

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        linked = console.color_system is not None and not console.no_color
        yield Text(self._address, style=f"link {self._address}" if linked else "", overflow="fold")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, Text(self._address))


class Shortened:
    """Foreign text on one line, cut in its middle when too long: file names often differ only at their end."""

    def __init__(self, text: str, style: str = "") -> None:
        self._text = one_line(text)
        self._style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(shorten(self._text, options.max_width), style=self._style, no_wrap=True, overflow="crop")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        width = cell_len(self._text)
        return Measurement(min(_LEAST_SHORTENED, width), width)


class Folded:
    """Foreign text shown in full, folded into lines of equal length where one is too short for it."""

    def __init__(self, text: str) -> None:
        self._text = one_line(text)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = cell_len(self._text)
        lines = -(-width // options.max_width)
        yield Text("\n".join(chop_cells(self._text, max(-(-width // max(lines, 1)), 2))))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(1, cell_len(self._text))


def shorten(text: str, width: int) -> str:
    """Cut a text in its middle so that it fits a width in cells."""
    if cell_len(text) <= width:
        return text
    tail = ""
    for character in reversed(text):
        if cell_len(character + tail) > (width - 1) * 2 // 3:
            break
        tail = character + tail
    return f"{set_cell_size(text, max(width - 1 - cell_len(tail), 0))}…{tail}"


def foreign(text: str, style: str = "") -> Text:
    """Turn foreign text into a Rich text that shows it as it is, on one line of its own."""
    return Text(one_line(text), style=style)


def bar(share: float, cells: int) -> Text:
    """Draw a number as digits and, from 0 to 1, as a bar."""
    filled = round(cells * min(max(share, 0.0), 1.0))
    return Text.assemble(f"{share:.2f} ", ("━" * filled, "cyan"), ("─" * (cells - filled), "dim"))


def cue_table(matches: Sequence[CueMatch], title: str, width: int, *, total: float | None = None) -> Table:
    """Show cues with their best matches; with `total`, or where there is room, also what each adds to S."""
    table = styled_table(title)
    cells = 10 if width >= WIDE else 5
    gives = total is not None or width >= WIDE
    table.add_column("cue")
    table.add_column("weight", no_wrap=True)
    table.add_column("best match")
    table.add_column("cosine", no_wrap=True)
    if gives:
        table.add_column("to S", justify="right", no_wrap=True)
    for match in matches:
        product = (f"{match.weight * match.cosine:.3f}",) if gives else ()
        table.add_row(
            foreign(match.cue), bar(match.weight, cells), foreign(match.matched), bar(match.cosine, cells), *product
        )
    if total is not None:
        table.add_section()
        table.add_row("S, their sum", "", "", "", Text(f"{total:.3f}", "bold"))
    return table


def candidate_table(candidates: Sequence[RankedCandidate], first: RankedCandidate, title: str, width: int) -> Table:
    """Show candidates: rank by looks and now, points that fit, S and whether it is above τ, looks, place, distance.

    The points stand only where candidates were verified; those that were not have a dash.
    """
    table = styled_table(title)
    verified = any(one.geometry is not None for one in candidates)
    for heading in ("rank", *(["points"] if verified else []), "S", "> τ", "looks"):
        table.add_column(heading, justify="right", no_wrap=True)
    degrees = all(one.position is None or one.position.latitude is not None for one in candidates)
    table.add_column("place", no_wrap=degrees)
    table.add_column("away", justify="right", no_wrap=True)
    table.add_column("reference")
    if width >= WIDE:
        judged = any(one.judgement is not None for one in candidates)
        table.add_column("the model's reason" if judged else "strongest cue")
    for candidate in candidates:
        rank, *cells = _cells(candidate, first)
        points = [f"{candidate.geometry.inliers:,}" if candidate.geometry else "–"] if verified else []
        table.add_row(rank, *points, *cells, *(_strongest(candidate) if width >= WIDE else ()))
    return table


def _cells(candidate: RankedCandidate, first: RankedCandidate) -> tuple[RenderableType, ...]:
    score = "–" if candidate.score is None else f"{candidate.score:.3f}"
    return (
        f"{candidate.coarse_rank} → {candidate.rank}",
        Text(score, style="" if candidate.retained else "dim"),
        "yes" if candidate.retained else "no",
        f"{candidate.coarse_similarity:.3f}",
        coordinates(candidate.position),
        "" if candidate is first else apart(candidate.position, first.position),
        Shortened(candidate.reference),
    )


def _strongest(candidate: RankedCandidate) -> tuple[RenderableType, ...]:
    if candidate.judgement is not None:
        return (Shortened(candidate.judgement.why),)
    return (Shortened(strongest(candidate.matches).matched),) if candidate.matches else ("–",)
