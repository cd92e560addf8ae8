"""What is typed while an answer is worked on: kept for the next prompt, and not drawn into the answer."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

try:
    import termios
except ImportError:  # not on Windows: there, it is drawn
    termios = None  # type: ignore[assignment]


@contextmanager
def restored() -> Iterator[None]:
    """Leave a terminal as it was found, whatever happens within: with its echo, and with a cursor.

    For what the process does last: from then on, Ctrl-C is not heard.
    """
    if termios is None or not sys.stdin.isatty():
        yield
        return
    terminal = sys.stdin.fileno()
    former = termios.tcgetattr(terminal)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # keys that are held down must not interrupt this either
        termios.tcsetattr(terminal, termios.TCSANOW, former)
        if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            sys.stderr.write("\x1b[?25h")
            sys.stderr.flush()


@contextmanager
def unseen() -> Iterator[None]:
    """Let a terminal take what is typed without showing it; Ctrl-C works as ever. Nothing of it is lost."""
    if termios is None or not sys.stdin.isatty():
        yield
        return
    terminal = sys.stdin.fileno()
    former = termios.tcgetattr(terminal)
    silent = [*former[:3], former[3] & ~termios.ECHO | termios.NOFLSH, *former[4:]]
    termios.tcsetattr(terminal, termios.TCSANOW, silent)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, former)
