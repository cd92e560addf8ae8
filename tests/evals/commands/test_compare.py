"""The commands that compare one run with another: what they print where, and their exit codes."""

import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import made_runs
import pytest

from internvl_vpr.evals.commands.compare import compare, gate
from internvl_vpr.evals.compare.gate_limits import Limits
from internvl_vpr.evals.runs.folder import Run
from internvl_vpr.evals.runs.records import Check
from internvl_vpr.tools.errors import RunUnfinished, UsageError


def save(
    folder: Path, right: int, of: int, split: str = "town-night", finished: str | None = "2026-01-02T03:04:05+00:00"
) -> Path:
    """A run with the first so many queries right, and the others second."""
    results = [made_runs.result(f"q{number}", 1, 1 if number < right else 2) for number in range(of)]
    descriptions = [made_runs.described(f"r{number}.jpg", ("a", 1), ("b", 1), ("c", 1)) for number in range(20)]
    made_runs.save(made_runs.run(results, descriptions, split=split, finished=finished), folder)
    return folder


def call(command: click.Command, *arguments: object) -> int:
    code: int = command.main([str(one) for one in arguments], standalone_mode=False)
    return code


class Checks(ModuleType):
    """Stands in for the checks of descriptions: one, that is so much worse in the run."""

    worse = 0

    @classmethod
    def check_runs(cls, run: Run, baseline: Run, **_: object) -> list[tuple[Check, Check]]:
        def check(ones: int) -> Check:
            values = {f"reference r{number}.jpg": float(number < ones) for number in range(20)}
            return Check(name="transient objects", meaning="share", better="lower", binary=True, values=values)

        return [(check(cls.worse), check(0))]

    @staticmethod
    def weights_checks(run: Run, baseline: Run) -> list[tuple[Check, Check]]:
        return []


@pytest.fixture(autouse=True)
def checks(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Checks]]:
    for name in ("checks", "weights_value"):
        monkeypatch.setitem(sys.modules, f"internvl_vpr.evals.cues.{name}", Checks(name))
    monkeypatch.setattr(Checks, "worse", 0)
    return Checks  # type: ignore[return-value]


def test_compare_prints_a_verdict_and_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = save(tmp_path / "a", 40, 40), save(tmp_path / "b", 20, 40)
    assert call(compare, a, b) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert "Verdict on Recall@1: B is worse than A." in shown
    assert call(compare, b, a, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["pooled"]["verdict"], found["pooled"]["differences"][0]["gained"]) == ("better", 20)


def test_compare_takes_folders_of_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        for split in ("town-night", "town-occlusion"):
            save(tmp_path / name / split, 8, 10, split=split)
    assert call(compare, tmp_path / "a", tmp_path / "b", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [split["name"] for split in found["splits"]] == ["town-night", "town-occlusion"]
    assert found["pooled"]["queries"] == 20
    with pytest.raises(UsageError, match="different splits"):
        call(compare, tmp_path / "a", tmp_path / "b" / "town-night")
    with pytest.raises(UsageError, match="There is no run"):
        call(compare, tmp_path / "a", tmp_path / "nowhere")


def test_a_stopped_run_is_incomplete(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = save(tmp_path / "a", 4, 4), save(tmp_path / "b", 4, 4, finished=None)
    with pytest.raises(RunUnfinished) as raised:
        call(compare, a, b)
    assert raised.value.exit_code == 4
    assert call(gate, b, "--baseline", a) == 4
    assert "INCOMPLETE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("right", "flags", "code"),
    [
        (400, (), 0),
        (394, (), 0),
        (394, ("--margin", 1), 1),
        (398, ("--margin", 1), 3),
        (398, ("--margin", 1, "--strict"), 1),
        (300, (), 1),
        (300, ("--recall-at", 5), 0),
        (300, ("--margin", 100), 0),
    ],
)
def test_the_gates_exit_codes(tmp_path: Path, right: int, flags: tuple[object, ...], code: int) -> None:
    run, baseline = save(tmp_path / "run", right, 400), save(tmp_path / "baseline", 400, 400)
    assert call(gate, run, "--baseline", baseline, *flags) == code


def test_a_worse_check_fails_unless_it_is_noise(
    tmp_path: Path, checks: type[Checks], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run, baseline = save(tmp_path / "run", 40, 40), save(tmp_path / "baseline", 40, 40)
    assert call(gate, run, "--baseline", baseline) == 0
    monkeypatch.setattr(checks, "worse", 10)
    capsys.readouterr()
    assert call(gate, run, "--baseline", baseline, "--json", "--junit", tmp_path / "gate.xml") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["exit_code"], found["checks"][0]["difference"]) == (1, 0.5)
    suite = ET.fromstring((tmp_path / "gate.xml").read_text(encoding="utf-8"))[0]
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["transient objects"]
    noise = tmp_path / "noise.json"
    noise.write_text('{"floors": {"transient objects": 0.5}}', encoding="utf-8")
    assert call(gate, run, "--baseline", baseline, "--noise", noise) == 0
    assert call(gate, run, "--baseline", baseline, "--min-valid", 1, "--min-exact", 1, "--max-errors", 0) == 1


def test_what_cannot_be_gated_on_is_refused(tmp_path: Path) -> None:
    run, baseline = save(tmp_path / "run", 4, 4), save(tmp_path / "baseline", 5, 5)
    with pytest.raises(UsageError, match="names differ"):
        call(gate, run, "--baseline", baseline)
    with pytest.raises(UsageError, match="noise floors"):
        call(gate, run, "--baseline", run, "--noise", tmp_path / "nothing")
    for flags in (("--margin", 101), ("--margin", -1), ("--max-cost", 0), ("--min-valid", 2), ("--recall-at", 0)):
        with pytest.raises(click.BadParameter):
            call(gate, run, "--baseline", run, *flags)
    with pytest.raises(click.MissingParameter):
        call(gate, run)


def test_the_flags_of_a_gate_have_the_limits_own_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(gate, "--help") == 0
    shown = " ".join(capsys.readouterr().out.split())
    limits = Limits()
    assert f"[default: {100 * limits.margin:.1f}; " in shown
    for value in (limits.k, limits.min_valid, limits.min_exact, limits.max_errors, limits.max_cost):
        assert f"[default: {value}; " in shown
