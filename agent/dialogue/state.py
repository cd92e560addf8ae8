"""What a conversation knows: its messages, what was located in it, and what was changed."""

from collections.abc import Sequence
from typing import Annotated, Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall, ToolMessage
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict  # pydantic, and with it a server's schemas, wants this one before Python 3.12

from internvl_vpr.tools.records import Answer

from ..calls import Known
from ..localizer.state import merge

MOST_ANSWERS = 20  # that a conversation remembers


def keep_latest(left: Sequence[Answer], right: Sequence[Answer]) -> list[Answer]:
    """Join answers, the latest last; the oldest are dropped."""
    return [*left, *right][-MOST_ANSWERS:]


def replace_plan(_former: Sequence[ToolCall], plan: Sequence[ToolCall]) -> list[ToolCall]:
    """Take the new plan."""
    return list(plan)


class Messages(TypedDict):
    """What a caller gives: messages, of which the last is the person's."""

    messages: Annotated[list[AnyMessage], add_messages]


class Told(Messages):
    """What a caller gets: the conversation, and the answers in it."""

    answers: Annotated[list[Answer], keep_latest]


class DialogueState(Told):
    """The whole state: also the settings that were changed, and the calls that are still to be made in this turn."""

    settings: Annotated[dict[str, Any], merge]
    plan: Annotated[list[ToolCall], replace_plan]


class ChatStep(TypedDict):
    """What the chat node adds: one message, which calls a tool or ends the turn, and the calls that come after it."""

    messages: list[AnyMessage]
    plan: list[ToolCall]


class ToolStep(TypedDict):
    """What the tool node adds: a tool's result, with what it located or changed."""

    messages: list[AnyMessage]
    answers: list[Answer]
    settings: dict[str, Any]


def question_of(messages: Sequence[AnyMessage]) -> str:
    """Return the text of the person's latest message; empty if there is none."""
    return next((message.text for message in reversed(messages) if isinstance(message, HumanMessage)), "")


def turn_of(messages: Sequence[AnyMessage]) -> Sequence[AnyMessage]:
    """Return what followed the person's latest message."""
    last = max((number for number, message in enumerate(messages) if isinstance(message, HumanMessage)), default=-1)
    return messages[last + 1 :]


def results_of(messages: Sequence[AnyMessage]) -> list[ToolMessage]:
    """Return the tools' results among messages."""
    return [message for message in messages if isinstance(message, ToolMessage)]


def rounds_of(messages: Sequence[AnyMessage]) -> int:
    """Return how many of the messages call a tool."""
    return sum(isinstance(message, AIMessage) and bool(message.tool_calls) for message in messages)


def known(answers: Sequence[Answer]) -> Known:
    """Return what the next message may refer to."""
    photos = tuple(str(answer.photo) for answer in answers)
    references = tuple(candidate.reference for candidate in answers[-1].candidates) if answers else ()
    return Known(photos=photos, candidates=len(references), references=references)
