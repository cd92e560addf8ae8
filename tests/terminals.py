"""Terminals without a window: a file that says it is one, and a pseudo-terminal whose characters have a size."""

import contextlib
import io
import os
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from fcntl import ioctl
from typing import IO

from rich.console import Console

TRUECOLOR = {"COLORTERM": "truecolor", "TERM": "xterm-256color"}


class TerminalFile(io.StringIO):
    """A file that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def console_in(
    environ: Mapping[str, str] = TRUECOLOR, width: int = 80, height: int = 50, file: io.StringIO | None = None
) -> Console:
    """Return a console, by default in a terminal that never wraps what it is given."""
    file = TerminalFile() if file is None else file
    return Console(file=file, width=width, height=height, _environ=environ, markup=False, highlight=False)


@contextlib.contextmanager
def pseudo_terminal(columns: int = 80, rows: int = 40, pixels: tuple[int, int] = (0, 0)) -> Iterator[tuple[int, int]]:
    """Open a pseudo-terminal without echo, `pixels` wide and high where not 0; yields its outer and its inner end."""
    outside, inside = os.openpty()
    ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, *pixels))
    mode = termios.tcgetattr(inside)
    mode[3] &= ~termios.ECHO
    termios.tcsetattr(inside, termios.TCSANOW, mode)
    try:
        yield outside, inside
    finally:
        os.close(outside)
        os.close(inside)


def written_in_terminal(
    command: Sequence[str],
    environ: Mapping[str, str],
    typed: str,
    pixels: tuple[int, int] = (0, 0),
    stdout: IO[bytes] | None = None,
) -> bytes:
    """Run a command in a pseudo-terminal into which something was typed before it started; returns all it writes there.

    Its standard output may go elsewhere.
    """
    with pseudo_terminal(pixels=pixels) as (outside, inside):
        os.write(outside, typed.encode())
        out = stdout or inside
        with subprocess.Popen(command, stdin=inside, stdout=out, stderr=inside, env=dict(environ)) as process:
            written, deadline = b"", time.monotonic() + 180
            while process.poll() is None or select.select([outside], [], [], 0)[0]:
                if time.monotonic() > deadline:
                    process.kill()
                if select.select([outside], [], [], 0.05)[0]:
                    written += os.read(outside, 65_536)
    return written
