"""A calibration as it is shown: curve, area, verdict in words, and JSON."""

import io

import pytest
from rich.console import Console
from scored_runs import made, query, town

from internvl_vpr.evals.runs.risk import risk_coverage
from internvl_vpr.evals.tune.calibrate import asked_queries, calibrate
from internvl_vpr.evals.tune.calibrate_view import calibration_json, show_calibration, verdict


def test_what_cannot_be_promised_says_what_can_and_what_it_takes() -> None:
    found = calibrate([made(town(60, 0.5))])
    assert not found.promised
    assert 0.5 < found.lower_limit < 0.95
    text = " ".join(verdict(found))
    assert "95 % cannot be promised with this many queries" in text
    assert f"{100 * found.lower_limit:.1f} % can" in text
    assert "95 % needs 59 accepted answers" in text
    assert "from outside the map" in text
    assert "at least 95 % are right" in " ".join(verdict(calibrate([made(town(400, 0.5))])))


@pytest.mark.parametrize("width", [80, 100])
def test_what_a_person_sees(width: int) -> None:
    results = [*town(398, 0.5), query("silent", None), query("mute", None)]
    run = made(results, split="town-\x1b[31m")
    curve = risk_coverage(one.judged for one in asked_queries([run]))
    console = Console(file=io.StringIO(), width=width, markup=False, emoji=False, highlight=False)
    console.print(show_calibration(curve, calibrate([run])))
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) <= width
    lines = {line.split(" %")[0]: line for line in shown.splitlines() if line.strip()[:1].isdigit()}
    accepted = [one.judged.right for one in asked_queries([run]) if (one.judged.confidence or 0) > 0.5]
    assert len(accepted) == accepted.count(True)
    assert "40/400" in lines["10"]
    assert "0.0 % (0/40, 0.0–8.8)" in lines["10"]
    assert lines["100"].split()[2:] == ["–", "–", "–"]  # two have no score
    assert f"AURC {curve.aurc:.4f}" in shown
    assert "2 of 400 queries have no score" in shown


def test_json_has_the_curve_and_the_verdict() -> None:
    run = made(town(60, 0.5))
    curve = risk_coverage(one.judged for one in asked_queries([run]))
    found = calibration_json(curve, calibrate([run]))
    assert found["promised"] is False
    assert found["answers_needed"] == 59
    assert [point["accepted"] for point in found["curve"]] == list(range(1, 61))
    assert found["curve"][-1]["coverage"] == 1
    assert found["aurc"] == curve.aurc
    assert found["calibration"]["tau"] == calibrate([run]).tau
