"""The terminal's loop: read a line, do what it asks for, again; Ctrl-C gives up a question, twice ends the chat."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from rich.console import Console

from ..console import typing_ahead
from ..console.safe_text import safe_text

INTERRUPTED = 130


class Lines(Protocol):
    """Where a person's lines come from."""

    async def read(self) -> str:
        """Return the next; raises `EOFError` at the end, `KeyboardInterrupt` when interrupted."""


async def run_terminal(lines: Lines, say: Callable[[str], Coroutine[Any, Any, bool]], remarks: Console) -> int:
    """Talk until the lines end, one says /quit, or Ctrl-C is pressed twice; returns the exit code.

    `say` answers a line, and returns False when it ends the chat.
    """
    interrupts = 0
    while interrupts < 2:
        try:
            text = await lines.read()
        except EOFError:
            return 0
        except KeyboardInterrupt:
            interrupts += 1
            if interrupts < 2:
                _remark(remarks, "Press Ctrl-C again to end the chat.")
            continue
        if not text.strip():
            continue
        with typing_ahead.unseen():
            goes_on, interrupts = await _unless_interrupted(say(text))
        if interrupts == 1:
            _remark(remarks, "Stopped; finished descriptions are kept. Press Ctrl-C again to end the chat.")
        if not goes_on:
            return 0
    return INTERRUPTED


def _remark(remarks: Console, text: str) -> None:
    remarks.print(safe_text(text, "dim"))


async def _unless_interrupted(work: Coroutine[Any, Any, bool]) -> tuple[bool, int]:
    """Await work, but cancel it at Ctrl-C; returns its result, True where it was cancelled, and the interrupts.

    What a thread computes meanwhile cannot be stopped; nobody waits for it.
    """
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    interrupts = 0

    def interrupt(*_: object) -> None:
        nonlocal interrupts
        interrupts += 1
        if interrupts > 2:  # whatever keeps the work from ending
            raise KeyboardInterrupt
        loop.call_soon_threadsafe(task.cancel)

    former = signal.signal(signal.SIGINT, interrupt)
    try:
        return await task, 0
    except asyncio.CancelledError:
        if not interrupts:
            raise
        return True, interrupts
    finally:
        signal.signal(signal.SIGINT, former)
