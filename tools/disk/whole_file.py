"""Files that are on the disk as a whole or not at all, whatever ends the process or the power."""

import os
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file, text as UTF-8; until it is whole and on the disk, `path` stays what it was. Raises `OSError`."""
    draft = path.with_name(f"{path.name}.part")
    try:
        draft.write_bytes(content.encode() if isinstance(content, str) else content)
        put_in_place(draft, path)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def put_in_place(draft: Path, path: Path) -> None:
    """Give a finished file in the same folder its name, once its content is on the disk; raises `OSError`."""
    _sync(draft, os.O_RDWR)
    draft.replace(path)
    if os.name == "posix":  # elsewhere a folder cannot be opened
        _sync(path.parent, os.O_RDONLY)  # or a power cut could take the new name back


def _sync(path: Path, mode: int) -> None:
    """Wait until a file or folder is on the disk."""
    descriptor = os.open(path, mode)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
