"""The gate: every outcome from made-up runs and checks, its exit codes, and its reports for machines."""

import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import made_runs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from internvl_vpr.evals.compare.gate import judge, recall_outcome
from internvl_vpr.evals.compare.gate_checks import judge_checks, pooled_checks
from internvl_vpr.evals.compare.gate_limits import Limits
from internvl_vpr.evals.compare.gate_report import GateLine, GateReport, gate_json, junit, legal, overall, write_junit
from internvl_vpr.evals.compare.noise import read_noise
from internvl_vpr.evals.compare.records import Difference
from internvl_vpr.evals.compare.view import show_gate
from internvl_vpr.evals.measures.paired import cluster_bootstrap, holm, mcnemar, sign_flip, tango_interval
from internvl_vpr.evals.runs.folder import Run
from internvl_vpr.evals.runs.records import Check, ImageDescription
from internvl_vpr.tools.errors import UsageError

CUES = (("a", 1.0), ("b", 1.0), ("c", 2.0))


def said(count: int, **fields: object) -> list[ImageDescription]:
    images = [made_runs.described(f"r{number}.jpg", *CUES) for number in range(count)]
    return [image.model_copy(update=fields) for image in images]


def run(
    right: Sequence[bool],
    descriptions: Sequence[ImageDescription] | None = None,
    *,
    finished: str | None = "2026-01-02",
) -> Run:
    """A run with these queries right, or else second, and images that all have three cues."""
    results = [made_runs.result(f"q{number}", 1, 1 if one else 2) for number, one in enumerate(right)]
    return made_runs.run(results, said(20) if descriptions is None else descriptions, finished=finished)


def one(made: Run) -> dict[str, Run]:
    return {made.info.split.name: made}


def lost(count: int, of: int, gained: int = 0) -> tuple[Run, Run]:
    """A run and its baseline, which is right in `count` others, and wrong in `gained`."""
    mine = [number >= count for number in range(of)]
    theirs = [number < of - gained for number in range(of)]
    return run(mine), run(theirs)


def gate(pair: tuple[Run, Run], limits: Limits | None = None, **more: object) -> GateReport:
    return judge(one(pair[0]), one(pair[1]), limits, **more)  # type: ignore[arg-type]


def line(report: GateReport, name: str) -> GateLine:
    return next(line for line in report.lines if line.name == name)


def test_the_limits_unless_others_are_given() -> None:
    assert asdict(Limits()) == {
        "margin": 0.05, "k": 1, "min_valid": 0.95, "min_exact": 0.95, "max_errors": 0.01, "max_cost": 1.5,
    }  # fmt: skip


@pytest.mark.parametrize(("errors", "outcome"), [(4, "pass"), (5, "incomplete")])
def test_one_photograph_in_a_hundred_may_fail(errors: int, outcome: str) -> None:
    same = run([True] * 400)
    broken = [one.model_copy(update={"error": "gone"}) for one in same.results[:errors]]
    mine = Run(same.folder, same.info, [*broken, *same.results[errors:]])
    mine.__dict__["descriptions"] = same.descriptions
    assert line(gate((mine, same)), "errors").outcome == outcome


@pytest.mark.parametrize(("good", "outcome"), [(95, "pass"), (94, "regression")])
def test_ninety_five_images_in_a_hundred_must_be_described_well(good: int, outcome: str) -> None:
    failed = [made_runs.described(f"f{number}.jpg", failure="no cues") for number in range(100 - good)]
    short = [made_runs.described(f"s{number}.jpg", ("a", 1.0)) for number in range(100 - good)]
    whole = run([True] * 4, said(100))
    assert line(gate((run([True] * 4, [*said(good), *failed]), whole)), "schema-valid").outcome == outcome
    assert line(gate((run([True] * 4, [*said(good), *short]), whole)), "exactly N").outcome == outcome


def test_a_run_passes_against_itself() -> None:
    report = gate((run([True, False] * 4), run([True, False] * 4)))
    assert (report.outcome, report.exit_code(), report.exit_code(strict=True)) == ("pass", 0, 0)
    assert line(report, "Recall@1").reason.startswith("identical rankings")
    assert [one.outcome for one in report.lines] == ["pass", "noted", *["pass"] * 5]
    assert line(report, "grades").reason == "not checked: the run and the baseline have no grades on record"
    assert tango_interval(0, 0, 8)[1] > 0.05  # so without the rankings being the same it could not have passed


def test_equal_recall_with_other_rankings_is_no_proof() -> None:
    report = gate(lost(1, 8, gained=1))
    assert (report.outcome, report.exit_code(), report.exit_code(strict=True)) == ("inconclusive", 3, 1)


@pytest.mark.parametrize(
    ("count", "of", "gained", "margin", "outcome"),
    [
        (0, 400, 3, 0.05, "pass"),
        (6, 400, 5, 0.05, "pass"),
        (8, 400, 0, 0.05, "pass"),  # a loss that is real, and below the margin
        (8, 400, 0, 0.02, "regression"),
        (40, 400, 2, 0.05, "regression"),
        (20, 400, 16, 0.02, "inconclusive"),
        (3, 40, 0, 0.05, "inconclusive"),
        (6, 40, 0, 0.05, "regression"),
        (0, 40, 6, 0.0, "pass"),
    ],
)
def test_non_inferiority(count: int, of: int, gained: int, margin: float, outcome: str) -> None:
    report = gate(lost(count, of, gained), Limits(margin=margin))
    assert report.outcome == outcome
    recall = line(report, "Recall@1")
    assert recall.measured == pytest.approx((count - gained) / of)
    low, high = tango_interval(gained, count, of)
    assert report.comparison is not None
    drawn = report.comparison.pooled.differences[0].bootstrap
    low, high = -max(high, drawn[1]), -min(low, drawn[0])
    assert outcome == ("pass" if high < margin else "regression" if low > 0 else "inconclusive")


@given(st.floats(-0.5, 0.5), st.floats(0, 0.3), st.floats(0, 0.3), st.floats(0, 0.2), st.floats(0, 0.2))
def test_the_rule_of_the_interval(value: float, below: float, above: float, margin: float, floor: float) -> None:
    interval = (value - below, value + above)
    tested = Difference(
        k=1, value=value, gained=0, lost=0, queries=9, bootstrap=interval, tango=interval, p=1, holm=1, detectable=None
    )  # fmt: skip
    outcome, _ = recall_outcome(tested, margin, floor)
    most, least = below - value, -value - above
    if outcome == "pass":
        assert most < margin
    elif outcome == "regression":
        assert least > 0
        assert most >= margin
        assert -value > floor
    else:
        assert most >= margin
        assert least <= 0 or -value <= floor


def test_a_loss_within_the_noise_floor_is_no_regression() -> None:
    pair = lost(8, 400)
    limits = Limits(margin=0.02)
    assert gate(pair, limits, noise={"Recall@1": 0.019}).outcome == "regression"
    assert gate(pair, limits, noise={"Recall@1": 0.02}).outcome == "inconclusive"
    assert gate(pair, limits, noise={"Recall@5": 0.02}).outcome == "regression"


def test_another_k_is_judged_when_the_shortlist_can_tell_it() -> None:
    report = gate(lost(40, 400), Limits(k=5))
    assert report.outcome == "pass"  # what was lost is still second
    assert line(report, "Recall@5").measured == 0
    with pytest.raises(UsageError, match="too short to tell Recall@50"):
        gate(lost(4, 40), Limits(k=50))


def splits(*losses: tuple[int, int, int]) -> tuple[dict[str, Run], dict[str, Run]]:
    """For each split how many queries were lost, of how many, and how many were gained."""
    runs: dict[str, Run] = {}
    baselines: dict[str, Run] = {}
    for number, (count, of, gained) in enumerate(losses):
        pair = lost(count, of, gained)
        name = f"s{number}"
        for into, made in zip((runs, baselines), pair, strict=True):
            info = made.info.model_copy(update={"split": made.info.split.model_copy(update={"name": name})})
            into[name] = Run(made.folder, info, made.results)
            into[name].__dict__["descriptions"] = made.descriptions
    return runs, baselines


def test_a_split_that_is_lost_fails_though_all_together_pass() -> None:
    report = judge(*splits((12, 60, 0), (0, 600, 12)))
    assert line(report, "Recall@1, all splits").outcome == "pass"
    assert line(report, "Recall@1, s0").outcome == "regression"
    assert line(report, "Recall@1, s1").outcome == "pass"
    assert report.outcome == "regression"


def test_a_split_needs_both_its_interval_and_holm() -> None:
    assert mcnemar(0, 6) < 0.05 < 2 * mcnemar(0, 6)
    report = judge(*splits((6, 60, 0), (6, 60, 0), (0, 1000, 11)))
    for name in ("s0", "s1"):
        found = line(report, f"Recall@1, {name}")
        assert found.outcome == "inconclusive"
        assert "McNemar's test over several splits does not" in found.reason
    assert line(report, "Recall@1, all splits").outcome == "pass"
    assert report.outcome == "pass"


def test_small_splits_that_cannot_tell_leave_nothing_open() -> None:
    report = judge(*splits((1, 20, 1), (1, 20, 1), (2, 600, 2)))
    assert [one.outcome for one in report.lines[:4]] == ["pass", "inconclusive", "inconclusive", "pass"]
    assert report.outcome == "pass"


def test_an_unfinished_run_is_incomplete() -> None:
    for pair in ((run([True], finished=None), run([True])), (run([True]), run([True], finished=None))):
        report = gate(pair)
        assert (report.outcome, report.exit_code(), report.comparison) == ("incomplete", 4, None)
        assert "has not finished" in report.lines[0].reason


def test_too_many_errors_are_incomplete_before_anything_else() -> None:
    mine, theirs = lost(40, 400)
    broken = [one.model_copy(update={"error": "gone"}) for one in mine.results[:5]]
    mine = Run(mine.folder, mine.info, [*broken, *mine.results[5:]])
    mine.__dict__["descriptions"] = theirs.descriptions
    report = gate((mine, theirs))
    assert line(report, "errors").measured == 5 / 400
    assert line(report, "Recall@1").outcome == "regression"
    assert (report.outcome, report.exit_code()) == ("incomplete", 4)
    assert gate((mine, theirs), Limits(max_errors=5 / 400)).outcome == "regression"


def test_descriptions_must_be_valid_and_have_n_cues() -> None:
    good = said(18)
    failed = [made_runs.described(f"f{number}.jpg", failure="no cues") for number in range(1)]
    short = [made_runs.described(f"s{number}.jpg", ("a", 1.0)) for number in range(1)]
    pair = run([True] * 4, [*good, *failed, *short]), run([True] * 4)
    report = gate(pair, Limits(min_exact=0.9))
    assert (line(report, "schema-valid").measured, line(report, "exactly N").measured) == (19 / 20, 18 / 20)
    assert report.outcome == "pass"
    report = gate(pair, Limits(min_exact=0.91))
    assert (line(report, "exactly N").outcome, report.outcome) == ("regression", "regression")
    report = gate(pair, Limits(min_valid=0.96, min_exact=0.9))
    assert (line(report, "schema-valid").outcome, report.outcome) == ("regression", "regression")
    assert (
        "19 of 20 images have cues that can be used; at least 96 % are required" in line(report, "schema-valid").reason
    )
    assert gate((run([True], []), run([True]))).outcome == "incomplete"


def test_the_ceiling_must_not_fall() -> None:
    lower = made_runs.run([made_runs.result("q0", 1, 1), made_runs.result("q1", None, None)], said(20))
    full = run([True, True])
    report = gate((lower, full), Limits(margin=1.0))
    ceiling = line(report, "ceiling")
    assert (ceiling.outcome, ceiling.measured, ceiling.limit, report.outcome) == ("regression", 0.5, 1.0, "regression")
    assert line(gate((full, lower), Limits(margin=1.0)), "ceiling").outcome == "pass"
    deep = made_runs.run([made_runs.result("q0", 1, 1, k=40), made_runs.result("q1", 30, 30, k=40)])
    assert line(gate((lower, deep), Limits(margin=1.0)), "ceiling").outcome == "regression"
    imported = Run(deep.folder, deep.info.model_copy(update={"method": "SALAD-CM"}), deep.results)
    common = line(gate((lower, imported), Limits(margin=1.0)), "ceiling")  # an import keeps as many as it likes
    assert (common.outcome, common.measured, common.limit) == ("pass", 0.5, 0.5)


def test_cost_is_tokens_an_image_or_else_attempts() -> None:
    def made(tokens: int, attempts: int) -> Run:
        usage = {"prompt_tokens": tokens, "completion_tokens": tokens, "total_tokens": 9999} if tokens else {}
        return run([True], said(10, usage=usage, attempts=attempts))

    cheap, dear = made(100, 1), made(151, 1)
    cost = line(gate((dear, cheap)), "cost")
    assert (cost.outcome, cost.measured, cost.limit) == ("regression", 302.0, 300.0)
    assert line(gate((made(150, 1), cheap)), "cost").outcome == "pass"
    assert line(gate((dear, cheap), Limits(max_cost=1.6)), "cost").outcome == "pass"
    for pair in ((made(0, 2), made(0, 1)), (made(100, 2), made(0, 1))):
        cost = line(gate(pair), "cost")
        assert (cost.outcome, cost.measured, cost.limit) == ("regression", 2.0, 1.5)
        assert "attempts" in cost.reason
    assert line(gate((made(0, 0), made(0, 0))), "cost").outcome == "noted"


def check(
    values: Mapping[str, float],
    name: str = "transient objects",
    better: Literal["higher", "lower"] | None = "lower",
    binary: bool = True,
) -> Check:
    return Check(name=name, meaning="share of images", better=better, binary=binary, values=values)


def shares(ones: int, of: int = 200) -> dict[str, float]:
    return {f"reference r{number}.jpg": float(number < ones) for number in range(of)}


def test_a_check_that_got_worse_fails_by_name_with_its_figures() -> None:
    pair = run([True] * 4), run([True] * 4)
    report = gate(pair, checks=[(check(shares(30)), check(shares(10)))])
    assert (report.outcome, report.exit_code()) == ("regression", 1)
    found = report.checks[0]
    assert (found.run, found.baseline, found.images) == (0.15, 0.05, 200)
    assert found.difference == pytest.approx(0.1)
    assert found.p == found.holm == mcnemar(20, 0)
    low, high = tango_interval(20, 0, 200)
    drawn = cluster_bootstrap([float(10 <= number < 30) for number in range(200)])
    assert found.interval == (min(low, drawn[0]), max(high, drawn[1]))
    failed = line(report, "transient objects")
    assert failed.outcome == "regression"
    assert "0.150, 0.050 in the baseline; difference +0.100" in failed.reason
    for better, outcome in (("higher", "pass"), (None, "noted")):
        pairs = [(check(shares(30), better=better), check(shares(10), better=better))]  # type: ignore[arg-type]
        assert gate(pair, checks=pairs).checks[0].outcome == outcome


def test_a_check_within_its_noise_floor_passes() -> None:
    pair = [(check(shares(30)), check(shares(10)))]
    assert judge_checks(pair, {"transient objects": 0.1})[0].outcome == "pass"
    assert judge_checks(pair, {"transient objects": 0.0999})[0].outcome == "regression"
    assert judge_checks(pair, {"something else": 0.5})[0].outcome == "regression"


def test_checks_are_corrected_for_their_number() -> None:
    alone = [(check(shares(16)), check(shares(10)))]
    assert mcnemar(6, 0) < 0.05
    assert judge_checks(alone, {})[0].outcome == "regression"
    others = [
        (check(shares(10), name=f"other {number}"), check(shares(10), name=f"other {number}")) for number in range(3)
    ]
    found = judge_checks(alone + others, {})
    assert found[0].outcome == "pass"
    assert [one.holm for one in found] == holm([mcnemar(6, 0), 1, 1, 1])


def test_a_check_of_numbers_is_tested_by_sign_flips() -> None:
    now = {f"reference {number}": 1.0 + number % 7 for number in range(100)}
    before = {key: value - (0.5 if number % 4 else -0.25) for number, (key, value) in enumerate(now.items())}
    found = judge_checks([(check(now, binary=False), check(before, binary=False))], {})[0]
    differences = [now[key] - before[key] for key in now]
    assert found.test == "sign flips"
    assert found.p == sign_flip(differences) < 0.001
    assert found.interval == cluster_bootstrap(differences)
    assert found.difference == pytest.approx(0.3125)
    assert found.outcome == "regression"


def test_only_images_of_both_runs_are_paired_and_other_checks_refused() -> None:
    mine = {"reference a": 1.0, "reference b": 0.0, "reference c": 1.0}
    theirs = {"reference d": 1.0, "reference b": 1.0, "reference a": 1.0}
    found = judge_checks([(check(mine), check(theirs))], {})[0]
    assert (found.images, found.run, found.baseline) == (2, 0.5, 1.0)
    nothing = [(check({"reference a": 1.0}), check({"reference b": 1.0}))]
    assert judge_checks(nothing, {}) == []
    report = gate((run([True]), run([True])), checks=nothing)
    assert (line(report, "transient objects").outcome, report.outcome) == ("noted", "pass")
    with pytest.raises(ValueError, match="cannot be paired"):
        judge_checks([(check(mine), check(mine, name="other"))], {})


def test_checks_of_several_splits_are_pooled() -> None:
    """An image that two splits have counts once, queries of the same name count twice."""

    def check_runs(a: Run, b: Run) -> list[tuple[Check, Check]]:
        values = {"query 1.jpg": 1.0, "reference r0.jpg": 0.0, f"reference {a.info.split.name}.jpg": 1.0}
        return [(check(values), check(dict.fromkeys(values, 0.0)))]

    runs, baselines = splits((0, 4, 0), (0, 4, 0))
    pooled = pooled_checks(runs, baselines, check_runs)
    assert len(pooled) == 1
    found = judge_checks(pooled, {})[0]
    assert (found.images, found.run) == (5, 4 / 5)


def test_outcomes_go_before_each_other() -> None:
    def made(kind: str, outcome: str) -> GateLine:
        return GateLine(kind=kind, name="x", outcome=outcome, measured=None, limit=None, reason="")

    passed, lost_, open_, broken = (made("recall", one) for one in ("pass", "regression", "inconclusive", "incomplete"))
    assert overall((passed, made("check", "noted"), made("split", "inconclusive"))) == "pass"
    assert overall((open_, passed)) == "inconclusive"
    assert overall((open_, made("check", "regression"))) == "regression"
    assert overall((open_, lost_, broken)) == "incomplete"


def test_junit_has_a_case_a_line_with_reasons() -> None:
    report = judge(*splits((12, 60, 0), (1, 20, 1)), checks=[(check(shares(30)), check(shares(10)))])
    suite = ET.fromstring(junit(report))[0]
    counts = {"tests": str(len(report.lines)), "failures": "3", "errors": "0", "skipped": "1"}
    assert suite.attrib == {"name": "internvl-vpr eval gate", **counts}
    cases = {case.get("name"): case for case in suite}
    assert cases.keys() == {line.name for line in report.lines}
    failure = cases["transient objects"].find("failure")
    assert failure is not None
    assert failure.get("message") == line(report, "transient objects").reason
    assert cases["Recall@1, s1"].find("skipped") is not None
    assert cases["errors"].find("failure") is None


def test_junit_of_open_and_incomplete_gates() -> None:
    report = gate(lost(1, 8, gained=1))
    suite = ET.fromstring(junit(report))[0]
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "1")
    suite = ET.fromstring(junit(report, strict=True))[0]
    assert (suite.get("failures"), suite.get("skipped")) == ("1", "0")
    suite = ET.fromstring(junit(gate((run([True], finished=None), run([True])))))[0]
    assert (suite.get("errors"), suite.get("tests")) == ("1", "1")


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_makes_legal_xml(text: str) -> None:
    made = GateLine(kind="check", name=text, outcome="regression", measured=None, limit=None, reason=text)
    content = junit(GateReport(outcome="regression", lines=(made,))).encode("utf-8")
    case = ET.fromstring(content)[0][0]
    assert case.get("name") == legal(text)
    assert legal('a\x00\x1b[2J\ud800\ufffe<&">😀') == 'a[2J<&">😀'


def test_files_are_written_whole_and_read(tmp_path: Path) -> None:
    report = gate(lost(6, 40))
    write_junit(tmp_path / "gate.xml", report)
    assert (tmp_path / "gate.xml").read_text(encoding="utf-8") == junit(report)
    with pytest.raises(UsageError, match="cannot be written"):
        write_junit(tmp_path / "no" / "gate.xml", report)
    found = json.loads(json.dumps(gate_json(report), allow_nan=False))
    assert (found["exit_code"], found["outcome"]) == (1, "regression")
    assert found["comparison"]["pooled"]["differences"][0]["lost"] == 6


def test_noise_floors_are_read_or_refused(tmp_path: Path) -> None:
    file = tmp_path / "noise.json"
    file.write_text('{"floors": {"Recall@1": 0.01, "x": 0}, "split": "town"}', encoding="utf-8")
    assert read_noise(file) == {"Recall@1": 0.01, "x": 0.0}
    for wrong in ("", "{}", '{"floors": {"x": -1}}', '{"floors": {"x": NaN}}', '{"floors": [1]}'):
        file.write_text(wrong, encoding="utf-8")
        with pytest.raises(UsageError, match=r"noise floors .* cannot be read"):
            read_noise(file)
    with pytest.raises(UsageError, match="cannot be read"):
        read_noise(tmp_path / "missing.json")


def shown(report: GateReport, *, strict: bool = False) -> str:
    console = Console(file=io.StringIO(), width=80, markup=False, emoji=False, highlight=False)
    console.print(show_gate(report, strict=strict))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    return " ".join(text.split())


def test_a_person_reads_the_outcome_in_words() -> None:
    assert shown(gate((run([True]), run([True])))).endswith("PASS: no worse than its baseline, within the limits")
    worse = gate((run([True]), run([True])), checks=[(check(shares(30)), check(shares(10)))])
    text = shown(worse)
    assert text.endswith("REGRESSION: worse than its baseline: transient objects")
    assert text.count("regression") == 1
    assert "pass " not in text.split("regression ")[1]  # what decides stands last
    opened = gate(lost(1, 8, gained=1))
    assert "INCONCLUSIVE: these queries cannot tell: Recall@1" in shown(opened)
    assert "which --strict counts as a regression" in shown(opened, strict=True)
    assert "INCOMPLETE: nothing can be said about this run: finished" in shown(
        gate((run([True], finished=None), run([True])))
    )


def test_hostile_names_of_checks_are_shown_as_they_are() -> None:
    evil = "x\x1b[2J[bold]"
    report = gate((run([True]), run([True])), checks=[(check(shares(30), name=evil), check(shares(10), name=evil))])
    text = shown(report)
    assert "\x1b" not in text
    assert "\\x1b[2J[bold]" in text
