"""Runs as one page of HTML that needs nothing else: no script, no network, no other file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from markupsafe import Markup

from internvl_vpr.tools.page.template import render_page
from internvl_vpr.tools.records import asked_and_answered
from internvl_vpr.tools.text.foreign import visible

from ..compare.compare import compare
from ..compare.records import Comparison
from ..measures.recall import Recall, recall_at
from ..runs.cost import cost_in_words, reranking_cost
from ..runs.folder import Run
from ..runs.names import RunNames, run_names
from ..runs.records import Result
from ..runs.view import remarks_on_split, stage_recalls
from .charts import ChartLine, curve_chart
from .grades import GradeTable, chart_notes, grade_table, reliability, risk_chart
from .query import QueryBlock, Thumbnails, is_told_unknown, query_block, same_query

_TEMPLATE = "report.html.jinja"
_GROUPS = (
    "recovered by stage 2",
    "lost by stage 2",
    "wrong at rank 1, but a right one is listed",
    "no right one is listed",
    "from outside the map, yet located",
    "right in both stages",
    "from outside the map, told unknown",
    "not located",
)
_SETTINGS = (
    "backbone_id", "kappa", "clusters", "describer_id", "encoder_id", "judge_id", "k", "n", "tau", "below_tau",
    "verify", "verify_k",
)  # fmt: skip
_OF_IMPORTS = ("k", "imported", "source", "dimension", "dtype")
_SHORT = 30  # characters of a name in a legend
_CHANGED = 2  # so many of them say what stage 2 changed


@dataclass(frozen=True)
class QueryRow:
    """A query in the list of all: its group, the ranks by stage and run, and the anchor of its block.

    `grade`, `inliers` of the first candidate and the best `score` are those of the run that is shown.
    """

    name: str
    group: str
    ranks: Sequence[str]
    grade: str
    inliers: str
    score: str
    anchor: str | None


@dataclass(frozen=True)
class Group:
    """A group of queries: its size in each run and in the one that is shown, and the anchor of those with pictures."""

    name: str
    counts: Sequence[int]
    count: int
    anchor: str | None


@dataclass(frozen=True)
class Flipped:
    """A query that is right at rank 1 in one run only."""

    word: str
    name: str
    says: str


@dataclass(frozen=True)
class Flips:
    """The queries that are right at rank 1 in one of two runs only."""

    a: str
    b: str
    queries: Sequence[Flipped]


@dataclass(frozen=True)
class SplitSection:
    """One split; `shown` is the run whose groups, cues and queries are shown, where there are several."""

    anchor: str
    name: str
    tau: str
    radius: str
    shown: str
    runs: Sequence[str]
    settings: Mapping[str, Sequence[str]]
    recalls: Sequence[Sequence[str]]
    columns: Sequence[str]
    groups: Sequence[Group]
    remarks: Sequence[str]
    grades: Sequence[tuple[str, GradeTable]]
    flips: Sequence[Flips]
    charts: Sequence[Markup]
    chart_notes: Sequence[str]
    blocks: Sequence[QueryBlock]
    rows: Sequence[QueryRow]


def render_report(runs: Sequence[Mapping[str, Run]], queries: int = 60) -> str:
    """Return the page for the runs of some splits, or for several sets of runs beside each other.

    At most `queries` queries of each split are shown with photographs, the others in a list. Raises `UsageError`
    when the sets are not of the same queries and references, and `RunUnfinished`.
    """
    for run in (run for one in runs for run in one.values()):
        run.finished_or_raise()
    compared = [compare(runs[0], other) for other in runs[1:]]
    sections = [
        _section(number, _Shown([one[name] for one in runs]), queries, [_found(one, name) for one in compared])
        for number, name in enumerate(runs[0])
    ]
    return render_page(__package__ or "", _TEMPLATE, sections=sections, several=len(runs) > 1)


class _Shown:
    """The runs of one split beside each other, with their names."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self.runs = runs
        self.names = _told_apart(runs) if len(runs) > 1 else [RunNames("stage 1", "stage 2")]
        # An imported run has no cues, and so little to show.
        self.main = next((number for number, run in enumerate(runs) if run.info.method is None), 0)

    @property
    def run(self) -> Run:
        """The run whose groups, cues and queries are shown."""
        return self.runs[self.main]

    @cached_property
    def stages(self) -> list[tuple[str, Run, int]]:
        """Every stage of every run, by name; a stage 1 that several of our own runs share only once."""
        methods = {run.info.method for run in self.runs}
        found: list[tuple[str, Run, int]] = []
        for names, run in zip(self.names, self.runs, strict=True):
            first = f"{names.first} as stage 1" if run.info.method is None and names.first in methods else names.first
            if not any(stage == 1 and name == first and _same_stage_1(run, other) for name, other, stage in found):
                found.append((first, run, 1))
            found += [(names.second, run, 2)] if names.second else []
        return found

    @property
    def answered(self) -> list[tuple[str, Run]]:
        """The runs that gave answers, by name; an imported run has rankings alone."""
        pairs = zip(self.names, self.runs, strict=True)
        return [(names.last, run) for names, run in pairs if run.info.method is None]


def _told_apart(runs: Sequence[Run]) -> list[RunNames]:
    """Name runs, with N where that alone tells them apart."""
    found = run_names(runs)
    lasts = [names.last for names in found]
    return [
        RunNames(names.first, f"{names.second}, N\u00a0=\u00a0{run.info.settings.get('n')}")
        if names.second and lasts.count(names.last) > 1
        else names
        for names, run in zip(found, runs, strict=True)
    ]


def _same_stage_1(one: Run, other: Run) -> bool:
    lists = [
        {query.query: [shown.reference for shown in query.shortlist] for query in run.queries} for run in (one, other)
    ]
    return lists[0] == lists[1]


def _charts(shown: _Shown) -> tuple[list[Markup], list[str]]:
    """Draw recall, and how far answers can be believed where there are answers; returns notes on how to read them."""
    answered = shown.answered
    if not answered:
        return [_recall_chart(shown.stages)], []
    labels = [f"{_short(name)}: " if len(answered) > 1 else "" for name, _ in answered]
    runs = [run for _, run in answered]
    diagram = reliability(runs, labels)
    charts = [_recall_chart(shown.stages), risk_chart(runs, labels), *([diagram] if diagram else [])]
    return charts, list(chart_notes(runs, has_diagram=diagram is not None))


def _short(name: str) -> str:
    """Return a name that leaves room in a legend."""
    return visible(name if len(name) <= _SHORT else f"{name[: _SHORT - 1]}…")


def _section(number: int, shown: _Shown, queries: int, flips: Sequence[Sequence[Flipped]]) -> SplitSection:
    run, runs = shown.run, shown.runs
    pictures = Thumbnails(run.info.split)
    chosen = choose(run.results, queries)
    anchors = {id(result): f"s{number}q{i}" for i, result in enumerate(chosen)}
    beside = shown.stages if len(runs) > 1 else []
    settings = [_settings(one) for one in runs]
    charts, notes = _charts(shown)
    others = zip(shown.names[1:], flips, strict=True)
    return SplitSection(
        anchor=f"s{number}",
        name=run.info.split.name,
        tau=f"{float(run.info.settings.get('tau') or 0):g}",
        radius=f"{run.info.split.radius:g}",
        shown=shown.names[shown.main].last,
        runs=[names.last for names in shown.names],
        settings={
            key: [one.get(key, "–") for one in settings] for key in dict.fromkeys(k for s in settings for k in s)
        },
        recalls=_recalls(shown.stages),
        columns=[name for name, _, _ in shown.stages],
        groups=list(_groups(f"s{number}", shown, chosen)),
        remarks=[*_remarks(run, pictures, len(chosen)), *_costs(shown)],
        grades=[(name, grade_table(one)) for name, one in shown.answered],
        flips=[Flips(shown.names[0].last, names.last, found) for names, found in others],
        charts=charts,
        chart_notes=notes,
        blocks=[query_block(one, group_of(one), anchors[id(one)], run, beside, pictures) for one in chosen],
        rows=[_row(result, shown.stages, anchors.get(id(result))) for result in _sorted(run.results)],
    )


def group_of(result: Result) -> str:
    """Return which group a query belongs to."""
    if result.error:
        return _GROUPS[7]
    if result.outside:
        return _GROUPS[6] if is_told_unknown(result) else _GROUPS[4]
    before, after = result.coarse_rank == 1, result.final_rank == 1
    if before and after:
        return _GROUPS[5]
    if after or before:
        return _GROUPS[0] if after else _GROUPS[1]
    return _GROUPS[2] if result.final_rank or result.coarse_rank else _GROUPS[3]


def _sorted(results: Sequence[Result]) -> list[Result]:
    return sorted(results, key=lambda result: _GROUPS.index(group_of(result)))


def choose(results: Sequence[Result], most: int) -> list[Result]:
    """Choose at most so many queries in the groups' order, so that every group is shown before any is shown in full."""
    by_group = {group: [one for one in results if group_of(one) == group] for group in _GROUPS}
    share = max(1, most // (2 * len(_GROUPS)))
    some = [one for group in _GROUPS for one in by_group[group][:share]][:most]
    others = [one for group in _GROUPS for one in by_group[group][share:]][: most - len(some)]
    return _sorted([*some, *others])


def _groups(section: str, shown: _Shown, chosen: Sequence[Result]) -> Iterator[Group]:
    """The groups that are not empty, and always those that say what stage 2 changed."""
    pictured = {group_of(result) for result in chosen}
    for number, group in enumerate(_GROUPS):
        counts = [sum(group_of(result) == group for result in run.results) for run in shown.runs]
        if any(counts) or number < _CHANGED:
            anchor = f"{section}g{number}" if group in pictured else None
            yield Group(group, counts, counts[shown.main], anchor)


def _recalls(stages: Sequence[tuple[str, Run, int]]) -> list[list[str]]:
    columns = [stage_recalls(run, stage) for _, run, stage in stages]
    known = {recall.k: None for column in columns for recall in column}
    by_k = [{recall.k: str(recall) for recall in column} for column in columns]
    return [[f"Recall@{k}", *(one.get(k, "–") for one in by_k)] for k in sorted(known)]


def _remarks(run: Run, pictures: Thumbnails, shown: int) -> Iterator[str]:
    split = run.info.split
    yield f"Right is {_RULES[split.rule].format(radius=split.radius)}. Shares with counts and 95 % Wilson intervals."
    yield from remarks_on_split(run)
    if shown < len(run.results):
        yield f"{shown} of {len(run.results)} queries are shown with photographs; all are in the list at the end."
    if pictures.missing:
        yield "The photographs are not where the run found them, so they cannot be shown."


_RULES = {
    "radius": "a reference within {radius:g} m, inclusive",
    "name": "the reference of the same name",
    "pairs": "what the table of pairs lists",
}


def _found(compared: Comparison, name: str) -> list[Flipped]:
    """Return the queries of a split that two runs differ about at rank 1."""
    return [
        Flipped(
            "gained" if one.gained else "lost",
            one.query,
            f"rank {one.a or '–'} → {one.b or '–'}"
            + (" (a label within 1 m of the radius)" if one.near_radius else ""),
        )
        for split in compared.splits
        if split.name == name
        for one in split.flips
    ]


def _costs(shown: _Shown) -> Iterator[str]:
    """Say what re-ranking took of each run that asked a model, and what the other way would."""
    for name, run in shown.answered:
        if cost := reranking_cost(run):
            yield (f"{visible(name)}: " if len(shown.runs) > 1 else "") + cost_in_words(cost)


def _recall_chart(stages: Sequence[tuple[str, Run, int]]) -> Markup:
    lines = []
    for name, run, stage in stages:
        deepest = max((len(query.shortlist) for query in run.queries), default=1)
        ranks = [query.coarse_rank if stage == 1 else query.final_rank for query in run.queries]
        values = [(float(k), Recall(k, *recall_at(ranks, k)).value) for k in range(1, deepest + 1)]
        lines.append(ChartLine(visible(name), values))
    return curve_chart("Recall@K", "K", "share of the queries", lines, ranks=True)


def _row(result: Result, stages: Sequence[tuple[str, Run, int]], anchor: str | None) -> QueryRow:
    best = max((one.score for one in result.shortlist if one.score is not None), default=None)
    ranks = [
        None if found is None else found.coarse_rank if stage == 1 else found.final_rank
        for _, run, stage in stages
        for found in [same_query(result, run)]
    ]
    return QueryRow(
        result.query,
        group_of(result),
        ["–" if rank is None else str(rank) for rank in ranks],
        result.grade or "–",
        next((str(one.inliers) for one in result.ranked[:1] if one.inliers is not None), "–"),
        "–" if best is None else f"{best:.4f}",
        anchor,
    )


def _settings(run: Run) -> dict[str, str]:
    """Return what decides a run's results and what it took, by name."""
    info, settings, split = run.info, run.info.settings, run.info.split
    names = _SETTINGS if info.method is None else _OF_IMPORTS
    shown = {name.removesuffix("_id"): str(settings[name]) for name in names if settings.get(name) is not None}
    if info.prompt:
        shown |= {"prompt": info.prompt, "model": str(settings.get("model"))}
    if info.limits:
        shown["limits of inliers"] = ", ".join(f"{name} {value:g}" for name, value in info.limits)
    return {
        **shown,
        "made": f"{info.started}, {info.seconds:,.0f} s",
        **({"calls": _calls(run), "on record": _on_record(run)} if info.method is None else {}),
        "queries": f"{split.queries} and {split.outside} from outside, digest {split.queries_digest[:12]}",
        "references": f"{split.references}, digest {split.references_digest[:12]}"
        + (f", index {info.index[:12]}" if info.index else ""),
        "versions": ", ".join(f"{name} {number}" for name, number in info.versions.items()),
    }


def _calls(run: Run) -> str:
    steps = [result.steps for result in run.results]
    tokens = sum(asked_and_answered(one.tokens) for one in steps)
    made, attempts = sum(one.made for one in steps), sum(one.attempts for one in steps)
    return f"{made} images described in this run, {attempts} attempts, {_tokens(tokens)}"


def _on_record(run: Run) -> str:
    described = run.descriptions.values()
    tokens = sum(asked_and_answered(one.usage) for one in described)
    return f"{len(described)} images, {sum(one.attempts for one in described)} attempts, {_tokens(tokens)}"


def _tokens(number: int) -> str:
    return f"{number:,} tokens" if number else "no tokens counted"
