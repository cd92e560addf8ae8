"""A conversation as it is sent to a model: of bounded length, and all of it in JSON strings that no text can end."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from internvl_vpr.tools.text.foreign import visible

from ..calls import Known

MOST_TURNS = 8  # a turn is a person's message and all that followed it; the oldest are left out
MOST_CHARACTERS = 12_000  # of all turns; the servers of docs/endpoint.md have room for 8,192 tokens
_LEAST_CHARACTERS = 300  # that every result keeps, however many there are
_MOST_OF_EARLIER = 1_500  # characters of a result or reply in an earlier turn
_MOST_LOCATED = 10
_MOST_OF_ANSWER = 800  # characters of a refused answer that are sent back

# A chat template's own marks, such as <|im_end|>, <image> or [INST], end a message wherever they occur in it.
_MARKS = {ord(mark): f"\\u{ord(mark):04x}" for mark in "<>[]|"}
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')

ChatMessage = dict[str, str]


def turns_of(messages: Sequence[AnyMessage]) -> list[list[AnyMessage]]:
    """Return the latest turns of a conversation, each a person's message and all that followed it."""
    turns: list[list[AnyMessage]] = []
    for message in messages:
        if isinstance(message, HumanMessage):
            turns.append([message])
        elif turns:
            turns[-1].append(message)
    return turns[-MOST_TURNS:]


def chat_messages(messages: Sequence[AnyMessage], known: Known) -> list[ChatMessage]:
    """Return the messages of a request: the latest turn, and as many turns before it as there is room for.

    A turn is sent whole or not at all, so that no result lacks its question. Empty if the person wrote nothing yet.
    """
    turns = turns_of(messages)
    if not turns:
        return []
    latest = turns.pop()
    share = max(_LEAST_CHARACTERS, MOST_CHARACTERS // len(latest))
    chosen = [_told(known), *(_as_chat(message, share) for message in latest)]
    while turns:
        earlier = [_as_chat(message, _MOST_OF_EARLIER) for message in turns.pop()]
        if sum(len(one["content"]) for one in (*earlier, *chosen)) > MOST_CHARACTERS:
            break
        chosen = [*earlier, *chosen]
    return _alternating(chosen)


def refused(answer: str, problem: str) -> list[ChatMessage]:
    """Return the messages that send back an answer which cannot be used, and say why."""
    return [
        {"role": "assistant", "content": visible(_cut(answer, _MOST_OF_ANSWER)).translate(_MARKS) or "{}"},
        {"role": "user", "content": as_data({"problem": f"This step was refused: {problem}. Take another one."})},
    ]


def as_data(content: Mapping[str, Any]) -> str:
    """Write an object as one line of JSON; nothing in its strings can end the string, the line or the message."""
    text = json.dumps(_visible(content), ensure_ascii=False)
    return _STRING.sub(lambda string: string[0].translate(_MARKS), text)


def _visible(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {key: _visible(one) for key, one in value.items()}
    return [_visible(one) for one in value] if isinstance(value, (list, tuple)) else value


def _told(known: Known) -> ChatMessage:
    content = {"located": known.photos[-_MOST_LOCATED:], "candidates": known.candidates}
    return {"role": "user", "content": as_data(content)}


def _as_chat(message: AnyMessage, most: int) -> ChatMessage:
    """Write a message as JSON; what the model chose earlier has the form in which it must answer."""
    if isinstance(message, HumanMessage):
        return {"role": "user", "content": as_data({"person": _cut(message.text, most)})}
    if isinstance(message, ToolMessage):
        failed = {"failed": True} if message.status == "error" else {}
        result = {"tool": message.name, **failed, "result": _cut(message.text, most)}
        return {"role": "user", "content": as_data(result)}
    if isinstance(message, AIMessage) and message.tool_calls:
        call = message.tool_calls[0]  # the assistant's messages have one each
        return {"role": "assistant", "content": as_data({"step": {"tool": call["name"], "arguments": call["args"]}})}
    return {"role": "assistant", "content": as_data({"step": {"reply": _cut(message.text, most)}})}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]} … ({len(text) - most} characters left out)"


def _alternating(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Join neighbours that have the same role, since some chat templates want roles to alternate."""
    joined: list[ChatMessage] = []
    for message in messages:
        if joined and joined[-1]["role"] == message["role"]:
            joined[-1] = {**message, "content": f"{joined[-1]['content']}\n{message['content']}"}
        else:
            joined.append(message)
    return joined
