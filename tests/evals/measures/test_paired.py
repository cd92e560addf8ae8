"""Every p value, interval and power against plain loops, closed forms and scipy's optimisers."""

import itertools
import math
import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from internvl_vpr.evals.measures.paired import (
    cluster_bootstrap,
    detectable_difference,
    fisher,
    holm,
    least_detectable,
    mcnemar,
    mcnemar_power,
    sign_flip,
    tango_interval,
)

P_VALUES = st.lists(st.floats(0, 1), max_size=8)


def exact_p(gained: int, lost: int) -> float:
    """The probability, by whole numbers, of a split of the discordant pairs at most as likely as this one."""
    total = gained + lost
    ways = [math.comb(total, count) for count in range(total + 1)]
    return math.ldexp(sum(way for way in ways if way <= ways[gained]), -total)


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_exact_binomial_test(gained: int, lost: int) -> None:
    assert mcnemar(gained, lost) == pytest.approx(exact_p(gained, lost), rel=1e-9)
    assert mcnemar(gained, lost) == mcnemar(lost, gained)


def test_mcnemar_of_the_papers_counts() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(10, 0) == 2 / 1024
    assert mcnemar(4, 0) == 2 / 16
    assert mcnemar(6, 0) < 0.05 < mcnemar(5, 0)


@given(P_VALUES)
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    for alpha in (0.01, 0.05, 0.3):
        rejected: set[int] = set()
        for step, number in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
            if p_values[number] * (len(p_values) - step) > alpha:
                break
            rejected.add(number)
        assert {number for number, p in enumerate(adjusted) if p <= alpha} == rejected


@given(P_VALUES)
def test_holm_only_raises_and_keeps_the_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    for (p, q), (r, s) in itertools.combinations(zip(p_values, adjusted, strict=True), 2):
        assert (q <= s) if p <= r else (s <= q)


def score_statistic(gained: int, lost: int, queries: int, delta: float) -> float:
    """Tango's score statistic with the restricted most likely share found by search."""
    kept = queries - gained - lost

    def minus_log_likelihood(q: float) -> float:
        cells = ((gained, q + delta), (lost, q), (kept, 1 - 2 * q - delta))
        return -math.fsum(count * math.log(max(share, 1e-300)) for count, share in cells if count)

    low, high = max(0.0, -delta), (1 - delta) / 2
    q = minimize_scalar(minus_log_likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    return float((gained - lost - queries * delta) / math.sqrt(queries * (2 * q + delta * (1 - delta))))


@given(st.integers(1, 300), st.data())
def test_tangos_limits_have_a_score_of_z(queries: int, data: st.DataObject) -> None:
    gained = data.draw(st.integers(0, queries))
    lost = data.draw(st.integers(0, queries - gained))
    low, high = tango_interval(gained, lost, queries)
    difference = (gained - lost) / queries
    assert -1 <= low <= difference <= high <= 1
    assert low < high
    if low > -1:
        assert score_statistic(gained, lost, queries, low) == pytest.approx(1.959964, abs=2e-3)
    if high < 1:
        assert score_statistic(gained, lost, queries, high) == pytest.approx(-1.959964, abs=2e-3)


@given(st.integers(1, 300), st.data())
def test_tangos_interval_is_turned_when_the_runs_are(queries: int, data: st.DataObject) -> None:
    gained = data.draw(st.integers(0, queries))
    lost = data.draw(st.integers(0, queries - gained))
    low, high = tango_interval(gained, lost, queries)
    assert tango_interval(lost, gained, queries) == pytest.approx((-high, -low), abs=1e-8)


def test_tangos_interval_without_flips_has_a_width() -> None:
    z_squared = 1.959963984540054**2
    for queries in (1, 76, 1231):
        limit = z_squared / (queries + z_squared)
        assert tango_interval(0, 0, queries) == pytest.approx((-limit, limit))
    assert tango_interval(50, 0, 50) == pytest.approx(((50 - z_squared) / (50 + z_squared), 1.0))
    for counts in ((-1, 0, 5), (3, 3, 5), (0, 0, 0)):
        with pytest.raises(ValueError, match="discordant pairs"):
            tango_interval(*counts)


def exact_bootstrap(clusters: Sequence[Sequence[float]]) -> list[float]:
    """The estimate of every way to draw as many clusters as there are."""
    return [
        math.fsum(itertools.chain(*drawn)) / sum(map(len, drawn))
        for drawn in itertools.product(clusters, repeat=len(clusters))
    ]


def test_the_bootstrap_draws_clusters_and_divides_by_what_they_hold() -> None:
    clusters = [[1.0, 1.0, -1.0], [0.0], [1.0, 0.5], [-1.0, -0.25, 0.0, 0.0], [0.75]]
    every = exact_bootstrap(clusters)
    values = [value for cluster in clusters for value in cluster]
    numbers = [number for number, cluster in enumerate(clusters) for _ in cluster]
    for confidence in (0.5, 0.8, 0.9):
        tail = (1 - confidence) / 2
        found = cluster_bootstrap(values, numbers, confidence=confidence, resamples=200_000)
        for limit, share in zip(found, (tail, 1 - tail), strict=True):
            below = sum(one < limit - 1e-9 for one in every) / len(every)
            at_most = sum(one <= limit + 1e-9 for one in every) / len(every)
            assert below - 0.005 <= share <= at_most + 0.005


def test_strata_keep_their_sizes() -> None:
    """Where all clusters of a stratum are alike nothing varies; drawn together, the strata's shares would."""
    values, strata = [1.0] * 30 + [0.0] * 10, [0] * 30 + [1] * 10
    assert cluster_bootstrap(values, strata=strata) == (0.75, 0.75)
    low, high = cluster_bootstrap(values)
    assert low < 0.7
    assert high > 0.8
    # the same number in two strata is not the same cluster
    numbers = [*range(30), *range(10)]
    assert cluster_bootstrap(values, numbers, strata) == (0.75, 0.75)


def test_many_distinct_clusters_are_drawn_like_few() -> None:
    """The mean of many values: the interval is about that of the normal approximation."""
    rng = random.Random(1)
    values = [rng.gauss(2.0, 3.0) for _ in range(2000)]
    low, high = cluster_bootstrap(values)
    half = 1.96 * float(np.std(values)) / math.sqrt(2000)
    assert low == pytest.approx(float(np.mean(values)) - half, abs=0.03 * half)
    assert high == pytest.approx(float(np.mean(values)) + half, abs=0.03 * half)


def test_the_bootstrap_repeats_itself_and_sees_dependence() -> None:
    values = [float(number % 5 == 0) for number in range(200)]
    assert cluster_bootstrap(values, seed=3) == cluster_bootstrap(values, seed=3)
    alone = cluster_bootstrap(sorted(values))
    together = cluster_bootstrap(sorted(values), [number // 20 for number in range(200)])
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])
    with pytest.raises(ValueError, match="needs values"):
        cluster_bootstrap([])


@given(st.lists(st.sampled_from([-1.5, -1.0, -0.1, 0.0, 0.1, 0.3, 1.0]), max_size=9))
def test_few_signs_are_all_gone_through(differences: list[float]) -> None:
    observed = abs(math.fsum(differences))
    sums = [
        abs(math.fsum(sign * value for sign, value in zip(signs, differences, strict=True)))
        for signs in itertools.product((-1, 1), repeat=len(differences))
    ]
    assert sign_flip(differences) == pytest.approx(sum(one >= observed - 1e-9 for one in sums) / len(sums))


def test_many_signs_are_drawn() -> None:
    """All differences equal: the sign flips of n ones are the exact binomial test, up to what drawing leaves."""
    ones = [0.1] * 60 + [-0.1] * 40 + [0.0] * 1000
    expected = exact_p(60, 40)
    assert sign_flip(ones) == pytest.approx(expected, abs=4 * math.sqrt(expected / 10_000))
    assert sign_flip(ones) == sign_flip([-one for one in ones])
    assert sign_flip([0.1] * 100) == 1 / 10_001


def plain_power(queries: int, discordant: float, difference: float) -> float:
    gain = (1 + difference / discordant) / 2
    total = 0.0
    for pairs in range(queries + 1):
        likely = math.comb(queries, pairs) * discordant**pairs * (1 - discordant) ** (queries - pairs)
        rejected = [gained for gained in range(pairs + 1) if exact_p(gained, pairs - gained) <= 0.05]
        total += likely * sum(math.comb(pairs, g) * gain**g * (1 - gain) ** (pairs - g) for g in rejected)
    return total


@pytest.mark.parametrize(("queries", "discordant", "difference"), [(5, 1, 1), (6, 1, 1), (30, 0.4, 0.2), (76, 0.2, 0)])
def test_the_power_is_that_of_plain_loops(queries: int, discordant: float, difference: float) -> None:
    assert mcnemar_power(queries, discordant, difference) == pytest.approx(
        plain_power(queries, discordant, difference), abs=1e-9
    )


def test_the_detectable_difference_is_the_first_with_enough_power() -> None:
    assert detectable_difference(76, 0.2) == pytest.approx(0.146)
    assert plain_power(76, 0.2, 0.146) >= 0.8 > plain_power(76, 0.2, 0.145)
    assert least_detectable(30) == pytest.approx(0.251)
    assert plain_power(30, 0.251, 0.251) >= 0.8 > plain_power(30, 0.250, 0.250)


@pytest.mark.parametrize(
    ("queries", "points"),
    [(76, (None, 15.0, 18.5)), (466, (4.5, 6.0, 7.5)), (1231, (3.0, 4.0, 4.5))],
    ids=["occlusion", "night", "amstertime"],
)
def test_the_detectable_differences_of_the_benchmarks(queries: int, points: tuple[float | None, ...]) -> None:
    """Against a table that was simulated in steps of half a point."""
    for discordant, expected in zip((0.1, 0.2, 0.3), points, strict=True):
        found = detectable_difference(queries, discordant)
        if expected is None:
            assert found is None
        else:
            assert found is not None
            assert 100 * found == pytest.approx(expected, abs=0.5)


def test_what_cannot_be_detected() -> None:
    assert detectable_difference(1000, 0.0) is None
    assert detectable_difference(76, 0.01) is None
    assert least_detectable(5) is None
    assert least_detectable(6) is not None
    assert mcnemar_power(100, 0.0, 0.0) == 0
    with pytest.raises(ValueError, match="discordant share"):
        mcnemar_power(100, 0.1, 0.2)


@given(st.integers(0, 25), st.integers(0, 25), st.integers(0, 25), st.integers(0, 25))
def test_fisher_is_the_exact_hypergeometric_test(right: int, wrong: int, right_before: int, wrong_before: int) -> None:
    """The chance, by whole numbers, of a table with these margins that is at most as likely as this one."""
    answers, before = right + wrong, right_before + wrong_before
    rights = right + right_before
    ways = [math.comb(answers, k) * math.comb(before, rights - k) for k in range(rights + 1)]
    expected = sum(way for way in ways if way <= ways[right]) / math.comb(answers + before, rights)
    assert fisher(right, answers, right_before, before) == pytest.approx(expected, rel=1e-6)
