"""An answer as Rich renderables; pure, so that what a person sees can be tested."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from internvl_vpr.tools.explain_match import Explanation, explain_match
from internvl_vpr.tools.records import Answer, Cue, RankedCandidate

from ..console.tables import labelled_table, styled_table
from ..words.certainty import decision, margin_in_words, promise_in_words, promise_of, verdict
from ..words.phrases import coordinates, link, ordinal, quoted, steps_in_words, strongest
from .parts import WIDE, Fitted, Folded, Link, Shortened, bar, candidate_table, cue_table, foreign

__all__ = ["add_certainty", "add_where", "coordinates", "link", "show_answer", "show_evidence", "show_place"]

_UNCONFIRMED = "  unconfirmed"


def show_answer(answer: Answer, runners_up: int = 5) -> RenderableType:
    """Show where, how sure, why, the cues with what they matched, and the runners-up; fits 80 columns."""
    return Group(show_place(answer), "", show_evidence(answer, runners_up))


def show_place(answer: Answer) -> RenderableType:
    """Show where the photo was taken, how sure that is, what τ promises, and why, label by label."""
    return Fitted(lambda _: _place(answer))


def show_evidence(answer: Answer, runners_up: int = 5) -> RenderableType:
    """Show the cues with what they matched, and so many runners-up."""
    return Fitted(lambda width: Group(*_evidence(answer, runners_up, width)))


def _evidence(answer: Answer, runners_up: int, width: int) -> Iterator[RenderableType]:
    first = answer.candidates[0] if answer.candidates else None
    if first is not None and first.matches:
        yield from (cue_table(first.matches, "the photo's cues, and what they match there", width), "")
    elif answer.cues:
        yield from (_own_cues(answer.cues, width), "")
    if first is not None and len(answer.candidates) > 1 and runners_up > 0:
        shown = answer.candidates[1 : runners_up + 1]
        yield from (candidate_table(shown, first, "runners-up, rank by looks → rank now", width), "")
    yield Text(f"{coordinates(answer.position)}: {verdict(answer)} · {steps_in_words(answer)}", style="dim")


def _place(answer: Answer) -> Table:
    """What a person asked for, label by label."""
    table = labelled_table()
    table.add_row("photo", Shortened(answer.photo.name))
    table.add_row(
        "verdict", Text(verdict(answer), style="bold green" if answer.decided_by == "cues" else "bold yellow")
    )
    if answer.status == "located" and answer.candidates:
        first, e = answer.candidates[0], explain_match(answer)
        add_where(table, first)
        add_certainty(table, e)
        table.add_row("why", _why(first))
    promise = promise_of(answer.notes)
    for note in answer.notes:
        if note != promise or answer.status == "unknown":
            table.add_row("note", foreign(note, "yellow"))
    if answer.query_position is not None:
        table.add_row("own", Text.assemble(coordinates(answer.query_position), ("  the photo's own, not used", "dim")))
    return table


def add_where(table: Table, candidate: RankedCandidate | Explanation) -> None:
    """Add where a candidate is: coordinates, link and reference."""
    if candidate.retained:
        table.add_row("place", Text(coordinates(candidate.position), style="bold green"))
    else:
        table.add_row("place", Text.assemble((coordinates(candidate.position), "bold yellow"), _UNCONFIRMED))
    if (address := link(candidate.position)) is not None:
        table.add_row("map", Link(address))
    table.add_row("reference", Folded(candidate.reference))


def add_certainty(table: Table, e: Explanation) -> None:
    """Add how sure it is, and what a calibrated τ promises."""
    table.add_row("how sure", Text(decision(e)))
    table.add_row("margin", Text(margin_in_words(e)))
    table.add_row("promise", foreign(promise_in_words(e)))


def _why(first: RankedCandidate) -> Text:
    by_looks = f"{ordinal(first.coarse_rank)} by looks, similarity {first.coarse_similarity:.3f}"
    if not first.matches:
        return Text(by_looks)
    best = strongest(first.matches)
    if not first.retained:
        return Text(f"{by_looks}; no cue decides, the nearest is {quoted(best.matched)}, cosine {best.cosine:.2f}")
    return Text(f"{by_looks}; most of S from {quoted(best.cue)}, which matches {quoted(best.matched)}")


def _own_cues(cues: tuple[Cue, ...], width: int) -> Table:
    table = styled_table("the photo's cues")
    table.add_column("cue")
    table.add_column("weight", no_wrap=True)
    for cue in cues:
        table.add_row(foreign(cue.text), bar(cue.weight, 10 if width >= WIDE else 5))
    return table
