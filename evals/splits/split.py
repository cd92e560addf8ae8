"""Labelled photos to measure on: which folder is the map, which photos are queries, and what is right for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from internvl_vpr.tools.compare_places import SAME_PLACE_METRES
from internvl_vpr.tools.progress import Progress, silent

Rule = Literal["radius", "name", "pairs"]


@dataclass(frozen=True)
class Split:
    """A database folder, the queries, and the rule that says which references are right.

    `listed` names the database's photos relative to its folder; None means all that are below it. `queries` and
    `outside` (photos that no reference shows) are names relative to their folders. `rule` is `radius` (within
    `radius` metres), `name` (the same name but for the suffix) or `pairs` (as `pairs` lists them by query). With
    `plane`, metres in names are taken as they stand, whatever their zone.
    `drawn_by` names the generator of photos that were drawn here, with its settings.
    """

    name: str
    database: Path
    queries_folder: Path
    queries: Sequence[str]
    listed: Sequence[str] | None = None
    rule: Rule = "radius"
    radius: float = SAME_PLACE_METRES
    plane: bool = False
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
    """The seed and the number of places of a demo town."""

    seed: int = 0
    places: int = 64


@dataclass(frozen=True)
class Where:
    """Where a split's photos are and how it is set up; a town that is not there yet is drawn."""

    root: Path | None = None
    outside: Path | None = None
    town: TownSize = TownSize()
    on_progress: Progress = silent
    radius: float = SAME_PLACE_METRES
    plane: bool = False
