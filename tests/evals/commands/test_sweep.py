"""The commands that read runs anew: what they print, what they refuse, and with which code."""

import json
from pathlib import Path

import pytest
import texture_run
from scripted import HashEncoder

from internvl_vpr.evals.commands.sweep import sweep, tables
from internvl_vpr.evals.runs.folder import Run, load_run
from internvl_vpr.evals.tune import rescore
from internvl_vpr.tools.errors import UsageError

pytest.importorskip("cv2", reason="needs the extra embedded")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    made: Run = texture_run.make_run(tmp_path_factory.mktemp("textures"))
    return made


@pytest.fixture(autouse=True)
def hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rescore, "open_encoder", lambda name: HashEncoder())


def call(*arguments: object) -> int:
    command = sweep if arguments[0] == "sweep" else tables
    code: int = command.main([str(one) for one in arguments[1:]], standalone_mode=False)
    return code


def test_a_sweep_is_printed(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("sweep", run.folder) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.startswith("textures: one setting changed at a time")
    for heading in ("N, cues", "K, candidates", "τ, threshold", "weights, how", "fusion, w of"):
        assert heading in printed.out
    assert "κ" not in printed.out


def test_a_sweep_of_kappa_as_json(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    places = Path(run.info.ledger).parent / "places"
    assert call("sweep", run.folder, "--places", places, "--kappa", "--json") == 0
    found = json.loads(capsys.readouterr().out)["runs"]["textures"]
    assert found["differing"] == []
    assert [section["setting"] for section in found["sections"]][:3] == ["N", "K", "τ"]
    assert [row["kappa"] for row in found["kappa"]] == [1.0, 10.0, 30.0, 100.0, "hard"]
    own = next(row for row in found["sections"][0]["rows"] if "this run" in row["marks"])
    assert own["recall@1"]["successes"] == sum(query.final_rank == 1 for query in load_run(run.folder).queries)


def test_a_run_that_does_not_come_out_again_is_told_of(
    run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lines = (run.folder / "results.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    place = next(i for i, result in enumerate(run.results) if result.retained > 1)
    result = json.loads(lines[place])
    result["ranking"][:2] = reversed(result["ranking"][:2])
    lines[place] = json.dumps(result) + "\n"
    for name in ("run.json", "descriptions.jsonl"):
        (tmp_path / name).write_bytes((run.folder / name).read_bytes())
    (tmp_path / "results.jsonl").write_text("".join(lines), encoding="utf-8")
    assert call("sweep", tmp_path) == 0
    assert capsys.readouterr().err == (
        "textures: 1 rankings differ from the run's own when scored again (rounding, or a run of another version): "
        "compare with care.\n"
    )


def test_kappa_and_places_come_together(run: Run, tmp_path: Path) -> None:
    for flags in (["--kappa"], ["--places", tmp_path]):
        with pytest.raises(UsageError, match="give both or neither"):
            call("sweep", run.folder, *flags)
    with pytest.raises(UsageError, match="There is no run"):
        call("sweep", tmp_path)


def test_tables_with_and_without_a_run(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("tables") == 0
    bare = capsys.readouterr().out
    assert "InternVL-VPR" in bare
    assert "rootsift" not in bare
    assert call("tables", run.folder) == 0
    beside = " ".join(capsys.readouterr().out.split())
    assert "stage 1: rootsift" in beside
    assert "3, rootsift + signage" in beside
    with pytest.raises(UsageError, match="There is no run"):
        call("tables", run.folder / "nowhere")
