"""A τ above which answers are right as often as asked: chosen on half of the places, tested once on the others."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from scipy.stats import beta, betabinom, binom

from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.index.calibration import Calibration, ValidFor
from internvl_vpr.tools.photo.gallery import Gallery

from ..runs.folder import Run
from ..runs.records import Result
from ..runs.risk import Accepted, Curve, Judged, accepted_at, judge, risk_coverage

_LIKELY = 0.98  # above 0.9, because the τ that seems to pass is one of many that were looked at
METHOD = (
    "τ chosen on half of the places, tested once on the other half by the exact one-sided lower limit of Clopper and "
    "Pearson; queries of one place count as independent"
)


@dataclass(frozen=True)
class Asked:
    """A query of a calibration, with what ties it to others: where it was taken, and what is right for it."""

    name: str
    result: Result
    judged: Judged


def calibrate(runs: Sequence[Run], precision: float = 0.95, confidence: float = 0.95, seed: int = 0) -> Calibration:
    """Return the τ chosen on one half of the places of some runs of one map, with its test on the other half.

    The method is a split by place and one exact binomial test (Clopper–Pearson), because that holds for any number,
    and these splits are small. Conformal risk control does not apply: it needs a risk that falls as τ
    rises, and the share of wrong answers among those accepted may rise. It is promised only when the lower limit on
    the half that had no part in the choice is at least `precision`. Queries within the runs' radius of each other,
    or with a positive in common, are one place, and never in both halves; within it they count as independent.
    A photo that is in several runs counts once. Queries from outside the map are wrong whenever they are accepted.

    Raises `UsageError` when the runs have not finished or are not of one map and one setting, for a precision or
    confidence outside (0, 1), and when no query has a score to choose from.
    """
    if not (0 < precision < 1 and 0 < confidence < 1):
        raise UsageError(f"Precision and confidence are between 0 and 1, not {precision:g} and {confidence:g}.")
    valid_for = _valid_for(runs)
    queries = asked_queries(runs)
    chosen_on, held_out = halves(queries, _radius(runs), seed)
    tau = choose_tau(risk_coverage(one.judged for one in chosen_on), precision, confidence)
    found = accepted_at([one.judged for one in held_out], tau)
    return Calibration(
        tau=tau,
        precision=precision,
        confidence=confidence,
        lower_limit=lower_limit(found.right, found.accepted, confidence),
        queries=len(held_out),
        outside=sum(one.result.outside for one in held_out),
        accepted=found.accepted,
        right=found.right,
        coverage=found.accepted / len(held_out) if held_out else 0.0,
        method=METHOD,
        splits=tuple(run.info.split.name for run in runs),
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        valid_for=valid_for,
        index=runs[0].info.index,
    )


def lower_limit(right: int, accepted: int, confidence: float) -> float:
    """Return the one-sided Clopper–Pearson lower limit of a share: the p with P(X ≥ right | accepted, p) = 1 − c."""
    return float(beta.ppf(1 - confidence, right, accepted - right + 1)) if right else 0.0


def answers_needed(precision: float, confidence: float) -> int:
    """Return how many answers, if all are right, support a precision: the smallest m with pᵐ ≤ 1 − c."""
    return math.ceil(math.log(1 - confidence) / math.log(precision))


def choose_tau(curve: Curve, precision: float, confidence: float) -> float:
    """Return the smallest τ that another half like this one would likely support, else the one with the largest limit.

    Likely means with a chance of 0.98, see `chance_to_pass`; the limit is `lower_limit`.
    Raises `UsageError` for a curve without points.
    """
    if not curve.points:
        raise UsageError("No query has a score, so no τ can be chosen: run a split whose photos can be described.")
    likely = [one.tau for one in curve.points if chance_to_pass(one, precision, confidence) >= _LIKELY]
    if likely:
        return likely[-1]

    def promise(one: Accepted) -> tuple[float, int]:
        return lower_limit(one.right, one.accepted, confidence), one.accepted

    return max(curve.points, key=promise).tau


def chance_to_pass(seen: Accepted, precision: float, confidence: float) -> float:
    """Return the chance that as many new answers support a precision, given those seen (beta-binomial, Jeffreys)."""
    most = seen.accepted
    needed = int(binom.isf(1 - confidence, most, precision)) + 1  # the least r whose lower limit is the precision
    counts = np.arange(needed, most + 1)
    return float(betabinom.pmf(counts, most, seen.right + 0.5, seen.wrong + 0.5).sum())


def asked_queries(runs: Sequence[Run]) -> list[Asked]:
    """Return the queries of all runs, a photo that is in several of them once."""
    seen: dict[tuple[bool, str], Asked] = {}
    for run in runs:
        for result in run.results:
            name = f"{run.info.split.name}\n{result.outside}\n{result.query}"
            seen.setdefault((result.outside, result.digest or name), Asked(name, result, judge(result)))
    return list(seen.values())


def halves(queries: Sequence[Asked], radius: float, seed: int) -> tuple[list[Asked], list[Asked]]:
    """Split queries into two halves, as equal as whole places let them be, and both with places outside the map.

    Which half a place falls into is decided by the seed and its queries' names alone, on every machine alike.
    """
    parts: tuple[list[Asked], list[Asked]] = ([], [])
    groups = places(queries, radius)
    for outside in (False, True):
        chosen = [group for group in groups if any(one.result.outside for one in group) == outside]
        dealt = [0, 0]
        for group in sorted(chosen, key=lambda group: _shuffled(group, seed)):
            smaller = 0 if dealt[0] <= dealt[1] else 1
            dealt[smaller] += len(group)
            parts[smaller].extend(group)
    return parts


def _shuffled(group: Sequence[Asked], seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\n{min(one.name for one in group)}".encode()).digest()


def places(queries: Sequence[Asked], radius: float) -> list[list[Asked]]:
    """Group queries by place: linked are those within the radius of each other, or with a positive in common."""
    leader = list(range(len(queries)))

    def find(number: int) -> int:
        while leader[number] != number:
            leader[number] = leader[leader[number]]
            number = leader[number]
        return number

    for a, b in _links(queries, radius):
        leader[find(a)] = find(b)
    groups: dict[int, list[Asked]] = defaultdict(list)
    for number, query in enumerate(queries):
        groups[find(number)].append(query)
    return list(groups.values())


def _links(queries: Sequence[Asked], radius: float) -> Iterator[tuple[int, int]]:
    gallery = Gallery((str(number), one.result.position) for number, one in enumerate(queries))
    first: dict[str, int] = {}
    for number, one in enumerate(queries):
        if one.result.position is not None:
            yield from ((number, int(name)) for name in gallery.around(one.result.position, radius))
        for positive in one.result.positives:
            yield number, first.setdefault(positive, number)


def _radius(runs: Sequence[Run]) -> float:
    return max(run.info.split.radius for run in runs)


def _valid_for(runs: Sequence[Run]) -> ValidFor:
    """What the runs' scores depend on, which must be the same for all of them."""
    if not runs:
        raise UsageError("A calibration needs a run: make one with internvl-vpr eval run.")
    for run in runs:
        run.scored_or_raise()
    valid_for = ValidFor.of(runs[0].info.settings)
    for run in runs[1:]:
        differing = valid_for.differing(run.info.settings)
        if not differing and run.info.split.references_digest != runs[0].info.split.references_digest:
            differing = "another map"
        if differing:
            raise UsageError(
                f"The runs in {str(runs[0].folder)!r} and {str(run.folder)!r} cannot be calibrated together "
                f"({differing}): name runs of one map with the same settings."
            )
    return valid_for
