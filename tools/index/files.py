"""The files of an index on disk: a manifest that names every other file by its checksum.

A file's name carries its own digest and never changes, and the manifest is replaced in one atomic
step. So a build that is killed leaves the former index, whole, and files that nothing refers to.
"""

import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PlainSerializer, ValidationError

from ..disk.whole_file import put_in_place, write_whole
from ..errors import IndexDamaged, IndexMissing
from ..features.backbone import BackboneSettings, DescriptorSettings, Dinov2Settings, RootSiftSettings
from ..features.codebook import Centers
from ..records import Digest, Record

FORMAT = 1
MANIFEST = "manifest.json"


def _parse_kappa(value: Any) -> Any:
    return math.inf if value == "hard" else value


Kappa = Annotated[
    float,
    Field(gt=0),
    BeforeValidator(_parse_kappa),
    PlainSerializer(lambda kappa: "hard" if math.isinf(kappa) else kappa, return_type=float | str),
]


class IndexSettings(Record):
    """Every setting that decides an index's vectors, and so must be the same for the query."""

    backbone: BackboneSettings = RootSiftSettings()
    clusters: int = Field(32, ge=1, description="S")
    kappa: Kappa = Field(math.inf, description="κ; infinite, written `hard`, for hard assignment")
    seed: int = 0
    codebook_photos: int = Field(64, ge=1, description="photos that the codebook is trained on, at most")
    # Left out where it is as it always was: the checksums of older manifests hold.
    centers: Centers = Field("unit", exclude_if="unit".__eq__, description="what the codebook's centres are")
    index_factory: str = Field("Flat", description="FAISS's own name of the index; the default is exact")

    def identity(self) -> Self:
        """Return the settings without those that change no vector: the kind of FAISS index, and where weights lie."""
        changes: dict[str, object] = {"index_factory": ""}
        if isinstance(self.backbone, Dinov2Settings):
            changes["backbone"] = self.backbone.model_copy(update={"source": ""})
        if isinstance(self.backbone, DescriptorSettings):
            changes["backbone"] = self.backbone.model_copy(update={"source": "", "photos": "", "stamp": (0, 0)})
        return self.model_copy(update=changes)


def differing_settings(there: IndexSettings, asked: IndexSettings) -> str:
    """Name the settings that differ, such as `kappa hard, not 30.0`; empty when none do.

    Where weights are found makes no difference; which weights they are does.
    """
    ours, others = _comparable(there), _comparable(asked)
    return ", ".join(f"{name} {ours[name]}, not {others[name]}" for name in ours if ours[name] != others[name])


def _comparable(settings: IndexSettings) -> dict[str, object]:
    """The settings by name, as they are shown; the backbone is its id."""
    return {**settings.model_dump(), "centers": settings.centers, "backbone": settings.backbone.id}


class IndexFile(Record):
    """One file of the index, with what it must be."""

    name: str = Field(pattern=r"^[a-z]+-[0-9a-f]{16}\.(safetensors|sqlite|faiss)$")
    sha256: Digest
    size: int = Field(ge=0, description="bytes")


class Block(IndexFile):
    """A FAISS file with the vectors of a range of images."""

    vectors: int = Field(ge=1)
    content: Digest = Field(description="digest of the ids and vectors that went in")


class Manifest(Record):
    """What an index is made of."""

    format: int
    settings: IndexSettings
    dimension: int = Field(description="S·D, the length of one vector")
    codebook_digest: Digest
    photos: int
    codebook: IndexFile
    places: IndexFile
    blocks: tuple[Block, ...]
    checksum: str = Field("", description="SHA-256 of all other fields, as JSON")

    def sealed(self) -> Self:
        """Return the manifest with its own checksum."""
        content = self.model_copy(update={"checksum": ""}).model_dump_json()
        return self.model_copy(update={"checksum": hashlib.sha256(content.encode()).hexdigest()})


def read_manifest(folder: Path) -> Manifest:
    """Read an index's manifest; raises `IndexMissing` or `IndexDamaged`."""
    path = folder / MANIFEST
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise IndexMissing(
            f"There is no index in {str(folder)!r}: run internvl-vpr index PHOTOS --places {str(folder)!r} first."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise IndexDamaged(f"The manifest {str(path)!r} cannot be read ({error}): build the index again.") from error
    return _parse_manifest(path, text)


def find_manifest(folder: Path) -> Manifest | None:
    """Read an index's manifest; None where there is none or it is damaged, so that the index can be built again."""
    try:
        return read_manifest(folder)
    except (IndexMissing, IndexDamaged):
        return None


def _parse_manifest(path: Path, text: str) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        if f'"format":{FORMAT}' not in text.replace(" ", ""):
            raise IndexDamaged(
                f"The index at {str(path.parent)!r} has another format than version {FORMAT}: build it again."
            ) from error
        raise IndexDamaged(f"The manifest {str(path)!r} is damaged: build the index again.") from error
    if manifest.format != FORMAT:
        raise IndexDamaged(
            f"The index at {str(path.parent)!r} has format {manifest.format}, and this version reads "
            f"format {FORMAT}: build it again."
        )
    if manifest != manifest.sealed():
        raise IndexDamaged(f"The manifest {str(path)!r} does not match its checksum: build the index again.")
    return manifest


def checked_path(folder: Path, entry: IndexFile) -> Path:
    """Return the path of a file of the index once its size and checksum hold; raises `IndexDamaged`."""
    path = folder / entry.name
    try:
        size = path.stat().st_size
        intact = size == entry.size and file_sha256(path) == entry.sha256
    except OSError as error:
        raise IndexDamaged(f"The index file {str(path)!r} cannot be read ({error}): build the index again.") from error
    if not intact:
        raise IndexDamaged(f"The index file {str(path)!r} does not match its checksum: build the index again.")
    return path


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def store_file(folder: Path, kind: str, suffix: str, write: Callable[[Path], object]) -> IndexFile:
    """Let `write` fill a new file, and name it by its digest once it is on the disk."""
    draft = folder / f".{kind}.draft"
    draft.unlink(missing_ok=True)
    write(draft)
    digest = file_sha256(draft)
    entry = IndexFile(name=f"{kind}-{digest[:16]}.{suffix}", sha256=digest, size=draft.stat().st_size)
    put_in_place(draft, folder / entry.name)
    return entry


def commit(folder: Path, manifest: Manifest) -> None:
    """Make the manifest the index's, in one atomic step, and remove the files that it no longer names."""
    write_whole(folder / MANIFEST, manifest.sealed().model_dump_json(indent=2) + "\n")
    kept = {entry.name for entry in (manifest.codebook, manifest.places, *manifest.blocks)}
    for kind in ("codebook-*.safetensors", "places-*.sqlite", "block-*.faiss"):
        for path in folder.glob(kind):
            if path.name not in kept:
                path.unlink()
