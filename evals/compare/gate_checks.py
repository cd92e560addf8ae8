"""Checks of descriptions in two runs, image by image: which got significantly worse?"""

from collections.abc import Callable, Mapping, Sequence

from ..measures.paired import Interval, cluster_bootstrap, holm, mcnemar, sign_flip, tango_interval
from ..runs.folder import Run
from ..runs.records import Check
from .gate_report import CheckResult, GateLine, Outcome
from .records import p_in_words

_ALPHA = 0.05

Checks = Sequence[tuple[Check, Check]]


def judge_checks(checks: Checks, noise: Mapping[str, float]) -> list[CheckResult]:
    """Return each check's result, from the run's and the baseline's values of the images that both have.

    A check without a common image is left out, see `unpaired_line`. `noise` has the floors by name. Raises
    `ValueError` for a pair that is not the same check.
    """
    tested = [one for run, baseline in checks if (one := _tested(run, baseline, noise.get(run.name, 0.0))) is not None]
    adjusted = holm([one.p for one in tested])
    corrected = [one.model_copy(update={"holm": p}) for one, p in zip(tested, adjusted, strict=True)]
    return [one.model_copy(update={"outcome": _outcome(one)}) for one in corrected]


def check_line(result: CheckResult) -> GateLine:
    """Return a check as a line of a gate's report."""
    low, high = result.interval
    return GateLine(
        kind="check",
        name=result.name,
        outcome=result.outcome,
        measured=result.difference,
        limit=result.floor if result.better else None,
        reason=f"{result.run:.3f}, {result.baseline:.3f} in the baseline; difference {result.difference:+.3f} "
        f"(95 % {low:+.3f} to {high:+.3f}) n = {result.images}, {result.test} p {p_in_words(result.p)}, "
        f"Holm p {p_in_words(result.holm)}"
        + (f", noise floor {result.floor:.3f}" if result.floor else "")
        + (f"; {result.better} is better" if result.better else ""),
    )


def unpaired_line(name: str) -> GateLine:
    """Return the line of a check that cannot be compared."""
    reason = "no image was described in both runs"
    return GateLine(kind="check", name=name, outcome="noted", measured=None, limit=None, reason=reason)


def pooled_checks(
    run: Mapping[str, Run], baseline: Mapping[str, Run], check_runs: Callable[[Run, Run], Checks]
) -> list[tuple[Check, Check]]:
    """Return the checks of some splits' runs, each over the images of all splits.

    An image in several splits counts once, except as a query: each split has its own.
    """
    merged: dict[str, tuple[Check, Check]] = {}
    for name, one in run.items():
        for mine, theirs in check_runs(one, baseline[name]):
            both = _named_apart(mine, one), _named_apart(theirs, baseline[name])
            before = merged.get(mine.name, both)
            merged[mine.name] = _joined(before[0], both[0]), _joined(before[1], both[1])
    return list(merged.values())


def _joined(check: Check, more: Check) -> Check:
    return check.model_copy(update={"values": {**check.values, **more.values}})


def told_apart(key: str, run: Run) -> str:
    """Return an image's key, role and name, with what tells it from others of that name.

    Queries have their split's name, and all else the map's digest: two splits may use one file name. Digests of the
    images cannot tell: photos that were drawn on another machine may differ in a pixel.
    """
    split = run.info.split
    return f"{split.name if key.startswith('query ') else split.references_digest} {key}"


def _named_apart(check: Check, run: Run) -> Check:
    return check.model_copy(update={"values": {told_apart(key, run): value for key, value in check.values.items()}})


def _tested(run: Check, baseline: Check, floor: float) -> CheckResult | None:
    if (run.name, run.better, run.binary) != (baseline.name, baseline.better, baseline.binary):
        raise ValueError(f"the check {run.name!r} of a run cannot be paired with {baseline.name!r} of its baseline")
    common = [key for key in run.values if key in baseline.values]
    if not common:
        return None
    now, before = [run.values[key] for key in common], [baseline.values[key] for key in common]
    differences = [one - other for one, other in zip(now, before, strict=True)]
    p, interval = _binary(differences) if run.binary else (sign_flip(differences), cluster_bootstrap(differences))
    return CheckResult(
        name=run.name,
        meaning=run.meaning,
        better=run.better,
        images=len(common),
        run=_mean(now),
        baseline=_mean(before),
        difference=_mean(differences),
        interval=interval,
        test="McNemar" if run.binary else "sign flips",
        p=p,
        holm=p,
        floor=floor,
        outcome="noted",
    )


def _binary(differences: Sequence[float]) -> tuple[float, Interval]:
    """The exact p, and the wider limits of the bootstrap's and Tango's interval."""
    gained, lost = differences.count(1), differences.count(-1)
    drawn, score = cluster_bootstrap(differences), tango_interval(gained, lost, len(differences))
    return mcnemar(gained, lost), (min(drawn[0], score[0]), max(drawn[1], score[1]))


def _outcome(result: CheckResult) -> Outcome:
    if result.better is None:
        return "noted"
    worse = result.difference < 0 if result.better == "higher" else result.difference > 0
    if worse and result.holm < _ALPHA and abs(result.difference) > result.floor:
        return "regression"
    return "pass"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
