"""An answer as Rich renderables; pure, so that what a person sees can be tested."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ..tools.position import distance
from ..tools.records import Answer, Position, RankedCandidate
from .safe_text import safe_text

_BAR_CELLS = 8


def show_answer(answer: Answer, runners_up: int = 5) -> RenderableType:
    """Show where, why, the cues with what they matched, and the runners-up."""
    parts: list[RenderableType] = [
        Panel(Group(*_place(answer)), title=_title(answer), title_align="left", expand=False)
    ]
    first = answer.candidates[0] if answer.candidates else None
    if first is not None and first.matches:
        parts.append(_cue_table(first))
    if len(answer.candidates) > 1:
        parts.append(_runners_up(answer.candidates[1 : runners_up + 1], answer.candidates[0]))
    parts.append(_steps(answer))
    return Group(*parts)


def link(position: Position) -> str | None:
    """Return the OpenStreetMap address of a position with degrees."""
    if position.latitude is None or position.longitude is None:
        return None
    place = f"{position.latitude:.6f}", f"{position.longitude:.6f}"
    return f"https://www.openstreetmap.org/?mlat={place[0]}&mlon={place[1]}#map=19/{place[0]}/{place[1]}"


def coordinates(position: Position | None) -> str:
    """Write a position for a person: degrees before metres."""
    if position is None:
        return "no position"
    if position.latitude is not None and position.longitude is not None:
        return f"{position.latitude:.6f}, {position.longitude:.6f}"
    zone = f" ({position.zone})" if position.zone else " (in its own plane)"
    return f"{position.easting:.1f} m E, {position.northing:.1f} m N{zone}"


def _title(answer: Answer) -> Text:
    if answer.status == "located":
        return Text("located", style="bold green")
    return Text("not a place I know", style="bold yellow")


def _place(answer: Answer) -> Iterator[RenderableType]:
    yield Text.assemble("photo  ", safe_text(answer.photo.name, "bold"))
    if answer.reference is not None:
        yield Text.assemble("place  ", (coordinates(answer.position), "bold green"))
        if answer.position is not None and (address := link(answer.position)) is not None:
            yield Text.assemble("map    ", (address, f"link {address}"))
        yield Text.assemble("as in  ", safe_text(answer.reference))
        yield Text.assemble("why    ", _why(answer))
    for note in answer.notes:
        yield Text.assemble("note   ", safe_text(note, "yellow"))
    if answer.query_position is not None:
        yield Text.assemble(
            "own    ", coordinates(answer.query_position), (" (the photo's own position, not used)", "dim")
        )


def _why(answer: Answer) -> Text:
    first = answer.candidates[0]
    if answer.decided_by == "coarse order":
        return Text(f"it looks most alike (similarity {first.coarse_similarity:.3f}); no cue decides")
    best = max(first.matches, key=lambda match: match.weight * match.cosine)
    return Text.assemble(
        f"S = {first.score:.3f}, above all by ", safe_text(best.cue, "italic"), " ~ ", safe_text(best.matched, "italic"),
        f"; coarse rank {first.coarse_rank}",
    )  # fmt: skip


def _cue_table(first: RankedCandidate) -> Table:
    table = Table(title="cues, and what they matched in the place above", title_justify="left", title_style="dim")
    table.add_column("cue", ratio=3)
    table.add_column("weight", no_wrap=True)
    table.add_column("best match", ratio=3)
    table.add_column("cosine", no_wrap=True)
    for match in first.matches:
        table.add_row(safe_text(match.cue), _bar(match.weight), safe_text(match.matched), _bar(match.cosine))
    return table


def _bar(share: float) -> Text:
    """Draw a number between 0 and 1 as a bar beside its digits."""
    filled = round(_BAR_CELLS * min(max(share, 0.0), 1.0))
    return Text.assemble(f"{share:5.2f} ", ("━" * filled, "cyan"), ("─" * (_BAR_CELLS - filled), "dim"))


def _runners_up(candidates: tuple[RankedCandidate, ...], first: RankedCandidate) -> Table:
    table = Table(title="runners-up", title_justify="left", title_style="dim")
    table.add_column("rank", justify="right")
    table.add_column("coarse", justify="right")
    table.add_column("S", justify="right")
    table.add_column("similarity", justify="right")
    table.add_column("place", no_wrap=True)
    table.add_column("away", justify="right")
    table.add_column("reference", overflow="fold")
    for candidate in candidates:
        score = "–" if candidate.score is None else f"{candidate.score:.3f}"
        table.add_row(
            str(candidate.rank), str(candidate.coarse_rank), Text(score, style="" if candidate.retained else "dim"),
            f"{candidate.coarse_similarity:.3f}", coordinates(candidate.position), _away(candidate, first),
            safe_text(candidate.reference),
        )  # fmt: skip
    return table


def _away(candidate: RankedCandidate, first: RankedCandidate) -> str:
    """Distance from the first place, or nothing where the two cannot be compared."""
    if candidate.position is None or first.position is None:
        return ""
    metres = distance(candidate.position, first.position)
    return "" if metres is None else f"{metres:,.0f} m"


def _steps(answer: Answer) -> Text:
    steps = answer.steps
    return Text(f"{steps.made} images described now, {steps.recorded} read back from the ledger", style="dim")
