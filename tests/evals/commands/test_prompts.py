"""The way of a prompt's author on a small town: a run again passes, a describer that drops signs is caught by name."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from running import Run, caller

pytest.importorskip("rapidocr", reason="needs the extra embedded")

TOWN = ["--root", "town", "--town-places", "8", "--places", "places", "--verify", "off"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return caller(tmp_path, monkeypatch, capsys)


def test_the_same_again_passes_for_nothing_and_without_signs_it_fails_by_name(run: Run, tmp_path: Path) -> None:
    first = run("eval", "run", "town-occlusion", *TOWN, "--out", "baseline")
    assert first.returncode == 0, first.stderr
    assert "34 images described now" in first.stdout

    again = run("eval", "run", "town-occlusion", *TOWN, "--out", "again")
    assert "; 0 images described now in 0 attempts." in again.stdout
    passed = run("eval", "gate", "again", "--baseline", "baseline")
    assert passed.returncode == 0, passed.stdout
    assert "identical rankings" in passed.stdout

    worse = run("eval", "prompts", "signage", "statistics", "--split", "town-occlusion", *TOWN, "--out", "prompts")
    assert worse.returncode == 1, worse.stdout
    verdict = " ".join(worse.stdout.split("REGRESSION: ")[1].split())
    assert "generic cues" in verdict
    assert "boilerplate weights" in verdict
    assert (tmp_path / "prompts" / "signage" / "town-occlusion" / "run.json").is_file()

    caught = run("eval", "gate", "prompts/statistics", "--baseline", "baseline", "--junit", "gate.xml", "--json")
    assert caught.returncode == 1
    assert json.loads(caught.stdout)["outcome"] == "regression"
    failures = [case.get("name") for case in ET.parse(tmp_path / "gate.xml").iter("testcase") if len(case)]
    assert {"generic cues", "boilerplate weights"} <= set(failures)

    noise = run("eval", "noise", "town-occlusion", *TOWN, "--describer", "statistics", "--out", "noise")
    assert noise.returncode == 0, noise.stderr
    found = json.loads((tmp_path / "noise" / "noise.json").read_text())
    assert found["alike"] == 1.0
    assert found["floors"]["Recall@1"] == found["floors"]["generic cues"] == 0.0
    for name in ("first", "second"):  # each was asked anew, in a ledger of its own
        results = (tmp_path / "noise" / name / "town-occlusion" / "results.jsonl").read_text().splitlines()
        assert sum(json.loads(line).get("steps", {}).get("made", 0) for line in results) == 34

    page = run("eval", "report", "baseline", "prompts/statistics", "--out", "page.html")
    assert page.returncode == 0, page.stderr
    assert "<script" not in (tmp_path / "page.html").read_text()
