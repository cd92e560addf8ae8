"""Talking with the assistant in tests: questions in, what was done and said out."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from internvl_vpr.agent.dialogue.conversation import Conversation
from internvl_vpr.agent.dialogue.sessions import Sessions, open_sessions
from internvl_vpr.agent.localizer.context import Context

T = TypeVar("T")


def talk(context: Context, *questions: str) -> Sequence[AnyMessage]:
    """Ask one question after another in one conversation, and return all of its messages."""

    async def ask() -> Sequence[AnyMessage]:
        conversation = Conversation(context, "test")
        for question in questions:
            async for _ in conversation.ask(question):
                pass
        return await conversation.messages()

    return asyncio.run(ask())


def calls_of(messages: Sequence[AnyMessage]) -> list[tuple[str, dict[str, Any]]]:
    """Return the tools that were called, with their arguments."""
    return [
        (call["name"], call["args"])
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
    ]


def replies_of(messages: Sequence[AnyMessage]) -> list[str]:
    """Return what was said to a person."""
    return [message.text for message in messages if isinstance(message, AIMessage) and not message.tool_calls]


def questions_of(messages: Sequence[AnyMessage]) -> list[str]:
    """Return what a person said."""
    return [message.text for message in messages if isinstance(message, HumanMessage)]


def with_sessions(path: Path, work: Callable[[Sessions], Awaitable[T]]) -> T:
    """Do something with the conversations that are kept at a path, and close them."""

    async def run() -> T:
        async with open_sessions(path) as sessions:
            return await work(sessions)

    return asyncio.run(run())
