"""Settings, resolved once: flags before environment before file before index before preset."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError

from ..tools.answer import UNCALIBRATED_TAU
from ..tools.apply_threshold import BelowTau
from ..tools.errors import UsageError
from ..tools.index_files import IndexSettings, Kappa, find_manifest
from ..tools.records import Record

PREFIX = "INTERNVL_VPR_"
SETTINGS_FILE = "internvl-vpr.toml"

PresetName = Literal["embedded", "paper", "anyloc"]
BackboneName = Literal["rootsift", "dinov2-small", "dinov2-base", "dinov2-large", "dinov2-giant"]
DescriberName = Literal["signage", "vlm"]


class Settings(Record):
    """Every setting of a run, under the one name it has as a flag, in the environment and in the file."""

    preset: PresetName = "embedded"
    backbone: BackboneName
    longer_side: int = Field(ge=64, le=4096, description="pixels")
    clusters: int = Field(ge=1, le=4096, description="S of Eq. 1")
    kappa: Kappa = Field(description="κ of Eq. 1, or `hard`")
    seed: int = Field(0, ge=0, description="of the codebook")
    index_factory: str = "Flat"
    describer: DescriberName
    encoder: str
    k: int = Field(ge=1, le=10_000, description="candidates, Eq. 5")
    n: int = Field(ge=1, le=10, description="cues, Eq. 6")
    tau: float = Field(allow_inf_nan=False, description="τ of Eq. 10; −1 retains everything")
    below_tau: BelowTau
    ledger: Path | None = Field(None, description="by default in the index's folder")

    @classmethod
    def of_preset(cls, name: PresetName) -> Self:
        """Return a preset's settings."""
        return cls(preset=name, **_PRESETS[name])

    def index_settings(self, there: IndexSettings | None = None) -> IndexSettings:
        """Return the part that decides an index's vectors; what has no name here is as in the index `there`."""
        if self.backbone != "rootsift":
            raise UsageError(f"The backbone {self.backbone!r} is not part of this version: use --preset embedded.")
        base = there or IndexSettings()
        return base.model_copy(
            update={
                "backbone": base.backbone.model_copy(update={"longer_side": self.longer_side}),
                "clusters": self.clusters,
                "kappa": self.kappa,
                "seed": self.seed,
                "index_factory": self.index_factory,
            }
        )


_PAPER: dict[str, Any] = {
    "backbone": "dinov2-giant",
    "longer_side": 1024,
    "clusters": 32,
    "kappa": 1.0,
    "describer": "vlm",
    "encoder": "sentence-transformers/all-MiniLM-L6-v2",
    "k": 100,
    "n": 3,
    "tau": UNCALIBRATED_TAU,
    "below_tau": "strict",
}

# README says how the numbers of `embedded` were measured.
_PRESETS: dict[PresetName, dict[str, Any]] = {
    "embedded": {
        "backbone": "rootsift",
        "longer_side": 240,
        "clusters": 128,
        "kappa": "hard",
        "describer": "signage",
        "encoder": "minilm",
        "k": 20,
        "n": 3,
        "tau": 0.97,
        "below_tau": "fallback",
    },
    "paper": _PAPER,
    "anyloc": {**_PAPER, "kappa": "hard"},
}


def resolve_settings(
    flags: Mapping[str, Any],
    *,
    environ: Mapping[str, str] = os.environ,
    file: Path | None = None,
    index: IndexSettings | None = None,
) -> Settings:
    """Merge the layers of settings; a flag that is None was not given.

    `file` is `internvl-vpr.toml` in the working directory unless named. `index` holds the settings an
    index was built with: they come before the preset's, so that a query needs no flags to fit it.
    Raises `UsageError` that names the setting and where its value came from.
    """
    layers = {
        "flag": {name: value for name, value in flags.items() if value is not None},
        "environment": _from_environment(environ),
        "file": _from_file(file or Path(SETTINGS_FILE), required=file is not None),
        "index": _from_index(index),
    }
    chosen = next((layer["preset"] for layer in layers.values() if "preset" in layer), "embedded")
    if not isinstance(chosen, str) or chosen not in _PRESETS:
        raise UsageError(f"The preset {chosen!r} does not exist: choose one of {', '.join(_PRESETS)}.")
    merged: dict[str, Any] = {**_PRESETS[chosen], "preset": chosen}
    origins = dict.fromkeys(merged, "preset")
    for origin, layer in reversed(layers.items()):
        merged |= layer
        origins |= dict.fromkeys(layer, origin)
    return _validated(merged, origins)


def settings_of_index(places: Path) -> IndexSettings | None:
    """Return the settings that an index was built with; None where there is none, or none that can be read."""
    manifest = find_manifest(places)
    return manifest.settings if manifest else None


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    named = {name: environ.get(PREFIX + name.upper()) for name in Settings.model_fields}
    return {name: value for name, value in named.items() if value}


def _from_file(path: Path, *, required: bool) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return {key.replace("-", "_"): value for key, value in tomllib.load(file).items()}
    except FileNotFoundError as error:
        if required:
            raise UsageError(f"The settings file {str(path)!r} does not exist: name another one.") from error
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"The settings file {str(path)!r} cannot be read ({error}): mend or remove it.") from error


def _from_index(index: IndexSettings | None) -> dict[str, Any]:
    if index is None:
        return {}
    return {
        "backbone": index.backbone.name,
        "longer_side": index.backbone.longer_side,
        "clusters": index.clusters,
        "kappa": index.kappa,
        "seed": index.seed,
        "index_factory": index.index_factory,
    }


def _validated(merged: dict[str, Any], origins: dict[str, str]) -> Settings:
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            raise UsageError(
                f"The setting {name!r} ({origins[name]}) does not exist: see internvl-vpr --help."
            ) from error
        raise UsageError(
            f"The setting {name!r} cannot be {merged.get(name)!r} ({origins.get(name, 'preset')}): {first['msg']}."
        ) from error
