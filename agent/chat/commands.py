"""The slash commands that the terminal itself answers: writing files, conversations, and how things are shown."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from langchain_core.messages import AnyMessage, HumanMessage
from rich.table import Table
from rich.text import Text

from internvl_vpr.tools.errors import SessionError, UsageError
from internvl_vpr.tools.records import Answer, Steps
from internvl_vpr.tools.text.foreign import visible

from ..console.safe_text import safe_text
from ..dialogue.tools import with_changes
from ..localizer.matched_points import matched_points
from ..localizer.run import locate
from ..map.page import write_map
from ..rules.slash import BY_NAME, SLASHES
from ..settings import Images
from .export import write_export
from .screen import Screen

if TYPE_CHECKING:
    from .chat import Chat

Command = Callable[["Chat", Sequence[str]], Awaitable[None]]


async def _help(chat: "Chat", words: Sequence[str]) -> None:
    table = Table.grid(padding=(0, 2))
    lines = []
    named = {BY_NAME[word.removeprefix("/")].name for word in words if word.removeprefix("/") in BY_NAME}
    for slash in [one for one in SLASHES if not named or one.name in named]:
        usage = f"/{slash.name} {slash.arguments}".rstrip()
        table.add_row(Text(usage, "bold"), Text(slash.summary))
        lines.append(f"{usage}: {slash.summary}")
    examples = (
        "Or in words: where was this photo taken? ~/night.jpg · why? · show the runner-up · compare it with the "
        "second · what did you read on the sign? · how sure are you? · only confirmed · be stricter · use 5 cues · "
        "which of these were taken at the same place? a.jpg b.jpg · add ~/holiday to the map"
    )
    chat.output.show(table, "\n".join(lines))
    if not named:
        chat.output.show(Text(examples, "dim"), examples)


async def _map(chat: "Chat", words: Sequence[str]) -> None:
    out = Path(words[0]).expanduser() if words else Path("map.html")
    latest = {answer.digest: answer for answer in await chat.conversation.answers()}  # each photo once
    points_of = partial(matched_points, given=chat.context)
    await asyncio.to_thread(write_map, chat.context.index, list(latest.values()), out, points_of=points_of)
    _say(chat, f"The map is in {str(out)!r}: open it in a browser, at {out.resolve().as_uri()}")


async def _export(chat: "Chat", words: Sequence[str]) -> None:
    if len(words) != 1:
        raise UsageError("Name a file to write the conversation to: /export talk.md, or talk.json.")
    out = Path(words[0]).expanduser()
    messages, answers = await chat.conversation.messages(), await chat.conversation.answers()
    write_export(messages, answers, f"Conversation {chat.conversation.session}", out)
    _say(chat, f"The conversation is in {str(out)!r}.")


async def _replay(chat: "Chat", _words: Sequence[str]) -> None:
    """Locate the latest photo again from the ledger alone, with the settings it was located with."""
    former = await chat.latest()
    asked = with_changes(chat.context, {name: former.settings[name] for name in _ASKED if name in former.settings})
    again = await locate(former.photo, asked.replayed())
    changed = [name for name, value in former.settings.items() if again.settings.get(name) != value]
    if _comparable(again) == _comparable(former):
        said = "the same answer, to the byte, apart from the count of descriptions"
    elif changed:
        said = f"a different answer, because these settings have changed: {', '.join(changed)}"
    else:
        said = "a different answer: the map has changed since"
    _say(chat, f"The ledger alone gives {said}, for {str(former.photo)!r}.")


_SEARCHED = 50  # conversations that /history looks into
_ASKED = ("k", "n", "tau", "below_tau", "trust")


def _comparable(answer: Answer) -> str:
    """An answer without what it took, which differs between a first run and a replay."""
    return answer.model_copy(update={"steps": Steps(made=0, recorded=0)}).model_dump_json()


async def _retry(chat: "Chat", _words: Sequence[str]) -> None:
    questions = [message.text for message in await chat.conversation.messages() if isinstance(message, HumanMessage)]
    if not questions:
        raise UsageError("Nothing was asked yet.")
    await chat.ask(questions[-1])


async def _undo(chat: "Chat", _words: Sequence[str]) -> None:
    forgotten = await chat.conversation.undo()
    if forgotten is None:
        raise UsageError("Nothing was asked yet.")
    _say(chat, f"Forgotten: {' '.join(forgotten.split())}")


async def _cost(chat: "Chat", _words: Sequence[str]) -> None:
    _say(chat, tell_cost(await chat.conversation.messages()))


def tell_cost(messages: Sequence[AnyMessage]) -> str:
    """Say what a conversation took: descriptions made and read back, and tokens."""
    steps = [Steps(**spent) for message in messages for spent in message.additional_kwargs.get("spent", ())]
    tokens = sum((Counter(step.tokens) for step in steps), Counter[str]())
    for message in messages:
        tokens.update(message.response_metadata.get("usage", {}))
    made, recorded = sum(step.made for step in steps), sum(step.recorded for step in steps)
    spent = "".join(f", {count:,} {kind.replace('_', ' ')}" for kind, count in sorted(tokens.items()))
    return f"Photos located: {len(steps)}; {made} images described, {recorded} read back from the ledger{spent}."


async def _history(chat: "Chat", words: Sequence[str]) -> None:
    """List the questions of the latest conversations that hold the words."""
    wanted = [word.casefold() for word in words]
    lines: list[str] = []
    for session in reversed(chat.session_ids[:_SEARCHED]):
        with suppress(SessionError):  # a damaged one has no questions
            lines += [
                f"{session}  {' '.join(message.text.split())}"
                for message in await chat.messages_of(session)
                if isinstance(message, HumanMessage) and all(word in message.text.casefold() for word in wanted)
            ]
    _say(chat, "\n".join(lines[-50:]) or "No question with these words.")


async def _sessions(chat: "Chat", _words: Sequence[str]) -> None:
    lines = [f"{s.id}  {s.questions} questions  {' '.join(s.title.split())[:60]}" for s in await chat.listed(20)]
    _say(chat, "\n".join(lines) or "No conversations are kept.")


async def _continue(chat: "Chat", words: Sequence[str]) -> None:
    await chat.go_on(chat.chosen(words[0] if words else ""))


async def _images(chat: "Chat", words: Sequence[str]) -> None:
    names = get_args(Images)
    if not words and isinstance(chat.output, Screen):
        _say(chat, f"Pictures: {chat.output.images}; others are {', '.join(names)}.")
        return
    if len(words) != 1 or words[0] not in names:
        raise UsageError(f"Say how pictures are drawn: /images {' | '.join(names)}.")
    if isinstance(chat.output, Screen):
        chat.output.images = words[0]  # type: ignore[assignment]
    _say(chat, f"Pictures: {words[0]}.")


async def _plain(chat: "Chat", _words: Sequence[str]) -> None:
    if isinstance(chat.output, Screen):
        chat.output.plain = not chat.output.plain
        _say(chat, "Plain text from here on." if chat.output.plain else "Panels and pictures from here on.")


def _say(chat: "Chat", text: str) -> None:
    chat.output.show(safe_text(text), visible(text))


COMMANDS: dict[str, Command] = {
    "map": _map,
    "export": _export,
    "replay": _replay,
    "retry": _retry,
    "undo": _undo,
    "cost": _cost,
    "history": _history,
    "sessions": _sessions,
    "continue": _continue,
    "images": _images,
    "plain": _plain,
    "help": _help,
}
