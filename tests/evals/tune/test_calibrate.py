"""τ chosen on one half of the places and tested on the other: halves, limits, and how often a promise is kept."""

import math
import random
from collections.abc import Sequence

import made_runs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scored_runs import IDS, made, query, town

from internvl_vpr.evals.runs.folder import Run
from internvl_vpr.evals.runs.records import Result
from internvl_vpr.evals.runs.risk import Accepted, Judged, judge, risk_coverage
from internvl_vpr.evals.tune.calibrate import (
    Asked,
    answers_needed,
    asked_queries,
    calibrate,
    chance_to_pass,
    choose_tau,
    halves,
    lower_limit,
    places,
)
from internvl_vpr.tools.errors import RunUnfinished, UsageError


def asked(results: Sequence[Result]) -> list[Asked]:
    return [Asked(result.query, result, judge(result)) for result in results]


def at_least(right: int, accepted: int, share: float) -> float:
    """P(X ≥ right) for a binomial X, term by term."""
    return math.fsum(
        math.comb(accepted, x) * share**x * (1 - share) ** (accepted - x) for x in range(right, accepted + 1)
    )


@given(st.data(), st.integers(1, 80), st.floats(0.5, 0.99))
def test_the_limit_is_the_share_at_which_so_many_right_are_just_unlikely(
    data: st.DataObject, accepted: int, confidence: float
) -> None:
    right = data.draw(st.integers(1, accepted))
    limit = lower_limit(right, accepted, confidence)
    assert at_least(right, accepted, limit) == pytest.approx(1 - confidence, rel=1e-6)
    assert lower_limit(0, accepted, confidence) == 0
    assert limit < right / accepted or confidence == 0.5


def test_limits_and_needs_by_closed_form() -> None:
    assert lower_limit(59, 59, 0.95) == pytest.approx(0.05 ** (1 / 59))
    assert lower_limit(0, 0, 0.95) == 0
    assert answers_needed(0.95, 0.95) == 59
    assert answers_needed(0.9, 0.95) == 29
    assert answers_needed(0.99, 0.99) == 459


@given(st.floats(0.05, 0.99), st.floats(0.05, 0.99))
def test_so_many_right_answers_promise_it_and_one_fewer_does_not(precision: float, confidence: float) -> None:
    needed = answers_needed(precision, confidence)
    assert lower_limit(needed, needed, confidence) >= precision - 1e-9
    assert needed == 1 or lower_limit(needed - 1, needed - 1, confidence) < precision + 1e-9


def answers(*runs: tuple[int, bool]) -> list[Judged]:
    """So many right or wrong answers, the most confident first."""
    flags = [right for count, right in runs for _ in range(count)]
    return [Judged(1 - place / 1000, right) for place, right in enumerate(flags)]


def accepted_with(tau: float, given_answers: Sequence[Judged]) -> int:
    return sum(one.confidence is not None and one.confidence > tau for one in given_answers)


def chance_by_loops(right: int, accepted: int, precision: float, confidence: float) -> float:
    """Σ over the counts that pass of C(m, x) B(x + a, m − x + b) / B(a, b), with Jeffreys' a and b."""
    a, b = right + 0.5, accepted - right + 0.5

    def log_beta(x: float, y: float) -> float:
        return math.lgamma(x) + math.lgamma(y) - math.lgamma(x + y)

    return math.fsum(
        math.exp(math.log(math.comb(accepted, x)) + log_beta(x + a, accepted - x + b) - log_beta(a, b))
        for x in range(accepted + 1)
        if at_least(x, accepted, precision) <= 1 - confidence
    )


@given(st.data(), st.integers(1, 60), st.sampled_from([0.5, 0.8, 0.95]), st.sampled_from([0.8, 0.95]))
def test_the_chance_that_as_many_new_answers_pass(
    data: st.DataObject, accepted: int, precision: float, confidence: float
) -> None:
    right = data.draw(st.integers(0, accepted))
    chance = chance_to_pass(Accepted(0.5, accepted, right), precision, confidence)
    assert chance == pytest.approx(chance_by_loops(right, accepted, precision, confidence), abs=1e-9)


def test_the_smallest_tau_that_likely_passes_is_chosen() -> None:
    given_answers = answers((200, True), (1, False), (20, True), (40, False))
    tau = choose_tau(risk_coverage(given_answers), 0.9, 0.95)
    fitting = [
        m for m in range(215, 240)
        if chance_by_loops(sum(one.right for one in given_answers[:m]), m, 0.9, 0.95) >= 0.98
    ]  # fmt: skip
    assert accepted_with(tau, given_answers) == max(fitting)
    assert 221 < max(fitting) < 235


def test_what_promises_most_is_chosen_where_nothing_likely_passes() -> None:
    given_answers = answers((20, True), (5, False), (10, True))
    assert accepted_with(choose_tau(risk_coverage(given_answers), 0.95, 0.95), given_answers) == 20
    nothing_right = answers((5, False))
    assert accepted_with(choose_tau(risk_coverage(nothing_right), 0.95, 0.95), nothing_right) == 5
    with pytest.raises(UsageError, match="No query has a score"):
        choose_tau(risk_coverage([Judged(None, False)]), 0.95, 0.95)


POSITIONS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=25)


@given(POSITIONS, st.sampled_from([0.0, 10.0, 25.0]))
def test_places_are_what_steps_within_the_radius_connect(spots: list[tuple[int, int]], radius: float) -> None:
    queries = asked([query(f"q{i}", 0.5, at=made_runs.metres(10 * x, 10 * y)) for i, (x, y) in enumerate(spots)])
    near = {
        i: {j for j, b in enumerate(spots) if math.hypot(10 * (a[0] - b[0]), 10 * (a[1] - b[1])) <= radius}
        for i, a in enumerate(spots)
    }
    expected = set()
    for start in near:
        reached, waiting = {start}, [start]
        while waiting:
            new = near[waiting.pop()] - reached
            reached |= new
            waiting += new
        expected.add(frozenset(f"q{i}" for i in reached))
    assert {frozenset(one.name for one in group) for group in places(queries, radius)} == expected


def test_a_positive_in_common_makes_one_place_where_there_are_no_positions() -> None:
    queries = asked([query("a", 0.5, positive="x"), query("b", 0.5, positive="x"), query("c", 0.5)])
    assert sorted(len(group) for group in places(queries, 25)) == [1, 2]


@given(POSITIONS, st.integers(0, 3))
def test_a_place_is_never_in_both_halves_and_halves_are_even(spots: list[tuple[int, int]], seed: int) -> None:
    results = [query(f"q{i}", 0.5, at=made_runs.metres(10 * x, 10 * y)) for i, (x, y) in enumerate(spots)]
    results += [query(f"o{i}", 0.5, at=made_runs.metres(9000 + 100 * i), outside=True) for i in range(5)]
    queries = asked(results)
    parts = halves(queries, 25, seed)
    assert sorted(one.name for part in parts for one in part) == sorted(one.name for one in queries)
    for group in places(queries, 25):
        assert len({one.name in {other.name for other in parts[0]} for one in group}) == 1
    largest = max(len(group) for group in places(queries, 25))
    assert abs(len(parts[0]) - len(parts[1])) <= largest + 1
    assert sorted(sum(one.result.outside for one in part) for part in parts) == [2, 3]
    shuffled = random.Random(seed).sample(queries, len(queries))
    again = halves(shuffled, 25, seed)
    assert [{one.name for one in part} for part in again] == [{one.name for one in part} for part in parts]


def test_another_seed_makes_other_halves() -> None:
    queries = asked([query(f"q{i}", 0.5, at=made_runs.metres(100 * i)) for i in range(20)])
    first, second = ({one.name for one in halves(queries, 25, seed)[0]} for seed in (0, 1))
    assert len(first) == len(second) == 10
    assert first != second


def test_a_photo_in_several_runs_counts_once() -> None:
    outside = [query(f"o{i}", 0.4, outside=True) for i in range(3)]
    night = made([query("a", 0.9), *outside])
    day = made([query("a", 0.9, digest=made_runs.digest("a by day")), *outside], split="town-occlusion")
    found = asked_queries([night, day])
    assert len(found) == 5
    assert sum(one.result.outside for one in found) == 3
    broken = Result(query="x", digest=None, error="broken")
    assert len(asked_queries([made([broken]), made([broken], split="town-occlusion")])) == 2


def test_a_promise_is_counted_on_the_half_that_had_no_part_in_the_choice() -> None:
    results = town(400, 0.5, outside=40)
    run = made(results)
    found = calibrate([run])
    chosen_on, held_out = halves(asked_queries([run]), 25, 0)
    assert found.tau == choose_tau(risk_coverage(one.judged for one in chosen_on), 0.95, 0.95)
    accepted = [one for one in held_out if (one.judged.confidence or 0) > found.tau]
    assert (found.accepted, found.right) == (len(accepted), sum(one.judged.right for one in accepted))
    assert (found.queries, found.outside) == (len(held_out), 20)
    assert found.coverage == found.accepted / found.queries
    assert at_least(found.right, found.accepted, found.lower_limit) == pytest.approx(0.05, rel=1e-6)
    assert found.promised
    assert 0.4 < found.tau < 0.55
    assert found.splits == ("town-night",)
    assert found.valid_for.model_dump() == IDS
    assert found == calibrate([run]).model_copy(update={"made": found.made})


def test_scores_that_say_nothing_are_promised_no_oftener_than_the_confidence_allows() -> None:
    """Every answer is right with 0.8, whatever its S: 0.8 may be promised in at most 20 % of towns, asked at 80 %."""
    promised = 0
    for number in range(60):
        rng = random.Random(number)
        results = [
            query(f"q{i}", rng.random(), right=rng.random() < 0.8, at=made_runs.metres(100 * i)) for i in range(120)
        ]
        promised += calibrate([made(results)], precision=0.8, confidence=0.8).promised
    assert promised <= 60 * 0.2 + 3 * math.sqrt(60 * 0.2 * 0.8)


def test_runs_that_do_not_belong_together() -> None:
    first, second = made(town(4, 0.5)), made(town(4, 0.5), split="town-occlusion", n=5)
    with pytest.raises(UsageError, match=r"cannot be calibrated together \(n 5, not 3\)"):
        calibrate([first, second])
    other = made(town(4, 0.5), split="town-occlusion")
    split = other.info.split.model_copy(update={"references_digest": "0" * 64})
    with pytest.raises(UsageError, match="another map"):
        calibrate([first, Run(other.folder, other.info.model_copy(update={"split": split}), other.results)])
    with pytest.raises(RunUnfinished, match="not finished"):
        calibrate([made([], finished=None)])
    with pytest.raises(UsageError, match="needs a run"):
        calibrate([])
    for precision, confidence in ((0.0, 0.9), (1.0, 0.9), (0.9, 1.0), (math.nan, 0.9)):
        with pytest.raises(UsageError, match="between 0 and 1"):
            calibrate([first], precision, confidence)
