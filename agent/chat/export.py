"""A conversation as Markdown for persons, and as JSON for programs."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from pydantic import Field

from internvl_vpr.tools.disk.whole_file import write_whole
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.records import Answer, RankedCandidate, Record

from ..dialogue.state import results_of
from ..words.answer import facts_of
from ..words.phrases import apart, coordinates
from .markdown import bullets, inline, paragraphs, table

Role = Literal["person", "assistant", "tool", "system"]


class ToolUse(Record):
    """A tool that the assistant calls, with its arguments."""

    name: str
    arguments: dict[str, Any]


class Message(Record):
    """One message: what was said, what was called, or what a tool returned."""

    role: Role
    content: str
    calls: tuple[ToolUse, ...] = Field((), description="of the assistant")
    by: str | None = Field(None, description="of the assistant: `model` or `rules` decided it")
    tool: str | None = Field(None, description="of a tool's result: its name")
    failed: bool = Field(False, description="of a tool's result: the content says why there is none")
    record: str | None = Field(None, description="of a tool's result: what `artifact` is, such as `Answer`")
    artifact: dict[str, Any] | None = None


class Export(Record):
    """A conversation: `answers` are those that it looks back on, the latest last."""

    version: Literal[1] = 1
    title: str
    messages: tuple[Message, ...]
    answers: tuple[Answer, ...]


def write_export(
    messages: Sequence[AnyMessage], answers: Sequence[Answer], title: str, out: Path, *, force: bool = False
) -> None:
    """Write a conversation whole or not at all, as the file's suffix says, `.md` or `.json`.

    Raises `UsageError` for another suffix, a file that is there already unless `force` is set, or one that cannot be
    written.
    """
    forms = {".md": export_markdown, ".json": export_json}
    form = forms.get(out.suffix.lower())
    if form is None:
        raise UsageError(f"The conversation cannot be written as {str(out)!r}: name a file that ends in .md or .json.")
    try:
        if not force and (out.exists() or out.is_symlink()):
            raise UsageError(f"The file {str(out)!r} exists already: name another one.")
        write_whole(out, form(messages, answers, title))
    except OSError as error:
        raise UsageError(f"The file {str(out)!r} cannot be written ({error.strerror}): name another one.") from error


def export_json(messages: Sequence[AnyMessage], answers: Sequence[Answer], title: str) -> str:
    """Return a conversation as one JSON object, an `Export`: its schema is `Export.model_json_schema()`."""
    export = Export(title=title, messages=tuple(_message(one) for one in messages), answers=tuple(answers))
    return json.dumps(export.model_dump(mode="json"), allow_nan=False, indent=2) + "\n"


def _message(message: AnyMessage) -> Message:
    if isinstance(message, ToolMessage):
        artifact = message.artifact if isinstance(message.artifact, Record) else None
        return Message(
            role="tool",
            content=message.text,
            tool=message.name,
            failed=message.status == "error",
            record=type(artifact).__name__ if artifact else None,
            artifact=artifact.model_dump(mode="json") if artifact else None,
        )
    if isinstance(message, AIMessage):
        calls = tuple(ToolUse(name=call["name"], arguments=call["args"]) for call in message.tool_calls)
        by = message.response_metadata.get("by")
        return Message(role="assistant", content=message.text, calls=calls, by=by)
    return Message(role="person" if isinstance(message, HumanMessage) else "system", content=message.text)


def export_markdown(messages: Sequence[AnyMessage], answers: Sequence[Answer], title: str) -> str:
    """Return a conversation as Markdown (CommonMark and GitHub's tables) in which foreign text is text alone.

    An answer stands where it was given, the others at the end, then the settings of all.
    """
    given = [result.artifact for result in results_of(messages) if isinstance(result.artifact, Answer)]
    others = [answer for answer in answers if answer not in given]
    blocks = [f"# {inline(title)}", *_turns(messages)]
    if others:
        blocks.append("## Also located")
        for number, answer in enumerate(others, start=len(given) + 1):
            blocks += _answer(number, answer)
    if given or others:
        blocks += ["## Settings", settings_block([*given, *others])]
    return "\n\n".join(blocks) + "\n"


def _turns(messages: Sequence[AnyMessage]) -> Iterator[str]:
    """Yield the blocks of all messages; what a reply repeats of a tool's result is told once."""
    questions = located = 0
    replies = [message.text for message in messages if isinstance(message, AIMessage)]
    for message in messages:
        if isinstance(message, HumanMessage):
            questions += 1
            yield f"## Question {questions}"
        if isinstance(message, ToolMessage) and isinstance(message.artifact, Answer):
            located += 1
            yield from _answer(located, message.artifact)
        elif not (isinstance(message, ToolMessage) and any(message.text in reply for reply in replies)):
            yield from _said(message)


def _said(message: AnyMessage) -> Iterator[str]:
    match message:
        case HumanMessage():
            who = "You"
        case AIMessage():
            who = "Assistant"
            yield from (f"**Tool** {inline(call['name'])}{_arguments(call['args'])}" for call in message.tool_calls)
        case ToolMessage():
            who = f"Result of {inline(message.name or 'a tool')}"
        case _:
            who = "System"
    if message.text:
        yield f"**{who}:**"
        yield paragraphs(message.text)


def _arguments(arguments: dict[str, Any]) -> str:
    told = [
        f"{inline(name)} {inline(value if isinstance(value, str) else json.dumps(value))}"
        for name, value in arguments.items()
    ]
    return f", {', '.join(told)}" if told else ""


def _answer(number: int, answer: Answer) -> list[str]:
    return [f"### Answer {number}: {inline(answer.photo.name)}", *answer_blocks(answer)]


MOST_LISTED = 20  # candidates


def answer_blocks(answer: Answer) -> Iterator[str]:
    """Yield an answer's blocks of Markdown, its settings left out."""
    yield bullets(_facts(answer))
    first = answer.candidates[0] if answer.candidates else None
    if first is not None and first.matches:
        yield "The photo's cues, and what they match there:"
        yield _cue_table(first)
    elif answer.cues:
        yield "The photo's cues:"
        yield table(("cue", "weight"), ((inline(cue.text), f"{cue.weight:.3f}") for cue in answer.cues))
    if first is not None and len(answer.candidates) > 1:
        yield "Runners-up:"
        yield _candidate_table(answer.candidates[1 : MOST_LISTED + 1], first)
        if (more := len(answer.candidates) - 1 - MOST_LISTED) > 0:
            yield f"And {more:,} more."


def _facts(answer: Answer) -> Iterator[tuple[str, str]]:
    yield "photo", inline(str(answer.photo))
    for fact in facts_of(answer):
        yield fact.label, f"<{fact.says}>" if fact.is_address else inline(fact.says)


def _cue_table(first: RankedCandidate) -> str:
    rows = [
        (
            inline(one.cue),
            f"{one.weight:.3f}",
            inline(one.matched),
            f"{one.cosine:.3f}",
            f"{one.weight * one.cosine:.3f}",
        )
        for one in first.matches
    ]
    total = "–" if first.score is None else f"{first.score:.3f}"
    return table(("cue", "weight", "best match", "cosine", "to S"), [*rows, ("S, their sum", "", "", "", total)])


def _candidate_table(candidates: Sequence[RankedCandidate], first: RankedCandidate) -> str:
    header = ("rank", "by looks", "S", "above τ", "similarity", "place", "from the first", "reference")
    return table(header, (_cells(candidate, first) for candidate in candidates))


def _cells(candidate: RankedCandidate, first: RankedCandidate) -> tuple[str, ...]:
    return (
        f"{candidate.rank}",
        f"{candidate.coarse_rank}",
        "–" if candidate.score is None else f"{candidate.score:.3f}",
        "yes" if candidate.retained else "no",
        f"{candidate.coarse_similarity:.3f}",
        inline(coordinates(candidate.position)),
        apart(candidate.position, first.position),
        inline(candidate.reference),
    )


def settings_block(answers: Sequence[Answer]) -> str:
    """Return the settings of answers as one table, a column for those that share all of theirs."""
    kinds: list[dict[str, str | int | float | None]] = []
    numbers: list[list[str]] = []
    for number, answer in enumerate(answers, start=1):
        if answer.settings not in kinds:
            kinds.append(answer.settings)
            numbers.append([])
        numbers[kinds.index(answer.settings)].append(str(number))
    names = dict.fromkeys(name for kind in kinds for name in kind)
    rows = [(inline(name), *(_value(kind.get(name)) for kind in kinds)) for name in names]
    return table(("setting", *(f"answer {', '.join(ones)}" for ones in numbers)), rows)


def _value(value: str | int | float | None) -> str:
    return "–" if value is None else inline(str(value))
