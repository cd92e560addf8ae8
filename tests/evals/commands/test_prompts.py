"""The way of a prompt's author on a small town: a run again passes, whatever says less is caught by name."""

import asyncio
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from running import Run, caller

from internvl_vpr.evals.runs.folder import load_run
from internvl_vpr.evals.runs.measure import RunOptions, measure
from internvl_vpr.evals.splits.layouts import open_split
from internvl_vpr.evals.splits.split import TownSize, Where
from internvl_vpr.evals.stand_in.server import MODEL

pytest.importorskip("rapidocr", reason="needs the extra embedded")

WORSE = Path(__file__).parents[3] / "evals" / "baseline" / "vlm" / "what-happens.md"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A town of eight places with its index and a run of the sign reader, whose readings the ledger has."""
    folder = tmp_path_factory.mktemp("town")
    split = open_split("town-occlusion", Where(folder / "town", town=TownSize(0, 8)))
    options = RunOptions(folder / "places", {"verify": "off"}, environ={})
    made, _ = asyncio.run(measure(split, options, folder / "baseline"))
    assert sum(result.steps.made for result in made.results) == 34
    return folder


@pytest.fixture
def run(town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command, with `TOWN` for the flags of the town."""
    called = caller(tmp_path, monkeypatch, capsys)
    flags = ["--root", town / "town", "--town-places", "8", "--places", town / "places", "--verify", "off"]

    def run(*arguments: str | Path) -> object:
        return called(*(part for one in arguments for part in (flags if one == "TOWN" else [one])))

    return run  # type: ignore[return-value]


def test_the_same_again_passes_for_nothing_and_without_signs_it_fails_by_name(
    run: Run, town: Path, tmp_path: Path
) -> None:
    again = run("eval", "run", "town-occlusion", "TOWN", "--out", "again")
    assert "; 0 images described now in 0 attempts." in again.stdout
    passed = run("eval", "gate", "again", "--baseline", town / "baseline")
    assert passed.returncode == 0, passed.stdout
    assert "identical rankings" in passed.stdout

    worse = run("eval", "prompts", "signage", "statistics", "--split", "town-occlusion", "TOWN", "--out", "prompts")
    assert worse.returncode == 1, worse.stdout
    verdict = " ".join(worse.stdout.split("\n\n")[0].split())
    assert verdict.startswith("REGRESSION: B is worse than A: ")
    assert "generic cues" in verdict
    assert "boilerplate weights" in verdict
    assert (tmp_path / "prompts" / "signage" / "town-occlusion" / "run.json").is_file()

    caught = run("eval", "gate", "prompts/statistics", "--baseline", town / "baseline", "--junit", "gate.xml", "--json")
    assert caught.returncode == 1
    assert json.loads(caught.stdout)["outcome"] == "regression"
    failures = [case.get("name") for case in ET.parse(tmp_path / "gate.xml").iter("testcase") if len(case)]
    assert {"generic cues", "boilerplate weights"} <= set(failures)

    few = ("--limit", "2", "--k", "4", "--describer", "statistics")
    noise = run("eval", "noise", "town-occlusion", "TOWN", *few, "--out", "noise")
    assert noise.returncode == 0, noise.stderr
    found = json.loads((tmp_path / "noise" / "noise.json").read_text())
    assert found["alike"] == 1.0
    assert found["floors"]["Recall@1"] == found["floors"]["generic cues"] == 0.0
    for name in ("first", "second"):  # each was asked anew, in a ledger of its own
        made = load_run(tmp_path / "noise" / name / "town-occlusion")
        assert sum(result.steps.made for result in made.results) == len(made.descriptions) > 4

    page = run("eval", "report", town / "baseline", "prompts/statistics", "--out", "page.html")
    assert page.returncode == 0, page.stderr
    assert "<script" not in (tmp_path / "page.html").read_text()


def test_a_prompt_that_asks_for_the_wrong_thing_is_caught_by_name(run: Run, tmp_path: Path) -> None:
    """A stand-in answers in the place of a vision-language model, the same whenever and however it is asked."""
    told = ("--split", "town-occlusion", "TOWN", "--tau", "-1", "--stand-in")
    worse = run("eval", "prompts", "describe_image.v1", WORSE, *told, "--out", "prompts")
    assert worse.returncode == 1, worse.stderr
    verdict = " ".join(worse.stdout.split("\n\n")[0].split())
    assert verdict.startswith("REGRESSION: B is worse than A: ")
    assert {"transient objects", "generic cues", "invented names"} & set(verdict.split(": ", 2)[2].split("; "))
    _, examples = worse.stdout.split("transient objects: a cue names")
    assert "/town/" in examples
    assert max(map(len, worse.stdout.splitlines())) <= 80

    first = load_run(tmp_path / "prompts" / "describe_image.v1" / "town-occlusion")
    assert (first.info.settings["model"], len(first.descriptions)) == (MODEL, 34)
    passed = run("eval", "gate", "prompts/describe_image.v1", "--baseline", "prompts/describe_image.v1")
    assert passed.returncode == 0, passed.stdout

    anew = ("--limit", "2", "--k", "4", "--concurrency", "1", "--ledger", "ledger.sqlite", "--out", "anew")
    assert run("eval", "run", "town-occlusion", *told[2:], *anew).returncode == 0
    second = load_run(tmp_path / "anew")
    assert sum(result.steps.made for result in second.results) == len(second.descriptions) > 4
    said = {key: one.cues for key, one in first.descriptions.items()}
    assert {key: one.cues for key, one in second.descriptions.items()}.items() <= said.items()


def test_the_stand_in_is_refused_for_other_photographs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = caller(tmp_path, monkeypatch, capsys)
    refused = run("eval", "run", "folder", "--places", "places", "--out", "run", "--stand-in")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "The stand-in knows only the demo town, and not 'folder': leave out --stand-in." in refused.stderr
