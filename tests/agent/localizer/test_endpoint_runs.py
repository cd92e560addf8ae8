"""The commands with the describer `vlm`, at a loopback endpoint: describe, locate, replay, ledger, doctor."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import faulty_server as faulty
import pytest
from faulty_server import FaultyServer, Line, Served, serve
from langchain_core.runnables import RunnableConfig
from places import name_of
from running import Run, caller, runner
from texture import write_textures

from internvl_vpr.agent import graph, open_context
from internvl_vpr.agent.localizer.state import Query
from internvl_vpr.tools.records import Answer

CUES = [("a red door with a brass knocker", 90), ("an arched window above it", 60), ("a blue enamel plate", 0)]


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with serve() as server:
        yield server


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command within this process: most of these would otherwise wait for libraries to load."""
    return caller(tmp_path, monkeypatch, capsys)


@pytest.fixture
def vlm(server: FaultyServer, town: Path, tmp_path: Path) -> list[str]:
    """Flags of a run at the endpoint, with a ledger of its own."""
    return [
        "--places", str(town / "places"), "--describer", "vlm", "--endpoint", server.endpoint,
        "--ledger", str(tmp_path / "steps.sqlite"),
    ]  # fmt: skip


def test_describing_ahead_leaves_one_request_for_a_query(
    run: Run, server: FaultyServer, vlm: list[str], town: Path
) -> None:
    described = run("describe", *vlm)
    assert described.returncode == 0, described.stderr
    assert described.stdout.startswith("8 images: 8 described now, 0 read back, 0 not described, 0 left; 8 attempts, ")
    assert "prompt tokens" in described.stdout
    again = run("describe", *vlm)
    assert again.stdout == "8 images: 0 described now, 8 read back, 0 not described, 0 left; 0 attempts\n"
    located = run("locate", town / "query.png", *vlm, "--json")
    answer = Answer.model_validate_json(located.stdout)
    assert (answer.steps.made, answer.steps.recorded, answer.steps.attempts) == (1, 8, 1)
    assert len(server.requests) == 9
    assert sum(answer.steps.tokens.values()) > 0


def test_a_limit_describes_so_many_and_the_next_run_goes_on(run: Run, vlm: list[str]) -> None:
    assert run("describe", *vlm, "--limit", "3").stdout.startswith("8 images: 3 described now, 0 read back, 0 not ")
    assert "5 left" not in run("describe", *vlm).stdout
    assert run("describe", *vlm).stdout.startswith("8 images: 0 described now, 8 read back")


def test_what_cannot_be_described_is_named_counted_and_asked_again_next_time(
    run: Run, server: FaultyServer, vlm: list[str]
) -> None:
    server.script(faulty.status(400, "this image is broken"))
    described = run("describe", *vlm, "--concurrency", "1")
    assert described.returncode == 1
    assert "7 described now, 0 read back, 1 not described" in described.stdout
    assert "the endpoint answered 400: this image is broken" in described.stderr
    assert run("describe", *vlm).stdout.startswith("8 images: 1 described now, 7 read back")


def test_a_replay_without_the_server_is_the_same_to_the_byte(
    run: Run, vlm: list[str], town: Path, tmp_path: Path
) -> None:
    with serve() as server:
        server.script(*[faulty.good()] * 3, *[faulty.status(422, f"no {i}") for i in range(4)])
        flags = [*vlm[:4], "--endpoint", server.endpoint, *vlm[6:], "--concurrency", "1", "--json"]
        live = run("locate", town / "query.png", *flags)
        asked = len(server.requests)
    assert live.returncode == 0, live.stderr
    assert json.loads(live.stdout)["steps"]["failed"] == 4
    assert "could not be described; the first: the endpoint answered 422: no " in live.stdout
    replayed = run("locate", town / "query.png", *flags, "--replay")
    assert (replayed.returncode, replayed.stdout, replayed.stderr) == (0, live.stdout, "")
    assert run("locate", town / "query.png", *flags, "--replay").stdout == live.stdout
    assert asked == len(server.requests)
    missing = run("locate", town / "photos" / name_of(1), *flags, "--n", "5", "--replay")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "without --replay" in missing.stderr


def test_a_query_that_cannot_be_described_is_answered_from_stage_1(
    run: Run, server: FaultyServer, vlm: list[str], town: Path
) -> None:
    run("describe", *vlm)
    server.script(faulty.status(400, "[bold]broken\x1b[31m"))
    located = run("locate", town / "query.png", *vlm, "--json", "--below-tau", "strict", "--tau", "0.9")
    answer = Answer.model_validate_json(located.stdout)
    assert (located.returncode, answer.status, answer.decided_by) == (0, "located", "coarse order")
    assert answer.reference == name_of(3)
    assert "could not be described, so the coarse order stands: the endpoint answered 400" in answer.notes[0]
    shown = run("locate", town / "query.png", *vlm, "--replay", "--below-tau", "strict", "--tau", "0.9")
    assert "[bold]broken\\x1b[31m" in " ".join(shown.stdout.split())
    assert "\x1b" not in shown.stdout


def test_scores_that_are_all_zero_count_alike_and_are_flagged(
    run: Run, server: FaultyServer, vlm: list[str], town: Path
) -> None:
    server.default = faulty.good([(text, 0) for text, _ in CUES])
    answer = Answer.model_validate_json(run("locate", town / "query.png", *vlm, "--json").stdout)
    assert [cue.weight for cue in answer.cues] == pytest.approx([1 / 3] * 3)
    assert [cue.score for cue in answer.cues] == [0, 0, 0]
    assert any("scored all of the photo's cues 0" in note for note in answer.notes)


def test_a_deadline_ends_the_waiting_and_the_answer_says_so(
    run: Run, server: FaultyServer, vlm: list[str], town: Path
) -> None:
    run("describe", *vlm)
    server.default = faulty.silent(600)  # longer than `run` waits for the command
    located = run("locate", town / "query.png", *vlm, "--json", "--deadline", "0.5")
    answer = Answer.model_validate_json(located.stdout)
    assert answer.decided_by == "coarse order"
    assert "within the time that an answer may take" in answer.notes[0]


def test_twenty_failures_in_a_row_stop_a_run_that_would_go_on_failing(
    run: Run, server: FaultyServer, vlm: list[str], tmp_path: Path
) -> None:
    write_textures(tmp_path / "many", range(24))
    small = ("--longer-side", "160", "--clusters", "8")
    assert run("index", tmp_path / "many", "--places", "p", *small).returncode == 0
    server.default = faulty.status(400, "out of order")
    stopped = run("describe", "--places", "p", *vlm[2:], "--concurrency", "1")
    assert stopped.returncode == 1
    assert len(server.requests) == 20
    assert "20 images in a row" in stopped.stderr
    assert "out of order" in stopped.stderr


def test_photos_that_are_gone_are_named_and_stop_no_others(
    run: Run, server: FaultyServer, vlm: list[str], tmp_path: Path
) -> None:
    write_textures(tmp_path / "many", range(26))
    assert run("index", tmp_path / "many", "--places", "p", "--longer-side", "160", "--clusters", "8").returncode == 0
    for path in sorted((tmp_path / "many").iterdir())[:22]:
        path.unlink()
    described = run("describe", "--places", "p", *vlm[2:])
    assert described.returncode == 1
    assert "4 described now, 0 read back, 22 not described, 0 left; 4 attempts" in described.stdout
    assert described.stderr.count("cannot be read") == 22


def test_what_failed_before_comes_last(run: Run, server: FaultyServer, vlm: list[str]) -> None:
    server.script(*[faulty.status(400, "no")] * 3)
    run("describe", *vlm, "--limit", "3", "--concurrency", "1")
    described = run("describe", *vlm, "--limit", "3", "--concurrency", "1")
    assert described.stdout.startswith("8 images: 3 described now, 0 read back, 0 not described, 5 left")
    assert run("describe", *vlm).stdout.startswith("8 images: 5 described now, 3 read back, 0 not described, 0 left")


def test_two_processes_on_one_ledger_pay_once(server: FaultyServer, vlm: list[str], tmp_path: Path) -> None:
    server.default = faulty.delayed(faulty.good(), 0.3)
    command = [sys.executable, "-m", "internvl_vpr.agent", "describe", *vlm, "--concurrency", "2"]
    both = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    written = [process.communicate(timeout=300)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(int(text.split(" described now")[0].split()[-1]) for text in written) == 8
    assert len(server.requests) == len({request.image for request in server.requests}) == 8


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


def test_a_preset_of_another_backbone_is_not_silently_the_indexs(run: Run, town: Path) -> None:
    for command in (("index", town / "photos"), ("locate", town / "query.png")):
        found = run(*command, "--places", town / "places", "--preset", "anyloc")
        assert found.returncode == 2
        assert "built with the backbone 'rootsift', and the preset 'anyloc' names 'dinov2-giant'" in found.stderr


@pytest.fixture
def heeding() -> Iterator[None]:
    """What this process starts heeds Ctrl-C, even if a shell has started this one in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeding")
def test_ctrl_c_stops_at_once_and_keeps_what_was_paid_for(server: FaultyServer, vlm: list[str], tmp_path: Path) -> None:
    server.script(*[faulty.good(CUES)] * 4)
    server.default = faulty.silent(600)
    command = [sys.executable, "-m", "internvl_vpr.agent", "describe", *vlm, "--timeout", "600", "--concurrency", "2"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + 180
            while len(server.requests) < 6 and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)  # much less than the endpoint keeps silent
        finally:
            process.kill()
    assert process.returncode == 130
    assert errors.strip() == "interrupted; what was finished is kept"
    kept = subprocess.run(
        [sys.executable, "-m", "internvl_vpr.agent", "ledger", "stats", "--json", *vlm[-2:]],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert json.loads(kept.stdout)[0]["described"] == 4


def test_the_key_appears_nowhere(run: Run, server: FaultyServer, vlm: list[str], town: Path, tmp_path: Path) -> None:
    key = "sk-sentinel-0815"
    server.script(faulty.status(500, f"bad key {key}"), *[faulty.not_json()] * 3)
    runs = [
        run("describe", *vlm, OPENAI_API_KEY=key),
        runner(tmp_path)("locate", town / "query.png", *vlm, OPENAI_API_KEY=key, OPENAI_LOG="debug"),
        run("locate", town / "query.png", *vlm, "--json", INTERNVL_VPR_API_KEY=key),
        run("doctor", *vlm[2:], OPENAI_API_KEY=key),
        run("ledger", "export", *vlm[-2:]),
        run("locate", town / "query.png", *vlm[:-2], "--n", "x", "--api-key", key),
    ]
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {key}"}
    assert all(key not in found.stdout + found.stderr for found in runs)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    assert all(key.encode() not in path.read_bytes() for path in written)


def test_the_ledger_can_be_looked_into(run: Run, server: FaultyServer, vlm: list[str], town: Path) -> None:
    server.script(faulty.content("no, [red]thanks\x1b[2J", "stop"))
    run("locate", town / "query.png", *vlm, "--concurrency", "1")
    rows = [json.loads(line) for line in run("ledger", "export", *vlm[-2:]).stdout.splitlines()]
    assert len(rows) == 10
    assert [row["error"] is None for row in rows].count(False) == 1
    (failed,) = [row for row in rows if row["error"]]
    assert failed["error"] == "the answer is not JSON"
    assert "no, [red]thanks" in failed["raw"]
    nothing = run("ledger", "show", *vlm[-2:], "--image", "no-such.jpg")
    assert (nothing.returncode, "no-such.jpg" in nothing.stderr) == (2, True)
    shown = run("ledger", "show", *vlm[-2:], "--image", str(town / "query.png"), "--raw")
    assert "\x1b" not in shown.stdout
    assert shown.stdout.count("attempt 1") == 1
    assert run("ledger", "show", *vlm[-2:], "--newest", "2").stdout.count("attempt") == 2
    (figures,) = json.loads(run("ledger", "stats", "--json", *vlm[-2:]).stdout)
    assert (figures["described"], figures["attempts"], figures["described_at_first"]) == (9, 10, 8)
    assert figures["errors"] == {"the answer is not JSON": 1}
    assert "9 described, 0 not" in run("ledger", "stats", *vlm[-2:]).stdout


async def obedient(served: Served, line: Line) -> None:
    """Answer whatever a schema allows, as a server does that enforces it."""
    schema = served.body.get("response_format", {}).get("json_schema", {}).get("schema", {})
    properties = schema.get("properties", {})
    if "step" in properties:
        answer = faulty.content(json.dumps({"step": {"tool": "map_summary", "arguments": {}}}))
    elif "word" in properties:
        answer = faulty.content(json.dumps({"word": properties["word"]["enum"][0]}))
    else:
        answer = faulty.good()
    await answer(served, line)


async def blind(served: Served, line: Line) -> None:
    """Answer as a server does that drops images: they cost nothing."""
    choice = {"message": {"content": "A street."}, "finish_reason": "stop"}
    document = {"choices": [choice], "usage": {"prompt_tokens": 12, "completion_tokens": 3}}
    await line.finish(faulty.response(200, json.dumps(document).encode()))


def test_doctor_finds_a_good_endpoint_good(run: Run, server: FaultyServer, vlm: list[str]) -> None:
    server.default = obedient
    found = run("doctor", *vlm, "--json")
    findings = {finding["name"]: finding for finding in json.loads(found.stdout)}
    assert found.returncode == 0, found.stdout
    assert {"python", "packages", "device", "backbone", "encoder", "index", "ledger", "endpoint", "schema", "images",
            "white space", "description", "chat"} <= set(findings)  # fmt: skip
    assert all(finding["status"] == "ok" for finding in findings.values()), findings


def test_doctor_finds_out_that_images_are_dropped(run: Run, server: FaultyServer, vlm: list[str]) -> None:
    server.default = blind
    findings = {finding["name"]: finding for finding in json.loads(run("doctor", *vlm, "--json").stdout)}
    assert findings["images"]["status"] == "failure"
    assert "12 prompt tokens without an image, 12 with one" in findings["images"]["says"]
    assert "--mmproj" in findings["images"]["advice"]


def test_doctor_says_what_is_wrong_and_what_to_do(run: Run, server: FaultyServer, vlm: list[str]) -> None:
    server.models = ["another"]
    server.default = faulty.content("I see a street.")
    found = run("doctor", *vlm)
    assert found.returncode == 1
    shown = " ".join(found.stdout.split())
    for words in ("does not name 'InternVL3-38B'", "schema ignored", "docs/endpoint.md", "none after 3"):
        assert words in shown
    server.default = faulty.content('{"word": ' + " " * 300 + '"done"}', "length")
    assert "301 blanks in a row" in run("doctor", *vlm).stdout


def test_doctor_says_that_nobody_answers(run: Run, town: Path) -> None:
    found = run("doctor", "--describer", "vlm", "--endpoint", "http://127.0.0.1:9/v1", "--places", town / "places")
    assert found.returncode == 4
    assert "Connection refused" in found.stdout
    refused = run("doctor", "--describer", "vlm", "--endpoint", "ftp://a")
    assert refused.returncode == 2


def test_a_killed_run_asks_again_at_most_for_what_was_under_way(town: Path, tmp_path: Path) -> None:
    """A few kills in every run; `make test-kills` does two hundred."""
    from kills import kill_describing

    outcome = kill_describing(tmp_path, photos=60, kills=int(os.environ.get("KILLS", "4")), concurrency=8)
    assert outcome.kills >= 4
    assert outcome.asked_again == 0
    assert outcome.repeated_at_most <= 8
