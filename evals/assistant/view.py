"""A comparison of two prompts as a person reads it; it fits 80 columns."""

from rich.console import Group, RenderableType
from rich.text import Text

from internvl_vpr.agent.console.safe_text import safe_text
from internvl_vpr.agent.console.tables import styled_table

from ..compare.records import p_in_words
from .compare import Judged, PromptComparison

_STYLES: dict[Judged, str] = {
    "pass": "green",
    "regression": "bold red",
    "inconclusive": "yellow",
    "incomplete": "bold red",
}
_VERDICTS = {"better": "B is better than A.", "worse": "B is worse than A."}
_NOISE = "B cannot be told from A: any difference is noise."
_JUDGED: dict[Judged, str] = {
    "pass": "no worse than A, within the margin",
    "regression": "worse than A",
    "inconclusive": "these conversations cannot tell",
    "incomplete": "the endpoint gave no answer to",
}


def show_prompts(found: PromptComparison, judged: Judged) -> RenderableType:
    """Show how many conversations each prompt gets right, the difference, each that changed, and the verdict last."""
    table = styled_table()
    for heading in ("", "prompt", "right", "sent back", "tokens now"):
        table.add_column(heading, overflow="fold")
    for name, side in (("A", found.a), ("B", found.b)):
        table.add_row(name, safe_text(side.prompt), str(side.right), str(side.sent_back), f"{side.tokens:,}")
    low, high = (_points(one) for one in found.interval)
    gained = sum(flip.gained for flip in found.flips)
    tested = (
        f"B − A: {_points(found.difference)} points (95 % {low} to {high}); {gained} gained, "
        f"{len(found.flips) - gained} lost; McNemar p {p_in_words(found.p)}."
    )
    return Group(
        table, "", Text(tested), Text(_VERDICTS.get(found.verdict, _NOISE)), *_flips(found), "", _last(found, judged)
    )


def _points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")


def _flips(found: PromptComparison) -> list[RenderableType]:
    if not found.flips:
        return [Text("No conversation changed.")]
    lines: list[RenderableType] = []
    for flip in sorted(found.flips, key=lambda flip: flip.gained):
        lines += [
            "",
            safe_text(f"{'+ gained' if flip.gained else '− lost'}  {flip.id}", "bold"),
            safe_text(f"  A {flip.a}"),
            safe_text(f"  B {flip.b}"),
            safe_text(f"  {'A' if flip.gained else 'B'} is wrong: {flip.wrong}", "dim"),
        ]
    return lines


def _last(found: PromptComparison, judged: Judged) -> Text:
    lost = [flip.id for flip in found.flips if not flip.gained]
    named = found.unanswered if judged == "incomplete" else [] if judged == "pass" else lost
    listed = f": {', '.join(named)}" if named else ""
    return safe_text(f"{judged.upper()}: {_JUDGED[judged]}{listed}", _STYLES[judged])
