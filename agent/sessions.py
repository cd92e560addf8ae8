"""Conversations kept on disk: LangGraph's SQLite checkpointer, which revives no types but our own records."""

import os
import secrets
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import aiosqlite
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, CheckpointTuple
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from ..tools.errors import SessionError, UsageError
from ..tools.records import Answer, Record
from .artifacts import revive
from .calls import ChangeSettings

SESSIONS_FILE = "sessions.sqlite"


class Session(Record):
    """A conversation that is kept: its id, when it was last used, its first question, and how many there are."""

    id: str
    used: datetime
    title: str
    questions: int


class Sessions(AsyncSqliteSaver):
    """The conversations of one file; each keeps its latest state alone."""

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return the latest state of a conversation; raises `SessionError` for what is none."""
        with _damage_named():
            kept = await super().aget_tuple(config)
            if kept is not None:
                _check(kept.checkpoint)
        return kept

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Drop all states of conversations but the latest, or these, too, with the strategy `delete`."""
        if strategy == "delete":
            for thread in thread_ids:
                await self.adelete_thread(thread)
            return
        async with self.lock, self.conn.cursor() as cursor:
            for thread in thread_ids:
                for table in ("writes", "checkpoints"):
                    await cursor.execute(
                        f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_id <> "  # noqa: S608
                        "(SELECT MAX(checkpoint_id) FROM checkpoints WHERE thread_id = ?)",
                        (thread, thread),
                    )
            await self.conn.commit()

    async def listed(self) -> list[Session]:
        """Return the conversations, the latest first."""
        found: dict[str, Session] = {}
        with _damage_named():
            async for kept in self.alist(None):
                thread = str(kept.config["configurable"]["thread_id"])
                if thread not in found:
                    _check(kept.checkpoint)
                    found[thread] = _session(thread, kept.checkpoint["ts"], kept.checkpoint["channel_values"])
        return sorted((session for session in found.values() if session.questions), key=lambda s: s.used, reverse=True)

    async def chosen(self, wanted: str) -> str:
        """Return the id of the conversation whose id begins so, "" for the latest; raises `UsageError`."""
        ids = [session.id for session in await self.listed()]
        matching = [known for known in ids if known.startswith(wanted)]
        if not matching:
            others = f"there are {', '.join(ids[:5])}" if ids else "there is none"
            raise UsageError(f"No conversation {wanted!r} is kept: {others}.")
        return matching[0]


def config_of(session: str) -> RunnableConfig:
    """Return LangGraph's configuration for a conversation."""
    return {"configurable": {"thread_id": session}}


def new_session() -> str:
    """Return the id of a new conversation: when it began, and four letters that tell it from others."""
    return f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"  # noqa: DTZ005 - a person's own clock


@asynccontextmanager
async def open_sessions(path: Path) -> AsyncIterator[Sessions]:
    """Open or create a file of conversations, for its owner's eyes alone; raises `SessionError`."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        async with aiosqlite.connect(path) as connection:
            sessions = Sessions(connection, serde=serializer())
            await sessions.setup()
            yield sessions
    except (OSError, sqlite3.DatabaseError) as error:
        raise SessionError(
            f"The conversations in {str(path)!r} cannot be kept or read ({error}): "
            "mend or remove the file, or name another with --sessions."
        ) from error


def serializer() -> JsonPlusSerializer:
    """Revive answers and LangChain's messages; all else in a file is plain data: nothing is imported or called."""
    return JsonPlusSerializer(allowed_msgpack_modules=[Answer], pickle_fallback=False)


@contextmanager
def _damage_named() -> Iterator[None]:
    """Turn what reading something else than a conversation leads to into `SessionError`."""
    try:
        yield
    except (AttributeError, KeyError, NotImplementedError, TypeError, ValueError) as error:
        raise SessionError(
            f"A conversation is damaged ({type(error).__name__}: {error}): remove the file of conversations, "
            "or name another with --sessions."
        ) from error


def _check(checkpoint: Checkpoint) -> None:
    """Check that a state is one that a conversation can have: the serializer revives records without validating."""
    values = checkpoint["channel_values"]
    datetime.fromisoformat(checkpoint["ts"])
    for versions in (checkpoint["channel_versions"], checkpoint["versions_seen"]):
        versions.items()
    for message in values.get("messages", []):
        if not isinstance(message, HumanMessage | AIMessage | ToolMessage) or not isinstance(message.content, str):
            raise TypeError("one of its messages is none")
    revive(values.get("messages", []))
    for answer in values.get("answers", []):
        Answer.model_validate(answer.model_dump(warnings=False))
    ChangeSettings.model_validate(values.get("settings", {}))


def _session(thread: str, used: str, values: Mapping[str, Any]) -> Session:
    messages: Sequence[AnyMessage] = values.get("messages", ())
    questions = [message.text for message in messages if isinstance(message, HumanMessage)]
    return Session(
        id=thread, used=datetime.fromisoformat(used), title=questions[0] if questions else "", questions=len(questions)
    )
