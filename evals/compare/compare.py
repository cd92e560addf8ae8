"""Two runs of the same splits, query by query: is B better than A, and could this many queries show it?"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

import numpy as np

from internvl_vpr.tools.errors import UsageError

from ..measures.clusters import cluster_by_place
from ..measures.paired import cluster_bootstrap, detectable_difference, holm, least_detectable, mcnemar, tango_interval
from ..measures.recall import Recall
from ..runs.folder import Run
from ..runs.grades import is_graded
from ..runs.names import run_names
from ..runs.records import ImageDescription, Result
from ..runs.view import stage_recalls
from .pairing import PairedQuery, PairedSplit, paired
from .records import (
    NEAR_RADIUS,
    Changed,
    Comparison,
    Cost,
    Detectable,
    Difference,
    Flip,
    RecallAt,
    Share,
    Side,
    SplitComparison,
    Times,
)

RECALLS = (1, 5, 10, 100)
TESTED = (1, 5)
POOLED = "all splits"
_VERSION = "version of "


def compare(a: Mapping[str, Run], b: Mapping[str, Run], tested: Sequence[int] = TESTED) -> Comparison:
    """Compare two sets of runs by split: what recalls, costs and answers are, and whether Recall@`tested` differs.

    The paired difference B − A has the interval of a bootstrap that draws places anew, Tango's score interval, and
    exact McNemar's p, corrected over the splits by Holm. The pooled comparison has all queries; queries of one place
    of one map are drawn together, whichever split they are in. A K beyond the shortlists is not tested. Raises
    `UsageError` when the runs are not of the same queries and references, or no K can be tested, and `RunUnfinished`
    for one that has not finished.
    """
    splits = paired(a, b)
    known = list(chain(*_recalls_by_k(splits, tested)))
    ks = [k for k in tested if all(k in recalls for recalls in known)]
    if not ks:
        raise UsageError(f"The shortlists are too short to tell Recall@{min(tested)}: run the splits with a larger K.")
    by_k = [_corrected([difference([split], k) for split in splits]) for k in ks]
    compared = [_compared(split.name, [split], found) for split, *found in zip(splits, *by_k, strict=True)]
    together = [difference(splits, k) for k in ks]
    return Comparison(
        a={name: str(run.folder) for name, run in a.items()},
        b={name: str(run.folder) for name, run in b.items()},
        changed=tuple(_changed(splits)),
        splits=tuple(compared),
        pooled=_compared(POOLED, splits, together) if len(splits) > 1 else compared[0],
    )


def _corrected(differences: Sequence[Difference]) -> list[Difference]:
    adjusted = holm([one.p for one in differences])
    return [one.model_copy(update={"holm": p}) for one, p in zip(differences, adjusted, strict=True)]


def difference(splits: Sequence[PairedSplit], k: int) -> Difference:
    """Return the paired difference in Recall@k over some splits, not yet corrected for other tests."""
    pairs = [pair for split in splits for pair in split.queries]
    differences = [_right(pair.b, k) - _right(pair.a, k) for pair in pairs]
    gained, lost = differences.count(1), differences.count(-1)
    strata, places = _places(splits)
    p = mcnemar(gained, lost)
    return Difference(
        k=k,
        value=(gained - lost) / len(pairs),
        gained=gained,
        lost=lost,
        queries=len(pairs),
        bootstrap=cluster_bootstrap(differences, places, strata),
        tango=tango_interval(gained, lost, len(pairs)),
        p=p,
        holm=p,
        detectable=_detectable(len(pairs), gained + lost),
    )


def _right(result: Result, k: int) -> bool:
    return result.final_rank is not None and result.final_rank <= k


def _places(splits: Sequence[PairedSplit]) -> tuple[list[int], list[int]]:
    """The map and the place of each query, by number; splits of one map may ask for one place several times."""
    maps: dict[str, int] = {}
    numbered = [maps.setdefault(split.a.info.split.references_digest, len(maps)) for split in splits]
    strata = [number for number, split in zip(numbered, splits, strict=True) for _ in split.queries]
    positions = [pair.a.position for split in splits for pair in split.queries]
    radius = max(split.a.info.split.radius for split in splits)
    places = [0] * len(positions)
    for stratum in maps.values():
        members = [query for query, one in enumerate(strata) if one == stratum]
        found = cluster_by_place([positions[query] for query in members], radius)
        for query, place in zip(members, found, strict=True):
            places[query] = place
    return strata, places


def _detectable(queries: int, flips: int) -> Detectable | None:
    observed = flips / queries
    if (found := detectable_difference(queries, observed)) is not None:
        return Detectable(difference=found, discordant=observed, basis="observed")
    if (least := least_detectable(queries)) is not None:
        return Detectable(difference=least, discordant=least, basis="all flips one way")
    return None


def _compared(name: str, splits: Sequence[PairedSplit], differences: Sequence[Difference]) -> SplitComparison:
    pairs = [pair for split in splits for pair in split.queries]
    return SplitComparison(
        name=name,
        queries=len(pairs),
        places=len(set(zip(*_places(splits), strict=True))),
        same_shortlists=all(_same_shortlists(split) for split in splits),
        recalls=tuple(_recalls(splits)),
        a=_side([split.a for split in splits]),
        b=_side([split.b for split in splits]),
        differences=tuple(differences),
        flips=tuple(chain.from_iterable(_flips(split) for split in splits)),
        verdict=differences[0].verdict,
    )


def _same_shortlists(split: PairedSplit) -> bool:
    """Whether stage 1 is the same; how many an imported run keeps and how it orders equal ones has no part in that."""
    listed = [[[one.reference for one in result.shortlist] for result in (pair.a, pair.b)] for pair in split.queries]
    if not split.imported:
        return all(a == b for a, b in listed)
    common = [(min(len(a), len(b)), a, b) for a, b in listed]
    return all(set(a[:k]) == set(b[:k]) for k, a, b in common)


def _recalls(splits: Sequence[PairedSplit]) -> Iterator[RecallAt]:
    """Stage 2's Recall@K for each K that every shortlist is long enough for."""
    sides = _recalls_by_k(splits, RECALLS)
    for k in RECALLS:
        if all(k in recalls for recalls in chain(*sides)):
            a, b = (_summed([recalls[k] for recalls in side]) for side in sides)
            yield RecallAt(k=k, a=a, b=b)


def _recalls_by_k(splits: Sequence[PairedSplit], ks: Sequence[int]) -> list[list[dict[int, Recall]]]:
    """Stage 2's recalls that each of A's runs can tell, and each of B's."""
    sides = ([split.a for split in splits], [split.b for split in splits])
    return [[{recall.k: recall for recall in stage_recalls(run, 2, ks)} for run in side] for side in sides]


def _summed(recalls: Sequence[Recall]) -> Share:
    return _share(sum(one.successes for one in recalls), sum(one.queries for one in recalls))


def _share(count: int, of: int) -> Share:
    return Share.from_recall(Recall(1, count, of))


def _share_right(answers: Sequence[Result]) -> Share:
    return _share(sum(one.right for one in answers), len(answers))


def _side(runs: Sequence[Run]) -> Side:
    queries = [query for run in runs for query in run.queries]
    everyone = [result for run in runs for result in run.results]
    ranks = [query.final_rank for query in queries]
    first = [(query.coarse_rank == 1, query.final_rank == 1) for query in queries]
    decided = [result for result in everyone if result.decided_by in ("cues", "judgement")]
    confirmed = [result for result in everyone if result.grade == "confirmed"] if is_graded(everyone) else None
    median = float(np.median([math.inf if rank is None else rank for rank in ranks]))
    return Side(
        k=max(len(query.shortlist) for query in queries),
        ceiling=_share(sum(query.coarse_rank is not None for query in queries), len(queries)),
        mrr=math.fsum(1 / rank for rank in ranks if rank) / len(ranks),
        median_rank=median if math.isfinite(median) else None,
        rescued=first.count((False, True)),
        broken=first.count((True, False)),
        coverage=_share(len(decided), len(everyone)),
        precision=_share_right(decided),
        confirmed=None if confirmed is None else _share(len(confirmed), len(everyone)),
        confirmed_right=None if confirmed is None else _share_right(confirmed),
        cost=_cost(everyone, described(runs)),
        imported=all(run.info.method is not None for run in runs),
    )


def described(runs: Iterable[Run]) -> list[ImageDescription]:
    """Return what was said of each image of some runs, once."""
    return list({digest: one for run in runs for digest, one in run.descriptions.items()}.values())


def _cost(results: Sequence[Result], descriptions: Sequence[ImageDescription]) -> Cost:
    steps = [result.steps for result in results]
    kinds = sorted({kind for step in steps for kind in step.tokens})
    return Cost(
        made=sum(step.made for step in steps),
        recorded=sum(step.recorded for step in steps),
        failed=sum(step.failed for step in steps),
        attempts=sum(step.attempts for step in steps),
        tokens={kind: sum(step.tokens.get(kind, 0) for step in steps) for kind in kinds},
        per_answer=_times([result.seconds["total"] for result in results if "total" in result.seconds]),
        per_description=_times([one.latency for one in descriptions if one.attempts]),
    )


def _times(seconds: Sequence[float]) -> Times | None:
    if not seconds:
        return None
    median, p95 = np.quantile(seconds, [0.5, 0.95])
    return Times(count=len(seconds), median=float(median), p95=float(p95))


def _flips(split: PairedSplit) -> Iterator[Flip]:
    info = split.a.info.split
    for pair in split.queries:
        if _right(pair.a, 1) != _right(pair.b, 1):
            yield Flip(
                split=split.name,
                query=pair.a.query,
                a=pair.a.final_rank,
                b=pair.b.final_rank,
                gained=_right(pair.b, 1),
                near_radius=info.rule == "radius" and _near(pair, info.radius),
            )


def _near(pair: PairedQuery, radius: float) -> bool:
    metres = [one.metres for one in (*pair.a.shortlist, *pair.b.shortlist) if one.metres is not None]
    return any(abs(one - radius) <= NEAR_RADIUS for one in metres)


def _changed(splits: Sequence[PairedSplit]) -> Iterator[Changed]:
    found: dict[str, Changed] = {}
    for split in splits:
        a, b = _both_decisive(split)
        for name in a | b:
            if a.get(name) != b.get(name):
                found.setdefault(name, Changed(name=name, a=a.get(name), b=b.get(name)))
    yield from found.values()


def _both_decisive(split: PairedSplit) -> list[dict[str, str | int | float | None]]:
    """What may change the results of two runs; between an imported run and one of our own, what both can have."""
    both = [_decisive(split.a), _decisive(split.b)]
    if not split.imported:
        return both
    shared = {"k"} if any(run.info.method is None for run in (split.a, split.b)) else {*both[0], *both[1]}
    return [
        {"method": names.last, **{name: known[name] for name in known if name in shared or name.startswith(_VERSION)}}
        for names, known in zip(run_names([split.a, split.b]), both, strict=True)
    ]


def _decisive(run: Run) -> dict[str, str | int | float | None]:
    """What may change a run's results."""
    info = run.info
    versions = {f"{_VERSION}{name}": version for name, version in info.versions.items()}
    limits = {f"{name} of inliers": value for name, value in info.limits or ()}
    known = {"prompt": info.prompt, "schema": info.schema_digest, "index": info.index}
    return {**info.settings, **limits, **known, **versions}
