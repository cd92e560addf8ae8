"""The paper's Tables I and II with measured runs beside the published rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from internvl_vpr.agent.console.safe_text import safe_text
from internvl_vpr.agent.console.tables import styled_table
from internvl_vpr.tools.features.sentences import SentenceEncoder

from ..measures.recall import Recall, recall_at
from ..runs.folder import Run
from ..runs.names import RunNames, run_names
from ..runs.view import stage_recalls
from .published import OWN, PRINTED_BY_CUES, QUERIES, STAGE_1, Published, table_1, table_2
from .rescore import Rescorer, open_rescorer, query_ranks

_NS = (1, 3, 5)
_RECALLS = (1, 5)
_NOT_MEASURED = "not measured"
_HERE = "this program"
_TITLES = {"sf-xl-night": "SF-XL Night", "sf-xl-occlusion": "SF-XL Occlusion", "amstertime": "AmsterTime"}


def show_tables(runs: Sequence[Run], encoder: SentenceEncoder | None = None) -> list[RenderableType]:
    """Return Table I and Table II, a table a split: the paper's rows, then each run's; fit 80 columns.

    A row of Table II is a run that was prompted with that N. Where there is none, the first cues of a run with more
    are scored again, and the row says so; `encoder` is the runs' own unless it is given. Raises `UsageError` for a run
    that has not finished or cannot be scored again.
    """
    measured = [_Measured(run, names) for run, names in zip(runs, run_names(runs), strict=True)]
    splits = list(dict.fromkeys([*QUERIES, *(run.info.split.name for run in runs)]))
    shown: list[RenderableType] = [Text("Table I: zero-shot and trained methods", style="bold")]
    for split in splits:
        shown += [_table_1(split, _of(measured, split)), ""]
    shown += [*_notes_1(measured), "", Text("Table II: N, the number of cues", style="bold")]
    fewer = _Fewer([one for one in measured if one.n is not None], encoder)
    by_cues = [split for split in splits if split in PRINTED_BY_CUES or _of(fewer.measured, split)]
    for split in by_cues:
        shown += [_table_2(split, fewer), ""]
    return shown + _notes_2(fewer)


@dataclass(frozen=True)
class _Measured:
    """A run that is shown."""

    run: Run
    names: RunNames

    def __post_init__(self) -> None:
        self.run.finished_or_raise()

    @property
    def n(self) -> int | None:
        """The number of cues that were asked for; None where none were."""
        settings = self.run.info.settings
        if self.names.second is None or settings.get("reranker") == "judge":
            return None
        return int(settings["n"] or 1)

    def recalls(self, stage: int) -> list[Recall]:
        """Recall@1 and @5 of a stage; the shortlist may be too short for the latter."""
        return stage_recalls(self.run, stage, _RECALLS)


class _Fewer:
    """Runs as Table II has them: each at its own N, and at the smaller ones that its method was not prompted with."""

    def __init__(self, measured: Sequence[_Measured], encoder: SentenceEncoder | None) -> None:
        self.measured = measured
        prompted = {(one.run.info.split.name, one.names, one.n) for one in measured}
        self._first: dict[tuple[int, int], list[Recall]] = {}  # by the run's place and N
        self.differing: dict[int, int] = {}
        for place, one in enumerate(measured):
            key = (one.run.info.split.name, one.names)
            wanted = [n for n in _NS if n < (one.n or 0) and (*key, n) not in prompted]
            if wanted:
                rescorer = open_rescorer(one.run, encoder)
                self.differing[place] = len(rescorer.differing())
                self._first |= {(place, n): _first_cues(rescorer, n) for n in wanted}

    def rows(self, split: str, n: int) -> Iterator[tuple[str, Sequence[Recall]]]:
        """Yield the rows of a split at N cues: those prompted with it, then those of first cues."""
        ours = [(place, one) for place, one in enumerate(self.measured) if one.run.info.split.name == split]
        yield from ((one.names.last, one.recalls(2)) for _, one in ours if one.n == n)
        for place, one in ours:
            if found := self._first.get((place, n)):
                yield f"{one.names.second}, first {n} of {one.n} cues", found


def _first_cues(rescorer: Rescorer, n: int) -> list[Recall]:
    ranks = query_ranks(rescorer.rescore(replace(rescorer.own, n=n)), rescorer.run)
    known = len(stage_recalls(rescorer.run, 2, _RECALLS))
    return [Recall(k, *recall_at(ranks, k)) for k in _RECALLS[:known]]


def _of(measured: Sequence[_Measured], split: str) -> list[_Measured]:
    return [one for one in measured if one.run.info.split.name == split]


@dataclass(frozen=True)
class _Row:
    """A row of Table I: recalls as they are written, their values where they may be the best, and gains in points."""

    name: str
    cells: Sequence[str]
    values: Sequence[float | None]
    gains: Sequence[float] = ()


def _table_1(split: str, measured: Sequence[_Measured]) -> Table:
    published = table_1(split) if split in QUERIES else {}
    rows = [row for method in published for row in _published_rows(method, published, measured)]
    ends = len(rows) - 1
    own = [row for one in measured if one.run.info.method not in published for row in _measured_rows(one)]
    rows += _each_stage_1_once(own)
    if not measured:
        rows.append(_Row(_HERE, [_NOT_MEASURED] * 2, [None] * 2))
    best = [max((row.values[i] or 0.0 for row in rows), default=0.0) for i in range(len(_RECALLS))]
    table = _empty(split, "method")
    for number, row in enumerate(rows):
        cells = [_cell(row, i, best[i]) for i in range(len(_RECALLS))]
        table.add_row(safe_text(row.name), *cells, end_section=number == ends)
    return table


def _published_rows(
    method: str, published: Mapping[str, Sequence[Published]], measured: Sequence[_Measured]
) -> Iterator[_Row]:
    """Yield the paper's row of a method, its own with the gain over stage 1, and beneath it those of imported runs."""
    recalls = [one.recall for one in published[method]]
    before = [one.recall for one in published[STAGE_1]] if method == OWN else []
    yield _Row(method, [*map(str, published[method])], [one.value for one in recalls], _gains(before, recalls))
    for one in measured:
        if one.run.info.method == method:
            yield from _measured_rows(one)


def _measured_rows(one: _Measured) -> Iterator[_Row]:
    """Yield a run's stage 1, and its stage 2 with the gain over it."""
    first = one.recalls(1)
    if one.names.second is None:
        yield _row(f"{one.names.first}, measured", first, one)
        return
    second = one.recalls(2)
    yield _row(f"stage 1: {one.names.first}", first, one)
    yield _row(f"stage 2: {one.names.second}{_cues(one)}", second, one, _gains(first, second))


def _each_stage_1_once(rows: Sequence[_Row]) -> Iterator[_Row]:
    """Yield rows without the stage 1 that is the same as the one above; those with gains are stage 2."""
    last: _Row | None = None
    for row in rows:
        if row.gains or row != last:
            yield row
        last = last if row.gains else row


def _gains(before: Sequence[Recall], after: Sequence[Recall]) -> list[float]:
    """The points that each recall is above the one before it, both as they are printed; none where there is none."""
    return [_percent(b) - _percent(a) for a, b in zip(before, after, strict=True)] if before else []


def _percent(recall: Recall) -> float:
    return round(100 * recall.value, 1)


def _cues(one: _Measured) -> str:
    """Name N where it is not the paper's."""
    return f", N = {one.n}" if one.n not in (None, 3) else ""


def _row(name: str, recalls: Sequence[Recall], one: _Measured, gains: Sequence[float] = ()) -> _Row:
    whole = one.run.info.limit is None  # a part of the queries cannot be the best of all
    values = [recall.value if whole else None for recall in recalls]
    return _Row(name, _cells(recalls), [*values, *[None] * (len(_RECALLS) - len(values))], gains)


def _cell(row: _Row, place: int, best: float) -> Text:
    text = Text(row.cells[place], style="bold" if best > 0 and row.values[place] == best else "")
    if place < len(row.gains):
        text.append(f"\n{_gain(row.gains[place])}", "not bold")
    return text


def _gain(points: float) -> str:
    rounded = round(points, 1)
    return f"{'↑' if rounded > 0 else '↓' if rounded < 0 else '='} {abs(rounded):.1f} points"


def _table_2(split: str, fewer: _Fewer) -> Table:
    table = _empty(split, "N")
    for n in _NS:
        rows = [("paper", [*map(str, table_2(split)[n])])] if split in PRINTED_BY_CUES else []
        rows += [(name, _cells(recalls)) for name, recalls in fewer.rows(split, n)] or [(_HERE, _cells(None))]
        for number, (name, cells) in enumerate(rows, start=1):
            table.add_row(safe_text(f"{n}, {name}"), *cells, end_section=number == len(rows) > 1)
    return table


def _cells(recalls: Sequence[Recall] | None) -> list[str]:
    """Recall@1 and @5; the shortlist may be too short for the latter."""
    shown = [str(recall) for recall in recalls or ()]
    return shown + [_NOT_MEASURED] * (len(_RECALLS) - len(shown))


def _empty(split: str, first: str) -> Table:
    queries = f", {QUERIES[split]:,} queries" if split in QUERIES else ""
    table = styled_table(f"{_TITLES.get(split, split)}{queries}")
    table.add_column(first, overflow="fold")
    for k in _RECALLS:
        table.add_column(f"Recall@{k}", no_wrap=True)
    return table


def _notes_1(measured: Sequence[_Measured]) -> list[RenderableType]:
    lines = [
        "Shares with counts and 95 % Wilson intervals; the best of a split in bold.",
        f"↑ and ↓: points gained or lost over the stage 1 that is re-ranked, which is {STAGE_1} in the paper.",
        "≈: one of the counts that the paper's one decimal can stand for.",
        *_limits(measured),
    ]
    return [safe_text(line, "dim") for line in lines]


def _limits(measured: Sequence[_Measured]) -> Iterator[str]:
    for one in measured:
        info = one.run.info
        if info.limit is not None:
            yield (
                f"{one.names.last}: limited to the first {info.limit} queries of {info.split.name}, so never in bold."
            )


def _notes_2(fewer: _Fewer) -> list[RenderableType]:
    lines = ["The paper has no Table II for AmsterTime.", "not measured: needs a run with that --n."]
    if fewer.differing:
        lines.append("first n of N cues: no run was prompted with n, so the first cues of one with N are scored again.")
    lines += [
        f"{fewer.measured[place].names.second}, {fewer.measured[place].run.info.split.name}: {count} rankings differ "
        "from the run's own when scored again (rounding, or a run of another version), so compare first cues with care."
        for place, count in fewer.differing.items()
        if count
    ]
    return [safe_text(line, "dim") for line in lines]
