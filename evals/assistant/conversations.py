"""Conversations so far, and the step that should follow: read from a table, with results as the tools tell them."""

import os
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from pydantic import Field, ValidationError

from internvl_vpr.agent import words
from internvl_vpr.agent.calls import ARGUMENTS, ExplainMatch, Known, ShowCandidate, ToolName
from internvl_vpr.agent.dialogue.state import known
from internvl_vpr.agent.settings import Settings, resolve_settings
from internvl_vpr.tools.compare_places import compare_candidates
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.explain_match import explain_match
from internvl_vpr.tools.map_summary import MapSummary
from internvl_vpr.tools.records import Answer, Record

from .small_answers import SmallAnswer

_MAP = MapSummary(
    photos=64, images=64, positioned=64, roots=(Path("town"),), south=52.1, north=52.14, west=4.1, east=4.16,
    width=4_096.0, height=4_451.0, planes=("31U",), backbone="xfeat", checksum="0" * 64,
)  # fmt: skip


class Person(Record):
    """What the person wrote."""

    person: str


class Reply(Record):
    """What the assistant replied."""

    reply: str


class Used(Record):
    """A tool that was used: located photos come with their answer, and a failure with what was said of it."""

    tool: ToolName
    arguments: dict[str, Any] = Field(default_factory=dict)
    answer: SmallAnswer | None = None
    error: str = ""


class ExpectedCall(Record):
    """A tool that should be used next."""

    tool: ToolName
    arguments: dict[str, Any] = Field(default_factory=dict)


class ReplyProperties(Record):
    """What a reply must be like: its language, what it says, each once or one of several, and what it does not say.

    `such_as` is a reply that is like this.
    """

    such_as: str
    language: str = "English"
    has: tuple[str | tuple[str, ...], ...] = ()
    lacks: tuple[str, ...] = ()


class ExpectedReply(Record):
    """A reply that should come next."""

    reply: ReplyProperties


class Conversation(Record):
    """What was said so far, the photos that exist besides those named below, and the steps of which one should follow.

    Every conversation finds the photos `night.jpg`, `other.jpg`, `day 2.jpg` and `add to the map.jpg`, and the folder
    `holiday`.
    """

    id: str
    kind: Literal["locate", "tell", "why", "second", "settings", "map", "injection", "reply"]
    files: tuple[str, ...] = ()
    said: tuple[Person | Reply | Used, ...] = Field(min_length=1)
    expected: tuple[ExpectedCall | ExpectedReply, ...] = Field(min_length=1)

    def messages(self) -> list[AnyMessage]:
        """Return the conversation as messages; raises `UsageError` for one whose results cannot be told."""
        settings = _settings()
        answers: list[Answer] = []
        messages: list[AnyMessage] = []
        for number, one in enumerate(self.said):
            if isinstance(one, Used):
                messages += _used(one, f"{number}", answers, settings)
            else:
                messages.append(HumanMessage(one.person) if isinstance(one, Person) else AIMessage(one.reply))
        return messages

    def known(self) -> Known:
        """Return what the latest message may refer to."""
        return known([one.answer.answer() for one in self.said if isinstance(one, Used) and one.answer is not None])


FILES = ("night.jpg", "other.jpg", "day 2.jpg", "add to the map.jpg", "holiday/beach.jpg")


def read_conversations(path: Path | None = None) -> list[Conversation]:
    """Read a table of conversations, one JSON object a line, by default the package's own; raises `UsageError`."""
    named = str(path) if path else "conversations.jsonl"
    source = path or files("internvl_vpr.evals.assistant") / "conversations.jsonl"
    try:
        lines = source.read_text(encoding="utf-8").splitlines()
        found = [Conversation.model_validate_json(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise UsageError(f"The conversations {named!r} cannot be read ({reason}): correct them.") from error
    ids = [one.id for one in found]
    if not found or len(set(ids)) < len(ids):
        raise UsageError(f"The conversations {named!r} are none, or two have one id: give each its own.")
    return found


def write_files(folder: Path, conversations: Sequence[Conversation]) -> None:
    """Write the photos that the conversations speak of, which are looked for but never opened."""
    for name in {*FILES, *(name for one in conversations for name in one.files)}:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"a photo")


def _settings() -> Settings:
    """Return the preset's settings, whatever the environment and the files of the machine say."""
    return resolve_settings({"preset": "embedded"}, environ={}, file=Path(os.devnull))


def _used(one: Used, call: str, answers: list[Answer], settings: Settings) -> Iterator[AnyMessage]:
    """Yield the call of a tool and its result, told as the tools tell theirs."""
    arguments = ARGUMENTS[one.tool].model_validate(one.arguments).model_dump(mode="json", exclude_none=True)
    yield AIMessage("", tool_calls=[{"name": one.tool, "args": arguments, "id": call}])
    if one.answer is not None:
        answers.append(one.answer.answer())
    told = one.error or _told(one, answers, settings)
    status: Literal["error", "success"] = "error" if one.error else "success"
    yield ToolMessage(told, name=one.tool, tool_call_id=call, status=status)


def _told(one: Used, answers: Sequence[Answer], settings: Settings) -> str:
    arguments = ARGUMENTS[one.tool].model_validate(one.arguments)
    if one.tool == "map_summary":
        return words.tell_map(_MAP)
    if one.tool == "change_settings":
        new = arguments.model_dump(exclude_none=True)
        return words.tell_settings(settings.model_copy(update=new), new, new, settings)
    if not answers:
        raise UsageError(
            f"The conversations use {one.tool} before a photo was located: give it an answer, or an error."
        )
    latest = answers[-1]
    if isinstance(arguments, ExplainMatch):
        return words.tell_explanation(explain_match(latest, arguments.rank), arguments.about)
    if isinstance(arguments, ShowCandidate):
        return words.tell_candidates(latest) if arguments.rank is None else words.tell_candidate(latest, arguments.rank)
    if one.tool == "compare_places":
        return words.tell_candidates_compared(compare_candidates(latest, *one.arguments["ranks"]))
    return words.tell_answer(latest)
