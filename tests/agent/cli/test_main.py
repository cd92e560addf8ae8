"""The command as a user runs it: exit codes, what goes to stdout and to stderr."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from places import name_of
from running import Run, caller

from internvl_vpr.tools.records import Answer

NOWHERE = {"INTERNVL_VPR_ENDPOINT": "http://127.0.0.1:9/v1"}  # the discard port; nothing listens there
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HOME": "/nonexistent"}
SMALL = ["--longer-side", "160", "--clusters", "8", "--no-check"]


@pytest.fixture(scope="module")
def indexed(town: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `places`, built by the command from the textures, and `photos`."""
    folder = tmp_path_factory.mktemp("cli")
    shutil.copytree(town / "photos", folder / "photos")
    shutil.copy(town / "query.png", folder)
    (folder / "photos" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not much of a photo")
    built = subprocess.run(
        [sys.executable, "-m", "internvl_vpr.agent", "index", "photos", "--places", "places", *SMALL],
        capture_output=True, text=True, cwd=folder, timeout=300, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    assert built.stdout == (
        "8 photos in places: 8 images computed now, 0 photos pruned, 1 files skipped\n"
        "Next: internvl-vpr locate PHOTO --places places\n"
    )
    assert "broken.jpg" in built.stderr
    return folder


def test_help_names_every_command_and_exit_code(run: Run) -> None:
    shown = run("--help")
    assert shown.returncode == 0
    for word in ("index", "locate", "demo", "130 interrupted", "INTERNVL_VPR_"):
        assert word in shown.stdout
    for command in ("index", "locate", "demo"):
        assert run(command, "--help").returncode == 0


def test_help_imports_nothing_heavy(run: Run) -> None:
    code = "import sys; import internvl_vpr.agent.cli.main; print(sorted(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for heavy in ("torch", "faiss", "cv2", "langgraph", "transformers", "rapidocr", "numpy", "rich.console"):
        assert f"'{heavy}'" not in modules


def test_locate_prints_one_json_object_and_nothing_else(run: Run, indexed: Path) -> None:
    found = run("locate", indexed / "query.png", "--places", indexed / "places", "--json")
    assert found.returncode == 0, found.stderr
    answer = Answer.model_validate(json.loads(found.stdout))
    assert (answer.status, answer.reference) == ("located", name_of(3))
    assert found.stderr == ""
    first = json.loads(found.stdout)["candidates"][0]
    expected = {"rank", "reference", "coarse_rank", "coarse_similarity", "score", "retained", "matches"}
    assert expected <= set(first)


def test_the_second_time_everything_is_read_back_and_equal(run: Run, indexed: Path) -> None:
    arguments = ("locate", indexed / "photos" / name_of(1), "--places", indexed / "places", "--json")
    run(*arguments)
    first, second = run(*arguments), run(*arguments)
    assert first.stdout == second.stdout
    assert json.loads(second.stdout)["steps"]["made"] == 0


def test_a_piped_answer_has_no_colour_and_shows_place_and_link(run: Run, indexed: Path) -> None:
    found = run("locate", indexed / "query.png", "--places", indexed / "places")
    assert found.returncode == 0
    assert "\x1b" not in found.stdout
    assert "https://www.openstreetmap.org/?mlat=45." in found.stdout
    assert re.match(r"(Confirmed|Likely|A guess|Undecided between \d+ places): ", found.stdout)
    assert "calibration of τ" not in found.stdout
    assert "calibration of τ" in run("locate", indexed / "query.png", "--places", indexed / "places", "--why").stdout
    assert max(map(len, found.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "environ", "code", "says"),
    [
        (["locate", "none.jpg", "--places", "{places}"], {}, 2, "none.jpg"),
        (["locate", "{query}", "--places", "nowhere"], {}, 2, "internvl-vpr index PHOTOS --places"),
        (["locate", "{query}", "--places", "{places}", "--kappa", "2"], {}, 2, "kappa hard, not 2.0"),
        (["locate", "{query}", "--places", "{places}", "--k", "x"], {}, 2, "'k' cannot be 'x' (flag)"),
        (["locate", "{query}", "--places", "{places}"], {"INTERNVL_VPR_TAU": "high"}, 2, "(environment)"),
        (["locate", "{query}", "--places", "{places}", "--describer", "vlm"], NOWHERE, 4, "does not answer"),
        (["locate", "{query}", "--places", "{places}", "--describer", "vlm", "--replay"], {}, 1, "--replay"),
        (["locate", "{query}", "--places", "{places}", "--describer", "vlm", "--endpoint", "x"], {}, 2, "'x'"),
        (["locate", "{query}", "--places", "{places}", "--prompt", "none.md", "--describer", "vlm"], {}, 2, "none.md"),
        (["describe", "--places", "{places}", "--describer", "vlm"], NOWHERE, 4, "does not answer"),
        (["describe", "--places", "nowhere"], {}, 2, "nowhere"),
        (["codebook", "c.safetensors", "--places", "nowhere"], {}, 2, "nowhere"),
        (["index", "{photos}", "--places", "p", "--codebook", "none.safetensors"], {}, 2, "none.safetensors"),
        (["ledger", "show"], {}, 2, "--places"),
        (["ledger", "stats", "--ledger", "none.sqlite"], {}, 2, "none.sqlite"),
        (["locate", "{query}"], {}, 2, "--places"),
        (["locate", "{query}", "--places", "{places}", "--tau", "1", "--below-tau", "strict"], {}, 3, ""),
        (["index", "no-folder", "--places", "p"], {}, 2, "no-folder"),
        (["index", "{empty}", "--places", "p"], {}, 1, "name a folder of photos"),
        (["index", "{photos}", "--places", "p", "--positions", "none.csv"], {}, 2, "none.csv"),
        (["nonsense"], {}, 2, "nonsense"),
    ],
)
def test_bad_input_is_one_clear_sentence_and_its_exit_code(
    indexed: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    environ: dict[str, str],
    code: int,
    says: str,
) -> None:
    run = caller(tmp_path, monkeypatch, capsys)  # within this process, which has loaded everything already
    (tmp_path / "empty").mkdir()
    known = {
        "places": indexed / "places",
        "query": indexed / "query.png",
        "photos": indexed / "photos",
        "empty": "empty",
    }
    found = run(*(argument.format(**known) for argument in arguments), **environ)
    assert found.returncode == code, found.stderr
    assert says in found.stderr
    assert "Traceback" not in found.stderr
    if code == 2:
        assert found.stdout == ""


def test_weights_that_are_not_at_hand_are_one_clear_error(run: Run, indexed: Path) -> None:
    found = run("index", indexed / "photos", "--places", "p", "--backbone", "dinov2-small", **OFFLINE)
    assert found.returncode == 1, found.stderr
    assert "dinov2-small" in found.stderr
    assert "Traceback" not in found.stderr


def test_positions_can_come_from_a_table(run: Run, indexed: Path, tmp_path: Path) -> None:
    (tmp_path / "positions.csv").write_text(f"file,latitude,longitude\n{name_of(3)},52.5,13.4\n")
    built = run("index", indexed / "photos", "--places", "p", "--positions", "positions.csv", *SMALL)
    assert built.returncode == 0, built.stderr
    answer = json.loads(run("locate", indexed / "query.png", "--places", "p", "--json").stdout)
    assert (answer["position"]["latitude"], answer["position"]["longitude"]) == (52.5, 13.4)


def test_hostile_names_and_signs_reach_the_terminal_as_text(run: Run, indexed: Path, tmp_path: Path) -> None:
    hostile = tmp_path / "[bold]\x1b]0;owned\x07\u202e.png"
    shutil.copy(indexed / "query.png", hostile)
    found = run("locate", hostile, "--places", indexed / "places", COLUMNS="200")
    assert found.returncode == 0
    assert not set("\x1b\x07\u202e") & set(found.stdout)
    assert "[bold]\\x1b]0;owned\\x07\\u202e.png" in found.stdout
    elsewhere = run("locate", hostile, "--places", indexed / "places", "--matches", tmp_path / "matches.jpg")
    assert (elsewhere.returncode, elsewhere.stdout) == (2, "")
    assert "name a file that ends in .png" in elsewhere.stderr
    missing = run("locate", tmp_path / "\x1b[2J.png", "--places", indexed / "places")
    assert "\x1b" not in missing.stderr


def test_a_full_disk_under_the_result_is_one_clear_error(indexed: Path) -> None:
    command = f"{sys.executable} -m internvl_vpr.agent locate query.png --places places --json > /dev/full"
    piped = subprocess.run(["bash", "-c", command], cwd=indexed, capture_output=True, text=True, check=False)
    assert (piped.returncode, piped.stderr) == (
        1,
        "internvl-vpr: there is no space left to write the result: free some.\n",
    )


def test_an_output_that_is_not_utf_8_is_no_error(run: Run, indexed: Path) -> None:
    found = run("locate", indexed / "query.png", "--places", indexed / "places", PYTHONIOENCODING="ascii")
    assert found.returncode == 0, found.stderr
    assert "openstreetmap.org" in found.stdout


def test_a_reader_that_goes_away_is_no_error(indexed: Path) -> None:
    command = f"{sys.executable} -m internvl_vpr.agent locate query.png --places places --json | head -c 1 >/dev/null"
    piped = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], cwd=indexed, capture_output=True, text=True, check=False
    )
    assert (piped.returncode, piped.stderr) == (0, "")
