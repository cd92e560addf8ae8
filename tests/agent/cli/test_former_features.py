"""A map that was built with the default's former features opens and answers, and says how to build a new one."""

from pathlib import Path

from running import Run

SAYS = "This map was built with RootSIFT. XFeat, now the default, finds more places: "
FLAGS = ("--describer", "statistics", "--verify", "off")


def test_locate_answers_and_says_so_once(cli: Run, town: Path, tmp_path: Path) -> None:
    flags = ("--places", town / "places", "--ledger", tmp_path / "steps.sqlite", *FLAGS)
    found = cli("locate", town / "query.png", *flags)
    assert found.returncode in (0, 3), found.stderr
    assert "45.153477, 15.003817" in found.stdout  # of the photo named @500300@5000000@33@T
    assert found.stderr.count(SAYS) == 1
    assert SAYS not in cli("locate", town / "query.png", *flags, "--backbone", "rootsift").stderr


def test_index_keeps_the_maps_features_and_says_so(cli: Run, town: Path) -> None:
    found = cli("index", town / "photos", "--places", town / "places", "--no-check")
    assert found.returncode == 0, found.stderr
    assert "0 images computed now" in found.stdout
    assert found.stderr.count(SAYS) == 1
