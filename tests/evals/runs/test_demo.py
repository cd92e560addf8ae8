"""The demo from nothing to its table, on a town of four places."""

import asyncio
import io
import json
import math
from pathlib import Path
from typing import NamedTuple

import pytest
from rich.console import Console

from internvl_vpr.agent.localizer.context import open_context
from internvl_vpr.agent.words.check import tell_check
from internvl_vpr.evals.runs.demo import run_demo
from internvl_vpr.evals.runs.folder import load_run
from internvl_vpr.evals.runs.grades import ranks_by_grade
from internvl_vpr.evals.tune.rescore import open_rescorer
from internvl_vpr.tools.index.calibration import read_check
from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.progress import silent

pytest.importorskip("rapidocr", reason="needs the extra embedded")


class Demo(NamedTuple):
    """A demo's folder, and what it printed the first time."""

    folder: Path
    text: str


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    return Demo(folder, shown(folder))


def shown(folder: Path) -> str:
    console = Console(file=io.StringIO(), width=80, markup=False, emoji=False, highlight=False)
    for part in asyncio.run(run_demo(folder, seed=1, places=4, on_progress=silent)):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def described(folder: Path) -> int:
    """How many descriptions are on record."""
    with Ledger(folder / "places" / "ledger.sqlite") as ledger:
        ((count,),) = ledger.read("SELECT COUNT(*) FROM steps", ())
    return int(count)


def table(text: str) -> str:
    return text.split("recall within")[1]


def metres(name: str) -> tuple[float, float]:
    """Where a photo of the town was taken, by its '@' name."""
    _, easting, northing, *_ = name.split("@")
    return float(easting), float(northing)


def test_the_demo_answers_three_queries_and_measures_all(demo: Demo) -> None:
    assert demo.text.count("openstreetmap.org") == 3
    assert "photographs from outside the town" in demo.text
    for name in ("night", "occlusion", "long ago"):
        row = next(line for line in table(demo.text).splitlines() if line.startswith(f"{name} ") and "1 ret" in line)
        assert row.count("/4, ") == 2


def test_the_map_has_checked_itself_before_anything_is_measured(demo: Demo) -> None:
    check = read_check(demo.folder / "places")
    assert check is not None
    assert 0 < check.asked <= 24  # photos of the town
    assert demo.text.startswith("The map ")
    assert tell_check(check) in " ".join(demo.text.split())
    with open_context(demo.folder / "places", preset="embedded") as context:
        assert context.check == check
        assert load_run(demo.folder / "runs" / "town-night").info.limits == check.limits


def test_the_table_is_counted_from_the_runs_that_are_kept(demo: Demo) -> None:
    for name in ("night", "occlusion", "long-ago"):
        lines = (demo.folder / "runs" / f"town-{name}" / "results.jsonl").read_text().splitlines()
        results = [one for one in map(json.loads, lines) if not one.get("outside")]
        first = [one["shortlist"][one["ranking"][0] - 1]["reference"] for one in results]
        right = sum(
            math.dist(metres(one["query"]), metres(reference)) <= 25
            for one, reference in zip(results, first, strict=True)
        )
        shown_as = name.replace("-", " ")
        row = next(line for line in table(demo.text).splitlines() if line.startswith(shown_as) and "2 re-" in line)
        assert f" ({right}/4, " in row.split("%")[1]


def test_its_runs_keep_grades_and_geometry_and_can_be_scored_again(demo: Demo) -> None:
    run = load_run(demo.folder / "runs" / "town-night")
    assert ranks_by_grade(run)
    assert run.info.limits is not None
    assert all(any(one.inliers is not None for one in result.shortlist) for result in run.results)
    assert open_rescorer(run).differing() == []


def test_a_second_demo_computes_nothing_anew_and_shows_the_same(demo: Demo) -> None:
    written = {path: path.stat().st_mtime_ns for path in demo.folder.rglob("*") if path.suffix in (".jpg", ".jsonl")}
    steps = described(demo.folder)
    again = shown(demo.folder)
    assert described(demo.folder) == steps > 0
    assert table(again) == table(demo.text)
    assert written == {path: path.stat().st_mtime_ns for path in written}


def test_a_kept_run_that_was_made_with_other_packages_is_replaced(demo: Demo) -> None:
    kept = demo.folder / "runs" / "town-night"
    info = json.loads((kept / "run.json").read_text())
    info["versions"]["python"] = "2.7"
    (kept / "run.json").write_text(json.dumps(info))
    (kept / "results.jsonl").write_text("")
    assert table(shown(demo.folder)) == table(demo.text)
    assert json.loads((kept / "run.json").read_text())["versions"]["python"] != "2.7"
    assert len((kept / "results.jsonl").read_text().splitlines()) == 4 + 1
