"""How runs are named beside each other, in tables and on pages: by what made them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from .folder import Run

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d")  # as VPR-methods-evaluation names the folder of a run


@dataclass(frozen=True)
class RunNames:
    """How the two stages of a run are named; an imported run has no second one."""

    first: str
    second: str | None

    @property
    def last(self) -> str:
        """The name of its final ranking."""
        return self.second or self.first

    @property
    def stages(self) -> list[tuple[int, str]]:
        """Its stages by number and name."""
        return [(1, self.first), *([(2, self.second)] if self.second else [])]


def run_names(runs: Sequence[Run]) -> list[RunNames]:
    """Name each run, and by its folder or its number where two of one split and N would be named alike."""
    methods = {str(run.info.settings.get("source")): run.info.method for run in runs if run.info.method is not None}
    own = [(run.info.split.name, *_own_names(run, methods), run.info.settings.get("n")) for run in runs]
    return [
        RunNames(name[1] + tail, name[2] and name[2] + tail)
        for number, name in enumerate(own)
        for tail in [_tail(number, [other for other, its in enumerate(own) if its == name], runs)]
    ]


def _own_names(run: Run, methods: Mapping[str, str]) -> tuple[str, str | None]:
    if run.info.method is not None:
        return run.info.method, None
    settings = run.info.settings
    coarse = settings.get("coarse")
    first = _coarse_name(str(coarse), methods) if coarse else PurePath(str(settings.get("backbone", "stage 1"))).name
    model = str(settings["model"] if settings.get("describer") == "vlm" else settings.get("describer", "stage 2"))
    if settings.get("reranker") == "judge":
        model = f"{settings.get('model')} judging pairs"
    return first, f"{first} + {model}"


def _coarse_name(folder: str, methods: Mapping[str, str]) -> str:
    """Name a folder of descriptors: as the method that was imported from it, or as itself; not by a time."""
    path = PurePath(folder)
    named = path.parent if _TIMESTAMP.fullmatch(path.name) else path
    return methods.get(path.as_posix()) or named.name or "descriptors"


def _tail(number: int, alike: Sequence[int], runs: Sequence[Run]) -> str:
    """What tells a run from those that are named alike: its folder's name, or its number if those are alike, too."""
    if len(alike) == 1:
        return ""
    folders = [runs[other].folder.name for other in alike]
    return f" ({runs[number].folder.name if len(set(folders)) == len(folders) else alike.index(number) + 1})"
