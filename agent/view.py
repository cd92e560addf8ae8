"""An answer as Rich renderables; pure, so that what a person sees can be tested."""

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..tools.position import distance
from ..tools.records import Answer, Position, RankedCandidate
from .safe_text import safe_text

_BAR_CELLS = 5
_LEFT: dict[str, Any] = {
    "box": SIMPLE_HEAD,
    "show_edge": False,
    "pad_edge": False,
    "title_justify": "left",
    "title_style": "bold",
}


def show_answer(answer: Answer, runners_up: int = 5) -> RenderableType:
    """Show where, why, the cues with what they matched, and the runners-up; fits 80 columns."""
    parts: list[RenderableType] = [_place(answer), ""]
    if answer.candidates and answer.candidates[0].matches:
        parts += [_cue_table(answer.candidates[0]), ""]
    if len(answer.candidates) > 1:
        parts += [_runners_up(answer.candidates[1 : runners_up + 1], answer.candidates[0]), ""]
    parts.append(_steps(answer))
    return Group(*parts)


def link(position: Position) -> str | None:
    """Return the OpenStreetMap address of a position with degrees."""
    if position.latitude is None or position.longitude is None:
        return None
    return f"https://www.openstreetmap.org/?mlat={position.latitude:.5f}&mlon={position.longitude:.5f}&zoom=19"


def coordinates(position: Position | None) -> str:
    """Write a position for a person: degrees, or metres where there are no degrees."""
    if position is None:
        return "no position"
    if position.latitude is not None and position.longitude is not None:
        return f"{position.latitude:.6f}, {position.longitude:.6f}"
    plane = f"zone {position.zone}" if position.zone else "a plane of its own"
    return f"{position.easting:.1f} m E, {position.northing:.1f} m N in {plane}"


def _place(answer: Answer) -> Table:
    """What a person asked for, label by label."""
    place = Table.grid(padding=(0, 2))
    place.add_column(style="dim", no_wrap=True)
    place.add_column(overflow="fold")
    place.add_row("photo", safe_text(answer.photo.name))
    if answer.reference is None:
        place.add_row("place", Text("not a place I know", style="bold yellow"))
    else:
        place.add_row("place", Text(coordinates(answer.position), style="bold green"))
        if answer.position is not None and (address := link(answer.position)) is not None:
            place.add_row("map", Text(address, style=f"link {address}"))
        place.add_row("as in", safe_text(answer.reference))
        place.add_row("why", _why(answer.candidates[0]))
    for note in answer.notes:
        place.add_row("note", safe_text(note, "yellow"))
    if answer.query_position is not None:
        place.add_row("own", Text.assemble(coordinates(answer.query_position), ("  the photo's own, not used", "dim")))
    return place


def _why(first: RankedCandidate) -> Text:
    if not first.retained:
        return Text(f"it looks most alike, similarity {first.coarse_similarity:.3f}; the cues do not decide")
    best = max(first.matches, key=lambda match: match.weight * match.cosine)
    return Text.assemble(
        *(f"S = {first.score:.3f}, most of it by ", safe_text(best.cue, "italic")),
        *(" ~ ", safe_text(best.matched, "italic"), f"; {_ordinal(first.coarse_rank)} by looks"),
    )


def _ordinal(rank: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(rank, f"{rank}th")


def _cue_table(first: RankedCandidate) -> Table:
    table = Table(title="the photo's cues, and what they match there", **_LEFT)
    table.add_column("cue", ratio=1)
    table.add_column("weight", no_wrap=True)
    table.add_column("best match", ratio=1)
    table.add_column("cosine", no_wrap=True)
    for match in first.matches:
        table.add_row(safe_text(match.cue), _bar(match.weight), safe_text(match.matched), _bar(match.cosine))
    return table


def _bar(share: float) -> Text:
    """Draw a number between 0 and 1 as digits and a bar."""
    filled = round(_BAR_CELLS * min(max(share, 0.0), 1.0))
    return Text.assemble(f"{share:.2f} ", ("━" * filled, "cyan"), ("─" * (_BAR_CELLS - filled), "dim"))


def _runners_up(candidates: Sequence[RankedCandidate], first: RankedCandidate) -> Table:
    table = Table(title="runners-up", **_LEFT)
    for heading in ("rank", "looks", "S", "alike"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("place", no_wrap=True)
    table.add_column("away", justify="right", no_wrap=True)
    table.add_column("reference")
    for candidate in candidates:
        score = "–" if candidate.score is None else f"{candidate.score:.3f}"
        table.add_row(
            str(candidate.rank),
            str(candidate.coarse_rank),
            Text(score, style="" if candidate.retained else "dim"),
            f"{candidate.coarse_similarity:.3f}",
            coordinates(candidate.position),
            _away(candidate, first),
            _one_line(candidate.reference),
        )
    return table


def _one_line(text: str) -> Text:
    """Foreign text that is cut where a column ends; the only one here that gives way to the width."""
    line = safe_text(text)
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


def _away(candidate: RankedCandidate, first: RankedCandidate) -> str:
    """Distance from the first place, or nothing where the two cannot be compared."""
    if candidate.position is None or first.position is None:
        return ""
    metres = distance(candidate.position, first.position)
    return "" if metres is None else f"{metres:,.0f} m" if metres < 10_000 else f"{metres / 1000:,.0f} km"


def _steps(answer: Answer) -> Text:
    steps = answer.steps
    return Text(f"{steps.made} images described now, {steps.recorded} read back from the ledger", style="dim")
