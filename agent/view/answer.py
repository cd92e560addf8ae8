"""An answer as Rich renderables; pure, so that what a person sees can be tested."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from internvl_vpr.tools.explain_match import Explanation, explain_match
from internvl_vpr.tools.records import Answer, Cue, RankedCandidate

from ..console.tables import labelled_table, styled_table
from ..words.answer import details_of
from ..words.certainty import promise_of
from ..words.phrases import coordinates, link, steps_in_words
from ..words.verdict import Line, in_room, is_told_as_place, notes_told, told, told_as, verdict_line
from .parts import WIDE, Fitted, Folded, Link, bar, candidate_table, cue_table, foreign, shorten

__all__ = ["add_certainty", "add_where", "coordinates", "link", "show_answer", "show_evidence", "show_place"]

_LEAST_ROOM, _BESIDE = 24, 56  # cells for a foreign text, and for what stands on its line
_MOST_PLACES = 3  # that look the same
_NOTE_LINES, _NOTE_CELLS = 2, 160  # that a note may take, whichever is more
_RAGGED = 16  # cells that stay empty where its words are parted


def show_answer(answer: Answer, runners_up: int = 5, *, why: bool = False) -> RenderableType:
    """Show whether to believe it, where, and the one reason: twelve lines at 80 columns; with `why`, all the rest."""
    return Group(show_place(answer), "", show_evidence(answer, runners_up)) if why else show_place(answer)


def show_place(answer: Answer) -> RenderableType:
    """Show the verdict, the place with its link, the one reason, and other places that are possible."""
    return Fitted(lambda width: Group(*(_line(line, answer, width) for line in _told(answer, width))))


def _told(answer: Answer, width: int) -> list[Line]:
    return told(answer, in_room(max(width - _BESIDE, _LEAST_ROOM)), most=_MOST_PLACES)


def _line(line: Line, answer: Answer, width: int) -> RenderableType:
    match line.kind:
        case "verdict":
            return Text(line.says, style="bold green" if is_told_as_place(answer) else "bold yellow")
        case "map":
            return Link(line.says)
        case "note":
            room = width if told_as(answer) == "ambiguous" else max(_NOTE_LINES * width, _NOTE_CELLS)
            return Text(shorten(line.says, room - _RAGGED), "yellow")
        case "own":
            return Text(line.says, style="dim")
    return Text(line.says)


def show_evidence(answer: Answer, runners_up: int = 5) -> RenderableType:
    """Show what stands behind the verdict: geometry, scores, the cues with what they matched, and runners-up."""
    return Fitted(lambda width: Group(*_evidence(answer, runners_up, width)))


def _details(answer: Answer) -> Table:
    table = labelled_table()
    table.add_row("reference", Folded(answer.candidates[0].reference))
    add_certainty(table, explain_match(answer))
    return table


def _unseen_notes(answer: Answer) -> Iterator[RenderableType]:
    seen = notes_told(answer)
    for note in answer.notes:
        if note not in seen and note != promise_of(answer.notes):
            yield foreign(f"Note: {note}", "yellow")


def _evidence(answer: Answer, runners_up: int, width: int) -> Iterator[RenderableType]:
    first = answer.candidates[0] if answer.candidates else None
    if first is not None:
        yield from (_details(answer), "")
    yield from _unseen_notes(answer)
    if first is not None and first.matches:
        yield from (cue_table(first.matches, "the photo's cues, and what they match there", width), "")
    elif answer.cues:
        yield from (_own_cues(answer.cues, width), "")
    if first is not None and len(answer.candidates) > 1 and runners_up > 0:
        shown = answer.candidates[1 : runners_up + 1]
        yield from (candidate_table(shown, first, "runners-up, rank by looks → rank now", width), "")
    yield Text(f"{verdict_line(answer)} · {steps_in_words(answer)}", style="dim")


def add_where(table: Table, candidate: RankedCandidate | Explanation) -> None:
    """Add where a candidate is: coordinates, link and reference."""
    table.add_row("place", Text(coordinates(candidate.position), style="bold"))
    if (address := link(candidate.position)) is not None:
        table.add_row("map", Link(address))
    table.add_row("reference", Folded(candidate.reference))


def add_certainty(table: Table, e: Explanation) -> None:
    """Add what stands behind the verdict: geometry, S against τ, the margin, and what τ was calibrated to."""
    for fact in details_of(e):
        table.add_row(fact.label, foreign(fact.says))


def _own_cues(cues: tuple[Cue, ...], width: int) -> Table:
    table = styled_table("the photo's cues")
    table.add_column("cue")
    table.add_column("weight", no_wrap=True)
    for cue in cues:
        table.add_row(foreign(cue.text), bar(cue.weight, 10 if width >= WIDE else 5))
    return table
