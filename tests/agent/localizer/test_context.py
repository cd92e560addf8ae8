"""A calibrated τ in an index: locate uses it where it is valid, and the answer states what it promises."""

import json
import shutil
from pathlib import Path

import pytest
from places import name_of
from running import Run, caller

from internvl_vpr.agent import open_context
from internvl_vpr.tools.index.calibration import Calibration, ValidFor, read_calibration, write_calibration

FLAGS = ["--describer", "statistics", "--verify", "off"]
TAU = 0.42


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return caller(tmp_path, monkeypatch, capsys)


@pytest.fixture
def places(town: Path, tmp_path: Path) -> Path:
    """A copy of the textures' index with a calibration for the describer without signs."""
    folder = tmp_path / "places"
    shutil.copytree(town / "places", folder)
    with open_context(folder, describer="statistics") as context:
        valid_for, checksum = ValidFor.of(context.resolved()), context.index.manifest.checksum
    calibration = Calibration(
        tau=TAU, precision=0.9, confidence=0.95, lower_limit=0.91, queries=80, outside=8, accepted=60, right=58,
        coverage=0.75, method="halves", splits=("town-night", "town-occlusion"), made="2026-01-02T03:04:05+00:00",
        valid_for=valid_for, index=checksum,
    )  # fmt: skip
    write_calibration(folder, calibration)
    return folder


def located(run: Run, town: Path, *flags: str) -> dict[str, object]:
    shown = run("locate", town / "query.png", "--places", "places", "--json", *FLAGS, *flags)
    assert shown.returncode == 0, shown.stderr
    answer: dict[str, object] = json.loads(shown.stdout)
    return answer


def settings_of(answer: dict[str, object]) -> dict[str, object]:
    assert isinstance(answer["settings"], dict)
    return answer["settings"]


def notes_of(answer: dict[str, object]) -> str:
    assert isinstance(answer["notes"], list)
    return " ".join(answer["notes"])


def test_locate_uses_it_and_states_the_promise(run: Run, town: Path, places: Path) -> None:
    answer = located(run, town)
    assert answer["reference"] == name_of(3)
    assert answer["decided_by"] == "cues"
    assert settings_of(answer)["tau"] == TAU
    assert settings_of(answer)["tau_calibrated"] == "2026-01-02T03:04:05+00:00"
    assert (
        "Answers with S > 0.42 are right at least 90 times in 100, with 95 % confidence: 58 of 60 were, of 80 "
        "photographs (town-night, town-occlusion) that had no part in choosing τ." in notes_of(answer)
    )
    assert "The map has changed" not in notes_of(answer)


@pytest.mark.parametrize("flags", [["--n", "2"], ["--k", "5"], ["--encoder", "minilm", "--n", "5"]])
def test_it_says_nothing_of_other_settings(run: Run, town: Path, places: Path, flags: list[str]) -> None:
    answer = located(run, town, *flags)
    assert settings_of(answer)["tau"] == 0.97  # the preset's
    assert settings_of(answer)["tau_calibrated"] is None
    assert "Answers with S >" not in notes_of(answer)


def test_another_describer_has_no_promise(town: Path, places: Path) -> None:
    pytest.importorskip("rapidocr", reason="needs the extra embedded")
    with open_context(places) as context:
        assert context.calibration is None
        assert context.settings.tau == 0.97


def test_a_tau_that_is_asked_for_comes_first_and_has_no_promise(run: Run, town: Path, places: Path) -> None:
    answer = located(run, town, "--tau", "0.3")
    assert settings_of(answer)["tau"] == 0.3
    assert "Answers with S >" not in notes_of(answer)


def test_an_answer_that_the_cues_do_not_decide_promises_nothing(run: Run, town: Path, places: Path) -> None:
    calibration = read_calibration(places)
    assert calibration is not None
    write_calibration(places, calibration.model_copy(update={"tau": 1.0}))  # which no S exceeds
    answer = located(run, town)
    assert answer["decided_by"] == "coarse order"
    assert "Answers with S >" not in notes_of(answer)


def test_a_map_that_has_changed_since_is_said(run: Run, town: Path, places: Path) -> None:
    calibration = read_calibration(places)
    assert calibration is not None
    write_calibration(places, calibration.model_copy(update={"index": "0" * 64}))
    assert "The map has changed since." in notes_of(located(run, town))


def test_a_damaged_calibration_is_one_clear_error(run: Run, town: Path, places: Path) -> None:
    text = (places / "calibration.json").read_text()
    (places / "calibration.json").write_text(text.replace("0.42", "0.12"))
    shown = run("locate", town / "query.png", "--places", "places", *FLAGS)
    assert shown.returncode == 1
    assert "is damaged or of another version: remove it" in shown.stderr


def test_a_preset_of_another_backbone_is_not_silently_the_indexs(cli: Run, town: Path) -> None:
    for command in (("index", town / "photos"), ("locate", town / "query.png")):
        found = cli(*command, "--places", town / "places", "--preset", "anyloc")
        assert found.returncode == 2
        assert "built with the backbone 'rootsift', and the preset 'anyloc' names 'dinov2-giant'" in found.stderr
