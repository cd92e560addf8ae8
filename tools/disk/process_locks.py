"""Locks that hold between processes, such as on one conversation, or on one image that is being described."""

import hashlib
import threading
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # not on Windows: there, a lock holds within one process only
    fcntl = None  # type: ignore[assignment]

_SUFFIX = "-claims"
# What this process holds, whichever object asked: the system's locks tell processes apart, not threads.
_held: set[tuple[Path, str]] = set()
_guard = threading.Lock()


class ProcessLocks:
    """Locks by name for the users of one file: bytes of an empty file beside it, which the system unlocks after a kill.

    When one of two objects for the same file in one process is closed, other processes may no longer see what the
    other object has locked. At worst two of them then do the same work.
    """

    def __init__(self, file: Path) -> None:
        self._path = file.with_name(file.name + _SUFFIX).absolute()
        self._file: IO[bytes] | None = None

    def acquire(self, name: str) -> bool:
        """Take a lock without waiting; False when it is taken. Raises `OSError` when the file cannot be opened."""
        with _guard:
            if (self._path, name) in _held:
                return False
            if fcntl is not None and not self._lock(name):
                return False
            _held.add((self._path, name))
            return True

    def release(self, name: str) -> None:
        """Give a lock back."""
        with _guard:
            _held.discard((self._path, name))
            if fcntl is not None and self._file is not None:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _byte(name))

    def close(self) -> None:
        """Close the file, which gives back the locks that are still taken."""
        with _guard:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _lock(self, name: str) -> bool:
        if self._file is None:
            self._file = self._path.open("ab")
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _byte(name))
        except (BlockingIOError, PermissionError):
            return False
        return True


def _byte(name: str) -> int:
    """Where in the file a name is locked; two names that shared a byte would only wait for each other."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big")
