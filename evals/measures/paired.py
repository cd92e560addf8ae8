"""Statistics of two runs over the same queries: exact tests, intervals for paired differences, and power."""

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np
from scipy.optimize import brentq
from scipy.stats import binom, binomtest, fisher_exact

from internvl_vpr.tools.arrays import Floats

Interval = tuple[float, float]

RESAMPLES = 10_000
_BLOCK = 1 << 20  # random numbers held at once
_KINDS = 64  # with up to this many kinds of clusters, draws of each kind are counted
_ENUMERATED = 13  # non-zero differences whose 2^m signs are fewer than the resamples
_STEPS = 1000  # of detectable differences: 0.1 points each


def mcnemar(gained: int, lost: int) -> float:
    """Return the exact two-sided p of McNemar's test, from the queries that are right in one run only.

    Under the null hypothesis `gained` is Binomial(gained + lost, 1/2); 1 when there are none.
    """
    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


def fisher(right: int, answers: int, right_before: int, answers_before: int) -> float:
    """Return the exact two-sided p of Fisher's test that two sets of answers are right equally often.

    It takes the sets for independent. Two runs over the same queries err on the same ones more often than that, so
    that p is rather too large than too small.
    """
    table = [[right, answers - right], [right_before, answers_before - right_before]]
    return float(fisher_exact(table).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's (1979) adjusted p values, in the order given: below α where the step-down test rejects."""
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for before, number in enumerate(sorted(range(len(p_values)), key=lambda number: p_values[number])):
        largest = max(largest, min(1.0, (len(p_values) - before) * p_values[number]))
        adjusted[number] = largest
    return adjusted


def tango_interval(gained: int, lost: int, queries: int, confidence: float = 0.95) -> Interval:
    """Return Tango's (1998) score interval in [−1, 1] for a paired difference of shares, (gained − lost) / queries.

    The limits are the δ that solve `(b − c − n δ)² = z² n (2 q + δ (1 − δ))`, where q is the most likely share of
    lost queries if the difference is δ. It is not [0, 0] when nothing flipped. Raises `ValueError` for impossible
    counts.
    """
    if gained < 0 or lost < 0 or gained + lost > queries or queries < 1:
        raise ValueError(f"{gained} and {lost} of {queries} are no counts of discordant pairs")
    difference = (gained - lost) / queries
    excess = _tango_excess(gained, lost, queries, NormalDist().inv_cdf((1 + confidence) / 2))
    hair = 1e-9  # the equation also holds at the difference itself where nothing varies
    low = -1.0 if lost == queries else float(brentq(excess, -1.0, difference - hair, xtol=1e-12))
    high = 1.0 if gained == queries else float(brentq(excess, difference + hair, 1.0, xtol=1e-12))
    return low, high


def _tango_excess(b: int, c: int, n: int, z: float) -> Callable[[float], float]:
    def excess(delta: float) -> float:
        linear = -b - c + (2 * n - b + c) * delta
        root = math.sqrt(max(0.0, linear**2 + 8 * n * c * delta * (1 - delta)))
        q = (root - linear) / (4 * n)
        return (b - c - n * delta) ** 2 - z**2 * n * (2 * q + delta * (1 - delta))

    return excess


def cluster_bootstrap(
    values: Sequence[float],
    clusters: Sequence[int] | None = None,
    strata: Sequence[int] | None = None,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Interval:
    """Return the percentile interval of a mean, `values` [n], when whole clusters are drawn anew within each stratum.

    The estimate is the ratio of the sum of all values drawn to their number, which varies with the clusters' sizes.
    `clusters` and `strata` [n] name those of each value; without them each value is its own cluster, and all are one
    stratum. The same seed gives the same interval. Raises `ValueError` without values.
    """
    if not len(values):
        raise ValueError("a mean needs values")
    given = np.asarray(values, dtype=np.float64)
    cluster = np.arange(len(given)) if clusters is None else np.asarray(clusters)
    stratum = np.zeros(len(given), dtype=np.int64) if strata is None else np.asarray(strata)
    rng = np.random.default_rng(seed)
    drawn = np.zeros((resamples, 2))
    for one in np.unique(stratum):
        of_stratum = stratum == one
        _, members = np.unique(cluster[of_stratum], return_inverse=True)
        sums = np.bincount(members, weights=given[of_stratum])
        drawn += _resampled(np.column_stack([sums, np.bincount(members)]), rng, resamples)
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [tail, 1 - tail])
    return float(low), float(high)


def _resampled(clusters: Floats, rng: np.random.Generator, resamples: int) -> Floats:
    """Sum and size of as many clusters as there are, `[G, 2]`, drawn with replacement: `[resamples, 2]`."""
    kinds, counts = np.unique(clusters, axis=0, return_counts=True)
    if len(kinds) <= _KINDS:  # clusters of the same sum and size are the same to the estimate
        chosen: Floats = rng.multinomial(len(clusters), counts / len(clusters), size=resamples) @ kinds
        return chosen
    drawn = np.empty((resamples, 2))
    rows = max(1, _BLOCK // len(clusters))
    for first in range(0, resamples, rows):
        block = drawn[first : first + rows]
        chosen = rng.integers(len(clusters), size=(len(block), len(clusters)), dtype=np.int32)
        for column in range(2):
            block[:, column] = clusters[:, column].take(chosen).sum(axis=1)
    return drawn


def sign_flip(differences: Sequence[float], *, seed: int = 0, resamples: int = RESAMPLES) -> float:
    """Return the two-sided p of a paired mean difference, `differences` [n], if each sign were equally likely.

    With few differences all signs are tried, otherwise `resamples` of them are drawn with the seed; the signs observed
    then count as one more draw, so that p is never 0.
    """
    given = np.asarray(differences, dtype=np.float64)
    given = given[given != 0]
    if not len(given):
        return 1.0
    total = float(given.sum())
    least = abs(total) - 1e-12 * float(np.abs(given).sum())  # equal sums may differ by rounding
    if len(given) <= _ENUMERATED:
        every = np.arange(2 ** len(given))[:, None] >> np.arange(len(given)) & 1
        return float(np.mean(np.abs(2 * (every @ given) - total) >= least))
    rng = np.random.default_rng(seed)
    rows = max(1, _BLOCK // len(given))
    extreme = 0
    for first in range(0, resamples, rows):
        flips = rng.integers(2, size=(min(rows, resamples - first), len(given)), dtype=np.int8)
        extreme += int(np.count_nonzero(np.abs(2 * (flips @ given) - total) >= least))
    return (extreme + 1) / (resamples + 1)


def mcnemar_power(queries: int, discordant: float, difference: float, alpha: float = 0.05) -> float:
    """Return the chance that exact McNemar finds p ≤ α, for a share of discordant pairs and a difference of shares.

    It is exact: D, the number of discordant pairs, is Binomial(n, ψ), and of D so many are gained as is
    Binomial(D, (1 + δ/ψ) / 2). Raises `ValueError` for a difference that is larger than its discordant share.
    """
    if not 0 <= abs(difference) <= discordant <= 1:
        raise ValueError(f"a difference of {difference} needs at least as large a discordant share, not {discordant}")
    if discordant == 0:
        return 0.0
    few, many = binom.ppf([1e-12, 1 - 1e-12], queries, discordant).astype(int)
    pairs = np.arange(few, many + 1)
    rejected = binom.ppf(alpha / 2, pairs, 0.5)  # the largest smaller count with p ≤ α, once the next line is through
    rejected -= binom.cdf(rejected, pairs, 0.5) > alpha / 2
    gain = (1 + difference / discordant) / 2
    power = binom.cdf(rejected, pairs, gain) + binom.cdf(rejected, pairs, 1 - gain)
    return float(binom.pmf(pairs, queries, discordant) @ power)


def detectable_difference(queries: int, discordant: float, *, alpha: float = 0.05, power: float = 0.8) -> float | None:
    """Return the smallest difference of shares that exact McNemar finds with this power, in steps of 0.1 points.

    None where not even all flips in one direction, a difference as large as the discordant share, is found so often.
    """

    def found(step: int) -> bool:
        return mcnemar_power(queries, discordant, min(step / _STEPS, discordant), alpha) >= power

    step = _first(math.ceil(discordant * _STEPS), found)
    return None if step is None else min(step / _STEPS, discordant)


def least_detectable(queries: int, *, alpha: float = 0.05, power: float = 0.8) -> float | None:
    """Return the smallest difference found with this power at any discordant share: all flips are in one direction.

    None where there are too few queries for any.
    """
    step = _first(_STEPS, lambda step: mcnemar_power(queries, step / _STEPS, step / _STEPS, alpha) >= power)
    return None if step is None else step / _STEPS


def _first(most: int, holds: Callable[[int], bool]) -> int | None:
    """The first of 1 … `most` for which something holds that holds from there on, by bisection."""
    if most < 1 or not holds(most):
        return None
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
