"""Locating with a model at a loopback endpoint: replay, failures, deadlines, and no key in any output."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import faulty_server as faulty
import pytest
from faulty_server import FaultyServer, serve
from langchain_core.runnables import RunnableConfig
from places import name_of
from running import Run, runner

from internvl_vpr.agent import graph, open_context
from internvl_vpr.agent.localizer.state import Query
from internvl_vpr.tools.records import Answer

CUES = [("a red door with a brass knocker", 90), ("an arched window above it", 60), ("a blue enamel plate", 0)]


def test_a_replay_without_the_server_is_the_same_to_the_byte(
    cli: Run, vlm: list[str], town: Path, tmp_path: Path
) -> None:
    with serve() as server:
        server.script(*[faulty.good()] * 3, *[faulty.status(422, f"no {i}") for i in range(4)])
        flags = [*vlm[:4], "--endpoint", server.endpoint, *vlm[6:], "--concurrency", "1", "--json"]
        flags += ["--backbone", "rootsift"]  # as the map was built, so that nothing is said of another
        live = cli("locate", town / "query.png", *flags)
        asked = len(server.requests)
    assert live.returncode == 0, live.stderr
    assert json.loads(live.stdout)["steps"]["failed"] == 4
    assert "could not be described; the first: the endpoint answered 422: no " in live.stdout
    replayed = cli("locate", town / "query.png", *flags, "--replay")
    assert (replayed.returncode, replayed.stdout, replayed.stderr) == (0, live.stdout, "")
    assert cli("locate", town / "query.png", *flags, "--replay").stdout == live.stdout
    assert asked == len(server.requests)
    missing = cli("locate", town / "photos" / name_of(1), *flags, "--n", "5", "--replay")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "without --replay" in missing.stderr


def test_a_query_that_cannot_be_described_is_answered_from_stage_1(
    cli: Run, server: FaultyServer, vlm: list[str], town: Path
) -> None:
    cli("describe", *vlm)
    server.script(faulty.status(400, "[bold]broken\x1b[31m"))
    located = cli("locate", town / "query.png", *vlm, "--json", "--below-tau", "strict", "--tau", "0.9")
    answer = Answer.model_validate_json(located.stdout)
    assert (located.returncode, answer.status, answer.decided_by) == (0, "located", "coarse order")
    assert answer.reference == name_of(3)
    assert "could not be described, so the coarse order stands: the endpoint answered 400" in answer.notes[0]
    shown = cli("locate", town / "query.png", *vlm, "--replay", "--below-tau", "strict", "--tau", "0.9")
    assert "[bold]broken\\x1b[31m" in " ".join(shown.stdout.split())
    assert "\x1b" not in shown.stdout


def test_scores_that_are_all_zero_count_alike_and_are_flagged(
    cli: Run, server: FaultyServer, vlm: list[str], town: Path
) -> None:
    server.default = faulty.good([(text, 0) for text, _ in CUES])
    answer = Answer.model_validate_json(cli("locate", town / "query.png", *vlm, "--json").stdout)
    assert [cue.weight for cue in answer.cues] == pytest.approx([1 / 3] * 3)
    assert [cue.score for cue in answer.cues] == [0, 0, 0]
    assert any("scored all of the photo's cues 0" in note for note in answer.notes)


def test_a_deadline_ends_the_waiting_and_the_answer_says_so(
    cli: Run, server: FaultyServer, vlm: list[str], town: Path
) -> None:
    cli("describe", *vlm)
    server.default = faulty.silent(600)  # much longer than the deadline
    located = cli("locate", town / "query.png", *vlm, "--json", "--deadline", "0.5")
    answer = Answer.model_validate_json(located.stdout)
    assert answer.decided_by == "coarse order"
    assert "within the time that an answer may take" in answer.notes[0]


def test_one_deadline_holds_however_few_steps_run_at_once(server: FaultyServer, town: Path, tmp_path: Path) -> None:
    server.default = faulty.silent(600)
    flags: dict[str, Any] = {"describer": "vlm", "endpoint": server.endpoint, "deadline": 0.5, "k": 8}
    with open_context(town / "places", ledger=tmp_path / "steps.sqlite", **flags) as context:
        start = time.monotonic()
        config: RunnableConfig = {"max_concurrency": 2}
        query = Query(photo=str(town / "query.png"))
        answer: Answer = asyncio.run(graph.ainvoke(query, config, context=context))["answer"]
    assert time.monotonic() - start < 60
    assert answer.steps.failed == 9


def test_the_key_appears_nowhere(cli: Run, server: FaultyServer, vlm: list[str], town: Path, tmp_path: Path) -> None:
    key = "sk-sentinel-0815"
    server.script(faulty.status(500, f"bad key {key}"), *[faulty.not_json()] * 3)
    runs = [
        cli("describe", *vlm, OPENAI_API_KEY=key),
        runner(tmp_path)("locate", town / "query.png", *vlm, OPENAI_API_KEY=key, OPENAI_LOG="debug"),
        cli("locate", town / "query.png", *vlm, "--json", INTERNVL_VPR_API_KEY=key),
        cli("doctor", *vlm[2:], OPENAI_API_KEY=key),
        cli("ledger", "export", *vlm[-2:]),
        cli("locate", town / "query.png", *vlm[:-2], "--n", "x", "--api-key", key),
    ]
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {key}"}
    assert all(key not in found.stdout + found.stderr for found in runs)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    assert all(key.encode() not in path.read_bytes() for path in written)
