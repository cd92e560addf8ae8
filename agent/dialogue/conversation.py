"""A conversation with the assistant: a question goes in, and what happens until the reply comes out."""

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
from ..localizer.state import record_serializer
from .artifacts import SettingsShown, revive
from .assistant import STEP_LIMIT, build_assistant
from .sessions import Sessions, config_of
from .state import question_of, results_of, turn_of


@dataclass(frozen=True)
class Called:
    """A tool was chosen."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Progressed:
    """A tool reports how far it is; `seconds` count from the question."""

    tool: str
    call: str
    stage: str
    done: int
    total: int
    detail: str
    seconds: float


@dataclass(frozen=True)
class Returned:
    """A tool ended: with its result, or with one sentence that says why there is none."""

    message: ToolMessage


@dataclass(frozen=True)
class Replied:
    """The turn ended."""

    message: AIMessage
    seconds: float


Event = Called | Progressed | Returned | Replied


class Conversation:
    """A conversation with the assistant about one context; without a `saver` it is kept in memory only."""

    def __init__(self, context: Context, session: str, saver: BaseCheckpointSaver[Any] | None = None) -> None:
        self.context = context
        self.session = session
        self._saver = saver or InMemorySaver(serde=record_serializer())
        self._graph = build_assistant().compile(name="assistant", checkpointer=self._saver)

    async def ask(self, question: str) -> AsyncGenerator[Event, None]:
        """Yield what happens until the reply; if it is cancelled or killed before, only the reply is lost."""
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
        """Return the answers given so far, the latest last."""
        answers: Sequence[Answer] = (await self._values()).get("answers", ())
        return answers

    async def unkept(self) -> "Conversation":
        """Return a copy that is kept in memory only; it starts empty if the conversation cannot be read any more."""
        other = Conversation(self.context, self.session)
        with suppress(SessionError):
            values = await self._values()
            named = {key: values[key] for key in ("messages", "answers", "settings") if key in values}
            await other._graph.aupdate_state(config_of(self.session), named, as_node="tools")
        return other

    async def undo(self) -> str | None:
        """Forget the latest question and all that came of it, changed settings too; return it, or None without one."""
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
    """Return how many answers a tool's result added."""
    artifact = result.artifact
    return len(artifact.photos) if isinstance(artifact, PlaceComparison) else int(isinstance(artifact, Answer))


def _events(mode: str, part: Mapping[str, Any], seconds: float) -> list[Event]:
    """Turn one part of the graph's stream into events."""
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
    """Return the latest question if it has no reply, because it was cancelled or the program was killed."""
    replied = any(isinstance(message, AIMessage) and not message.tool_calls for message in turn_of(messages))
    return question_of(messages) or None if messages and not replied else None
