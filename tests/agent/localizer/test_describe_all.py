"""Describing an index ahead with a model at a loopback endpoint: limits, failures, interruptions."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import faulty_server as faulty
import pytest
from faulty_server import FaultyServer
from kills import kill_describing
from running import Run
from texture import write_textures

from internvl_vpr.tools.records import Answer

CUES = [("a red door with a brass knocker", 90), ("an arched window above it", 60), ("a blue enamel plate", 0)]


def test_describing_ahead_leaves_one_request_for_a_query(
    cli: Run, server: FaultyServer, vlm: list[str], town: Path
) -> None:
    described = cli("describe", *vlm)
    assert described.returncode == 0, described.stderr
    assert described.stdout.startswith("8 images: 8 described now, 0 read back, 0 not described, 0 left; 8 attempts, ")
    assert "prompt tokens" in described.stdout
    again = cli("describe", *vlm)
    assert again.stdout == "8 images: 0 described now, 8 read back, 0 not described, 0 left; 0 attempts\n"
    located = cli("locate", town / "query.png", *vlm, "--json")
    answer = Answer.model_validate_json(located.stdout)
    assert (answer.steps.made, answer.steps.recorded, answer.steps.attempts) == (1, 8, 1)
    assert len(server.requests) == 9
    assert sum(answer.steps.tokens.values()) > 0


def test_a_limit_describes_so_many_and_the_next_run_goes_on(cli: Run, vlm: list[str]) -> None:
    assert cli("describe", *vlm, "--limit", "3").stdout.startswith("8 images: 3 described now, 0 read back, 0 not ")
    assert "5 left" not in cli("describe", *vlm).stdout
    assert cli("describe", *vlm).stdout.startswith("8 images: 0 described now, 8 read back")


def test_what_cannot_be_described_is_named_counted_and_asked_again_next_time(
    cli: Run, server: FaultyServer, vlm: list[str]
) -> None:
    server.script(faulty.status(400, "this image is broken"))
    described = cli("describe", *vlm, "--concurrency", "1")
    assert described.returncode == 1
    assert "7 described now, 0 read back, 1 not described" in described.stdout
    assert "the endpoint answered 400: this image is broken" in described.stderr
    assert cli("describe", *vlm).stdout.startswith("8 images: 1 described now, 7 read back")


def test_twenty_failures_in_a_row_stop_a_run_that_would_go_on_failing(
    cli: Run, server: FaultyServer, vlm: list[str], tmp_path: Path
) -> None:
    write_textures(tmp_path / "many", range(24))
    small = ("--longer-side", "160", "--clusters", "8", "--no-check")
    assert cli("index", tmp_path / "many", "--places", "p", *small).returncode == 0
    server.default = faulty.status(400, "out of order")
    stopped = cli("describe", "--places", "p", *vlm[2:], "--concurrency", "1")
    assert stopped.returncode == 1
    assert len(server.requests) == 20
    assert "20 images in a row" in stopped.stderr
    assert "out of order" in stopped.stderr


def test_photos_that_are_gone_are_named_and_stop_no_others(
    cli: Run, server: FaultyServer, vlm: list[str], tmp_path: Path
) -> None:
    write_textures(tmp_path / "many", range(26))
    assert (
        cli(
            "index", tmp_path / "many", "--places", "p", "--longer-side", "160", "--clusters", "8", "--no-check"
        ).returncode
        == 0
    )
    for path in sorted((tmp_path / "many").iterdir())[:22]:
        path.unlink()
    described = cli("describe", "--places", "p", *vlm[2:])
    assert described.returncode == 1
    assert "4 described now, 0 read back, 22 not described, 0 left; 4 attempts" in described.stdout
    assert described.stderr.count("cannot be read") == 22


def test_what_failed_before_comes_last(cli: Run, server: FaultyServer, vlm: list[str]) -> None:
    server.script(*[faulty.status(400, "no")] * 3)
    cli("describe", *vlm, "--limit", "3", "--concurrency", "1")
    described = cli("describe", *vlm, "--limit", "3", "--concurrency", "1")
    assert described.stdout.startswith("8 images: 3 described now, 0 read back, 0 not described, 5 left")
    assert cli("describe", *vlm).stdout.startswith("8 images: 5 described now, 3 read back, 0 not described, 0 left")


def test_two_processes_on_one_ledger_pay_once(server: FaultyServer, vlm: list[str], tmp_path: Path) -> None:
    server.default = faulty.delayed(faulty.good(), 0.3)
    command = [sys.executable, "-m", "internvl_vpr.agent", "describe", *vlm, "--concurrency", "2"]
    both = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    written = [process.communicate(timeout=300)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(int(text.split(" described now")[0].split()[-1]) for text in written) == 8
    assert len(server.requests) == len({request.image for request in server.requests}) == 8


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
    assert errors.strip() == "interrupted; finished work is kept"
    kept = subprocess.run(
        [sys.executable, "-m", "internvl_vpr.agent", "ledger", "stats", "--json", *vlm[-2:]],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert json.loads(kept.stdout)[0]["described"] == 4


def test_a_killed_run_asks_again_at_most_for_what_was_under_way(town: Path, tmp_path: Path) -> None:
    """A few kills in every run; `make test-kills` does two hundred."""
    outcome = kill_describing(tmp_path, photos=60, kills=int(os.environ.get("KILLS", "4")), concurrency=8)
    assert outcome.kills >= 4
    assert outcome.asked_again == 0
    assert outcome.repeated_at_most <= 8
