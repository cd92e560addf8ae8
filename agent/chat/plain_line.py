"""The line a person types where nothing may be drawn over: edited by the terminal itself."""

import asyncio
import os
import signal
import sys

PROMPT = "> "


class PlainLine:
    """Reads one line after another from a terminal, with the prompt on stderr."""

    def __init__(self) -> None:
        self._terminal = sys.stdin.fileno()

    async def read(self) -> str:
        """Return what was typed; raises `EOFError` at Ctrl-D, `KeyboardInterrupt` at Ctrl-C."""
        sys.stderr.write(PROMPT)
        sys.stderr.flush()
        line = b""
        while not line.endswith(b"\n"):
            await self._typed()
            piece = os.read(self._terminal, 65_536)
            if not piece:
                raise EOFError
            line += piece
        return line.decode("utf-8", "replace").rstrip("\r\n")

    async def _typed(self) -> None:
        """Wait until a line is there; raises `KeyboardInterrupt`."""
        loop = asyncio.get_running_loop()
        there: asyncio.Future[None] = loop.create_future()

        def end(*, interrupted: bool) -> None:
            if not there.done():
                there.set_exception(KeyboardInterrupt()) if interrupted else there.set_result(None)

        former = signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(lambda: end(interrupted=True)))
        loop.add_reader(self._terminal, lambda: end(interrupted=False))
        try:
            await there
        finally:
            loop.remove_reader(self._terminal)
            signal.signal(signal.SIGINT, former)
