"""From the command's options to a running chat: what is opened, in which order, and how it ends."""

import asyncio
import io
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from internvl_vpr.tools.errors import SessionError
from internvl_vpr.tools.index.files import read_manifest

from ..calls import Known
from ..console import interruptible, typing_ahead
from ..console.safe_text import safe_text
from ..console.streams import stderr, stdout, write_json
from ..dialogue.session_file import choose_session, kept_sessions
from ..localizer.context import Context, open_context
from ..settings import Settings, resolve_settings
from .opening import Opening

if TYPE_CHECKING:
    from rich.console import Console

    from .chat import Chat
    from .output import Output
    from .terminal import Lines


@dataclass(frozen=True)
class ChatOptions:
    """What the command was given; `form` is text, json or jsonl; `continued` names a conversation, "" the latest."""

    places: Path
    config: Path | None = None
    flags: dict[str, Any] = field(default_factory=dict)
    form: str = "text"
    continued: str | None = None
    kept_in: Path | None = None
    replay: bool = False


def run_chat(options: ChatOptions) -> int:
    """Chat with whoever is at standard input, and return the exit code; raises the `VprError`s of opening an index.

    A missing index, a setting that cannot be used, or a conversation that cannot be continued is reported before the
    first prompt; whatever else keeps the index from being opened, at the first question.
    """
    manifest = read_manifest(options.places)
    settings = resolve_settings(options.flags, file=options.config, index=manifest.settings)
    person = sys.stdin is not None and sys.stdin.isatty()
    if options.continued is not None and options.kept_in is not None:
        choose_session(kept_sessions(options.kept_in), options.continued)  # said before anything is typed
    context = open_context(options.places, file=options.config, replay=options.replay, **options.flags)
    opening = Opening(context, warm=person)
    if not person:
        code = interruptible.run(_with_lines(_piped(), _Talk(options, settings, opening)))
        opening.close()
        return code
    _greet(options.places, manifest.photos, settings)
    with typing_ahead.restored():
        code = interruptible.run(_with_person(_Talk(options, settings, opening), settings, opening))
    opening.close()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # threads may be computing for a question that was given up: nobody waits for them


def _piped() -> Iterable[str]:
    """Return the lines of standard input; bytes that are no text are replaced."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    return sys.stdin or ()


class _Talk:
    """A chat that is opened when it is first asked for."""

    def __init__(self, options: ChatOptions, settings: Settings, opening: Opening) -> None:
        self._options = options
        self._settings = settings
        self._opening = opening
        self._stack = AsyncExitStack()
        self._chat: Chat | None = None

    async def chat(self) -> "Chat":
        """Return the chat; waits for what is being opened, and raises what that raised."""
        if self._chat is None:
            if sys.stdin.isatty() and not self._opening.is_done:
                _remarks(self._settings).print(safe_text("The models are still loading.", "dim"))
            context = await self._opening.context()
            from .chat import Chat

            options = self._options
            chat = Chat(context, self._output(context), kept_in=options.kept_in, continued=options.continued)
            self._chat = await self._stack.enter_async_context(chat)
        return self._chat

    async def say(self, text: str) -> bool:
        """Answer one line; False when it ends the chat."""
        from .lines import say

        return await say(await self.chat(), text)

    def known(self) -> Known:
        """Return what the next line may refer to."""
        return self._chat.known if self._chat else Known()

    def session_ids(self) -> Sequence[str]:
        """Return the conversations that the next line may go on with."""
        return self._chat.session_ids if self._chat else ()

    async def spent(self) -> str:
        """Say what the conversation took, if anything was asked in it."""
        with suppress(SessionError):
            if self._chat is not None and self._chat.was_asked:
                from .commands import tell_cost

                return tell_cost(await self._chat.conversation.messages())
        return ""

    async def close(self) -> "Chat | None":
        """Close the chat, if there was one, and return it."""
        await self._stack.aclose()
        return self._chat

    def _output(self, context: Context) -> "Output":
        from ..localizer.matched_points import matched_points
        from .output import JsonLinesOutput, JsonOutput
        from .screen import Screen

        if self._options.form == "json":
            return JsonOutput(lambda found: write_json(found, indent=None))
        if self._options.form == "jsonl":
            return JsonLinesOutput(lambda found: write_json(found, indent=None))
        return Screen(
            stdout(),
            _remarks(self._settings),
            plain=is_plain(self._settings),
            images=self._settings.images,
            points_of=lambda answer, rank: matched_points(answer, context, rank),
        )


def is_plain(settings: Settings) -> bool:
    """Whether text is only ever appended: asked for, or wanted by the terminal or by ACCESSIBLE."""
    return settings.plain or os.environ.get("ACCESSIBLE", "0") not in ("", "0") or os.environ.get("TERM") == "dumb"


def _remarks(settings: Settings) -> "Console":
    return stderr(plain=is_plain(settings))


async def _with_lines(lines: Iterable[str], talk: _Talk) -> int:
    """Answer each line; the exit code is that of the last question."""
    try:
        chat = await talk.chat()
        for line in lines:
            if line.strip() and not await talk.say(line.strip()):
                break
            sys.stdout.flush()
        return chat.code
    finally:
        await talk.close()


async def _with_person(talk: _Talk, settings: Settings, opening: Opening) -> int:
    """Talk with whoever is at the terminal; nothing is opened before the first prompt stands."""
    from .terminal import run_terminal

    try:
        return await run_terminal(_lines(talk, settings, opening), talk.say, _remarks(settings))
    finally:
        said = await talk.spent()
        chat = await asyncio.shield(talk.close())
        if chat is not None and chat.sessions is not None and chat.was_asked:
            said += f"\nKept as {chat.conversation.session}: continue it with --continue."
        if said:
            _remarks(settings).print(safe_text(said.strip(), "dim"))


def _lines(talk: _Talk, settings: Settings, opening: Opening) -> "Lines":
    """Return where a person's lines come from."""
    if is_plain(settings) and os.name != "nt":
        from .plain_line import PlainLine

        opening.start()
        return PlainLine()
    from .completion import ChatCompleter
    from .prompt_line import PromptLine

    return PromptLine(ChatCompleter(talk.known, talk.session_ids), on_shown=opening.start)


def _greet(places: Path, photos: int, settings: Settings) -> None:
    """Say what this is, at once."""
    asked = f"{settings.model} at {settings.endpoint} and rules" if settings.asks_model else "plain rules"
    text = (
        f"internvl-vpr {version('internvl-vpr')}: {photos} photos in {str(places)!r}; {asked} decide what to do.\n"
        "Drop a photograph here, or ask: where was this taken? ~/night.jpg  /help  /quit"
    )
    _remarks(settings).print(safe_text(text, "dim"))
