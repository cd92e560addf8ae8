"""A chat that is killed in the middle of an answer: nothing is lost but that answer."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import faulty_server as faulty
import pytest
from faulty_server import serve

QUESTION = "where was this taken? query.png"


@pytest.mark.parametrize("answers_before", [0, 1, 3])
def test_after_a_kill_the_question_is_there_and_what_was_described_is_paid_once(
    town: Path, tmp_path: Path, answers_before: int
) -> None:
    with serve(*[faulty.good()] * answers_before, default=faulty.silent(600)) as server:
        command = [
            sys.executable, "-m", "internvl_vpr.agent", "chat", "--places", str(town / "places"), "--jsonl",
            "--describer", "vlm", "--assistant", "rules", "--endpoint", server.endpoint, "--concurrency", "1",
            "--k", "5", "--tau", "-1", "--ledger", str(tmp_path / "ledger.sqlite"),
            "--sessions", str(tmp_path / "sessions.sqlite"),
        ]  # fmt: skip
        environ = {**os.environ, "HF_HUB_OFFLINE": "1"}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=town, env=environ
        ) as chat:
            assert chat.stdin is not None
            assert chat.stdout is not None
            chat.stdin.write(f"what is on the map?\n{QUESTION}\n")
            chat.stdin.flush()
            for line in chat.stdout:
                event = json.loads(line)
                if event.get("stage") == "describing" and event["done"] >= answers_before:
                    chat.send_signal(signal.SIGKILL)
                    break
        assert chat.returncode == -signal.SIGKILL

        server.default = faulty.good()
        again = subprocess.run(
            [*command, "--continue"], input="/retry\n/history\n", capture_output=True, text=True, cwd=town,
            env=environ, timeout=300, check=False,
        )  # fmt: skip
        asked = [served.image for served in server.requests if served.path.endswith("/chat/completions")]
    assert again.returncode == 0, again.stderr
    events = [json.loads(line) for line in again.stdout.splitlines()]
    assert [event["text"] for event in events if event["type"] == "question"] == ["/retry", "/history"]
    assert any("no answer yet" in event["text"] for event in events if event["type"] == "remark")
    (found,) = [event for event in events if event["type"] == "returned"]
    assert found["result"]["status"] == "located"
    assert found["result"]["steps"]["recorded"] >= answers_before
    (history,) = [event["text"] for event in events if event["type"] == "shown"]
    assert QUESTION in history
    assert "what is on the map?" in history

    assert len(set(asked)) == 6  # the photo and five candidates
    assert len(asked) <= 6 + 1  # the one that was under way when it was killed is lost
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as ledger:
        assert ledger.execute("PRAGMA integrity_check").fetchone() == ("ok",)
