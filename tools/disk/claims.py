"""Who is at which step: held while a description is under way, in every process, and gone with the process."""

import hashlib
import threading
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # not on Windows: there, processes do not see each other's claims
    fcntl = None  # type: ignore[assignment]

_SUFFIX = "-claims"
# What this process holds, whichever ledger object asked: the system's locks tell processes apart, not threads.
_held: set[tuple[Path, str]] = set()
_guard = threading.Lock()


class Claims:
    """Claims on keys beside a ledger file: byte locks of an empty file, which the system drops even after a kill.

    Two objects on one file in one process may, when one is closed, drop what the other claims from the sight of
    other processes: the worst that comes of it is a description made twice.
    """

    def __init__(self, ledger: Path) -> None:
        self._path = ledger.with_name(ledger.name + _SUFFIX).absolute()
        self._file: IO[bytes] | None = None

    def take(self, key: str) -> bool:
        """Claim a key; False when it is claimed already. Raises `OSError` when the file cannot be opened."""
        with _guard:
            if (self._path, key) in _held:
                return False
            if fcntl is not None and not self._lock(key):
                return False
            _held.add((self._path, key))
            return True

    def give_back(self, key: str) -> None:
        """Give a claim up."""
        with _guard:
            _held.discard((self._path, key))
            if fcntl is not None and self._file is not None:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _byte(key))

    def close(self) -> None:
        """Close the file, and with it give up what is still claimed."""
        with _guard:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _lock(self, key: str) -> bool:
        if self._file is None:
            self._file = self._path.open("ab")
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _byte(key))
        except (BlockingIOError, PermissionError):
            return False
        return True


def _byte(key: str) -> int:
    """Where in the file a key is locked; two keys that shared a byte would only wait for each other."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:7], "big")
