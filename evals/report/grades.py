"""How far a run's answers can be believed, as the page shows it: by grade, by probability, and by how many are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from internvl_vpr.tools.check_map import tally

from ..runs.folder import Run
from ..runs.grades import grade_counts, is_graded, outside_in_words, ranks_by_grade
from ..runs.records import Result
from ..runs.risk import Believed, risk_of_answers
from .charts import ChartLine, ReliabilityBin, curve_chart, reliability_chart

_MOST_BINS = 10


@dataclass(frozen=True)
class GradeTable:
    """The grades of one run, a row each, with remarks; no rows where they are not recorded."""

    rows: Sequence[Sequence[str]]
    remarks: Sequence[str]


def grade_table(run: Run) -> GradeTable:
    """Return, for each grade: how many answers, how many are right, the share, and how many are from outside."""
    if not is_graded(run.results):
        return GradeTable([], ["Grades are not recorded in this run."])
    rows = []
    for grade, counted, outside in grade_counts(run.results):
        share = f"{100 * counted.right / counted.answers:.1f} %" if counted.answers else "–"
        limits = f" ({100 * counted.low:.1f}–{100 * counted.high:.1f})" if counted.answers else ""
        rows.append([grade, str(counted.answers), str(counted.right), share + limits, str(outside)])
    others = outside_in_words(run.results)
    return GradeTable(rows, [] if others is None else [f"{others} None of these answers is right."])


def chart_notes(runs: Sequence[Run], *, has_diagram: bool) -> Iterator[str]:
    """Say what the curve of risk and coverage is about, and why there is no reliability diagram where there is none."""
    ways = {ranks_by_grade(run): None for run in runs}
    orders = " in some runs, and of ".join(_ORDERS[way] for way in ways)
    other = " in the others" if len(ways) > 1 else ""
    yield (
        f"The curve of risk and coverage believes answers in the order of {orders}{other}; where all are believed, the "
        "share wrong of the map's queries is 1 − Recall@1 of stage 2."
    )
    if has_diagram:
        yield "Reliability: each dot is a probability that was told, with the right answers of all that were told it."
    elif any(is_graded(run.results) for run in runs):
        yield (
            "No answer has a probability, as neither the map's check nor labelled photographs support one: there is no "
            "reliability diagram."
        )
    else:
        yield "Probabilities are not recorded: there is no reliability diagram."


def reliability(runs: Sequence[Run], labels: Sequence[str]) -> Markup | None:
    """Return the reliability diagram of some runs, None where no answer has a probability."""
    series = [(label, reliability_bins(run.results)) for label, run in zip(labels, runs, strict=True)]
    told = [(f"{label}{sum(one.answers for one in bins)} answers", bins) for label, bins in series if bins]
    return reliability_chart("Reliability: what was told against what was right", told) if told else None


def reliability_bins(results: Sequence[Result]) -> list[ReliabilityBin]:
    """Put answers that tell a probability into bins: one for each that is told, or tenths where they are many."""
    told = [(one.probability.value, one.right) for one in results if one.probability is not None]
    exact = len({value for value, _ in told}) <= _MOST_BINS
    bins: dict[float, list[tuple[float, bool]]] = {}
    for value, right in sorted(told):
        key = value if exact else min(int(value * _MOST_BINS), _MOST_BINS - 1)
        bins.setdefault(key, []).append((value, right))
    return [_bin(members) for members in bins.values()]


def _bin(members: Sequence[tuple[float, bool]]) -> ReliabilityBin:
    counted = tally(sum(right for _, right in members), len(members))
    predicted = sum(value for value, _ in members) / len(members)
    return ReliabilityBin(predicted, counted.right, counted.answers, counted.low, counted.high)


def risk_chart(runs: Sequence[Run], labels: Sequence[str]) -> Markup:
    """Draw how many answers are wrong when only the most certain are believed: of the map's queries, and of all."""
    lines = [line for label, run in zip(labels, runs, strict=True) for line in _risk_lines(run, label)]
    return curve_chart("Risk and coverage", "coverage: share believed", "risk: share wrong", lines)


_ORDERS = {True: "grade, probability and inliers", False: "the best S"}


def _risk_lines(run: Run, label: str) -> Iterator[ChartLine]:
    """The curve of the map's queries, which ends at 1 − Recall@1, and that of all photographs, where some are not."""
    yield _risk_line(run, run.queries, f"{label}{len(run.queries)} of the map")
    if outside := len(run.results) - len(run.queries):
        yield _risk_line(run, run.results, f"{label}with {outside} outside")


def _risk_line(run: Run, results: Sequence[Result], label: str) -> ChartLine:
    by_grade = ranks_by_grade(run)
    points = [_share(one, len(results)) for one in risk_of_answers(results, by_grade=by_grade)]
    believed = [one for one in results if (one.grade == "confirmed" if by_grade else one.retained > 0)]
    dot = Believed(len(believed), sum(not one.right for one in believed))
    what = "confirmed" if by_grade else "above τ"
    says = f"{label}; dot: {dot.answers} {what}, {dot.wrong} wrong"
    return ChartLine(says, points, _share(dot, len(results)) if believed else None)


def _share(one: Believed, of: int) -> tuple[float, float]:
    return one.answers / of, one.wrong / one.answers
