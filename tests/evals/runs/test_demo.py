"""The demo from nothing to its table, on a town of eight places."""

import asyncio
import io
from pathlib import Path

import pytest
from rich.console import Console

from internvl_vpr.evals.runs.demo import run_demo
from internvl_vpr.tools.progress import silent

pytest.importorskip("rapidocr", reason="needs the extra embedded")


def shown(folder: Path) -> str:
    console = Console(file=io.StringIO(), width=80, markup=False, emoji=False, highlight=False)
    for part in asyncio.run(run_demo(folder, seed=1, places=8, on_progress=silent)):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_demo_answers_three_queries_measures_all_and_is_the_same_again(tmp_path: Path) -> None:
    first = shown(tmp_path / "demo")
    assert first.count("openstreetmap.org") == 3
    for name in ("night", "occlusion", "long ago"):
        row = next(line for line in first.splitlines() if line.startswith(f"{name} ") and "1 retrieved" in line)
        assert row.count("/8, ") == 2
    assert "from outside the town" in first
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "demo" / "town").rglob("*.jpg")}
    again = shown(tmp_path / "demo")
    assert "0 images described now" in again
    assert again.split("recall within")[1] == first.split("recall within")[1]
    assert written == {path: path.stat().st_mtime_ns for path in (tmp_path / "demo" / "town").rglob("*.jpg")}
