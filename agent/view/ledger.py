"""What a ledger holds as Rich renderables; pure."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from internvl_vpr.tools.ledger.model_report import ModelAttempt, ModelStats
from internvl_vpr.tools.ledger.model_steps import Kind
from internvl_vpr.tools.ledger.report import DescriberStats, RecordedAttempt
from internvl_vpr.tools.records import asked_and_answered

from ..console.safe_text import safe_text
from ..console.tables import labelled_table


def show_attempt(attempt: RecordedAttempt, *, raw: bool) -> RenderableType:
    """Show one attempt: when, for which image, which attempt, how long it took, and its cues or its error."""
    tokens = asked_and_answered(attempt.usage)
    parts: list[RenderableType] = [
        Text.assemble(
            (attempt.made, "dim"), f"  {attempt.image[:12]}  attempt {attempt.attempt}  {attempt.latency:.2f} s",
            f"  {tokens} tokens" if tokens else "", "  ", safe_text(attempt.describer, "dim"),
        )
    ]  # fmt: skip
    if attempt.error is not None:
        parts.append(safe_text(f"  not used: {attempt.error}", "yellow"))
    parts += [safe_text(f"  {cue.weight:.2f}  {cue.text}") for cue in attempt.cues]
    if raw:
        parts.append(safe_text(attempt.raw, "dim"))
    return Group(*parts)


_KINDS: dict[Kind, str] = {"assistant": "steps of the chat", "judge_pair": "judged pairs"}


def show_model_attempt(attempt: ModelAttempt, *, raw: bool) -> RenderableType:
    """Show one attempt at another step: when, of which kind, how long it took, and what was taken or why nothing."""
    tokens = asked_and_answered(attempt.usage)
    parts: list[RenderableType] = [
        Text.assemble(
            (attempt.made, "dim"), f"  {attempt.step[:12]}  {_KINDS[attempt.kind]}, attempt {attempt.attempt}"
            f"  {attempt.latency:.2f} s", f"  {tokens} tokens" if tokens else "", "  ",
            safe_text(attempt.model, "dim"),
        )
    ]  # fmt: skip
    if attempt.error is not None:
        parts.append(safe_text(f"  not used: {attempt.error}", "yellow"))
    if attempt.answer:
        parts.append(safe_text(f"  {attempt.answer}"))
    if raw:
        parts.append(safe_text(attempt.raw, "dim"))
    return Group(*parts)


def show_stats(figures: Sequence[DescriberStats], others: Sequence[ModelStats] = ()) -> RenderableType:
    """Show the figures of each describer and of each kind of other steps, label by label."""
    if not figures and not others:
        return Text("nothing is recorded yet")
    tables = [*map(_one, figures), *map(_other, others)]
    return Group(*(part for table in tables for part in (table, "")))


def _one(each: DescriberStats) -> Table:
    table = labelled_table()
    table.add_row("describer", safe_text(each.describer, "bold"))
    table.add_row("images", f"{each.described} described, {each.not_described} not")
    table.add_row("attempts", f"{each.attempts}; {each.described_at_first} images described at the first")
    return _with_shared(table, each)


def _other(each: ModelStats) -> Table:
    table = labelled_table()
    table.add_row("asked", safe_text(each.model, "bold"))
    table.add_row(_KINDS[each.kind], f"{each.taken} taken, {each.not_taken} not")
    table.add_row("attempts", f"{each.attempts}; {each.taken_at_first} taken at the first")
    return _with_shared(table, each)


def _with_shared(table: Table, each: DescriberStats | ModelStats) -> Table:
    for error, count in each.errors.items():
        table.add_row("", safe_text(f"{count} × {error}", "yellow"))
    for kind, count in sorted(each.tokens.items()):
        table.add_row(safe_text(kind.replace("_", " ")), f"{count:,}")
    if each.median_latency is not None and each.latency_95 is not None:
        table.add_row("latency", f"median {each.median_latency:.2f} s, 95 % within {each.latency_95:.2f} s")
    table.add_row("made", f"{each.first} to {each.last}")
    return table
