"""A calibrated τ in the folder of an index: what it promises, how that was tested, and what it is valid for."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError

from ..disk.whole_file import write_whole
from ..errors import IndexDamaged, PlaceIndexError
from ..records import Digest, Record

CALIBRATION = "calibration.json"
FORMAT = 1


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

    format: int = FORMAT
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
    checksum: str = Field("", description="SHA-256 of all other fields, as JSON")

    @property
    def promised(self) -> bool:
        """Whether the held-out half confirms the precision."""
        return self.lower_limit >= self.precision

    def sealed(self) -> Self:
        """Return the calibration with its own checksum."""
        content = self.model_copy(update={"checksum": ""}).model_dump_json()
        return self.model_copy(update={"checksum": hashlib.sha256(content.encode()).hexdigest()})


def read_calibration(folder: Path) -> Calibration | None:
    """Read the calibration of the index in a folder, None where there is none; raises `IndexDamaged`."""
    path = folder / CALIBRATION
    try:
        found = Calibration.model_validate_json(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise _damaged(path) from error
    if found.format != FORMAT or found != found.sealed():
        raise _damaged(path)
    return found


def write_calibration(folder: Path, calibration: Calibration) -> None:
    """Put a calibration into the folder of an index, as a whole or not at all; raises `PlaceIndexError`."""
    path = folder / CALIBRATION
    try:
        write_whole(path, calibration.sealed().model_dump_json(indent=2) + "\n")
    except OSError as error:
        raise PlaceIndexError(
            f"The calibration {str(path)!r} cannot be written ({error.strerror}): check the folder's permissions and "
            "its space."
        ) from error


def _damaged(path: Path) -> IndexDamaged:
    return IndexDamaged(
        f"The calibration {str(path)!r} is damaged or of another version: make it again with internvl-vpr eval "
        "calibrate, or remove it."
    )
