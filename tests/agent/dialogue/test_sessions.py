"""Conversations on disk: what comes back, what is dropped, and what a tampered file cannot do."""

import pickle
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import ormsgpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from talking import replies_of, with_sessions

from internvl_vpr.agent.dialogue.conversation import Conversation
from internvl_vpr.agent.dialogue.session_file import choose_session, kept_sessions
from internvl_vpr.agent.dialogue.sessions import Sessions
from internvl_vpr.agent.localizer.context import Context
from internvl_vpr.tools.errors import SessionError, UsageError


def ask(path: Path, context: Context, session: str, *questions: str) -> None:
    async def work(sessions: Sessions) -> None:
        conversation = Conversation(context, session, sessions)
        for question in questions:
            async for _ in conversation.ask(question):
                pass

    with_sessions(path, work)


def everything(town: Path) -> tuple[str, ...]:
    photo = str(town / "query.png")
    return (
        *(photo, "why?", "show the runner-up", "compare it with the second", "use 2 cues", "what is on the map?"),
        *(f"which of these were taken at the same place? {photo} {photo}", "show the candidates"),
    )


def test_a_conversation_comes_back_as_it_was(town: Path, context: Context, tmp_path: Path) -> None:
    file = tmp_path / "sessions.sqlite"

    async def first(sessions: Sessions) -> object:
        conversation = Conversation(context, "s", sessions)
        for question in everything(town):
            async for _ in conversation.ask(question):
                pass
        return await conversation.messages(), await conversation.answers()

    async def later(sessions: Sessions) -> object:
        conversation = Conversation(context, "s", sessions)
        return await conversation.messages(), await conversation.answers()

    assert with_sessions(file, first) == with_sessions(file, later)
    assert file.stat().st_mode & 0o077 == 0


def test_what_it_is_about_is_remembered(town: Path, context: Context, tmp_path: Path) -> None:
    file = tmp_path / "sessions.sqlite"
    ask(file, context, "s", str(town / "query.png"))
    ask(file, context, "s", "why?")

    async def messages(sessions: Sessions) -> list[str]:
        return replies_of(await Conversation(context, "s", sessions).messages())

    assert "nothing was located" not in with_sessions(file, messages)[-1].casefold()


def test_only_the_latest_state_of_each_conversation_is_kept(town: Path, context: Context, tmp_path: Path) -> None:
    file = tmp_path / "sessions.sqlite"
    for session in ("a", "b"):
        ask(file, context, session, *everything(town))
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT thread_id, COUNT(*) FROM checkpoints GROUP BY 1").fetchall() == [
            ("a", 1),
            ("b", 1),
        ]


def test_conversations_are_listed_the_latest_first_and_chosen_by_how_they_begin(
    town: Path, context: Context, tmp_path: Path
) -> None:
    file = tmp_path / "sessions.sqlite"
    for session in ("2026-a", "2026-b", "2025-c"):
        ask(file, context, session, "hello", "what is on the map?")

    async def work(sessions: Sessions) -> list[object]:
        listed = await sessions.listed(9)
        return [[s.id for s in listed], listed[0].title, listed[0].questions]

    assert with_sessions(file, work) == [["2025-c", "2026-b", "2026-a"], "hello", 2]
    assert kept_sessions(file) == ["2025-c", "2026-b", "2026-a"]
    assert choose_session(kept_sessions(file), "2026") == "2026-b"
    with pytest.raises(UsageError, match="2025-c"):
        choose_session(kept_sessions(file), "x")


class Trap:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (Path.touch, (self.path,))


def tampered(file: Path, column_type: str, blob: bytes) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE checkpoints SET type = ?, checkpoint = ?", (column_type, blob))


@pytest.mark.parametrize("code", range(8))
@pytest.mark.parametrize(
    ("module", "name", "argument"),
    [("os", "system", "touch {}"), ("pathlib", "Path", ["{}"]), ("subprocess", "getoutput", "touch {}")],
)
def test_a_tampered_file_executes_nothing(
    context: Context, tmp_path: Path, code: int, module: str, name: str, argument: object
) -> None:
    file, sentinel = tmp_path / "sessions.sqlite", tmp_path / "executed"
    ask(file, context, "s", "hello")
    filled = [str(sentinel)] if isinstance(argument, list) else str(argument).format(sentinel)
    trap = ormsgpack.Ext(code, ormsgpack.packb([module, name, filled, "touch"]))
    state = {"v": 4, "ts": "2026-01-01T00:00:00+00:00", "id": "1", "channel_values": {"messages": [trap]}}
    tampered(file, "msgpack", ormsgpack.packb({**state, "channel_versions": {}, "versions_seen": {}}))
    with pytest.raises(SessionError, match="damaged"):
        ask(file, context, "s", "why?")
    assert not sentinel.exists()


def test_a_pickle_in_the_file_is_not_opened(context: Context, tmp_path: Path) -> None:
    file, sentinel = tmp_path / "sessions.sqlite", tmp_path / "executed"
    ask(file, context, "s", "hello")
    tampered(file, "pickle", pickle.dumps(Trap(sentinel)))
    with pytest.raises(SessionError, match="damaged"):
        ask(file, context, "s", "why?")
    assert not sentinel.exists()


def test_a_record_that_no_code_of_ours_makes_is_refused(town: Path, context: Context, tmp_path: Path) -> None:
    file = tmp_path / "sessions.sqlite"
    ask(file, context, "s", str(town / "query.png"))
    with closing(sqlite3.connect(file)) as database:
        (blob,) = database.execute("SELECT checkpoint FROM checkpoints").fetchone()
    assert b"located" in blob
    tampered(file, "msgpack", blob.replace(b"located", b"l0cated"))
    with pytest.raises(SessionError, match="damaged"):
        ask(file, context, "s", "why?")


@pytest.fixture
def greeted(tmp_path: Path, context: Context) -> Path:
    """A file that keeps one greeting."""
    file = tmp_path / "sessions.sqlite"
    ask(file, context, "s", "hello")
    return file


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(garbage=st.binary(max_size=200))
def test_garbage_is_said_to_be_damaged(greeted: Path, context: Context, garbage: bytes) -> None:
    file = greeted.with_name("damaged.sqlite")
    shutil.copy(greeted, file)
    tampered(file, "msgpack", garbage)
    with pytest.raises(SessionError):
        ask(file, context, "s", "why?")


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "s.sqlite").write_text("hello, I am not a database, and long enough to be one")

    async def nothing(sessions: Sessions) -> None:
        await sessions.listed(9)

    with pytest.raises(SessionError, match="--sessions"):
        with_sessions(tmp_path / "s.sqlite", nothing)
    with pytest.raises(SessionError, match="--sessions"):
        with_sessions(tmp_path / "none" / "s.sqlite", nothing)


def test_a_damaged_conversation_is_listed_as_that_and_spoils_no_other(context: Context, tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite"
    for session in ("good", "bad"):
        ask(file, context, session, "hello")
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE checkpoints SET checkpoint = x'00' WHERE thread_id = 'bad'")

    async def titles(sessions: Sessions) -> dict[str, str]:
        return {session.id: session.title for session in await sessions.listed(9)}

    assert with_sessions(file, titles) == {"good": "hello", "bad": "(damaged)"}
