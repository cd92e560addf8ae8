"""The whole run of a server of tools, until its client leaves or a signal comes."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, ExitStack
from typing import Any, NoReturn

from internvl_vpr.tools.text.foreign import visible

from ..console.safe_text import safe_text
from ..console.streams import stderr
from ..localizer.context import Context
from .allowed import Allowed
from .in_flight import Calls
from .server import build_server

_CODES = {signal.SIGINT: 130, signal.SIGTERM: 0}
_LAST_WORDS = 1.0  # seconds for sending the answers that are under way


def run_stdio(opened: AbstractContextManager[Context], allowed: Allowed) -> NoReturn:
    """Serve the tools over standard input and output, then end the process; raises what opening an index raises."""
    _log_to_stderr()
    if sys.stdin.isatty():
        _say("An agent's program starts this and speaks the Model Context Protocol with it. Ctrl-C ends it.")
    with ExitStack() as stack:
        calls = Calls()
        server = build_server(stack.enter_context(opened), allowed, calls)
        _run(server.run_stdio_async(), calls, stack, lambda: None)


def run_http(
    opened: AbstractContextManager[Context], allowed: Allowed, listening: socket.socket, host: str, token: str | None
) -> NoReturn:
    """Serve the tools at a socket, then end the process; raises what opening an index raises."""
    from .http import address_of, http_server

    _log_to_stderr()
    with ExitStack() as stack:
        calls = Calls()
        tools = build_server(stack.enter_context(opened), allowed, calls)
        server = http_server(tools, listening, host, token)
        folders = ", ".join(repr(str(folder)) for folder in allowed.folders)
        _say(f"Listening at {address_of(listening)}; photos are read below {folders}. Ctrl-C ends it.")
        _run(server.run_until_stopped(), calls, stack, server.stop)


def _run(serving: Coroutine[Any, Any, None], calls: Calls, stack: ExitStack, stop: Callable[[], None]) -> NoReturn:
    """Serve, close what the stack holds, and end the process without waiting for threads.

    One of them may still read standard input, and others may compute what nobody waits for. The runner is not closed,
    since that would wait for them.
    """
    runner = asyncio.Runner()
    code = runner.run(_until_stopped(serving, calls, stop))
    stack.close()
    if code == _CODES[signal.SIGINT]:
        raise KeyboardInterrupt
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


async def _until_stopped(serving: Coroutine[Any, Any, None], calls: Calls, stop: Callable[[], None]) -> int:
    """Serve until the client leaves or a signal comes, and return the exit code for that."""
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[int] = loop.create_future()
    for number, code in _CODES.items():
        loop.add_signal_handler(number, _set, stopped, code)
    task = asyncio.ensure_future(_until_gone(serving))
    ends: set[asyncio.Future[Any]] = {task, stopped}
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    stop()
    await calls.stop()
    if not task.done():
        await asyncio.wait({task}, timeout=_LAST_WORDS)
    if stopped.done():
        return stopped.result()
    await task
    return 0


def _set(stopped: asyncio.Future[int], code: int) -> None:
    if not stopped.done():
        stopped.set_result(code)


async def _until_gone(serving: Coroutine[Any, Any, None]) -> None:
    """Serve; a client that leaves without a word is no error."""
    try:
        await serving
    except* (BrokenPipeError, ConnectionResetError):
        pass


def _say(text: str) -> None:
    stderr().print(safe_text(text), soft_wrap=True)


class _Visible(logging.Formatter):
    """Makes what clients send visible as text, so that it cannot control the terminal that shows the log."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


def _log_to_stderr() -> None:
    """Log warnings and bugs; set up before the server's library does, which would print them unchecked."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Visible("%(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
