"""A gate: a run may pass when it is shown to be no worse than its baseline by more than a margin."""

from collections.abc import Iterator, Mapping, Sequence

from internvl_vpr.tools.errors import RunUnfinished

from ..runs.folder import Run
from ..runs.records import Check, Result
from .compare import compare
from .gate_checks import check_line, judge_checks, unpaired_line
from .gate_limits import limit_lines
from .gate_report import GateReport, Limits, Line, Outcome, overall
from .records import Comparison, Difference, SplitComparison, tested_in_words

_ALPHA = 0.05


def judge(
    run: Mapping[str, Run],
    baseline: Mapping[str, Run],
    limits: Limits | None = None,
    checks: Sequence[tuple[Check, Check]] = (),
    noise: Mapping[str, float] | None = None,
) -> GateReport:
    """Judge the runs of some splits against their baseline, with each check as the run's and the baseline's.

    Recall is tested for non-inferiority. The loss is the baseline's Recall@k minus the run's, and its 95 % interval
    the outer one of the cluster bootstrap's and Tango's: with its upper end below the margin the run passes, also
    when a smaller loss is real; with its lower end above 0 otherwise, it is a regression; and anything else is
    inconclusive. Rankings that are all identical pass without statistics. The verdict is that of all queries
    together. A split of several is a regression as well when its interval says so and exact McNemar, corrected by
    Holm over the splits, has p < 0.05; but splits are small, so an inconclusive one leaves nothing open.

    A check that has a better direction fails the gate when it is significantly worse (Holm over all checks,
    p < 0.05) by more than its noise floor. A loss of recall within the floor of `Recall@k` is no regression.
    Hard limits hold without statistics, see `limit_lines`. Without limits, their defaults hold.

    Raises `UsageError` when the runs are not of the same queries and references, or cannot tell Recall@k.
    """
    limits, noise = limits or Limits(), noise or {}
    try:
        found = compare(baseline, run, tested=(limits.k,))
    except RunUnfinished as error:
        line = Line(kind="run", name="finished", outcome="incomplete", measured=None, limit=None, reason=str(error))
        return GateReport(outcome="incomplete", lines=(line,))
    judged = judge_checks(checks, noise)
    lines = (
        *_recall_lines(found, run, baseline, limits, noise.get(f"Recall@{limits.k}", 0.0)),
        *limit_lines(run, baseline, found, limits),
        *map(check_line, judged),
        *(unpaired_line(one.name) for one, _ in checks if all(one.name != result.name for result in judged)),
    )
    return GateReport(outcome=overall(lines), lines=lines, checks=tuple(judged), comparison=found)


def _recall_lines(
    found: Comparison, run: Mapping[str, Run], baseline: Mapping[str, Run], limits: Limits, floor: float
) -> Iterator[Line]:
    """The line about all queries, and one for each split if there are several."""
    same = {name: _same_rankings(one, baseline[name]) for name, one in run.items()}
    parts: list[tuple[SplitComparison, bool]] = [(found.pooled, all(same.values()))]
    if len(found.splits) > 1:
        parts += [(split, same[split.name]) for split in found.splits]
    for number, (part, identical) in enumerate(parts):
        tested = part.differences[0]
        outcome, why = ("pass", "identical rankings") if identical else recall_outcome(tested, limits.margin, floor)
        if number and outcome == "regression" and tested.holm >= _ALPHA:
            outcome, why = "inconclusive", "the interval excludes 0, McNemar's test over several splits does not"
        yield Line(
            kind="split" if number else "recall",
            name=f"Recall@{limits.k}" + (f", {part.name}" if len(found.splits) > 1 else ""),
            outcome=outcome,
            measured=-tested.value,
            limit=limits.margin,
            reason=f"{why}; {_figures(tested)}",
        )


def recall_outcome(tested: Difference, margin: float, floor: float = 0.0) -> tuple[Outcome, str]:
    """Return what a difference, run − baseline, means for a margin and a noise floor, and why in words."""
    loss, low, high = -tested.value, -tested.interval[1], -tested.interval[0]
    allowed = f"the margin of {100 * margin:.1f} points"
    if high < margin:
        return "pass", f"any loss is below {allowed}"
    if low > 0 and loss > floor:
        return "regression", f"a loss is certain, and it may reach {allowed}"
    if low > 0:
        return (
            "inconclusive",
            f"the loss is within the noise floor of {100 * floor:.1f} points, but may reach {allowed}",
        )
    return "inconclusive", f"these queries can tell neither a loss nor that it is below {allowed}"


def _figures(tested: Difference) -> str:
    low, high = -tested.interval[1], -tested.interval[0]
    return (
        f"loss {_points(-tested.value)} points (95 % {_points(low)} to {_points(high)}), {tested.lost} lost and "
        f"{tested.gained} gained of {tested.queries}, {tested_in_words(tested)}"
    )


def _points(share: float) -> str:
    return f"{100 * share:z.1f}"


def _same_rankings(a: Run, b: Run) -> bool:
    rankings = [{(one.outside, one.query): _ranking(one) for one in run.results} for run in (a, b)]
    return rankings[0] == rankings[1]


def _ranking(result: Result) -> list[str]:
    return [one.reference for one in result.ranked]
