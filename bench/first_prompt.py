"""How long a person waits for the chat's first prompt, against a bare prompt of the same library."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from internvl_vpr.tools.index.files import IndexSettings
from internvl_vpr.tools.index.seal import seal
from internvl_vpr.tools.index.store import BuildStore
from internvl_vpr.tools.records import Photo

from .side_by_side import SideBySide
from .vectors import unit_rows

_PROMPT = "›".encode()
_BARE = "from prompt_toolkit import PromptSession; PromptSession('› ').prompt()"


@contextmanager
def comparison() -> Iterator[SideBySide]:
    """Yield the comparison, over a small index that lasts as long as the context."""
    with TemporaryDirectory() as folder:
        _build(Path(folder))
        chat = (sys.executable, "-m", "internvl_vpr.agent", "chat", "--places", folder, "--no-sessions")
        yield SideBySide(
            what="chat: first prompt",
            ours=lambda: _wait_for_prompt(chat, folder),
            against="bare prompt_toolkit",
            other=lambda: _wait_for_prompt((sys.executable, "-c", _BARE), folder),
            at_most=4.0,
        )


def _wait_for_prompt(command: Sequence[str], home: str) -> None:
    """Start a program in a terminal, and end it when its prompt is shown."""
    terminal, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    environ = {**os.environ, "HOME": home, "TERM": "xterm-256color"}
    process = subprocess.Popen(  # noqa: S603 - our own command lines
        command, stdin=inside, stdout=inside, stderr=inside, env=environ, start_new_session=True
    )
    os.close(inside)
    written = b""
    try:
        while _PROMPT not in written:
            written += os.read(terminal, 65_536)
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


def _build(folder: Path) -> None:
    rng = np.random.default_rng(0)
    with BuildStore(folder) as store:
        for number, vector in enumerate(unit_rows(rng, 16, 6)):
            photo = Photo(path=Path("x"), digest=f"{number:064x}", width=14, height=14)
            store.put_photo("/photos", f"{number:02d}.jpg", photo, (1, 1), 1)
            store.put_vector(f"{number:064x}", vector)
        seal(folder, store, IndexSettings(clusters=2), unit_rows(rng, 2, 3))
