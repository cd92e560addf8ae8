"""A comparison and a gate's report as a person reads them; they fit 80 columns."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from internvl_vpr.agent.console.safe_text import safe_text
from internvl_vpr.agent.console.tables import styled_table
from internvl_vpr.tools.text.foreign import visible

from .gate_report import GateLine, GateReport
from .records import Changed, Comparison, Cost, Difference, Flip, Side, SplitComparison, Times, tested_in_words

STYLES = {
    "pass": "green",
    "regression": "bold red",
    "inconclusive": "yellow",
    "incomplete": "bold red",
    "noted": "dim",
}
_SEVERITY = ("noted", "pass", "inconclusive", "regression", "incomplete")
_VERDICTS = {"better": "bold green", "worse": "bold red"}
_NOT_RECORDED = "not recorded"
_LONGEST = 38  # characters of a setting's value


def show_comparison(found: Comparison, flips: int = 10) -> RenderableType:
    """Show what changed, then each split and all of them, with at most so many flipped queries in each direction."""
    parts: list[RenderableType] = [_folders(found), *_changes(found.changed)]
    for split in found.splits:
        parts += ["", *_split(split), *_flips(split.flips, flips)]
    if len(found.splits) > 1:
        parts += ["", *_split(found.pooled)]
    return Group(*parts)


def show_gate(report: GateReport, *, strict: bool = False) -> RenderableType:
    """Show each line of a gate with its outcome in words, those that decide right above the verdict, which is last."""
    table = styled_table()
    for heading in ("outcome", "what", "figures"):
        table.add_column(heading)
    for line in sorted(report.lines, key=lambda line: _SEVERITY.index(line.outcome)):
        table.add_row(Text(line.outcome, style=STYLES[line.outcome]), safe_text(line.name), safe_text(line.reason))
    return Group(table, "", Text(_gate_verdict(report, strict=strict), style=STYLES[report.outcome]))


def _gate_verdict(report: GateReport, *, strict: bool) -> str:
    words = {
        "pass": "no worse than its baseline, within the limits",
        "regression": "worse than its baseline",
        "inconclusive": "these queries cannot tell" + (", which --strict counts as a regression" if strict else ""),
        "incomplete": "nothing can be said about this run",
    }
    failed = [visible(line.name) for line in report.lines if _decides(line, report)]
    named = f": {'; '.join(failed)}" if failed and report.outcome != "pass" else ""
    return f"{report.outcome.upper()}: {words[report.outcome]}{named}"


def _decides(line: GateLine, report: GateReport) -> bool:
    return line.outcome == report.outcome and not (line.kind == "split" and line.outcome == "inconclusive")


def _folders(found: Comparison) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, folders in (("A", found.a), ("B", found.b)):
        table.add_row(Text(name, style="bold"), safe_text("\n".join(folders.values())))
    return table


def _changes(changed: Sequence[Changed]) -> Iterator[RenderableType]:
    if not changed:
        yield Text("settings, prompt and versions are the same in both")
        return
    table = styled_table()
    for heading in ("changed", "A", "B"):
        table.add_column(heading, overflow="fold")
    for one in changed:
        table.add_row(safe_text(one.name), _setting(one.a), _setting(one.b))
    yield from ("", table)


def _setting(value: str | int | float | None) -> Text:
    text = "–" if value is None else str(value)
    return safe_text(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def _split(found: SplitComparison) -> Iterator[RenderableType]:
    yield safe_text(f"{found.name}: {found.queries} queries at {found.places} places", "bold")
    yield _shares(found)
    yield ""
    if not found.a.imported and not found.b.imported:
        yield _costs(found.a.cost, found.b.cost)
        yield ""
    if not found.same_shortlists and not (found.a.imported and found.b.imported):
        yield Text("Stage 1 retrieved other candidates in B, so stage 2 is not all that differs.")
    for one in found.differences:
        yield from map(Text, _difference(one))
    yield Text(f"Verdict on Recall@{found.differences[0].k}: {_verdict(found)}.", _VERDICTS.get(found.verdict, ""))


def _verdict(found: SplitComparison) -> str:
    return f"B is {found.verdict} than A" if found.verdict in _VERDICTS else f"B cannot be told from A: {found.verdict}"


def _shares(found: SplitComparison) -> Table:
    table = styled_table()
    for heading in ("", "A", "B"):
        table.add_column(heading, no_wrap=True)
    for recall in found.recalls:
        table.add_row(f"Recall@{recall.k}", str(recall.a), str(recall.b))
    a, b = found.a, found.b
    table.add_row("MRR", f"{a.mrr:.3f}", f"{b.mrr:.3f}")
    table.add_row("median rank", _rank(a.median_rank), _rank(b.median_rank))
    table.add_row(f"ceiling, K = {a.k}" if a.k == b.k else "ceiling", str(a.ceiling), str(b.ceiling))
    if a.imported and b.imported:
        return table
    table.add_row("rescued, broken", *(_of_stage_2(side, f"+{side.rescued} −{side.broken}") for side in (a, b)))
    table.add_row("stage 2 decides", *(_of_stage_2(side, str(side.coverage)) for side in (a, b)))
    table.add_row("right of these", *(_of_stage_2(side, str(side.precision)) for side in (a, b)))
    if a.confirmed or b.confirmed:
        table.add_row("confirmed", *(_of_stage_2(side, str(side.confirmed or _NOT_RECORDED)) for side in (a, b)))
        right = (_of_stage_2(side, str(side.confirmed_right or _NOT_RECORDED)) for side in (a, b))
        table.add_row("right of these", *right)
    return table


def _of_stage_2(side: Side, figure: str) -> str:
    return "–" if side.imported else figure


def _rank(rank: float | None) -> str:
    return "not in the shortlist" if rank is None else f"{rank:g}"


def _costs(a: Cost, b: Cost) -> Table:
    table = styled_table()
    table.add_column("cost")
    for heading in ("A", "B", "B − A"):
        table.add_column(heading, justify="right", no_wrap=True)
    counts = {
        "described or judged": (a.made, b.made),
        "attempts": (a.attempts, b.attempts),
        **{kind: (a.tokens.get(kind, 0), b.tokens.get(kind, 0)) for kind in sorted({*a.tokens, *b.tokens})},
    }
    for name, (one, other) in counts.items():
        table.add_row(safe_text(name), f"{one:,}", f"{other:,}", _signed(f"{other - one:+,}"))
    for name, times in (("an answer", _pair(a.per_answer, b.per_answer)),
                        ("a description", _pair(a.per_description, b.per_description))):  # fmt: skip
        for of, (before, now) in times.items():
            table.add_row(f"seconds {name}, {of}", f"{before:.3f}", f"{now:.3f}", _signed(f"{now - before:+.3f}"))
    return table


def _pair(a: Times | None, b: Times | None) -> dict[str, tuple[float, float]]:
    return {"median": (a.median, b.median), "95th percentile": (a.p95, b.p95)} if a and b else {}


def _difference(one: Difference) -> Iterator[str]:
    value, low, high = (_signed(f"{100 * share:+.1f}") for share in (one.value, *one.interval))
    yield (
        f"Recall@{one.k}, B − A: {value} points (95 % {low} to {high}); {one.gained} gained, {one.lost} lost; "
        f"{tested_in_words(one)}."
    )
    if one.detectable is None:
        yield f"With {one.queries} queries no difference can be detected with 80 % power."
    elif one.detectable.basis == "observed":
        yield (
            f"Detectable with 80 % power: {100 * one.detectable.difference:.1f} points, with the "
            f"{100 * one.detectable.discordant:.1f} % of queries that flipped."
        )
    else:
        yield (
            f"Detectable with 80 % power: at least {100 * one.detectable.difference:.1f} points, when all flips are "
            "in one direction; with as few flips as these, nothing is."
        )


def _signed(number: str) -> str:
    return number.replace("-", "−")


def _flips(flips: Sequence[Flip], most: int) -> Iterator[RenderableType]:
    if not flips:
        yield Text("No query flipped at rank 1.")
        return
    table = styled_table()
    for heading in ("flipped at rank 1", "A", "B", "query", "label"):
        table.add_column(heading, overflow="fold")
    shown = [flip for way in (False, True) for flip in [flip for flip in flips if flip.gained == way][:most]]
    for flip in shown:
        label = "within 1 m of the radius" if flip.near_radius else ""
        ranks = ("–" if rank is None else str(rank) for rank in (flip.a, flip.b))
        table.add_row("+ gained" if flip.gained else "− lost", *ranks, safe_text(flip.query), label)
    yield from ("", table)
    if len(flips) > len(shown):
        yield Text(f"and {len(flips) - len(shown)} more: see --json.")
