"""The line a person types: history, completion, and pasted text, on stderr so that stdout holds answers alone."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import Completer
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import create_output

PROMPT = "› "


class PromptLine:
    """Reads one message after another; Ctrl-R searches what was typed before. `on_shown` is called once it stands."""

    def __init__(
        self,
        completer: Completer,
        on_shown: Callable[[], None],
        history: Path | None = None,
    ) -> None:
        self._session: PromptSession[str] = PromptSession(
            PROMPT,
            history=open_history(history or own_history_file()),
            completer=completer,
            complete_while_typing=False,  # a menu that opens by itself is read aloud, and hides what is below
            complete_in_thread=True,
            auto_suggest=AutoSuggestFromHistory(),
            output=create_output(stdout=sys.stderr),
            key_bindings=_bindings(),
            mouse_support=False,
        )
        self._session.app.after_render += lambda _: on_shown()

    async def read(self) -> str:
        """Return what was typed; raises `EOFError` at Ctrl-D, `KeyboardInterrupt` at Ctrl-C."""
        return await self._session.prompt_async()


def _bindings() -> KeyBindings:
    """Ctrl-C clears what is typed; on an empty line it interrupts."""
    bindings = KeyBindings()

    @bindings.add("c-c")
    def clear_or_interrupt(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(exception=KeyboardInterrupt())

    return bindings


def own_history_file() -> Path | None:
    """Return where what was typed is kept: below XDG_STATE_HOME, by default `~/.local/state`; None without a home."""
    try:
        home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    except RuntimeError:  # no HOME, and a user whom the system does not know, as in a container
        return None
    return Path(home) / "internvl-vpr" / "history"


def open_history(path: Path | None) -> History:
    """Open the file of what was typed, for its owner's eyes alone; without one, it lasts as long as the chat."""
    if path is None:
        return InMemoryHistory()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError:
        return InMemoryHistory()
    return FileHistory(path)
