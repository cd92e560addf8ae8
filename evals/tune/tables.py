"""The paper's Tables I and II with measured runs beside the published rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from internvl_vpr.agent.console.safe_text import safe_text
from internvl_vpr.agent.console.tables import styled_table
from internvl_vpr.tools.features.sentences import SentenceEncoder

from ..measures.recall import Recall, recall_at
from ..runs.folder import Run
from ..runs.view import stage_recalls
from .published import OWN, QUERIES, table_1, table_2
from .rescore import Rescorer, open_rescorer, query_ranks

_NS = (1, 3, 5)
_RECALLS = (1, 5)
_NOT_MEASURED = "not measured"
_HERE = "this program"
_TITLES = {"sf-xl-night": "SF-XL Night", "sf-xl-occlusion": "SF-XL Occlusion", "amstertime": "AmsterTime"}


def show_tables(runs: Sequence[Run], encoder: SentenceEncoder | None = None) -> list[RenderableType]:
    """Return Table I and Table II, a table a split: the paper's rows, then each run's; fit 80 columns.

    A run's rows with fewer cues than its own N are its descriptions' first cues, scored again; `encoder` is the runs'
    own unless it is given. Raises `UsageError` for a run that has not finished or cannot be scored again.
    """
    measured = [_Measured(run, label, encoder) for run, label in zip(runs, _labels(runs), strict=True)]
    splits = list(dict.fromkeys([*QUERIES, *(run.info.split.name for run in runs)]))
    shown: list[RenderableType] = [Text("Table I: zero-shot and trained methods", style="bold")]
    for split in splits:
        shown += [_table_1(split, _of(measured, split)), ""]
    shown += [*_notes_1(measured), "", Text("Table II: N, the number of cues", style="bold")]
    for split in splits:
        shown += [_table_2(split, _of(measured, split)), ""]
    return shown + _notes_2(measured)


@dataclass(frozen=True)
class _Named:
    """How the two stages of a run are named in a table."""

    first: str
    second: str


class _Measured:
    """A run that is shown, with the recalls of its own and of fewer cues."""

    def __init__(self, run: Run, names: _Named, encoder: SentenceEncoder | None) -> None:
        run.finished_or_raise()
        self.run, self.names = run, names
        self.n = int(run.info.settings["n"] or 1)
        fewer = [n for n in _NS if n < self.n]
        rescorer = open_rescorer(run, encoder) if fewer else None
        self.differing = len(rescorer.differing()) if rescorer else 0
        self._fewer = {n: _first_cues(rescorer, n) for n in fewer} if rescorer else {}

    def of_cues(self, n: int) -> Sequence[Recall] | None:
        """Recall@1 and @5 with N cues; None where the run has fewer."""
        return stage_recalls(self.run, 2, _RECALLS) if n == self.n else self._fewer.get(n)


def _first_cues(rescorer: Rescorer, n: int) -> list[Recall]:
    ranks = query_ranks(rescorer.rescore(replace(rescorer.own, n=n)), rescorer.run)
    known = len(stage_recalls(rescorer.run, 2, _RECALLS))
    return [Recall(k, *recall_at(ranks, k)) for k in _RECALLS[:known]]


def _of(measured: Sequence[_Measured], split: str) -> list[_Measured]:
    return [one for one in measured if one.run.info.split.name == split]


def _labels(runs: Sequence[Run]) -> list[_Named]:
    """Name each run by backbone and describer, and by its folder where that would name two alike."""
    names = [(run.info.split.name, _backbone(run), _describer(run)) for run in runs]
    return [
        _Named(name[1] + tail, f"{name[1]} + {name[2]}{tail}")
        for name, run in zip(names, runs, strict=True)
        for tail in [f" ({run.folder.name})" if names.count(name) > 1 else ""]
    ]


def _backbone(run: Run) -> str:
    return PurePath(str(run.info.settings.get("backbone", "stage 1"))).name


def _describer(run: Run) -> str:
    settings = run.info.settings
    return str(settings["model"] if settings.get("describer") == "vlm" else settings.get("describer", "stage 2"))


def _table_1(split: str, measured: Sequence[_Measured]) -> Table:
    table = _empty(split, "method")
    if split in QUERIES:
        for method, recalls in table_1(split).items():
            table.add_row(method, *map(str, recalls), end_section=method == OWN)
    for one in measured:
        for stage, name in ((1, one.names.first), (2, one.names.second)):
            table.add_row(safe_text(f"stage {stage}: {name}"), *_cells(stage_recalls(one.run, stage, _RECALLS)))
    if not measured:
        table.add_row(_HERE, _NOT_MEASURED, _NOT_MEASURED)
    return table


def _table_2(split: str, measured: Sequence[_Measured]) -> Table:
    table = _empty(split, "N")
    for n in _NS:
        rows = list(_rows_2(split, n, measured))
        for number, (name, cells) in enumerate(rows, start=1):
            table.add_row(safe_text(f"{n}, {name}"), *cells, end_section=number == len(rows) > 1)
    return table


def _rows_2(split: str, n: int, measured: Sequence[_Measured]) -> Iterator[tuple[str, Sequence[str]]]:
    if split in QUERIES:
        yield "paper", ["–" if one is None else str(one) for one in table_2(split)[n]]
    for one in measured:
        yield one.names.second, _cells(one.of_cues(n))
    if not measured:
        yield _HERE, _cells(None)


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
        "Shares with counts and 95 % Wilson intervals.",
        "≈: one of the counts that the paper's one decimal can stand for.",
        *_limits(measured),
    ]
    return [Text(line, style="dim") for line in lines]


def _limits(measured: Sequence[_Measured]) -> Iterator[str]:
    for one in measured:
        if one.run.info.limit is not None:
            yield f"{one.names.second}: limited to the first {one.run.info.limit} queries of {one.run.info.split.name}."


def _notes_2(measured: Sequence[_Measured]) -> list[RenderableType]:
    lines = ["–: the paper's figure is not known here."]
    if any(one.n > 1 for one in measured):
        lines.append("Fewer cues than a run's own N are the first ones of its descriptions, at its own K and τ.")
    if any(one.n < max(_NS) for one in measured):
        lines.append("not measured: needs a run with at least that --n.")
    lines += [
        f"{one.names.second}, {one.run.info.split.name}: {one.differing} rankings differ from the run's own when "
        "scored again (rounding, or a run of another version), so compare fewer cues with care."
        for one in measured
        if one.differing
    ]
    return [safe_text(line, "dim") for line in lines]
