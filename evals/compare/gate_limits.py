"""Hard limits of a gate, without statistics: descriptions that can be used, errors, stage 1's ceiling, and cost."""

from collections.abc import Iterator, Mapping

from internvl_vpr.tools.records import asked_and_answered

from ..runs.folder import Run
from ..runs.records import Described
from .compare import described
from .gate_report import Limits, Line, Outcome
from .records import Comparison


def limit_lines(
    run: Mapping[str, Run], baseline: Mapping[str, Run], found: Comparison, limits: Limits
) -> Iterator[Line]:
    """Yield a line for each limit; over all splits but for the ceiling, which no split may have lower than before.

    Images count once. More errors than allowed, or no image described, make a run incomplete: then the others say
    nothing.
    """
    yield _errors(run, limits)
    yield _share_of_images("schema-valid", _usable(run), limits.min_valid, "have cues that can be used")
    yield _share_of_images("exactly N", _exact(run), limits.min_exact, "have exactly N cues")
    for split in found.splits:
        before, now = split.a.ceiling, split.b.ceiling
        yield Line(
            kind="limit",
            name="ceiling" + (f", {split.name}" if len(found.splits) > 1 else ""),
            outcome="regression" if now.count < before.count else "pass",
            measured=now.value,
            limit=before.value,
            reason=f"{now.count} of {now.of} queries have a positive among stage 1's {split.b.k} candidates, "
            f"{before.count} among {split.a.k} in the baseline",
        )
    yield _cost(described(run.values()), described(baseline.values()), limits.max_cost)


def _errors(run: Mapping[str, Run], limits: Limits) -> Line:
    results = [result for one in run.values() for result in one.results]
    errors = sum(result.error is not None for result in results)
    share = errors / len(results)
    outcome: Outcome = "incomplete" if share > limits.max_errors else "pass"
    reason = f"{errors} of {len(results)} photographs could not be located, at most {_percent(limits.max_errors)} may"
    return Line(
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


def _share_of_images(name: str, images: list[bool], least: float, what: str) -> Line:
    if not images:
        return Line(
            kind="limit", name=name, outcome="incomplete", measured=None, limit=least, reason="no image was described"
        )  # fmt: skip
    share = sum(images) / len(images)
    return Line(
        kind="limit",
        name=name,
        outcome="regression" if share < least else "pass",
        measured=share,
        limit=least,
        reason=f"{sum(images)} of {len(images)} images {what}, at least {_percent(least)} must",
    )


def _cost(run: list[Described], baseline: list[Described], most: float) -> Line:
    """Tokens an image, or attempts where tokens are not counted on both sides."""
    unit = "tokens"
    now, before = _tokens(run), _tokens(baseline)
    if not now or not before:
        unit = "attempts"
        now, before = _attempts(run), _attempts(baseline)
    if not now or not before:
        reason = "neither tokens nor attempts are on record for both"
        return Line(kind="limit", name="cost", outcome="noted", measured=None, limit=None, reason=reason)
    return Line(
        kind="limit",
        name="cost",
        outcome="regression" if now > most * before else "pass",
        measured=now,
        limit=most * before,
        reason=f"{now:,.2f} {unit} an image, {before:,.2f} in the baseline; at most {most:g} times as many may be",
    )


def _tokens(images: list[Described]) -> float:
    return sum(asked_and_answered(one.usage) for one in images) / max(1, len(images))


def _attempts(images: list[Described]) -> float:
    return sum(one.attempts for one in images) / max(1, len(images))


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"
