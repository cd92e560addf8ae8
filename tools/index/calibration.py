"""What was measured of a map's answers, in the folder of its index: a calibrated τ, and the map's check of itself.

Both say how often answers were right, and what they are valid for; one file holds both.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Self

from pydantic import Field, ValidationError

from ..disk.whole_file import write_whole
from ..errors import IndexDamaged, PlaceIndexError
from ..records import Digest, Grade, Record

CALIBRATION = "calibration.json"
FORMAT = 2


class Limits(Record):
    """From where on the inliers of a fundamental matrix mean something; the defaults hold where no map was checked.

    `near` and `rival` are shares of the first place's inliers.
    """

    chance: int = Field(32, ge=1, description="fewer inliers say nothing: wrong places reach them by chance")
    sure: int = Field(60, ge=1, description="from so many on, a place that has no rival is confirmed")
    near: float = Field(0.6, gt=0, le=1, description="from here on another place comes near, and nothing is confirmed")
    rival: float = Field(0.8, gt=0, le=1, description="from here on another place counts as much as the first")


class ValidFor(Record):
    """What scores depend on: a τ is valid only for scores that were made with exactly these."""

    codebook: Digest
    backbone_id: str
    describer_id: str
    encoder_id: str
    n: int = Field(ge=1, description="cues, Eq. 6")
    k: int = Field(ge=1, description="candidates, Eq. 5")

    @classmethod
    def of(cls, settings: Mapping[str, str | int | float | None]) -> Self:
        """Take these from the resolved settings of a context or a run; raises `KeyError` when one is missing."""
        return cls.model_validate({name: settings[name] for name in cls.model_fields})

    def differing(self, settings: Mapping[str, str | int | float | None]) -> str:
        """Name the resolved settings that differ, such as `n 5, not 3`; empty when the τ is valid for them."""
        ours = self.model_dump()
        return ", ".join(
            f"{name} {settings.get(name)}, not {value}" for name, value in ours.items() if settings.get(name) != value
        )


class Calibration(Record):
    """A τ, and how often the answers that it accepts (S > τ) were right.

    It was chosen on one half of the places and tested once on the other, held-out half; `queries`, `accepted` and
    `right` are counts in that half.
    """

    tau: float = Field(allow_inf_nan=False)
    precision: float = Field(gt=0, lt=1, description="asked for")
    confidence: float = Field(gt=0, lt=1, description="one-sided, of the lower limit")
    lower_limit: float = Field(ge=0, le=1, description="of the precision; Clopper–Pearson, on the held-out half")
    queries: int = Field(ge=0, description="in the held-out half, including those from outside the map")
    outside: int = Field(ge=0, description="queries from outside the map, in the held-out half")
    accepted: int = Field(ge=0)
    right: int = Field(ge=0)
    coverage: float = Field(ge=0, le=1, description="share of the held-out half's queries that is accepted")
    method: str
    splits: tuple[str, ...]
    made: str = Field(description="ISO 8601, UTC")
    valid_for: ValidFor
    index: str = Field(description="checksum of the index that it was measured with")

    @property
    def promised(self) -> bool:
        """Whether the held-out half confirms the precision."""
        return self.lower_limit >= self.precision


class Tally(Record):
    """How many answers of one grade the check got, and how many of them were right."""

    right: int = Field(ge=0)
    answers: int = Field(ge=0)
    low: float = Field(ge=0, le=1, description="95 % limits of the share that is right, by Clopper and Pearson")
    high: float = Field(ge=0, le=1)


# What answers by the default limits were worth on labelled photographs: docs/measurements.md says which.
LABELLED: Mapping[Grade, Tally] = MappingProxyType(
    {
        "confirmed": Tally(right=336, answers=339, low=0.9744, high=0.9982),
        "likely": Tally(right=32, answers=34, low=0.8032, high=0.9928),
    }
)


class MapCheck(Record):
    """What a map's own photos say of its answers: each was asked with itself, its copies and its burst taken out.

    Only photos with another photo of their place were asked. Right is an answer within 25 m.
    """

    asked: int = Field(ge=0)
    alone: int = Field(ge=0, description="sampled photos that were not asked: no other photo shows their place")
    grades: dict[Grade, Tally] = Field(description="under these limits")
    limits: Limits
    is_default: bool = Field(description="the limits are the defaults, as too few answers were there to measure others")
    photos: int = Field(ge=0, description="in the index then")
    backbone_id: str
    codebook: Digest
    verifier_id: str
    made: str = Field(description="ISO 8601, UTC")

    def is_stale(self, photos: int) -> bool:
        """Whether the map has grown or shrunk by more than a fifth since."""
        return abs(photos - self.photos) > self.photos / 5


class _Content(Record):
    """The file: either part may be missing."""

    format: int = FORMAT
    threshold: Calibration | None = None
    check: MapCheck | None = None
    checksum: str = Field("", description="SHA-256 of all other fields, as JSON")

    def sealed(self) -> Self:
        """Return the content with its own checksum."""
        content = self.model_copy(update={"checksum": ""}).model_dump_json()
        return self.model_copy(update={"checksum": hashlib.sha256(content.encode()).hexdigest()})


def read_calibration(folder: Path) -> Calibration | None:
    """Read the calibrated τ of the index in a folder, None where there is none; raises `IndexDamaged`."""
    return _read(folder).threshold


def read_check(folder: Path) -> MapCheck | None:
    """Read the check of the map in a folder, None where there is none; raises `IndexDamaged`."""
    return _read(folder).check


def write_calibration(folder: Path, calibration: Calibration) -> None:
    """Keep a calibrated τ in the folder of an index; raises `PlaceIndexError`, or `IndexDamaged`."""
    _write(folder, _read(folder).model_copy(update={"threshold": calibration}))


def write_check(folder: Path, check: MapCheck) -> None:
    """Keep a map's check in its folder; raises `PlaceIndexError`, or `IndexDamaged`."""
    _write(folder, _read(folder).model_copy(update={"check": check}))


def _read(folder: Path) -> _Content:
    path = folder / CALIBRATION
    try:
        found = _Content.model_validate_json(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return _Content()
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise _damaged(path) from error
    if found.format != FORMAT or found != found.sealed():
        raise _damaged(path)
    return found


def _write(folder: Path, content: _Content) -> None:
    """Replace the file as a whole or not at all."""
    path = folder / CALIBRATION
    try:
        write_whole(path, content.sealed().model_dump_json(indent=2) + "\n")
    except OSError as error:
        raise PlaceIndexError(
            f"The calibration {str(path)!r} cannot be written ({error.strerror}): check the folder's permissions and "
            "its space."
        ) from error


def _damaged(path: Path) -> IndexDamaged:
    return IndexDamaged(
        f"The calibration {str(path)!r} is damaged or of another version: remove it, and make it again with "
        "internvl-vpr calibrate or internvl-vpr eval calibrate."
    )
