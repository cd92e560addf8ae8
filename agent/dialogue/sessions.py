"""Conversations kept on disk, in LangGraph's SQLite checkpointer; of all types, only our records are restored."""

import os
import secrets
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import aiosqlite
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from internvl_vpr.tools.errors import SessionError
from internvl_vpr.tools.records import Answer, Record

from ..calls import ChangeSettings
from ..localizer.state import record_serializer
from .artifacts import revive
from .session_file import damaged


class Session(Record):
    """A stored conversation: its id, its first question as title, and how many questions it has."""

    id: str
    title: str
    questions: int


class Sessions(AsyncSqliteSaver):
    """The conversations in one file; only the latest state of each is kept."""

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return the latest state of a conversation; raises `SessionError` if it is damaged."""
        with _not_kept(), _damage_named():
            kept = await super().aget_tuple(config)
            if kept is not None:
                _check(kept.checkpoint)
        return kept

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keep a state; raises `SessionError`."""
        with _not_kept():
            return await super().aput(config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Keep what a step wrote; raises `SessionError`."""
        with _not_kept():
            await super().aput_writes(config, writes, task_id, task_path)

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Drop all states of these conversations but the latest; with the strategy `delete`, drop that one, too."""
        if strategy == "delete":
            for thread in thread_ids:
                await self.adelete_thread(thread)
            return
        with _not_kept():
            async with self.lock, self.conn.cursor() as cursor:
                for thread in thread_ids:
                    for table in ("writes", "checkpoints"):
                        await cursor.execute(
                            f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_id <> "  # noqa: S608
                            "(SELECT MAX(checkpoint_id) FROM checkpoints WHERE thread_id = ?)",
                            (thread, thread),
                        )

    async def listed(self, most: int) -> list[Session]:
        """Return the conversations that were used last, the latest first; the title of a damaged one says so."""
        query = "SELECT thread_id FROM checkpoints GROUP BY thread_id ORDER BY MAX(checkpoint_id) DESC LIMIT ?"
        async with self.lock, self.conn.execute(query, (most,)) as cursor:
            ids = [str(session) async for (session,) in cursor]
        return [await self._session(session) for session in ids]

    async def _session(self, session: str) -> Session:
        try:
            kept = await self.aget_tuple(config_of(session))
        except SessionError:
            kept = None
        if kept is None:
            return Session(id=session, title="(damaged)", questions=0)
        messages: Sequence[AnyMessage] = kept.checkpoint["channel_values"].get("messages", ())
        questions = [message.text for message in messages if isinstance(message, HumanMessage)]
        return Session(id=session, title=questions[0] if questions else "", questions=len(questions))


def config_of(session: str) -> RunnableConfig:
    """Return LangGraph's configuration for a conversation."""
    return {"configurable": {"thread_id": session}}


def new_session() -> str:
    """Return the id of a new conversation: when it began, and four characters that tell it from others."""
    return f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"  # noqa: DTZ005 - a person's own clock


@asynccontextmanager
async def open_sessions(path: Path) -> AsyncIterator[Sessions]:
    """Open or create a file of conversations that only its owner can read; raises `SessionError`."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        # Without transactions: a cancelled question must not leave one open, and with it the file locked.
        async with aiosqlite.connect(path, isolation_level=None) as connection:
            sessions = Sessions(connection, serde=record_serializer())
            await sessions.setup()
            yield sessions
    except (OSError, sqlite3.DatabaseError) as error:
        raise damaged(path, error) from error


@contextmanager
def _not_kept() -> Iterator[None]:
    """Raise `SessionError` instead of what the disk or the database raises."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise SessionError(
            f"The conversation cannot be kept ({error}): free some space, or unlock the file."
        ) from error


@contextmanager
def _damage_named() -> Iterator[None]:
    """Raise `SessionError` instead of what reading a damaged conversation raises."""
    try:
        yield
    except (AttributeError, KeyError, NotImplementedError, TypeError, ValueError) as error:
        raise SessionError(
            f"A conversation is damaged ({type(error).__name__}: {error}): remove the file of conversations, "
            "or name another with --sessions."
        ) from error


def _check(checkpoint: Checkpoint) -> None:
    """Check that a state can be that of a conversation, since the serializer restores records without validation."""
    values = checkpoint["channel_values"]
    datetime.fromisoformat(checkpoint["ts"])
    for versions in (checkpoint["channel_versions"], checkpoint["versions_seen"]):
        versions.items()
    for message in values.get("messages", []):
        if not isinstance(message, HumanMessage | AIMessage | ToolMessage) or not isinstance(message.content, str):
            raise TypeError("one of its messages is no message")
    revive(values.get("messages", []))
    for answer in values.get("answers", []):
        Answer.model_validate(answer.model_dump(warnings=False))
    ChangeSettings.model_validate(values.get("settings", {}))
