"""A conversation with the assistant: one question at a time in, what happens until the reply out."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage, ToolMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Overwrite

from internvl_vpr.tools.compare_places import PlaceComparison
from internvl_vpr.tools.errors import SessionError
from internvl_vpr.tools.records import Answer

from ..localizer.context import Context
from ..localizer.record_serializer import record_serializer
from .artifacts import revive
from .assistant import STEP_LIMIT, build_assistant
from .sessions import Sessions, config_of
from .state import question_of, results_of, turn_of
from .tools import SettingsShown


@dataclass(frozen=True)
class Called:
    """A tool was chosen."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Progressed:
    """A tool is so far; seconds since the question."""

    tool: str
    call: str
    stage: str
    done: int
    total: int
    detail: str
    seconds: float


@dataclass(frozen=True)
class Returned:
    """A tool ended: its result, or one sentence about why there is none."""

    message: ToolMessage


@dataclass(frozen=True)
class Replied:
    """The turn ended."""

    message: AIMessage
    seconds: float


Event = Called | Progressed | Returned | Replied


class Conversation:
    """One session of the assistant over a context; it is kept where `saver` keeps it, else while it lasts."""

    def __init__(self, context: Context, session: str, saver: BaseCheckpointSaver[Any] | None = None) -> None:
        self.context = context
        self.session = session
        self._saver = saver or InMemorySaver(serde=record_serializer())
        self._graph = build_assistant().compile(name="assistant", checkpointer=self._saver)

    async def ask(self, question: str) -> AsyncGenerator[Event, None]:
        """Yield what happens until the reply; cancelled or killed in between, only the reply is lost."""
        began = time.monotonic()
        parts = self._graph.astream(
            {"messages": [HumanMessage(question)]},
            {**config_of(self.session), "recursion_limit": STEP_LIMIT},
            context=self.context,
            stream_mode=["updates", "custom"],
            durability="sync",  # the question is on disk before it is worked on
        )
        async for mode, part in cast("AsyncIterator[tuple[str, Mapping[str, Any]]]", parts):
            for event in _events(mode, part, time.monotonic() - began):
                yield event
        if isinstance(self._saver, Sessions):
            await self._saver.aprune([self.session])

    async def messages(self) -> Sequence[AnyMessage]:
        """Return the conversation so far."""
        return revive((await self._values()).get("messages", ()))

    async def answers(self) -> Sequence[Answer]:
        """Return what was located in it, the latest last."""
        answers: Sequence[Answer] = (await self._values()).get("answers", ())
        return answers

    async def unkept(self) -> "Conversation":
        """Return the same conversation, kept while it lasts alone; what cannot be read any more is not in it."""
        other = Conversation(self.context, self.session)
        with suppress(SessionError):
            values = await self._values()
            named = {key: values[key] for key in ("messages", "answers", "settings") if key in values}
            await other._graph.aupdate_state(config_of(self.session), named, as_node="tools")
        return other

    async def undo(self) -> str | None:
        """Forget the latest question with all that came of it, settings included; returns it, None without one."""
        messages = await self.messages()
        turn = turn_of(messages)
        kept = messages[: len(messages) - len(turn) - 1]
        if not messages:
            return None
        forgotten = [*messages[len(kept) :]]
        located = sum(_located(result) for result in results_of(forgotten))
        answers = await self.answers()
        shown = [result.artifact for result in results_of(kept) if isinstance(result.artifact, SettingsShown)]
        state = {
            "messages": [RemoveMessage(id=str(message.id)) for message in forgotten],
            "answers": Overwrite(answers[: len(answers) - located]),
            "settings": Overwrite(shown[-1].changed if shown else {}),
            "plan": [],
        }
        await self._graph.aupdate_state(config_of(self.session), state, as_node="tools")
        return question_of(messages)

    async def _values(self) -> Mapping[str, Any]:
        snapshot = await self._graph.aget_state(config_of(self.session))
        values: Mapping[str, Any] = snapshot.values
        return values


def _located(result: ToolMessage) -> int:
    """Return how many answers a tool's result brought."""
    artifact = result.artifact
    return len(artifact.photos) if isinstance(artifact, PlaceComparison) else int(isinstance(artifact, Answer))


def _events(mode: str, part: Mapping[str, Any], seconds: float) -> list[Event]:
    """Turn a part of the graph's stream into events."""
    if mode == "custom":
        return [Progressed(**part, seconds=seconds)]
    messages = [message for written in part.values() for message in written["messages"]]
    events: list[Event] = []
    for message in messages:
        if isinstance(message, ToolMessage):
            events.append(Returned(message))
        elif isinstance(message, AIMessage) and message.tool_calls:
            events += [Called(call["name"], call["args"]) for call in message.tool_calls]
        elif isinstance(message, AIMessage):
            events.append(Replied(message, seconds))
    return events


def unanswered(messages: Sequence[AnyMessage]) -> str | None:
    """Return the latest question of a conversation when it has no reply, because that was cancelled or killed."""
    replied = any(isinstance(message, AIMessage) and not message.tool_calls for message in turn_of(messages))
    return question_of(messages) or None if messages and not replied else None
