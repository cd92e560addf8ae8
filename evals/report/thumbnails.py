"""Photos as small pictures within a page."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from internvl_vpr.tools.photo.jpeg import thumbnail_url

from ..runs.records import Role

_FOLDERS: Mapping[Role, str] = {"query": "queries", "outside": "outside", "reference": "database"}


class Thumbnails:
    """The photos of a run's folders, each turned into a picture once."""

    def __init__(self, folders: Mapping[str, str]) -> None:
        self._folders = folders
        self._made: dict[Path, str | None] = {}

    def of(self, role: Role, name: str) -> str | None:
        """Return a photo as a JPEG data URI, upright and without metadata; None where it is gone or damaged."""
        folder = Path(self._folders.get(_FOLDERS[role], ""))
        path = folder / name
        if path not in self._made:
            # A run may come from somebody else: its names lead nowhere but below its folders.
            inside = path.resolve().is_relative_to(folder.resolve())
            self._made[path] = thumbnail_url(path) if inside else None
        return self._made[path]

    @cached_property
    def missing(self) -> bool:
        """Whether no photo that was asked for is there."""
        return bool(self._made) and not any(self._made.values())
