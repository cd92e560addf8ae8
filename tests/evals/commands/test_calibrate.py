"""The command that calibrates τ: its verdict, its exit code, and what it stores where."""

import json
from pathlib import Path

import made_runs
import pytest
import scored_runs
from built_index import SETTINGS
from texture import write_textures

from internvl_vpr.evals.commands.calibrate import calibrate
from internvl_vpr.tools.errors import IndexMismatch, IndexMissing, UsageError
from internvl_vpr.tools.index.build import update_index
from internvl_vpr.tools.index.calibration import CALIBRATION, read_calibration
from internvl_vpr.tools.index.place_index import PlaceIndex


def save(folder: Path, count: int, codebook: str) -> Path:
    """A run of queries 100 m apart, right where S is above a half."""
    made_runs.save(scored_runs.made(scored_runs.town(count, 0.5), codebook=codebook), folder)
    return folder


def call(*arguments: object) -> int:
    code: int = calibrate.main([str(one) for one in arguments], standalone_mode=False)
    return code


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of four textures."""
    pytest.importorskip("cv2", reason="needs the extra embedded")
    folder = tmp_path_factory.mktemp("textures")
    write_textures(folder / "photos", range(4))
    update_index(folder / "photos", folder / "places", SETTINGS.model_copy(update={"clusters": 4}))
    return folder / "places"


@pytest.fixture(scope="module")
def codebook(built: Path) -> str:
    index = PlaceIndex.open(built)
    index.close()
    return index.manifest.codebook_digest


@pytest.fixture
def places(built: Path, tmp_path: Path) -> Path:
    """A folder with the index's manifest, which is what a calibration is checked against."""
    folder = tmp_path / "places"
    folder.mkdir()
    (folder / "manifest.json").write_bytes((built / "manifest.json").read_bytes())
    return folder


def test_what_is_promised_is_stored(
    codebook: str, places: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = save(tmp_path / "run", 400, codebook)
    assert call(run, "--places", places) == 0
    shown = capsys.readouterr().out
    assert "at least 95 % are right, with 95 % confidence" in shown
    assert f"stored in {places}" in " ".join(shown.split())
    found = read_calibration(places)
    assert found is not None
    assert found.promised
    assert found.valid_for.codebook == codebook
    assert found.splits == ("town-night",)


def test_what_cannot_be_promised_is_not(
    codebook: str, places: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = save(tmp_path / "run", 40, codebook)
    assert call(run, "--places", places) == 3
    assert "95 % cannot be promised with this many queries" in " ".join(capsys.readouterr().out.split())
    assert not (places / CALIBRATION).exists()
    assert call(run, "--precision", "0.5", "--confidence", "0.9", "--places", places) == 0
    assert (places / CALIBRATION).exists()


def test_json_says_the_same(codebook: str, places: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = save(tmp_path / "run", 40, codebook)
    assert call(run, "--json", "--places", places) == 3
    found = json.loads(capsys.readouterr().out)
    assert (found["promised"], found["stored"], found["queries"]) == (False, False, 40)
    assert call(run, "--json", "--precision", "0.5") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["promised"], found["stored"]) == (True, False)


def test_a_run_of_another_map_and_wrong_numbers_are_refused(codebook: str, places: Path, tmp_path: Path) -> None:
    run = save(tmp_path / "run", 40, "0" * 64)
    with pytest.raises(IndexMismatch, match="made with another index than the one"):
        call(run, "--precision", "0.5", "--places", places)
    assert not (places / CALIBRATION).exists()
    with pytest.raises(IndexMissing):
        call(run, "--places", tmp_path)
    with pytest.raises(UsageError, match="between 0 and 1"):
        call(run, "--precision", "95")
    with pytest.raises(UsageError, match="There is no run"):
        call(tmp_path / "nowhere")
