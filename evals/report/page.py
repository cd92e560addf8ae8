"""Runs as one page of HTML that needs nothing else: no script, no network, no other file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from internvl_vpr.tools.page.template import render_page
from internvl_vpr.tools.records import asked_and_answered

from ..compare.compare import compare
from ..measures.recall import Recall, recall_at
from ..runs.folder import Run
from ..runs.records import Result
from ..runs.view import stage_recalls
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
    "backbone_id", "kappa", "clusters", "describer_id", "encoder_id", "k", "n", "tau", "below_tau", "verify",
    "verify_k",
)  # fmt: skip
_CHANGED = 2  # so many of them say what stage 2 changed


@dataclass(frozen=True)
class QueryRow:
    """A query in the list of all: its group, both stages' ranks in each run, and the anchor of its block.

    `grade`, `inliers` of the first candidate and the best `score` are the first run's.
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
    """A group of queries: its size in each run, and the anchor of those that are shown, if any are."""

    name: str
    counts: Sequence[int]
    anchor: str | None


@dataclass(frozen=True)
class Flipped:
    """A query that is right at rank 1 in one run only."""

    word: str
    name: str
    says: str


@dataclass(frozen=True)
class SplitSection:
    """One split."""

    anchor: str
    name: str
    tau: str
    radius: str
    runs: Sequence[str]
    settings: Mapping[str, Sequence[str]]
    recalls: Sequence[Sequence[str]]
    columns: Sequence[str]
    groups: Sequence[Group]
    remarks: Sequence[str]
    grades: Sequence[GradeTable]
    flips: Sequence[Flipped]
    charts: Sequence[Markup]
    chart_notes: Sequence[str]
    blocks: Sequence[QueryBlock]
    rows: Sequence[QueryRow]


def render_report(runs: Sequence[Mapping[str, Run]], queries: int = 60) -> str:
    """Return the page for the runs of some splits, or for two sets of runs beside each other.

    At most `queries` queries of each split are shown with photographs, the others in a list. Raises `UsageError`
    when two sets are not of the same queries and references, and `RunUnfinished`.
    """
    for run in (run for one in runs for run in one.values()):
        run.finished_or_raise()
    flips = _flips(runs) if len(runs) > 1 else {}
    sections = [
        _section(number, name, [one[name] for one in runs], queries, flips.get(name, []))
        for number, name in enumerate(runs[0])
    ]
    return render_page(__package__ or "", _TEMPLATE, sections=sections, two=len(runs) > 1)


def _section(number: int, name: str, runs: Sequence[Run], queries: int, flips: Sequence[Flipped]) -> SplitSection:
    run = runs[0]
    pictures = Thumbnails(run.info.split)
    chosen = choose(run.results, queries)
    anchors = {id(result): f"s{number}q{i}" for i, result in enumerate(chosen)}
    blocks = [
        query_block(result, group_of(result), anchors[id(result)], runs, pictures) for result in chosen
    ]  # fmt: skip
    shown = [_settings(one) for one in runs]
    diagram = reliability(runs, _labels(runs))
    columns = [f"{label}stage {stage}" for label in _labels(runs) for stage in (1, 2)]
    return SplitSection(
        anchor=f"s{number}",
        name=name,
        tau=f"{run.info.settings['tau']:g}",
        radius=f"{run.info.split.radius:g}",
        runs=["first run", "second run"][: len(runs)],
        settings={key: [one.get(key, "–") for one in shown] for key in dict.fromkeys(k for one in shown for k in one)},
        recalls=_recalls(runs),
        columns=columns,
        groups=list(_groups(f"s{number}", runs, chosen)),
        remarks=list(_remarks(run, pictures, len(chosen))),
        grades=[grade_table(one) for one in runs],
        flips=flips,
        charts=[_recall_chart(runs), risk_chart(runs, _labels(runs)), *([diagram] if diagram else [])],
        chart_notes=list(chart_notes(runs, has_diagram=diagram is not None)),
        blocks=blocks,
        rows=[_row(result, runs, anchors.get(id(result))) for result in _sorted(run.results)],
    )


def _labels(runs: Sequence[Run]) -> list[str]:
    return ["first run, ", "second run, "] if len(runs) > 1 else [""]


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


def _groups(section: str, runs: Sequence[Run], chosen: Sequence[Result]) -> Iterator[Group]:
    """The groups that are not empty, and always those that say what stage 2 changed."""
    shown = {group_of(result) for result in chosen}
    for number, group in enumerate(_GROUPS):
        counts = [sum(group_of(result) == group for result in run.results) for run in runs]
        if any(counts) or number < _CHANGED:
            yield Group(group, counts, f"{section}g{number}" if group in shown else None)


def _recalls(runs: Sequence[Run]) -> list[list[str]]:
    columns = [stage_recalls(run, stage) for run in runs for stage in (1, 2)]
    return [[f"Recall@{row[0].k}", *map(str, row)] for row in zip(*columns, strict=True)]


def _remarks(run: Run, pictures: Thumbnails, shown: int) -> Iterator[str]:
    split = run.info.split
    yield f"Right is {_RULES[split.rule].format(radius=split.radius)}. Shares with counts and 95 % Wilson intervals."
    if split.without_positives:
        yield f"{split.without_positives} queries have no right reference; they stay in the denominator."
    if shown < len(run.results):
        yield f"{shown} of {len(run.results)} queries are shown with photographs; all are in the list at the end."
    if pictures.missing:
        yield "The photographs are not where the run found them, so they cannot be shown."


_RULES = {
    "radius": "a reference within {radius:g} m, inclusive",
    "name": "the reference of the same name",
    "pairs": "what the table of pairs lists",
}


def _flips(runs: Sequence[Mapping[str, Run]]) -> dict[str, list[Flipped]]:
    found = compare(runs[0], runs[1])
    return {
        split.name: [
            Flipped(
                "gained" if one.gained else "lost",
                one.query,
                f"rank {one.a or '–'} → {one.b or '–'}"
                + (" (a label within 1 m of the radius)" if one.near_radius else ""),
            )
            for one in split.flips
        ]
        for split in found.splits
    }


def _recall_chart(runs: Sequence[Run]) -> Markup:
    lines = []
    for label, run in zip(_labels(runs), runs, strict=True):
        deepest = max((len(query.shortlist) for query in run.queries), default=1)
        for stage in (1, 2):
            ranks = [query.coarse_rank if stage == 1 else query.final_rank for query in run.queries]
            values = [(float(k), Recall(k, *recall_at(ranks, k)).value) for k in range(1, deepest + 1)]
            lines.append(ChartLine(f"{label}stage {stage}", values))
    return curve_chart("Recall@K", "K", "share of the queries", lines, ranks=True)


def _row(result: Result, runs: Sequence[Run], anchor: str | None) -> QueryRow:
    best = max((one.score for one in result.shortlist if one.score is not None), default=None)
    everywhere = [result, *(same_query(result, run) for run in runs[1:])]
    ranks = [rank for one in everywhere if one for rank in (one.coarse_rank, one.final_rank)]
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
    shown = {name.removesuffix("_id"): str(settings[name]) for name in _SETTINGS if settings.get(name) is not None}
    if info.prompt:
        shown |= {"prompt": info.prompt, "model": str(settings.get("model"))}
    if info.limits:
        shown["limits of inliers"] = ", ".join(f"{name} {value:g}" for name, value in info.limits)
    return {
        **shown,
        "made": f"{info.started}, {info.seconds:,.0f} s",
        "calls": _calls(run),
        "on record": _on_record(run),
        "queries": f"{split.queries} and {split.outside} from outside, digest {split.queries_digest[:12]}",
        "references": f"{split.references}, digest {split.references_digest[:12]}, index {info.index[:12]}",
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
