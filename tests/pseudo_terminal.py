"""A pseudo-terminal of a given size with a program in it: what it draws is kept as a terminal would show it."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte


class PseudoTerminal:
    """Runs a command in a terminal of `columns` × `rows` characters; what scrolls out of it is kept, too."""

    def __init__(
        self, command: Sequence[str], folder: Path, environ: Mapping[str, str], *, columns: int = 80, rows: int = 40
    ) -> None:
        self._screen = _Screen(self._answer, columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.raw = b""
        self._terminal, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(
            command, stdin=inside, stdout=inside, stderr=inside, cwd=folder, env=dict(environ), start_new_session=True,
            preexec_fn=_controlling,  # noqa: PLW1509 - so that Ctrl-C is a signal, as in a terminal
        )  # fmt: skip
        os.close(inside)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._terminal)

    def type(self, text: str) -> None:
        """Type text; a line ends with \\r."""
        os.write(self._terminal, text.encode())

    def press_ctrl_c(self) -> None:
        """Press Ctrl-C."""
        self.type("\x03")

    def resize(self, columns: int, rows: int) -> None:
        """Change the terminal's size, as dragging its corner does."""
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._screen.resize(rows, columns)
        os.killpg(self.process.pid, signal.SIGWINCH)

    @property
    def echoes(self) -> bool:
        """Whether what is typed is shown, as a shell finds it."""
        return bool(termios.tcgetattr(self._terminal)[3] & termios.ECHO)

    def wait_for(self, text: str, seconds: float = 180.0) -> str:
        """Read until the whole scrollback holds a text; returns it, or fails with what there is instead."""
        deadline = time.monotonic() + seconds
        while text not in (shown := self.shown()):
            if time.monotonic() > deadline or not self._read(0.1):
                raise AssertionError(f"{text!r} was not shown; there is:\n{shown}")
        return shown

    def wait_for_gone(self, text: str, seconds: float = 180.0) -> None:
        """Read until the cursor's line is not a text any more: an answer to what was typed has begun."""
        deadline = time.monotonic() + seconds
        while self._screen.display[self._screen.cursor.y].strip() == text:
            if time.monotonic() > deadline or not self._read(0.02):
                raise AssertionError(f"{text!r} is still there:\n{self.shown()}")

    def wait_for_last_line(self, text: str, seconds: float = 180.0) -> str:
        """Read until nothing more comes and the cursor's line is a text, such as a prompt; returns what is shown."""
        deadline = time.monotonic() + seconds
        while self.wait_until_quiet() and self._screen.display[self._screen.cursor.y].strip() != text:
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError(f"There is no prompt {text!r}; there is:\n{self.shown()}")
        return self.shown()

    def wait_until_quiet(self, seconds: float = 0.3) -> str:
        """Read until nothing is written for a while."""
        while self._read(seconds, ended=False):
            pass
        return self.shown()

    def wait_for_end(self, seconds: float = 180.0) -> int:
        """Read until the program ends; returns its exit code."""
        deadline = time.monotonic() + seconds
        while self._read(0.1) and time.monotonic() < deadline:
            pass
        return self.process.wait(max(deadline - time.monotonic(), 0.1))

    def shown(self) -> str:
        """Return what was shown so far, what has scrolled away first, without blanks at the ends of lines."""
        columns = self._screen.columns
        history = ["".join(line[x].data for x in range(columns)) for line in self._screen.history.top]
        return "\n".join(line.rstrip() for line in [*history, *self._screen.display])

    def _read(self, seconds: float, *, ended: bool = True) -> bool:
        """Take what was written within a while; False when nothing will be, or with `ended` unset nothing was."""
        ready, _, _ = select.select([self._terminal], [], [], seconds)
        if not ready:
            return ended and self.process.poll() is None
        try:
            data = os.read(self._terminal, 65_536)
        except OSError:  # nobody has the other end open any more
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def _answer(self, data: str) -> None:
        os.write(self._terminal, data.encode())


class _Screen(pyte.HistoryScreen):
    """A screen that answers what a program asks of its terminal, such as where the cursor is."""

    def __init__(self, answer: Callable[[str], None], columns: int, rows: int) -> None:
        super().__init__(columns, rows, history=10_000, ratio=1)
        self._answer = answer

    def write_process_input(self, data: str) -> None:
        self._answer(data)


def _controlling() -> None:
    """Make the terminal at standard input the session's."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
