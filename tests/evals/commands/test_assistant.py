"""`eval assistant`: from recorded answers without any network, live at a loopback endpoint, and where nothing is."""

import json
import re
import shutil
from pathlib import Path

import faulty_server as faulty
import pytest
from assistant_stand_in import ANSWERS, MODEL, PROMPTS, WORSE, InProcess, StandIn, outcomes, stand_in
from faulty_server import serve
from running import Run, caller

from internvl_vpr.evals.assistant.conversations import read_conversations
from internvl_vpr.evals.assistant.recorded import read_answers
from internvl_vpr.tools.endpoint.chat_model import ASSISTANT_PROMPT
from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.ledger.model_report import model_rows

GOOD = ASSISTANT_PROMPT


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return caller(tmp_path, monkeypatch, capsys)


def test_a_prompt_is_as_good_as_itself_and_a_worse_one_is_caught_by_name_without_a_network(
    run: Run, tmp_path: Path
) -> None:
    recorded = ("--answers", ANSWERS, "--model", MODEL, "--endpoint", "http://127.0.0.1:1/v1")
    for former in (GOOD, "assistant.v2"):
        same = run("eval", "assistant", former, GOOD, *recorded, "--out", "same")
        assert (same.returncode, same.stderr) == (0, "")
        assert "any difference is noise" in same.stdout
        assert "No conversation changed." in same.stdout
        assert "PASS" in same.stdout
    worse = run("eval", "assistant", GOOD, WORSE, *recorded, "--out", "worse")
    assert (worse.returncode, worse.stderr) == (1, "")
    assert "B is worse than A." in worse.stdout
    lost = set(re.findall(r"^− lost  (\S+)$", worse.stdout, re.MULTILINE))
    assert {"locate", "injection-add", "greeting-polish"} <= lost
    verdict = " ".join(worse.stdout.split("REGRESSION: worse than A: ")[1].split())
    assert set(verdict.split(", ")) == lost
    lines = [json.loads(line) for line in (tmp_path / "worse" / "b.jsonl").read_text().splitlines()]
    assert lost <= {line["id"] for line in lines if line["wrong"]}


def test_the_recorded_answers_are_what_the_stand_in_says_today(tmp_path: Path) -> None:
    """After a change of the prompt, the conversations or what results say: make assistant-answers."""
    table = read_conversations()
    with Ledger(tmp_path / "then.sqlite") as then, Ledger(tmp_path / "now.sqlite") as now:
        read_answers(ANSWERS, then)
        for prompt in PROMPTS:
            outcomes(table, prompt, InProcess(StandIn(table)), now)
        said = [
            {(row.step, row.model, row.attempt): (row.answer, row.error) for row in model_rows(ledger)}
            for ledger in (then, now)
        ]
    assert said[0] == said[1], "record them again: make assistant-answers"


def test_a_second_run_costs_nothing_and_a_replay_needs_no_server(run: Run, tmp_path: Path) -> None:
    table = read_conversations()[:6]
    (tmp_path / "mine.jsonl").write_text("".join(f"{one.model_dump_json()}\n" for one in table))
    flags = ("--conversations", "mine.jsonl", "--out", "out", "--model", MODEL, "--strict")
    with stand_in(table, anyhow=0.0) as server:
        first = run("eval", "assistant", GOOD, GOOD, *flags, "--endpoint", server.endpoint, "--save", "saved.jsonl")
        assert first.returncode == 0, first.stdout + first.stderr
        asked = len(server.requests)
        assert asked == 6
        assert run("eval", "assistant", GOOD, GOOD, *flags, "--endpoint", server.endpoint).returncode == 0
        assert len(server.requests) == asked
    replayed = run("eval", "assistant", GOOD, GOOD, *flags, "--replay", "--json")
    assert (replayed.returncode, json.loads(replayed.stdout)["judged"]) == (0, "pass")
    shutil.rmtree(tmp_path / "out")
    assert run("eval", "assistant", GOOD, GOOD, *flags, "--answers", "saved.jsonl").returncode == 0
    missing = run("eval", "assistant", GOOD, GOOD, *flags, "--replay")
    assert (missing.returncode, "ask without --replay first" in missing.stderr) == (1, True)
    unusable = run("eval", "assistant", GOOD, GOOD, *flags, "--answers", "mine.jsonl")
    assert (unusable.returncode, "'mine.jsonl' cannot be read" in unusable.stderr) == (2, True)
    with serve(default=faulty.status(503)) as down:
        silent = run("eval", "assistant", GOOD, GOOD, *flags, "--endpoint", down.endpoint)
    assert (silent.returncode, "INCOMPLETE: the endpoint gave no answer to: locate, " in silent.stdout) == (4, True)
