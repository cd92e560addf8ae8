"""Labelled photos to measure on: which folder is the map, which photos are asked for, and what is right for each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..tools.errors import UsageError
from ..tools.progress import Progress, silent

RADIUS = 25.0  # metres, inclusive: the field's own
Rule = Literal["radius", "name", "pairs"]


@dataclass(frozen=True)
class Split:
    """A database folder, the queries, and the rule that says which references are right.

    `listed` names the database's photos relative to its folder; None means all that are below it. `queries` and
    `outside` (photos that no reference shows) are names relative to their folders. `rule` is `radius` (within
    `radius` metres), `name` (the same name but for the suffix) or `pairs` (as `pairs` lists them by query).
    `drawn_by` names the generator of photos that were drawn here, with its settings.
    """

    name: str
    database: Path
    queries_folder: Path
    queries: Sequence[str]
    listed: Sequence[str] | None = None
    rule: Rule = "radius"
    radius: float = RADIUS
    pairs: Mapping[str, frozenset[str]] | None = None
    outside_folder: Path | None = None
    outside: Sequence[str] = ()
    drawn_by: str | None = None

    def folders(self) -> dict[str, str]:
        """Return where the photos are, as they were named."""
        named = {"database": self.database, "queries": self.queries_folder, "outside": self.outside_folder}
        return {name: folder.as_posix() for name, folder in named.items() if folder is not None}


@dataclass(frozen=True)
class TownSize:
    """What a demo town is drawn with."""

    seed: int = 0
    places: int = 64


@dataclass(frozen=True)
class Where:
    """Where a split's photos are, and what is asked of it; a town that is not there is drawn."""

    root: Path | None = None
    radius: float = RADIUS
    outside: Path | None = None
    town: TownSize = TownSize()
    on_progress: Progress = silent


Layout = Callable[[str, Where], Split]


def split_names() -> list[str]:
    """Return the names of all splits."""
    return sorted(_layouts())


def open_split(name: str, where: Where) -> Split:
    """Find a split's photos; raises `UsageError` that says what is expected where, and how to get it."""
    layout = _layouts().get(name)
    if layout is None:
        raise UsageError(f"There is no split {name!r}: choose one of {', '.join(split_names())}.")
    if where.radius < 0:
        raise UsageError(f"A radius is 0 metres or more, not {where.radius:g}.")
    return layout(name, where)


def _layouts() -> dict[str, Layout]:
    from . import split_layouts as layouts

    return {
        "sf-xl-night": layouts.sf_xl,
        "sf-xl-occlusion": layouts.sf_xl,
        "amstertime": layouts.amstertime,
        "folder": layouts.folder,
        "pairs": layouts.pairs,
        "town-night": layouts.town,
        "town-occlusion": layouts.town,
        "town-long-ago": layouts.town,
    }
