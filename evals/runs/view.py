"""A run as a person reads it: Recall@K of both stages, and remarks on how to read them."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from internvl_vpr.agent.console.safe_text import safe_text
from internvl_vpr.agent.console.tables import styled_table
from internvl_vpr.tools.text.foreign import visible

from ..measures.recall import Recall, recall_at
from .cost import cost_in_words, reranking_cost
from .folder import Run
from .grades import grade_counts, is_graded, outside_in_words
from .records import Result

RECALLS = (1, 5, 10, 20)


def show_run(run: Run) -> RenderableType:
    """Show Recall@1, 5, 10, 20 of both stages with counts and Wilson's 95 % intervals; fits 80 columns."""
    if run.info.method is not None:
        return _show_imported(run, run.info.method)
    table = styled_table(run.info.split.name, padding=(0, 1))
    for column in ("", "stage 1, retrieved", "stage 2, re-ranked"):
        table.add_column(column, no_wrap=True)
    for recall in zip(*(stage_recalls(run, stage) for stage in (1, 2)), strict=True):
        table.add_row(f"Recall@{recall[0].k}", *map(str, recall))
    return Group(table, *(Text(line) for line in _remarks(run)))


def _show_imported(run: Run, method: str) -> RenderableType:
    """Show the recalls of the one stage that an imported run has."""
    table = styled_table(run.info.split.name, padding=(0, 1))
    table.add_column("", no_wrap=True)
    table.add_column(safe_text(method), overflow="fold")
    for recall in stage_recalls(run, 1):
        table.add_row(f"Recall@{recall.k}", str(recall))
    return Group(table, *(Text(line) for line in remarks_on_split(run)))


def stage_recalls(run: Run, stage: int, ks: Sequence[int] = RECALLS) -> list[Recall]:
    """Return Recall@K of one stage, for each K that the shortlists are long enough for."""
    queries = run.queries
    ranks = [query.coarse_rank if stage == 1 else query.final_rank for query in queries]
    known = max(1, min(int(run.info.settings["k"] or 1), max((len(query.shortlist) for query in queries), default=1)))
    complete = known >= run.info.split.references  # then no further reference could be right
    return [Recall(k, *recall_at(ranks, k)) for k in ks if k <= known or complete]


def _remarks(run: Run) -> Iterator[str]:
    yield from remarks_on_split(run)
    if errors := [query for query in run.queries if query.error]:
        yield f"{_count(len(errors), 'query', 'queries')} not located, counted as missed; the first: {errors[0].error}"
    yield grades_in_words(run.results)
    if outside := outside_in_words(run.results):
        yield outside
    yield _took(run.results, run.info.seconds, judges=run.info.judges)
    if cost := reranking_cost(run):
        yield cost_in_words(cost)


def remarks_on_split(run: Run) -> Iterator[str]:
    """Say what a reader must know of the queries and of what is right for them, a line each."""
    split = run.info.split
    if run.info.limit is not None:
        yield f"Limited to the first {run.info.limit} queries."
    if split.without_positives:
        yield f"{_count(split.without_positives, 'query', 'queries')} without a right reference: counted as missed."
    if split.plane:
        yield "Metres in names are taken as they stand, whatever their zone (--plane)."
    if split.other_reading:
        yield visible(split.other_reading.in_words())


def grades_in_words(results: Sequence[Result]) -> str:
    """Say in one line how many answers of each grade are right, of how many."""
    if not is_graded(results):
        return "Grades are not recorded."
    counts = ", ".join(f"{one.grade} {one.tally.right}/{one.tally.answers}" for one in grade_counts(results))
    return f"Right by grade: {counts}."


def _took(results: Sequence[Result], seconds: float, *, judges: bool) -> str:
    made = sum(result.steps.made for result in results)
    attempts = sum(result.steps.attempts for result in results)
    failed = len({one for result in results for one in [result.query] if result.steps.failed})
    what, done = ("pairs", "judged") if judges else ("images", "described")
    tail = f", {_count(failed, 'query', 'queries')} with {what} not {done}" if failed else ""
    return f"{len(results)} photographs in {seconds:,.0f} s; {made} {what} {done} now in {attempts} attempts{tail}."


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
