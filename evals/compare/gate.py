"""A gate: a run may pass when it is shown to be no worse than its baseline by more than a margin."""

from collections.abc import Iterator, Mapping, Sequence

from internvl_vpr.tools.errors import RunUnfinished
from internvl_vpr.tools.records import asked_and_answered

from ..runs.folder import Run
from ..runs.records import Check, ImageDescription, Result
from .compare import compare, described
from .gate_checks import check_line, judge_checks, unpaired_line
from .gate_grades import grade_lines
from .gate_limits import Limits
from .gate_report import GateLine, GateReport, Outcome, overall
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
    the outer one of the cluster bootstrap's and Tango's: with its upper end below the margin the run passes, even
    when a smaller loss is real; otherwise, with its lower end above 0, it is a regression; anything else is
    inconclusive. Rankings that are all identical pass without statistics. The verdict is that of all queries
    together. A split of several is a regression as well when its interval says so and exact McNemar, corrected by
    Holm over the splits, has p < 0.05; but splits are small, so an inconclusive one leaves the gate's outcome alone.

    The precision of confirmed answers and the share of photographs from outside the map that are told unknown are
    tested, too, see `grade_lines`. A check that has a better direction fails the gate when it is significantly worse
    (Holm over all checks, p < 0.05) by more than its noise floor. A loss of recall within the floor of `Recall@k` is no
    regression. Descriptions that can be used, errors, stage 1's ceiling and cost have hard limits, without statistics.

    Raises `UsageError` when the runs are not of the same queries and references, or cannot tell Recall@k.
    """
    limits, noise = limits or Limits(), noise or {}
    try:
        found = compare(baseline, run, tested=(limits.k,))
    except RunUnfinished as error:
        line = GateLine(kind="run", name="finished", outcome="incomplete", measured=None, limit=None, reason=str(error))
        return GateReport(outcome="incomplete", lines=(line,))
    judged = judge_checks(checks, noise)
    lines = (
        *_recall_lines(found, run, baseline, limits, noise.get(f"Recall@{limits.k}", 0.0)),
        *grade_lines(run, baseline),
        *_limit_lines(run, baseline, found, limits),
        *map(check_line, judged),
        *(unpaired_line(one.name) for one, _ in checks if all(one.name != result.name for result in judged)),
    )
    return GateReport(outcome=overall(lines), lines=lines, checks=tuple(judged), comparison=found)


def _recall_lines(
    found: Comparison, run: Mapping[str, Run], baseline: Mapping[str, Run], limits: Limits, floor: float
) -> Iterator[GateLine]:
    """The line about all queries, and one for each split if there are several."""
    same = {name: _same_rankings(one, baseline[name]) for name, one in run.items()}
    parts: list[tuple[SplitComparison, bool]] = [(found.pooled, all(same.values()))]
    if len(found.splits) > 1:
        parts += [(split, same[split.name]) for split in found.splits]
    for number, (part, identical) in enumerate(parts):
        tested = part.differences[0]
        outcome, why = ("pass", "identical rankings") if identical else recall_outcome(tested, limits.margin, floor)
        if number and outcome == "regression" and tested.holm >= _ALPHA:
            outcome, why = "inconclusive", "the interval excludes 0, but McNemar's test over several splits does not"
        yield GateLine(
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
    return "inconclusive", f"these queries show neither a loss nor that it is below {allowed}"


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


def _limit_lines(
    run: Mapping[str, Run], baseline: Mapping[str, Run], found: Comparison, limits: Limits
) -> Iterator[GateLine]:
    """Yield a line for each limit; over all splits but for the ceiling, which no split may have lower than before.

    Images count once. More errors than allowed, or no image described, make a run incomplete: then the others say
    nothing.
    """
    if any(one.info.method is not None for one in run.values()):
        reason = "not checked: an imported run has no descriptions"
        yield GateLine(kind="limit", name="descriptions", outcome="noted", measured=None, limit=None, reason=reason)
    elif any(one.info.judges for one in run.values()):
        yield _errors(run, limits)
        yield _share("schema-valid", _judged(run), limits.min_valid, "pairs have a judgement", "no pair was judged")
    else:
        yield _errors(run, limits)
        nothing = "no image was described"
        usable, exact = "images have cues that can be used", "images have exactly N cues"
        yield _share("schema-valid", _usable(run), limits.min_valid, usable, nothing)
        yield _share("exactly N", _exact(run), limits.min_exact, exact, nothing)
    for split in found.splits:
        yield _ceiling(run[split.name], baseline[split.name], "" if len(found.splits) == 1 else f", {split.name}")
    yield _cost(described(run.values()), described(baseline.values()), limits.max_cost)


def _ceiling(run: Run, baseline: Run, of: str) -> GateLine:
    """Stage 1's ceiling, which must not fall.

    A run against an imported one is looked at down to the K that both have: how many an import keeps is no setting
    of its method.
    """
    depths = [max(len(query.shortlist) for query in one.queries) for one in (run, baseline)]
    if any(one.info.method is not None for one in (run, baseline)):
        depths = [min(depths)] * 2
    now, before = (
        sum(query.coarse_rank is not None and query.coarse_rank <= k for query in one.queries)
        for one, k in zip((run, baseline), depths, strict=True)
    )
    return GateLine(
        kind="limit",
        name=f"ceiling{of}",
        outcome="regression" if now < before else "pass",
        measured=now / len(run.queries),
        limit=before / len(run.queries),
        reason=f"{now} of {len(run.queries)} queries have a positive among stage 1's {depths[0]} candidates, "
        f"{before} among {depths[1]} in the baseline",
    )


def _errors(run: Mapping[str, Run], limits: Limits) -> GateLine:
    results = [result for one in run.values() for result in one.results]
    errors = sum(result.error is not None for result in results)
    share = errors / len(results)
    outcome: Outcome = "incomplete" if share > limits.max_errors else "pass"
    allowed = f"at most {_percent(limits.max_errors)} are allowed"
    reason = f"{errors} of {len(results)} photographs could not be located; {allowed}"
    return GateLine(
        kind="limit", name="errors", outcome=outcome, measured=share, limit=limits.max_errors, reason=reason
    )  # fmt: skip


def _usable(run: Mapping[str, Run]) -> list[bool]:
    return [one.failure is None for one in described(run.values())]


def _exact(run: Mapping[str, Run]) -> list[bool]:
    found = {
        digest: len(description.cues) == one.info.settings["n"]
        for one in run.values()
        for digest, description in one.descriptions.items()
    }
    return list(found.values())


def _judged(run: Mapping[str, Run]) -> list[bool]:
    asked = [result for one in run.values() for result in one.results if result.judging]
    good = sum(len({one.digest for one in result.shortlist if one.judgement}) for result in asked)
    return [number < good for number in range(sum(one.judging.pairs for one in asked if one.judging))]


def _share(name: str, outcomes: list[bool], least: float, what: str, nothing: str) -> GateLine:
    if not outcomes:
        return GateLine(kind="limit", name=name, outcome="incomplete", measured=None, limit=least, reason=nothing)
    share = sum(outcomes) / len(outcomes)
    return GateLine(
        kind="limit",
        name=name,
        outcome="regression" if share < least else "pass",
        measured=share,
        limit=least,
        reason=f"{sum(outcomes)} of {len(outcomes)} {what}; at least {_percent(least)} are required",
    )


def _cost(run: list[ImageDescription], baseline: list[ImageDescription], most: float) -> GateLine:
    """Tokens an image, or attempts where tokens are not counted on both sides."""
    unit = "tokens"
    now, before = _tokens(run), _tokens(baseline)
    if not now or not before:
        unit = "attempts"
        now, before = _attempts(run), _attempts(baseline)
    if not now or not before:
        reason = "neither tokens nor attempts are on record for both"
        return GateLine(kind="limit", name="cost", outcome="noted", measured=None, limit=None, reason=reason)
    return GateLine(
        kind="limit",
        name="cost",
        outcome="regression" if now > most * before else "pass",
        measured=now,
        limit=most * before,
        reason=f"{now:,.2f} {unit} an image, {before:,.2f} in the baseline; at most {most:g} times as many are allowed",
    )


def _tokens(images: list[ImageDescription]) -> float:
    return sum(asked_and_answered(one.usage) for one in images) / max(1, len(images))


def _attempts(images: list[ImageDescription]) -> float:
    return sum(one.attempts for one in images) / max(1, len(images))


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"
