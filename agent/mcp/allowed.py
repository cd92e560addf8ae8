"""The photographs that a client may name: files below the folders given at the start, and no others.

A path is walked name by name, down from an open folder. Links are not left to the system: each is read, and followed
only if it stays below a given folder. So nothing outside is opened or even looked at, and it does no harm if a folder
is replaced by a link meanwhile. One thing remains: a hard link or a mount below a given folder counts as part of it.
"""

import os
import re
import stat
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import BinaryIO, NamedTuple

from internvl_vpr.tools.errors import PhotoError, UsageError
from internvl_vpr.tools.photo.photo import MAX_BYTES

_LONGEST = 4096  # bytes of a path
_MOST_LINKS = 40  # on the way to one file, as on Linux
_DEEPEST = 100  # folders below a given one, each held open on the way down
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # two letters: `C:` is not one
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", 0)
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class _Root(NamedTuple):
    """A given folder: as an absolute path, and with its links resolved."""

    given: Path
    resolved: Path


class _Refused(Exception):
    """A path leads nowhere that is allowed."""


class Allowed:
    """Folders below which photographs may be read; raises `UsageError` without any, or for one that is no folder."""

    def __init__(self, folders: Sequence[Path | str]) -> None:
        if not folders:
            raise UsageError("No photograph may be read: name the folders that hold them with --allow.")
        if not {os.open, os.stat, os.readlink} <= os.supports_dir_fd:
            raise UsageError("This system cannot open files safely below a folder: use Linux, macOS or WSL.")
        self._roots = tuple(_open_root(Path(folder).expanduser()) for folder in folders)

    @property
    def folders(self) -> tuple[Path, ...]:
        """The given folders as absolute paths."""
        return tuple(root.given for root in self._roots)

    def check(self, path: str) -> Path:
        """Return where a photograph is, links resolved; raises `PhotoError` for a path that is not allowed.

        A relative path is looked for below each folder in turn. The error is the same for a file that is missing and
        for a path outside, whether it exists or not.
        """
        with self.open(path) as (_, resolved):
            return resolved

    @contextmanager
    def open(self, path: str) -> Iterator[tuple[BinaryIO, Path]]:
        """Open the photograph at a path that `check` allows, and yield it with its resolved path."""
        descriptor, resolved = self._descend(path)
        with os.fdopen(descriptor, "rb") as file:
            yield file, resolved

    def copy(self, path: str, folder: Path) -> Path:
        """Copy the photograph at a path into a folder, under its own name, and return that.

        So what is read later is what was checked, whatever happens to the path meanwhile. Of a file that is larger
        than a photo may be, one byte too many is copied, which is enough to have it refused. Raises `PhotoError`.
        """
        with self.open(path) as (file, _):
            try:
                data = file.read(MAX_BYTES + 1)
            except OSError as error:
                raise PhotoError(f"The photo {path!r} cannot be read ({error.strerror}): check the disk.") from error
        copy = folder / PurePath(path).name
        copy.write_bytes(data)
        return copy

    def _descend(self, path: str) -> tuple[int, Path]:
        for root, parts in self._ways(_checked(path)):
            try:
                with _Walk(self._roots, root) as walk:
                    return walk.open(parts)
            except (OSError, _Refused):
                continue
        raise PhotoError(f"There is no photo {path!r} below the folders given with --allow: name a file that is.")

    def _ways(self, path: PurePath) -> Iterator[tuple[_Root, tuple[str, ...]]]:
        """Yield each folder that a path may start from, and the names on the way down."""
        if path.is_absolute():
            yield from _ways_down(path, self._roots)
        else:
            yield from ((root, path.parts) for root in self._roots)


def _open_root(folder: Path) -> _Root:
    try:
        resolved = folder.resolve(strict=True)
        os.close(os.open(resolved, _FOLDER))
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a circle, ValueError: a null byte
        reason = getattr(error, "strerror", None) or error
        raise UsageError(
            f"The folder {str(folder)!r} cannot be read ({reason}): name a folder of photographs with --allow."
        ) from error
    return _Root(given=resolved if ".." in folder.parts else folder.absolute(), resolved=resolved)


def _checked(path: str) -> PurePath:
    """Return a text as a path; raises `PhotoError` for an address, a network share or what cannot be a file's name."""
    if _ADDRESS.match(path):
        raise PhotoError(f"{path!r} is an address: name a file below the folders given with --allow.")
    if path.startswith(("//", "\\\\")):
        raise PhotoError(f"{path!r} is on another computer: name a file below the folders given with --allow.")
    try:
        length = len(path.encode())
    except UnicodeEncodeError as error:
        raise PhotoError(f"The path {path!r} is not Unicode: name a file below the given folders.") from error
    if length > _LONGEST:
        raise PhotoError(f"The path has more than {_LONGEST} bytes: name a file below the given folders.")
    if not path or "\0" in path:
        raise PhotoError(f"{path!r} is no path: name a file below the folders given with --allow.")
    return PurePath(path)


def _ways_down(path: PurePath, roots: Iterable[_Root]) -> Iterator[tuple[_Root, tuple[str, ...]]]:
    """Yield each folder that an absolute path literally begins with, and the names that follow."""
    for root in roots:
        for above in dict.fromkeys(root):
            if path.is_relative_to(above):
                yield root, path.relative_to(above).parts


class _Walk:
    """A walk down from one of the folders: the real folders that were entered, each held open, and their names."""

    def __init__(self, roots: Sequence[_Root], root: _Root) -> None:
        self._roots = roots
        self._links = 0
        self._folders: list[int] = []
        self._names: list[str] = []
        self._enter(root)

    def __enter__(self) -> "_Walk":
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()

    def open(self, parts: Iterable[str]) -> tuple[int, Path]:
        """Go down to a file and return its descriptor and its path; raises `OSError` or `_Refused`."""
        ahead = deque(parts)
        while ahead:
            name = ahead.popleft()
            if name == "..":
                self._up()
                continue
            kind = os.stat(name, dir_fd=self._folders[-1], follow_symlinks=False).st_mode
            if stat.S_ISLNK(kind):
                ahead.extendleft(reversed(self._follow(name)))
            elif ahead:
                self._down(name)
            elif stat.S_ISREG(kind):
                return self._open_file(name)
        raise _Refused

    def _open_file(self, name: str) -> tuple[int, Path]:
        descriptor = os.open(name, _FILE, dir_fd=self._folders[-1])
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # swapped since it was looked at
            os.close(descriptor)
            raise _Refused
        return descriptor, self._root.resolved.joinpath(*self._names, name)

    def _down(self, name: str) -> None:
        if len(self._names) >= _DEEPEST:
            raise _Refused
        self._folders.append(os.open(name, _FOLDER, dir_fd=self._folders[-1]))
        self._names.append(name)

    def _up(self) -> None:
        if not self._names:
            raise _Refused
        self._names.pop()
        os.close(self._folders.pop())

    def _follow(self, link: str) -> tuple[str, ...]:
        """Return the names that a link stands for; an absolute link starts again from the given folder above it."""
        self._links += 1
        if self._links > _MOST_LINKS:
            raise _Refused
        target = PurePath(os.readlink(link, dir_fd=self._folders[-1]))
        if not target.is_absolute():
            return target.parts
        for root, parts in _ways_down(target, self._roots):
            self._leave()
            self._enter(root)
            return parts
        raise _Refused

    def _enter(self, root: _Root) -> None:
        self._root = root
        self._folders.append(os.open(root.resolved, _FOLDER))

    def _leave(self) -> None:
        for folder in self._folders:
            os.close(folder)
        self._folders.clear()
        self._names.clear()
