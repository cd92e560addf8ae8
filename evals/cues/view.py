"""Two prompts as a person reads them: the verdict, what differs, and what was said where it got worse; 80 columns."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from internvl_vpr.agent.console.safe_text import safe_text
from internvl_vpr.agent.console.tables import styled_table

from ..compare.gate_report import CheckResult, GateReport
from ..compare.records import Comparison, Difference, Flip
from ..compare.view import STYLES
from ..runs.folder import Run
from ..runs.records import Check
from .examples import Example, examples

_ALPHA = 0.05
_FLIPS = 3  # queries that B lost, shown as examples
_WORSE, _BETTER, _SAME, _NEITHER = "B is worse", "B is better", "no difference shown", "neither is better"


class _Row(NamedTuple):
    """A line of the table, in words; `group` is one of the headings."""

    group: str
    name: str
    a: str
    b: str
    difference: str
    interval: str


def show_prompts(
    report: GateReport,
    checks: Sequence[tuple[Check, Check]],
    runs: Mapping[str, Run],
    labels: tuple[str, str],
    *,
    strict: bool = False,
) -> RenderableType:
    """Show what a gate found of B, whose `runs` and `checks` (B's, A's) these are, beside A; `labels` name both."""
    rows = list(_rows(report))
    verdict = safe_text(_verdict(report, rows, strict=strict), STYLES[report.outcome])
    parts: list[RenderableType] = [verdict, "", _named(labels, report.comparison)]
    missed = [line for line in report.lines if line.outcome == "incomplete" or _limits(line.kind, line.outcome)]
    parts += [safe_text(f"{line.name}: {line.reason}") for line in missed]
    if rows:
        parts += ["", _table(rows)]
    if report.comparison is not None:
        parts += _lost(report.comparison.pooled.differences[0], report.comparison.pooled.flips, runs)
    worse = {result.name for result in report.checks if result.outcome == "regression"}
    for check, baseline in checks:
        if check.name in worse:
            parts += _shown(f"{check.name}: {check.meaning}", examples(check, baseline, runs))
    return Group(*parts)


def _verdict(report: GateReport, rows: Sequence[_Row], *, strict: bool) -> str:
    worse = [row.name for row in rows if row.group == _WORSE]
    pooled = [name for name in worse if "," not in name] or worse  # of several splits all together is enough
    worse = [*pooled, *(line.name for line in report.lines if _limits(line.kind, line.outcome))]
    better = "; ".join(row.name for row in rows if row.group == _BETTER)
    if report.outcome == "regression":
        return f"REGRESSION: B is worse than A: {'; '.join(worse)}"
    if report.outcome == "pass":
        return f"PASS: B is better than A: {better}" if better else "PASS: B is no worse than A"
    if report.outcome == "inconclusive":
        counted = ", which --strict counts as a regression" if strict else ""
        return f"INCONCLUSIVE: these queries cannot tell whether B finds fewer places than A{counted}"
    return "INCOMPLETE: nothing can be said about B"


def _limits(kind: str, outcome: str) -> bool:
    """Whether a line failed that is neither a recall nor a check, which have a row of their own."""
    return outcome == "regression" and kind in ("limit", "grade")


def _named(labels: tuple[str, str], found: Comparison | None) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, label in zip("AB", labels, strict=True):
        table.add_row(Text(name, "bold"), safe_text(label))
    if found is not None:
        table.add_row("", f"{found.pooled.queries} queries at {found.pooled.places} places, {' + '.join(found.a)}")
    return table


def _rows(report: GateReport) -> Iterator[_Row]:
    for line in report.lines:
        if line.kind in ("recall", "split") and report.comparison is not None:
            found = report.comparison.pooled
            if line.kind == "split":
                found = next(one for one in report.comparison.splits if line.name.endswith(f", {one.name}"))
            tested = found.differences[0]
            recall = next(one for one in found.recalls if one.k == tested.k)
            group = _WORSE if line.outcome == "regression" else _BETTER if found.verdict == "better" else _SAME
            if line.kind == "recall" or group == _WORSE:
                name = f"Recall@{tested.k}" if line.kind == "recall" else f"Recall@{tested.k}, {found.name}"
                a, b = (100 * (share.value or 0.0) for share in (recall.a, recall.b))
                yield _row(group, name, a, b, 100 * tested.value, [100 * one for one in tested.interval], " %")
    for result in report.checks:
        times, unit = (100, " %") if result.test == "McNemar" else (1, "")
        yield _row(
            _group(result), result.name, times * result.baseline, times * result.run, times * result.difference,
            [times * one for one in result.interval], unit,
        )  # fmt: skip


def _group(result: CheckResult) -> str:
    if result.better is None:
        return _NEITHER
    if result.outcome == "regression":
        return _WORSE
    gained = result.difference > 0 if result.better == "higher" else result.difference < 0
    return _BETTER if gained and result.holm < _ALPHA and abs(result.difference) > result.floor else _SAME


def _row(
    group: str, name: str, a: float, b: float, difference: float, interval: Sequence[float], unit: str
) -> _Row:  # fmt: skip
    digits = 1 if unit else 3 if max(abs(a), abs(b)) < 10 else 0

    def written(number: float, sign: str = "") -> str:
        return f"{number:{sign}z,.{digits}f}".replace("-", "−")

    low, high = (written(one, "+") for one in interval)
    return _Row(group, name, written(a) + unit, written(b) + unit, written(difference, "+"), f"{low} to {high}")


def _table(rows: Sequence[_Row]) -> Table:
    table = styled_table()
    table.add_column("")
    for heading in ("A", "B", "B − A", "95 %"):
        table.add_column(heading, justify="right", no_wrap=True)
    styles = {_WORSE: "bold red", _BETTER: "green", _SAME: "dim", _NEITHER: "dim"}
    for group, style in styles.items():
        members = [row for row in rows if row.group == group]
        if members:
            table.add_row(Text(group, style))
        for number, row in enumerate(members):
            table.add_row(
                Text(f"  {row.name}"), row.a, row.b, row.difference, row.interval,
                end_section=number == len(members) - 1,
            )  # fmt: skip
    return table


def _lost(tested: Difference, flips: Sequence[Flip], runs: Mapping[str, Run]) -> Iterator[RenderableType]:
    lost = [flip for flip in flips if not flip.gained]
    if lost:
        folders = {name: run.info.split.folder_of("query") for name, run in runs.items()}
        title = f"{tested.lost} queries are right at rank 1 with A alone, {tested.gained} with B alone"
        yield from _shown(title, [Example(folders[one.split] / one.query, (_ranks(one),)) for one in lost[:_FLIPS]])


def _ranks(flip: Flip) -> str:
    return "not found with B" if flip.b is None else f"at rank {flip.b} with B"


def _shown(title: str, found: Sequence[Example]) -> Iterator[RenderableType]:
    yield from ("", safe_text(title, "bold"))
    for one in found:
        yield Padding(safe_text(str(one.photo), "dim"), (0, 0, 0, 2))
        yield from (Padding(safe_text(text), (0, 0, 0, 4)) for text in one.said)
