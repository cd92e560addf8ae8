"""How much two runs of the same prompt differ: below that floor a difference means nothing."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError
from rich.table import Table

from internvl_vpr.agent.console.tables import styled_table
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.records import Record

from ..runs.about import now
from ..runs.folder import Run
from .gate_checks import Checks
from .pairing import paired

_RECALLS = (1, 5)
_Z = 1.96  # of 95 %
_NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Floor(Record):
    """One measure in both runs, and what its difference may be by chance, in the measure's own unit."""

    name: str
    first: float
    second: float
    pairs: int
    floor: float


class Noise(Record):
    """Noise floors by name, as `eval gate --noise` reads them, with what they were measured on."""

    floors: dict[str, float]
    measures: tuple[Floor, ...] = Field(description="the same with both values")
    alike: float | None = Field(description="share of images described in the same words both times")
    describer: str
    splits: tuple[str, ...]
    made: str


class _Floors(BaseModel):
    """The part of a `Noise` that a gate needs, so that a file with the floors alone will do."""

    floors: dict[str, _NotNegative]


def measure_noise(first: Mapping[str, Run], second: Mapping[str, Run], checks: Checks) -> Noise:
    """Return the floors from two runs of the same settings, each of which asked for every description anew.

    A floor is the difference that was seen, or what 95 of 100 such pairs of runs would stay below if chance alone
    decided the signs, `1.96 √Σd² / n` over the paired differences d, whichever is larger. A describer that repeats
    itself has floors of 0. Raises `UsageError` when the runs are not of the same queries and references.
    """
    measures = (*_recalls(first, second), *_checked(checks))
    some = next(iter(first.values()))
    return Noise(
        floors={one.name: one.floor for one in measures},
        measures=measures,
        alike=_alike(first, second),
        describer=str(some.info.settings["describer_id"]),
        splits=tuple(first),
        made=now(),
    )


def _recalls(first: Mapping[str, Run], second: Mapping[str, Run]) -> Iterator[Floor]:
    pairs = [pair for split in paired(first, second) for pair in split.queries]
    for k in _RECALLS:
        values = [tuple(float((one.final_rank or math.inf) <= k) for one in (pair.a, pair.b)) for pair in pairs]
        yield _floor(f"Recall@{k}", [one for one, _ in values], [other for _, other in values])


def _checked(checks: Checks) -> Iterator[Floor]:
    for second, first in checks:
        if common := [key for key in first.values if key in second.values]:
            yield _floor(first.name, [first.values[key] for key in common], [second.values[key] for key in common])


def _floor(name: str, first: Sequence[float], second: Sequence[float]) -> Floor:
    differences = [other - one for one, other in zip(first, second, strict=True)]
    count = len(differences)
    by_chance = _Z * math.sqrt(math.fsum(one * one for one in differences)) / count
    seen = abs(math.fsum(differences)) / count
    return Floor(
        name=name,
        first=math.fsum(first) / count,
        second=math.fsum(second) / count,
        pairs=count,
        floor=max(seen, by_chance),
    )


def _alike(first: Mapping[str, Run], second: Mapping[str, Run]) -> float | None:
    said = [
        [cue.text for cue in one.cues] == [cue.text for cue in second[name].descriptions[digest].cues]
        for name, run in first.items()
        for digest, one in run.descriptions.items()
        if digest in second[name].descriptions
    ]
    return sum(said) / len(said) if said else None


def read_noise(path: Path) -> dict[str, float]:
    """Read the noise floors, absolute differences by the name of a check or `Recall@1`; raises `UsageError`."""
    try:
        return _Floors.model_validate_json(path.read_bytes()).floors
    except (OSError, ValidationError) as error:
        raise UsageError(
            f"The noise floors {str(path)!r} cannot be read: name a file that internvl-vpr eval noise has written."
        ) from error


def show_noise(noise: Noise) -> Table:
    """Show both values of each measure and its floor; fits 80 columns."""
    table = styled_table(
        padding=(0, 1),
        title="the same prompt twice",
        caption="" if noise.alike is None else f"{100 * noise.alike:.1f} % of the images got the same words twice",
    )
    for column in ("measure", "first", "second", "of", "noise floor"):
        table.add_column(column, justify="left" if column == "measure" else "right", no_wrap=True)
    for one in noise.measures:
        table.add_row(one.name, f"{one.first:.4g}", f"{one.second:.4g}", str(one.pairs), f"{one.floor:.4g}")
    return table
