"""Settings, resolved once: flags before environment before file before index before preset."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError

from internvl_vpr.tools.answer import UNCALIBRATED_TAU
from internvl_vpr.tools.apply_threshold import BelowTau
from internvl_vpr.tools.endpoint.endpoint import check_endpoint_url
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.features.backbone import (
    BackboneSettings,
    DescriptorSettings,
    Dinov2Settings,
    DType,
    Facet,
    RootSiftSettings,
    XFeatSettings,
)
from internvl_vpr.tools.features.codebook import Centers
from internvl_vpr.tools.features.imported import resolve_descriptors
from internvl_vpr.tools.index.files import IndexSettings, Kappa, find_manifest
from internvl_vpr.tools.records import Record

PREFIX = "INTERNVL_VPR_"
SETTINGS_FILE = "internvl-vpr.toml"

Images = Literal["auto", "off", "unicode", "half", "sixel", "kitty"]
PresetName = Literal["embedded", "paper", "anyloc"]
DescriberName = Literal["signage", "statistics", "vlm"]
Reranker = Literal["cues", "judge"]
AssistantName = Literal["auto", "rules", "model"]
Verify = Literal["off", "report", "rank"]
TrustedGrade = Literal["confirmed", "likely", "any"]


def setting(about: str, metavar: str, default: Any = ..., **limits: Any) -> Any:
    """Return a field with its one text, for `--help`, `internvl-vpr settings` and the chat's /help.

    `metavar` names the value in `--help`; `limits` are further arguments of pydantic's `Field`.
    """
    return Field(default, description=about, json_schema_extra={"metavar": metavar}, **limits)


class Settings(Record):
    """Every setting of a run, under the one name it has as a flag, in the environment and in the file.

    The endpoint's key appears in no dump and no representation of this. How the chat looks and who leads it is in no
    dump either: it changes no answer.
    """

    preset: PresetName = setting("embedded (default), paper or anyloc: picks all settings at once.", "NAME", "embedded")
    backbone: str = setting(
        "xfeat, rootsift, dinov2-small|base|large|giant, a hub id, or a folder of DINOv2.", "NAME", min_length=1
    )
    coarse: Path | None = setting(
        "Folder of another method's descriptors, which are stage 1 instead of a backbone.", "DIR", None
    )
    layer: int | None = setting("DINOv2 block that is read, from 0; default: AnyLoc's.", "L", None, ge=0)
    facet: Facet = setting("value (default), key, query or token.", "NAME", "value")
    longer_side: int = setting("Photos are scaled down to this size for stage 1.", "PIXELS", ge=64, le=4096)
    clusters: int = setting("Size of the codebook, S (Eq. 1).", "S", ge=1, le=4096)
    kappa: Kappa = setting("How hard descriptors are assigned to clusters (Eq. 1).", "K|hard")
    centers: Centers = setting("Centres of the codebook: unit vectors, or mean, as AnyLoc keeps them.", "unit|mean")
    codebook_photos: int = setting("Photos that train the codebook, at most.", "PHOTOS", ge=1, le=100_000)
    seed: int = setting("Seed of the codebook.", "N", 0, ge=0)
    index_factory: str = setting("FAISS index_factory string; Flat is exact.", "NAME", "Flat")
    device: str = setting(
        "auto (default), cpu, cuda, cuda:N or mps.", "NAME", "auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$"
    )
    dtype: DType = setting("auto (default), float32, bfloat16 or float16.", "NAME", "auto")
    describer: DescriberName = setting("What describes photos: signage, statistics or vlm.", "NAME")
    endpoint: Annotated[str, AfterValidator(check_endpoint_url)] = setting(
        "OpenAI-compatible server for the describer vlm and the judge.", "URL", "http://127.0.0.1:8000/v1"
    )
    model: str = setting("Model to ask for there.", "NAME", "InternVL3-38B", min_length=1)
    api_key: SecretStr | None = setting(
        "Its key; better in OPENAI_API_KEY, where no process list shows it.", "KEY", None, exclude=True, repr=False
    )
    prompt: str = setting("Prompt for the describer vlm.", "NAME|FILE", "describe_image.v1")
    image_side: int = setting(
        "Photos are scaled down to this size before they are sent.", "PIXELS", 1344, ge=64, le=4096
    )
    concurrency: int = setting("Most requests at the same time.", "N", 16, ge=1, le=1024)
    timeout: float = setting("Time limit for one request.", "SECONDS", 120.0, gt=0, le=3600)
    deadline: float = setting("Time limit for all that one answer asks a model.", "SECONDS", 600.0, gt=0, le=86_400)
    encoder: str = setting("What embeds cues (Eq. 7): minilm, a hub id or a folder.", "NAME", min_length=1)
    k: int = setting("Candidates that stage 1 retrieves (Eq. 5).", "K", ge=1, le=10_000)
    verify: Verify = setting("Geometry between photos: off, report (only told) or rank (orders the answer).", "MODE")
    verify_k: int = setting(
        "Candidates that geometry looks at, at most; the best eight are verified.", "K", 20, ge=1, le=1000
    )
    n: int = setting("Cues per image (Eq. 6).", "N", ge=1, le=10)
    reranker: Reranker = setting("cues (default), or judge: a model that sees both photos at once.", "NAME", "cues")
    judge_k: int = setting("Candidates that the judge sees, at most; each is a request.", "K", 10, ge=1, le=1000)
    tau: float = setting("Threshold that a score must exceed (Eq. 10); -1 keeps all.", "T", allow_inf_nan=False)
    below_tau: BelowTau = setting("Below it: fallback keeps the order by looks; strict drops the candidate.", "MODE")
    trust: TrustedGrade | Annotated[float, Field(gt=0, lt=1)] = setting(
        "What is told as a place: confirmed, likely (default), any, or a share that was right, such as 0.95.",
        "GRADE|P",
        "likely",
    )
    ledger: Path | None = setting("Where description steps are recorded; default: in the index.", "FILE", None)
    assistant: AssistantName = setting(
        "Who decides what to do: rules, model, or auto (default).", "NAME", "auto", exclude=True
    )
    images: Images = setting(
        "Pictures: auto (default), off, unicode, half, sixel or kitty.", "NAME", "auto", exclude=True
    )
    plain: bool = setting("Append-only text without pictures, for screen readers.", "", False, exclude=True)

    @property
    def asks_model(self) -> bool:
        """Whether the endpoint's model decides the chat's next step."""
        return self.assistant == "model" or (self.assistant == "auto" and self.describer == "vlm")

    @property
    def reranks_by_endpoint(self) -> bool:
        """Whether stage 2 asks the endpoint's model."""
        return self.describer == "vlm" or self.reranker == "judge"

    def index_settings(self, there: IndexSettings | None = None) -> IndexSettings:
        """Return the part that decides an index's vectors; what has no name here is as in the index `there`.

        Raises `WeightsError` when the backbone's weights are not at hand.
        """
        base = there or IndexSettings()
        return base.model_copy(
            update={
                "backbone": self._backbone_settings(base.backbone),
                "clusters": self.clusters,
                "kappa": self.kappa,
                "seed": self.seed,
                "centers": self.centers,
                "codebook_photos": self.codebook_photos,
                "index_factory": self.index_factory,
            }
        )

    def _backbone_settings(self, there: BackboneSettings) -> BackboneSettings:
        if self.coarse is not None:
            return resolve_descriptors(self.coarse, there)
        if self.backbone == "rootsift":
            known = there if isinstance(there, RootSiftSettings) else RootSiftSettings()
            return known.model_copy(update={"longer_side": self.longer_side})
        if self.backbone == "xfeat":
            return XFeatSettings(longer_side=self.longer_side)
        from internvl_vpr.tools.features.dinov2 import resolve_dinov2

        if isinstance(there, Dinov2Settings) and self.backbone == there.source:
            changed = {"layer": self.layer, "facet": self.facet, "longer_side": self.longer_side}
            return there.model_copy(update={name: value for name, value in changed.items() if value is not None})
        return resolve_dinov2(self.backbone, layer=self.layer, facet=self.facet, longer_side=self.longer_side)


_DINOV2: dict[str, Any] = {"longer_side": 1024, "clusters": 32}
_ROOTSIFT: dict[str, Any] = {"longer_side": 240, "clusters": 128}
_XFEAT: dict[str, Any] = {"longer_side": 640, "clusters": 64}
# One row is one local descriptor, and the codebook one centre at zero.
_COARSE: dict[str, Any] = {"backbone": "descriptors", "layer": None, "clusters": 1, "kappa": "hard"}
_SIZES = {"dinov2": _DINOV2, "rootsift": _ROOTSIFT, "xfeat": _XFEAT}

_PAPER: dict[str, Any] = {
    "backbone": "dinov2-giant",
    **_DINOV2,
    "kappa": 1.0,
    "centers": "unit",
    "codebook_photos": 2000,
    "describer": "vlm",
    "prompt": "describe_image.paper",
    "encoder": "sentence-transformers/all-MiniLM-L6-v2",
    "k": 100,
    "verify": "off",
    "n": 3,
    "tau": UNCALIBRATED_TAU,
    "below_tau": "strict",
}

# docs/measurements.md says how the numbers of `embedded` were measured.
_PRESETS: dict[PresetName, dict[str, Any]] = {
    "embedded": {
        "backbone": "xfeat",
        **_XFEAT,
        "kappa": "hard",
        "centers": "mean",
        "codebook_photos": 1000,
        "describer": "signage",
        "encoder": "minilm",
        "k": 20,
        "verify": "rank",
        "n": 3,
        "tau": 0.97,
        "below_tau": "fallback",
    },
    "paper": _PAPER,
    "anyloc": {**_PAPER, "kappa": "hard", "centers": "mean", "prompt": "describe_image.v1", "verify": "report"},
}
# With the judge, a preset's τ above −1 gives way to this one: it was measured for words. S > 0 says "the same place".
_JUDGED_TAU = 0.0


def about_setting(name: str) -> tuple[str, str]:
    """Return what is said of a setting, one sentence, and how its value is named in `--help`."""
    field = Settings.model_fields[name]
    metavar = field.json_schema_extra["metavar"] if isinstance(field.json_schema_extra, dict) else ""
    return field.description or "", str(metavar)


def resolve_settings(
    flags: Mapping[str, Any],
    *,
    environ: Mapping[str, str] = os.environ,
    file: Path | None = None,
    index: IndexSettings | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> Settings:
    """Merge the layers of settings; a flag that is None was not given.

    `file` is `internvl-vpr.toml` in the working directory, then in the person's own settings folder, unless named.
    `index` holds the settings an index was built with: they come before the preset's, so that a query needs no flags
    to fit it. `defaults` stand in for the preset's where a command or a calibration knows better.
    Raises `UsageError` that names the setting and where its value came from.
    """
    return explain_settings(flags, environ=environ, file=file, index=index, defaults=defaults)[0]


def explain_settings(
    flags: Mapping[str, Any],
    *,
    environ: Mapping[str, str] = os.environ,
    file: Path | None = None,
    index: IndexSettings | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> tuple[Settings, dict[str, str]]:
    """Return what `resolve_settings` does, and for each setting the layer that it comes from; raises `UsageError`."""
    layers = {
        "flag": {name: value for name, value in flags.items() if value is not None},
        "environment": _from_environment(environ),
        "file": _from_file(file or Path(SETTINGS_FILE), required=file is not None),
        "own file": _from_file(own, required=False) if not file and (own := own_settings_file(environ)) else {},
        "index": _from_index(index),
        "default": dict(defaults or {}),
    }
    chosen = next((layer["preset"] for layer in layers.values() if "preset" in layer), "embedded")
    if not isinstance(chosen, str) or chosen not in _PRESETS:
        raise UsageError(f"The preset {chosen!r} does not exist: choose one of {', '.join(_PRESETS)}.")
    merged = {name: field.default for name, field in Settings.model_fields.items() if not field.is_required()}
    origins = dict.fromkeys(merged, "default")
    layers["preset"] = {**_PRESETS[chosen], "preset": chosen}
    merged |= layers["preset"]
    backbone = next((layer["backbone"] for layer in layers.values() if "backbone" in layer), merged["backbone"])
    if _family(backbone) != _family(merged["backbone"]):
        layers["preset"] |= _SIZES[_family(backbone)]
    reranker = next((layer["reranker"] for layer in layers.values() if "reranker" in layer), merged["reranker"])
    if reranker == "judge" and layers["preset"]["tau"] > UNCALIBRATED_TAU:
        layers["preset"] |= {"tau": _JUDGED_TAU}
    _check_family(layers, backbone, chosen)
    for origin, layer in reversed(layers.items()):
        merged |= layer
        origins |= dict.fromkeys(layer, origin)
    if merged["coarse"] is not None:
        _check_coarse(layers)
        merged |= _COARSE
        origins |= dict.fromkeys(_COARSE, origins["coarse"])
    return _validated(merged, origins), origins


def own_settings_file(environ: Mapping[str, str]) -> Path | None:
    """Return where a person's own settings are: below XDG_CONFIG_HOME, by default `~/.config`; None without a home."""
    try:
        home = environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "~")).expanduser() / ".config"
    except RuntimeError:  # no HOME, and a user whom the system does not know, as in a container
        return None
    return Path(home) / "internvl-vpr" / SETTINGS_FILE


def _family(backbone: Any) -> str:
    """The kind of features that a backbone's name stands for; each has its own sizes."""
    return backbone if backbone in ("rootsift", "xfeat") else "dinov2"


def _check_family(layers: Mapping[str, Mapping[str, Any]], backbone: Any, preset: PresetName) -> None:
    """Refuse a preset that is named for an index of another kind of backbone: the index's would silently be used."""
    asked = [layer for origin, layer in layers.items() if origin not in ("index", "preset")]
    named = any("preset" in layer for layer in asked) and not any("backbone" in layer for layer in asked)
    ours = _PRESETS[preset]["backbone"]
    if named and _family(backbone) != _family(ours):
        raise UsageError(
            f"The index was built with the backbone {backbone!r}, and the preset {preset!r} names {ours!r}: "
            f"use another folder for it, leave the preset out, or say --backbone {backbone} too."
        )


def _check_coarse(layers: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a backbone that is named where imported descriptors take its place."""
    if "backbone" in layers["flag"]:
        raise UsageError(
            "Imported descriptors (coarse) take the place of a backbone: leave --backbone out, or use another index "
            "without --coarse."
        )


def settings_of_index(places: Path) -> IndexSettings | None:
    """Return the settings that an index was built with; None where there is none, or none that can be read."""
    manifest = find_manifest(places)
    return manifest.settings if manifest else None


def advise_rebuild(
    flags: Mapping[str, Any],
    *,
    index: IndexSettings | None,
    file: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> str | None:
    """Say how to build a map anew, when the preset `embedded` meets one that was built with its former features."""
    settings, origins = explain_settings(flags, environ=environ, file=file, index=index)
    if (settings.preset, settings.backbone, origins["backbone"]) != ("embedded", "rootsift", "index"):
        return None
    return (
        "This map was built with RootSIFT. XFeat, now the default, finds more places: "
        "run internvl-vpr index PHOTOS --places NEW_FOLDER to build a map with it."
    )


def advise_other_index(
    flags: Mapping[str, Any],
    *,
    index: IndexSettings | None,
    file: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> str | None:
    """Say where an index was built otherwise than a preset that is named has it: the index's settings come first."""
    settings, origins = explain_settings(flags, environ=environ, file=file, index=index)
    ours = Settings.model_validate(_PRESETS[settings.preset])
    if origins["preset"] == "preset" or settings.coarse or _family(settings.backbone) != _family(ours.backbone):
        return None
    names = ("longer_side", "clusters", "kappa", "centers")
    mine, theirs = ours.model_dump(mode="json"), settings.model_dump(mode="json")
    others = [name for name in names if origins[name] == "index" and theirs[name] != mine[name]]
    if not others:
        return None
    built, named = (
        ", ".join(f"{name.replace('_', '-')} {values[name]}" for name in others) for values in (theirs, mine)
    )
    return (
        f"The index was built with {built}, and that is used; the preset {settings.preset!r} has {named}: "
        "name a new folder with --places to build its own."
    )


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    others = {"endpoint": environ.get("OPENAI_BASE_URL"), "api_key": environ.get("OPENAI_API_KEY")}
    named = {name: environ.get(PREFIX + name.upper()) or others.get(name) for name in Settings.model_fields}
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
        raise UsageError(f"The settings file {str(path)!r} cannot be read ({error}): fix or remove it.") from error


def _from_index(index: IndexSettings | None) -> dict[str, Any]:
    if index is None:
        return {}
    return {
        **_from_backbone(index.backbone),
        "clusters": index.clusters,
        "kappa": index.kappa,
        "seed": index.seed,
        "centers": index.centers,
        "codebook_photos": index.codebook_photos,
        "index_factory": index.index_factory,
    }


def _from_backbone(backbone: BackboneSettings) -> dict[str, Any]:
    if isinstance(backbone, DescriptorSettings):
        return {"coarse": backbone.source}
    size = {"longer_side": backbone.longer_side}
    if isinstance(backbone, Dinov2Settings):
        return {"backbone": backbone.source, "layer": backbone.layer, "facet": backbone.facet, **size}
    return {"backbone": backbone.name, **size}


def _validated(merged: dict[str, Any], origins: dict[str, str]) -> Settings:
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            raise UsageError(
                f"The setting {name!r} ({origins[name]}) does not exist: see internvl-vpr --help."
            ) from None  # what was found holds every value, and one may be a key
        value = "what it is" if name == "api_key" else repr(merged.get(name))
        raise UsageError(
            f"The setting {name!r} cannot be {value} ({origins.get(name, 'preset')}): {first['msg']}."
        ) from None
