"""Codebooks as files of their own: out of one index, and into the next one."""

from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ..arrays import Floats
from ..disk.whole_file import write_whole
from ..errors import IndexMismatch, UsageError
from ..features.codebook import codebook_digest
from .files import IndexSettings, Manifest, read_manifest
from .place_index import read_codebook

MAX_CLUSTERS = 4096
_MAX_DIMENSION = 8192
_MAX_BYTES = 4 * MAX_CLUSTERS * _MAX_DIMENSION
# How far from 1 the length of a centre may be: more than rounding can make it.
_UNIT = 1e-3
_MAX_NAME = 200  # characters


class CodebookFile(NamedTuple):
    """Unit centres `C [S, D]` float32, and the id of the backbone whose descriptors they are centres of."""

    centers: Floats
    backbone: str


def export_codebook(places: Path, target: Path) -> None:
    """Write the codebook of the index `places` to a new safetensors file.

    It holds `centers [S, D]` float32 and, in its header, `backbone`. Raises `UsageError` when `target` is
    there already or cannot be written, `IndexMissing` or `IndexDamaged`.
    """
    manifest = read_manifest(places)
    centers = np.ascontiguousarray(read_codebook(places, manifest), np.float32)
    content = save({"centers": centers}, metadata={"backbone": manifest.settings.backbone.id})
    try:
        _write_new(target, content)
    except FileExistsError as error:
        raise UsageError(f"The file {str(target)!r} is there already: name another, or remove it first.") from error
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"The file {str(target)!r} cannot be written ({reason}): name another.") from error


def _write_new(target: Path, content: bytes) -> None:
    """Write a file that was not there before: it is empty until it is whole. Raises `FileExistsError`."""
    target.open("xb").close()
    try:
        write_whole(target, content)
    except BaseException:
        with suppress(OSError):
            target.unlink(missing_ok=True)
        raise


def read_codebook_file(path: Path) -> CodebookFile:
    """Read and check a codebook file; raises `UsageError` that says what is wrong with it."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise _unusable(path, f"it is larger than {_MAX_BYTES // 2**20} MiB")
        with safe_open(path, "np") as file:
            backbone = (file.metadata() or {}).get("backbone")
            centers = _centers(path, file)
    except (OSError, ValueError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or "it is not a safetensors file"
        raise _unusable(path, reason) from error
    if not backbone or len(backbone) > _MAX_NAME:
        raise _unusable(path, "its header does not name the backbone")
    return CodebookFile(centers, backbone)


def _centers(path: Path, file: Any) -> Floats:
    """Read the centres once type and shape are known to be right."""
    if "centers" not in file.keys():  # noqa: SIM118 - the file is no mapping
        raise _unusable(path, "it holds no tensor 'centers'")
    entry = file.get_slice("centers")
    shape = tuple(entry.get_shape())
    if entry.get_dtype() != "F32" or len(shape) != 2:
        raise _unusable(path, f"its centers are {entry.get_dtype()} {list(shape)}, not F32 [S, D]")
    if not (1 <= shape[0] <= MAX_CLUSTERS and 1 <= shape[1] <= _MAX_DIMENSION):
        raise _unusable(path, f"its shape {list(shape)} is beyond [{MAX_CLUSTERS}, {_MAX_DIMENSION}]")
    centers: Floats = file.get_tensor("centers")
    lengths = np.linalg.norm(centers.astype(np.float64), axis=1)
    if not (np.abs(lengths - 1) <= _UNIT).all():  # NaN is not
        raise _unusable(path, "its centers are not unit vectors")
    return centers


def read_fitting_codebook(path: Path, settings: IndexSettings, there: Manifest | None) -> Floats:
    """Read the centres `C [S, D]` for a build with these settings, `there` being the manifest of an index to update.

    Raises `UsageError` for a file that cannot be used or has another number of centres, `IndexMismatch` for
    another backbone, and for another codebook than the index's own.
    """
    centers, backbone = read_codebook_file(path)
    if backbone != settings.backbone.id:
        raise IndexMismatch(
            f"The codebook {str(path)!r} was made with {backbone!r}, and the backbone is {settings.backbone.id!r}: "
            "use that backbone, or another codebook."
        )
    if len(centers) != settings.clusters:
        raise UsageError(
            f"The codebook {str(path)!r} has {len(centers)} centers, and {settings.clusters} clusters are asked for: "
            "leave --clusters out, or use another codebook."
        )
    if there is not None and codebook_digest(centers) != there.codebook_digest:
        raise IndexMismatch(
            f"The codebook {str(path)!r} is not the one the index was built with: leave --codebook out, "
            "or build a new index in another folder."
        )
    return centers


def _unusable(path: Path, reason: str) -> UsageError:
    return UsageError(
        f"The codebook {str(path)!r} cannot be used ({reason}): write one with internvl-vpr codebook, "
        "or leave --codebook out."
    )
