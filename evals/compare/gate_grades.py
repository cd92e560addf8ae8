"""Can the answers of a run still be believed? Its confirmed answers, and photographs from outside the map."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from internvl_vpr.tools.check_map import tally

from ..measures.paired import fisher, holm, mcnemar
from ..runs.folder import Run
from ..runs.grades import is_graded
from ..runs.records import Result
from .gate_report import GateLine
from .pairing import PairedQuery, paired
from .records import p_in_words

_ALPHA = 0.05
CONFIRMED, OUTSIDE = "confirmed answers right", "outside told unknown"


class _Tested(NamedTuple):
    """A share in the run and in its baseline, with the exact p of their difference."""

    name: str
    now: float
    before: float
    p: float
    says: str


def grade_lines(run: Mapping[str, Run], baseline: Mapping[str, Run]) -> Iterator[GateLine]:
    """Yield a line for the precision of confirmed answers, one for the photographs from outside, and the exceptions.

    Each is a regression when it is worse than the baseline's and its exact test, corrected by Holm for the two, has
    p < 0.05: Fisher's for the precision, as other answers are confirmed in each run, and McNemar's for the photographs
    from outside, which are the same. Every answer that is confirmed and wrong, and was not so in the baseline, has a
    line of its own. Without grades on both sides, or without such answers, a line says so.
    """
    names = [
        name
        for name, runs in (("the run", run), ("the baseline", baseline))
        if not all(is_graded(one.results) for one in runs.values())
    ]
    if names:
        reason = f"not checked: {' and '.join(names)} {'have' if len(names) > 1 else 'has'} no grades on record"
        yield _noted("grades", reason)
        return
    pairs = _pairs(run, baseline)
    found = [test(list(pairs.values())) for test in (_confirmed, _outside)]
    tested = [one for one in found if isinstance(one, _Tested)]
    corrected = dict(zip((one.name for one in tested), holm([one.p for one in tested]), strict=True))
    for one in found:
        yield _line(one, corrected[one.name]) if isinstance(one, _Tested) else one
    yield from _newly_wrong(pairs)


def _pairs(run: Mapping[str, Run], baseline: Mapping[str, Run]) -> dict[str, PairedQuery]:
    """The answers of both runs, the baseline's first, by a name; a photo from outside a map counts once for it."""
    found: dict[str, PairedQuery] = {}
    seen: set[tuple[str, str]] = set()
    for split in paired(baseline, run):
        for pair in split.everything:
            key = (split.a.info.split.references_digest, pair.a.query)
            if pair.a.error or pair.b.error or (pair.a.outside and key in seen):
                continue
            seen |= {key} if pair.a.outside else set()
            name = pair.a.query if len(run) == 1 else f"{pair.a.query} of {split.name}"
            found[f"{name} (outside)" if pair.a.outside else name] = pair
    return found


def _confirmed(pairs: Sequence[PairedQuery]) -> _Tested | GateLine:
    now, before = ([one for one in side if one.grade == "confirmed"] for side in _sides(pairs))
    if not now or not before:
        return _noted(CONFIRMED, f"not checked: {len(now)} answers are confirmed, {len(before)} in the baseline")
    right, right_before = sum(one.right for one in now), sum(one.right for one in before)
    p = fisher(right, len(now), right_before, len(before))
    says = (
        f"{_share(right, len(now))} confirmed answers are right, {_share(right_before, len(before))} in the baseline; "
        f"Fisher p {p_in_words(p)}"
    )
    return _Tested(CONFIRMED, right / len(now), right_before / len(before), p, says)


def _outside(pairs: Sequence[PairedQuery]) -> _Tested | GateLine:
    outside = [pair for pair in pairs if pair.a.outside]
    if not outside:
        return _noted(OUTSIDE, "not checked: there is no photograph from outside the map")
    now, before = ([one.grade == "unknown" for one in side] for side in _sides(outside))
    changed = [one - other for one, other in zip(now, before, strict=True)]
    p = mcnemar(changed.count(1), changed.count(-1))
    says = (
        f"{_share(sum(now), len(now))} photographs from outside the map are told unknown, {sum(before)} in the "
        f"baseline; {changed.count(-1)} lost and {changed.count(1)} gained, McNemar p {p_in_words(p)}"
    )
    return _Tested(OUTSIDE, sum(now) / len(now), sum(before) / len(before), p, says)


def _sides(pairs: Sequence[PairedQuery]) -> tuple[list[Result], list[Result]]:
    """The run's answers and the baseline's."""
    return [pair.b for pair in pairs], [pair.a for pair in pairs]


def _share(count: int, of: int) -> str:
    found = tally(count, of)
    return f"{count} of {of} (95 % {100 * found.low:.1f}–{100 * found.high:.1f} %)"


def _line(one: _Tested, corrected: float) -> GateLine:
    return GateLine(
        kind="grade",
        name=one.name,
        outcome="regression" if one.now < one.before and corrected < _ALPHA else "pass",
        measured=one.now,
        limit=one.before,
        reason=f"{one.says}, Holm p {p_in_words(corrected)}",
    )


def _newly_wrong(pairs: Mapping[str, PairedQuery]) -> Iterator[GateLine]:
    for name, pair in pairs.items():
        if _is_wrong(pair.b) and not _is_wrong(pair.a):
            yield _noted(f"confirmed, yet wrong: {name}", f"{_told(pair.b)}; in the baseline {_told(pair.a)}")


def _is_wrong(result: Result) -> bool:
    return result.grade == "confirmed" and not result.right


def _told(result: Result) -> str:
    first = result.ranked[0] if result.ranked else None
    inliers = "" if first is None or first.inliers is None else f" with {first.inliers} inliers"
    named = "" if first is None else f", {first.reference}{inliers}, {'right' if result.right else 'wrong'}"
    return f"{result.grade}{named}"


def _noted(name: str, reason: str) -> GateLine:
    return GateLine(kind="grade", name=name, outcome="noted", measured=None, limit=None, reason=reason)
