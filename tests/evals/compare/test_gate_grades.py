"""The gate on grades: exact tests by hand, counts of none and few, and every newly wrong answer by its name."""

import math
from collections.abc import Sequence

import made_runs
import pytest

from internvl_vpr.evals.compare.gate import judge
from internvl_vpr.evals.compare.gate_grades import CONFIRMED, OUTSIDE, grade_lines
from internvl_vpr.evals.compare.gate_report import GateLine
from internvl_vpr.evals.measures.paired import mcnemar
from internvl_vpr.evals.runs.folder import Run
from internvl_vpr.evals.runs.records import Result

GRADES = {"c": "confirmed", "l": "likely", "a": "ambiguous", "u": "unknown", "-": None}


def answers(grades: str, wrong: Sequence[int] = ()) -> list[Result]:
    """A query for each letter, which is right unless it is among the wrong ones."""
    return [
        made_runs.result(f"q{number}", 2, 2 if number in wrong else 1, grade=GRADES[letter], inliers=(90, 70))
        for number, letter in enumerate(grades)
    ]


def outer(grades: str) -> list[Result]:
    return [
        made_runs.result(f"o{number}", None, None, outside=True, grade=GRADES[letter], inliers=(90, 70))
        for number, letter in enumerate(grades)
    ]


def lines(run: Sequence[Result], baseline: Sequence[Result]) -> dict[str, GateLine]:
    found = list(grade_lines(*({"town-night": made_runs.run(one)} for one in (run, baseline))))
    assert len({one.name for one in found}) == len(found)
    assert {one.kind for one in found} == {"grade"}
    return {one.name: one for one in found}


def one_sided(right: int, of: int, right_before: int, of_before: int) -> float:
    """The chance of at most so many right ones in the run, all margins given."""
    every = math.comb(of + of_before, right + right_before)
    ways = (math.comb(of, k) * math.comb(of_before, right + right_before - k) for k in range(right + 1))
    return sum(ways) / every


@pytest.mark.parametrize(("wrong", "outcome"), [(0, "pass"), (5, "pass"), (8, "regression")])
def test_confirmed_answers_must_stay_right(wrong: int, outcome: str) -> None:
    found = lines(answers(60 * "c", range(wrong)), answers(60 * "c"))[CONFIRMED]
    assert found.outcome == outcome
    assert (found.measured, found.limit) == (1 - wrong / 60, 1.0)
    assert found.reason.startswith(f"{60 - wrong} of 60 (95 % ")
    p = min(1.0, 2 * one_sided(60 - wrong, 60, 60, 60))  # two-sided: both tails are alike where the sets are as large
    assert (p < 0.05) == (wrong > 5)
    assert f"Fisher p = {p:.2g}" in found.reason


def test_fewer_wrong_ones_are_no_regression() -> None:
    assert lines(answers(60 * "c"), answers(60 * "c", range(9)))[CONFIRMED].outcome == "pass"


def test_two_tests_are_corrected_for_each_other() -> None:
    """Six wrong of sixty have p = 0.027 alone; beside the photographs from outside that is twice as much."""
    alone = lines(answers(60 * "c", range(6)), answers(60 * "c"))
    assert alone[CONFIRMED].outcome == "regression"
    both = lines([*answers(60 * "c", range(6)), *outer(8 * "u")], [*answers(60 * "c"), *outer(8 * "u")])
    assert both[CONFIRMED].outcome == "pass"
    assert both[OUTSIDE].outcome == "pass"
    p = 2 * one_sided(54, 60, 60, 60)
    assert f"Fisher p = {p:.2g}, Holm p = {2 * p:.2g}" in both[CONFIRMED].reason


@pytest.mark.parametrize(
    ("lost", "gained", "outcome"), [(7, 0, "regression"), (5, 0, "pass"), (7, 4, "pass"), (0, 7, "pass")]
)
def test_photographs_from_outside_must_stay_unknown(lost: int, gained: int, outcome: str) -> None:
    now, before = outer(lost * "l" + gained * "u" + 5 * "u"), outer(lost * "u" + gained * "c" + 5 * "u")
    found = lines([*answers("cc"), *now], [*answers("cc"), *before])[OUTSIDE]
    assert found.outcome == outcome
    of = lost + gained + 5
    assert (found.measured, found.limit) == ((gained + 5) / of, (lost + 5) / of)
    assert f"{lost} lost and {gained} gained, McNemar p = {mcnemar(gained, lost):.2g}" in found.reason


def test_without_such_answers_nothing_is_checked_and_that_is_said() -> None:
    for now, before in (("uu", "cc"), ("cc", "uu"), ("ll", "uu")):
        found = lines(answers(now), answers(before))
        assert (found[CONFIRMED].outcome, found[CONFIRMED].measured) == ("noted", None)
        counted = f"{now.count('c')} answers are confirmed, {before.count('c')} in the baseline"
        assert found[CONFIRMED].reason == f"not checked: {counted}"
        assert found[OUTSIDE].reason == "not checked: there is no photograph from outside the map"


def test_one_answer_alone_never_fails_the_gate() -> None:
    found = lines([*answers("c", [0]), *outer("l")], [*answers("c"), *outer("u")])
    assert [found[name].outcome for name in (CONFIRMED, OUTSIDE)] == ["pass", "pass"]


@pytest.mark.parametrize(
    ("now", "before", "says"),
    [("cc", "--", "the baseline has"), ("--", "cc", "the run has"), ("c-", "-c", "the run and the baseline have")],
)
def test_runs_without_grades_are_not_checked(now: str, before: str, says: str) -> None:
    found = lines(answers(now), answers(before))
    assert list(found) == ["grades"]
    assert (found["grades"].outcome, found["grades"].reason) == ("noted", f"not checked: {says} no grades on record")


def test_every_answer_that_is_newly_confirmed_and_wrong_is_named() -> None:
    now = [*answers("cccl", [0, 1, 3]), *outer("cc")]
    before = [*answers("lccl", [0, 1, 3]), *outer("uc")]
    found = lines(now, before)
    named = {name: one for name, one in found.items() if name.startswith("confirmed, yet wrong: ")}
    assert [name.removeprefix("confirmed, yet wrong: ") for name in named] == ["q0.jpg", "o0.jpg (outside)"]
    assert {one.outcome for one in named.values()} == {"noted"}
    assert named["confirmed, yet wrong: q0.jpg"].reason == (
        "confirmed, q0-wrong-1.jpg with 90 inliers, wrong; "
        "in the baseline likely, q0-wrong-1.jpg with 90 inliers, wrong"
    )
    assert "in the baseline unknown" in named["confirmed, yet wrong: o0.jpg (outside)"].reason


def test_the_gate_fails_by_name() -> None:
    run, baseline = ({"town-night": made_runs.run(one, [made_runs.described("r.jpg", ("a", 1), ("b", 1), ("c", 1))])}
                     for one in (answers(60 * "c", range(30)), answers(60 * "c")))  # fmt: skip
    report = judge(run, baseline)
    assert report.outcome == "regression"
    assert [one.outcome for one in report.lines if one.name == CONFIRMED] == ["regression"]
    assert sum(one.name.startswith("confirmed, yet wrong: ") for one in report.lines) == 30
    assert judge(baseline, run).outcome == "pass"


def test_a_photograph_from_outside_one_map_counts_once_however_many_splits_have_it() -> None:
    def splits(outside: str) -> dict[str, Run]:
        return {
            name: made_runs.run([*answers("cc"), *outer(outside)], split=name)
            for name in ("town-night", "town-long-ago")
        }

    found = {one.name: one for one in grade_lines(splits("lllluu"), splits("uuuuuu"))}
    assert "2 of 6 " in found[OUTSIDE].reason
    assert "4 of 4 " in found[CONFIRMED].reason  # queries of the same name are two
    assert "4 lost and 0 gained" in found[OUTSIDE].reason
    named = {one.name for one in grade_lines(splits("cu"), splits("uu")) if "wrong" in one.name}
    assert named == {"confirmed, yet wrong: o0.jpg of town-night (outside)"}


def test_a_query_that_was_not_located_counts_on_neither_side() -> None:
    lost = Result(query="q0.jpg", digest=None, positives=("q0-right.jpg",), error="damaged")
    found = lines([lost, *answers("ccc", [0])[1:]], answers("ccc", [0]))
    assert found[CONFIRMED].reason.startswith("2 of 2 ")
    assert "2 of 2 (95 % 15.8–100.0 %) in the baseline" in found[CONFIRMED].reason
