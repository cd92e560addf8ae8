"""The map checks itself at the end of `index`, when that is due; answers, `/why` and `doctor` say when it is."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from running import Run, caller
from texture import write_textures

from internvl_vpr.agent.localizer import map_check
from internvl_vpr.tools.check_map import held_out_tallies, tally
from internvl_vpr.tools.index.calibration import CALIBRATION, Limits, MapCheck, read_check, write_check
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.verify_geometry import Verifier

SMALL = ("--backbone", "rootsift", "--longer-side", "160", "--clusters", "8")
NEXT = "Next: internvl-vpr locate PHOTO --places p\n"
FOUND = "The map checked itself: 48 of 50 answers it would have confirmed were right.\n"

pytest.importorskip("cv2", reason="needs the extra embedded")


class Scripted:
    """A check that says what it is told to, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.fails: Callable[[], None] = lambda: None

    def __call__(self, index: PlaceIndex, _backbone: object, verifier: Verifier, **given: Any) -> MapCheck:
        self.asked.append(given)
        given["on_progress"]("checking the map", 1, len(index))
        self.fails()
        return MapCheck(
            asked=len(index), alone=0, grades={**held_out_tallies(()), "confirmed": tally(48, 50)}, limits=Limits(),
            is_default=False, photos=len(index), backbone_id="b", codebook=index.manifest.codebook_digest,
            verifier_id=verifier.id, made="2026-01-02T03:04:05+00:00",
        )  # fmt: skip


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    scripted = Scripted()
    monkeypatch.setattr(map_check, "check_map", scripted)
    return scripted


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    write_textures(tmp_path / "photos", range(4))
    return tmp_path / "photos"


def index(cli: Run, photos: Path, *flags: str) -> str:
    found = cli("index", photos, "--places", "p", *SMALL, *flags)
    assert found.returncode == 0, found.stderr
    return found.stdout.partition("\n")[2]  # without what the index holds


def test_a_new_map_checks_itself_for_half_a_minute_and_says_what_to_type_next(
    cli: Run, photos: Path, check: Scripted, tmp_path: Path
) -> None:
    assert index(cli, photos) == FOUND + NEXT
    assert check.asked[0]["seconds"] == 30
    kept = read_check(tmp_path / "p")
    assert kept is not None
    assert kept.grades["confirmed"].right == 48


def test_nothing_new_is_not_checked_again(cli: Run, photos: Path, check: Scripted) -> None:
    index(cli, photos)
    assert index(cli, photos) == NEXT
    assert len(check.asked) == 1
    write_textures(photos, range(9, 10))
    assert index(cli, photos) == FOUND + NEXT
    assert len(check.asked) == 2


def test_a_stale_check_is_made_again_though_nothing_is_new(
    cli: Run, photos: Path, check: Scripted, tmp_path: Path
) -> None:
    index(cli, photos)
    kept = read_check(tmp_path / "p")
    assert kept is not None
    write_check(tmp_path / "p", kept.model_copy(update={"photos": 40}))
    assert index(cli, photos) == FOUND + NEXT


@pytest.mark.parametrize("flags", [("--no-check",), ("--verify", "off")])
def test_it_can_be_left_out(cli: Run, photos: Path, check: Scripted, tmp_path: Path, flags: tuple[str, ...]) -> None:
    assert index(cli, photos, *flags) == NEXT
    assert not check.asked
    assert not (tmp_path / "p" / CALIBRATION).exists()


def test_a_map_without_positions_is_not_checked(cli: Run, photos: Path, check: Scripted) -> None:
    for number, path in enumerate(sorted(photos.iterdir())):
        path.rename(photos / f"{number}.png")
    assert index(cli, photos) == f"The map did not check itself: none of its photos has a position.\n{NEXT}"
    assert not check.asked
    refused = cli("calibrate", "--places", "p")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "give it some with index --positions" in refused.stderr


def test_photos_that_do_not_see_each_other_are_said(cli: Run, photos: Path, tmp_path: Path) -> None:
    """They are drawn 100 m apart, so that the real check has nothing to ask."""
    says = "The map could not check itself: no two of its photos were taken within 25 m of each other.\n"
    assert index(cli, photos) == says + NEXT
    assert index(cli, photos) == NEXT
    kept = read_check(tmp_path / "p")
    assert kept is not None
    assert (kept.asked, kept.alone) == (0, 4)
    assert cli("calibrate", "--places", "p").stdout.startswith(says)


def test_a_check_that_is_interrupted_leaves_the_map_whole(
    photos: Path, check: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    def leave(code: int) -> None:  # instead of ending the tests as well
        raise SystemExit(code)

    check.fails = interrupt
    monkeypatch.setattr(os, "_exit", leave)
    cli = caller(tmp_path, monkeypatch, capsys)
    found = cli("index", photos, "--places", "p", *SMALL)
    assert found.returncode == 130
    assert found.stdout == "4 photos in p: 4 images computed now, 0 photos pruned, 0 files skipped\n"
    assert "The map is whole. Only its check was interrupted: internvl-vpr calibrate --places p does it later." in (
        found.stderr
    )
    check.fails = lambda: None
    assert index(cli, photos) == FOUND + NEXT  # nothing is computed again, and the check is due


def test_answers_and_doctor_say_when_there_is_no_valid_check(
    cli: Run, photos: Path, check: Scripted, tmp_path: Path
) -> None:
    flags = ("--places", "p", "--describer", "statistics")

    def told(*more: str) -> str:
        return " ".join(cli("locate", next(photos.iterdir()), *flags, *more).stdout.split())

    def diagnosis() -> dict[str, Any]:
        found = json.loads(cli("doctor", *flags, "--json").stdout)
        return next(finding for finding in found if finding["name"] == "map check")

    missing = "The map has not checked itself, so nobody has counted how often its answers are right"
    index(cli, photos, "--no-check")
    assert missing in told("--why")
    assert missing not in told()
    assert missing not in told("--why", "--verify", "off")
    assert (diagnosis()["status"], diagnosis()["says"]) == ("warning", missing)
    index(cli, photos)
    assert "checked itself" not in told("--why")
    assert (diagnosis()["status"], diagnosis()["says"]) == ("ok", FOUND.strip())
    kept = read_check(tmp_path / "p")
    assert kept is not None
    write_check(tmp_path / "p", kept.model_copy(update={"photos": 200}))
    stale = "The map has changed since it checked itself (200 photos then, 4 now)"
    assert f"{stale}: internvl-vpr calibrate --places DIR does it again." in told("--why")
    assert (diagnosis()["says"], diagnosis()["advice"]) == (
        stale, "internvl-vpr calibrate --places DIR does it again."
    )  # fmt: skip
    write_check(tmp_path / "p", kept.model_copy(update={"verifier_id": "another"}))
    assert "checked itself with another codebook or other models" in told("--why")
