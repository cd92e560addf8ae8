"""The chat for programs: lines in, JSON out, and exit codes that mean something."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from faulty_server import FaultyServer
from model_steps import reply, tool
from running import Run, caller

from internvl_vpr.agent.chat.commands import COMMANDS
from internvl_vpr.agent.rules.slash import SLASHES
from internvl_vpr.tools.disk.process_locks import ProcessLocks

pytest.importorskip("rapidocr", reason="needs the extra embedded")


@pytest.fixture
def run(town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    shutil.copytree(town, tmp_path / "town")
    return caller(tmp_path, monkeypatch, capsys)


CHAT = ("chat", "--places", "town/places", "--describer", "statistics", "--k", "3", "--tau", "-1")


def test_json_is_one_object_a_question_and_nothing_else(run: Run) -> None:
    done = run(*CHAT, "--json", stdin="where was this taken? town/query.png\n\nwhy?\n")
    first, second = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 0
    assert first["version"] == second["version"] == 1
    assert first["session"] == second["session"]
    assert first["question"] == "where was this taken? town/query.png"
    assert [step["tool"] for step in first["steps"] + second["steps"]] == ["locate_photo", "explain_match"]
    located = run("locate", "town/query.png", *CHAT[1:], "--json")
    assert json.loads(located.stdout)["candidates"] == first["answers"][0]["candidates"]
    assert second["reply"] == second["steps"][0]["says"]


def test_what_the_terminal_s_commands_say_is_in_the_json_too(run: Run) -> None:
    done = run(*CHAT, "--json", stdin="/nonsense\n/cost\n/quit\n")
    refused, cost = map(json.loads, done.stdout.splitlines())
    assert "/nonsense" in refused["remarks"][0]
    assert cost["reply"].startswith("Photos located: 0")


def test_jsonl_is_one_object_an_event(run: Run) -> None:
    done = run(*CHAT, "--jsonl", stdin="town/query.png\n")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    types = [event["type"] for event in events]
    assert types[:2] == ["question", "called"]
    assert types[-3:] == ["returned", "replied", "end"]
    assert {"retrieving", "describing", "comparing", "verifying"} == {
        e["stage"] for e in events if e["type"] == "progress"
    }


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ("town/query.png", 0),
        ("use 2 cues\nbelow_tau=strict\ntau 1\ntown/query.png", 3),
        ("town/none.png", 2),
        ("town/notes.jpg", 2),
        ("town/notes.jpg\nwhat is on the map?", 0),
        ("/nonsense", 2),
        ("/quit\ntown/notes.jpg", 0),
        ("/exit now\ntown/notes.jpg", 0),
        ("bye\ntown/notes.jpg", 0),
    ],
)
def test_the_exit_code_is_that_of_the_last_question(run: Run, tmp_path: Path, lines: str, code: int) -> None:
    (tmp_path / "town" / "notes.jpg").write_text("no photo")
    assert run(*CHAT, stdin=lines + "\n").returncode == code


def test_a_conversation_is_gone_on_with(run: Run) -> None:
    first = json.loads(run(*CHAT, "--json", stdin="town/query.png\n").stdout)
    later = json.loads(run(*CHAT, "--json", "--continue", stdin="why?\n").stdout)
    assert later["session"] == first["session"]
    assert later["steps"][0]["status"] == "success"
    named = json.loads(run(*CHAT, "--json", "--continue", first["session"][:10], stdin="why?\n").stdout)
    assert named["session"] == first["session"]
    other = run(*CHAT, "--continue", "nothing", stdin="why?\n")
    assert other.returncode == 2
    assert first["session"] in other.stderr


def test_one_conversation_is_in_one_chat_at_a_time(run: Run, tmp_path: Path) -> None:
    session = json.loads(run(*CHAT, "--json", stdin="hello\n").stdout)["session"]
    locks = ProcessLocks(tmp_path / "town" / "places" / "sessions.sqlite")
    assert locks.acquire(session)
    try:
        refused = run(*CHAT, "--continue", stdin="why?\n")
    finally:
        locks.release(session)
        locks.close()
    assert refused.returncode == 2
    assert "another chat" in refused.stderr
    assert run(*CHAT, "--continue", stdin="what is on the map?\n").returncode == 0


def test_no_conversation_is_kept_where_none_shall_be(run: Run, tmp_path: Path) -> None:
    assert run(*CHAT, "--no-sessions", stdin="hello\n").returncode == 0
    assert not (tmp_path / "town" / "places" / "sessions.sqlite").exists()


def test_a_file_that_is_no_file_of_conversations_stops_no_question(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.sqlite").write_text("hello, I am not a database, and long enough to be one")
    done = run(*CHAT, "--sessions", "bad.sqlite", stdin="town/query.png\n")
    assert done.returncode == 0
    assert "not kept" in done.stderr
    assert "openstreetmap" in done.stdout
    assert run(*CHAT, "--sessions", "bad.sqlite", "--continue", stdin="why?\n").returncode == 1


@pytest.mark.parametrize("form", [(), ("--plain",), ("--json",)])
def test_answers_alone_are_on_standard_output_and_no_escapes(run: Run, form: tuple[str, ...]) -> None:
    done = run(*CHAT, *form, stdin="town/query.png\nwhy?\n/help\n", FORCE_COLOR="" if not form else "1")
    assert "\x1b" not in done.stdout or form == ()
    assert "50" in done.stdout


def test_files_are_written_where_asked(run: Run, tmp_path: Path) -> None:
    done = run(*CHAT, stdin="town/query.png\nwhy?\n/export talk.md\n/export talk.json\n/map map.html\n/replay\n/cost\n")
    assert done.returncode == 0, done.stderr
    assert "why?" in (tmp_path / "talk.md").read_text()
    assert json.loads((tmp_path / "talk.json").read_text())["version"] == 1
    assert "Content-Security-Policy" in (tmp_path / "map.html").read_text()
    assert "same answer" in done.stdout
    assert "Photos located: 1;" in done.stdout
    again = run(*CHAT, stdin="town/query.png\n/export talk.md\n")
    assert again.returncode == 2  # it is not written over


def test_an_index_that_is_not_there_is_said_at_once(run: Run) -> None:
    done = run("chat", "--places", "nowhere", stdin="hello\n")
    assert done.returncode == 2
    assert "nowhere" in done.stderr
    assert "chat" in run("chat", stdin="").stderr  # neither flag nor environment names an index
    named = run("chat", "--no-sessions", stdin="what is on the map?\n", INTERNVL_VPR_PLACES="town/places")
    assert "8" in named.stdout


def test_a_photo_may_come_from_standard_input(run: Run, town: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "internvl_vpr.agent", "locate", "-", *CHAT[1:], "--jsonl"],
        input=(town / "query.png").read_bytes(), capture_output=True, cwd=tmp_path, timeout=300, check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert {event["version"] for event in events} == {1}
    assert events[-1]["type"] == "answer"
    assert events[-1]["answer"]["photo"] == "-"


def test_when_the_disk_is_full_the_chat_says_so_once_and_goes_on(run: Run, tmp_path: Path) -> None:
    code = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (90_000, 90_000)); "
        "sys.argv[0] = 'internvl-vpr'; runpy.run_module('internvl_vpr.agent', run_name='__main__')"
    )
    sessions = str(tmp_path / "sessions.sqlite")
    done = subprocess.run(
        [sys.executable, "-c", code, *CHAT, "--sessions", sessions, "--json"], input="what is on the map?\n" * 20,
        capture_output=True, text=True, cwd=tmp_path, timeout=300, check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    turns = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert len(turns) == 20
    assert all("8 photos" in turn["reply"] for turn in turns)
    (remark,) = [remark for turn in turns for remark in turn["remarks"]]
    assert "not kept any more" in remark


def test_every_setting_is_shown_with_where_it_comes_from(run: Run, tmp_path: Path) -> None:
    own = tmp_path / "own" / "internvl-vpr" / "internvl-vpr.toml"
    own.parent.mkdir(parents=True)
    own.write_text("n = 4\nk = 9\n")
    (tmp_path / "internvl-vpr.toml").write_text("k = 8\n")
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "own"), "INTERNVL_VPR_TAU": "0.5", "OPENAI_API_KEY": "sk-sentinel"}
    done = run("settings", "--places", "town/places", "--json", "--concurrency", "3", **environ)
    found = {name: (shown["value"], shown["from"]) for name, shown in json.loads(done.stdout).items()}
    assert found["concurrency"] == (3, "flag")
    assert found["tau"] == (0.5, "environment")
    assert found["k"] == (8, "file")
    assert found["n"] == (4, "own file")
    assert found["clusters"] == (8, "index")
    assert found["encoder"] == ("minilm", "preset")
    assert found["timeout"] == (120.0, "default")
    assert found["api_key"] == ("set", "environment")
    table = run("settings", **environ)
    assert "sk-sentinel" not in table.stdout + table.stderr + done.stdout
    assert "own file" in table.stdout


def test_every_command_of_the_terminal_is_there() -> None:
    assert {slash.name for slash in SLASHES if slash.kind == "terminal"} == {*COMMANDS, "quit"}


def test_a_replay_answers_from_the_ledger_alone(cli: Run, server: FaultyServer, vlm: list[str]) -> None:
    server.script(tool("map_summary"), reply("Die Karte enthält 8 Fotos."))
    chat = ("chat", *vlm, "--no-sessions", "--json")
    told = cli(*chat, stdin="was ist auf der Karte?\n")
    assert json.loads(told.stdout)["reply"] == "Die Karte enthält 8 Fotos."
    again = cli(*chat, "--replay", stdin="was ist auf der Karte?\nund sonst?\n")
    first, second = map(json.loads, again.stdout.splitlines())
    assert (first["reply"], again.returncode) == ("Die Karte enthält 8 Fotos.", 1)
    assert "ask without --replay first" in " ".join(second["remarks"])
    assert len(server.requests) == 2
