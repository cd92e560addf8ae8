"""Codebooks as files of their own: out of one index, and into the next one; and those that AnyLoc has released."""

import zipfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ..arrays import Floats
from ..disk.whole_file import write_whole
from ..errors import IndexMismatch, UsageError
from ..features.codebook import Centers, codebook_digest, kind_of
from .files import IndexSettings, Manifest, read_manifest
from .place_index import read_codebook

MAX_CLUSTERS = 4096
_MAX_DIMENSION = 8192
_MAX_BYTES = 4 * MAX_CLUSTERS * _MAX_DIMENSION
_ZIP = b"PK\x03\x04"  # how a tensor that PyTorch has saved begins
_MAX_NAME = 200  # characters


class CodebookFile(NamedTuple):
    """Centres `C [S, D]` float32, and the id of the backbone whose descriptors they are centres of.

    `backbone` is None where the file does not say.
    """

    centers: Floats
    backbone: str | None

    @property
    def kind(self) -> Centers:
        """Whether the centres are unit vectors or means."""
        return kind_of(self.centers) or "mean"


def export_codebook(places: Path, target: Path) -> None:
    """Write the codebook of the index `places` to a new safetensors file.

    It holds `centers [S, D]` float32 and, in its header, `backbone` and the kind of centres. Raises `UsageError` when
    `target` is there already or cannot be written, `IndexMissing` or `IndexDamaged`.
    """
    manifest = read_manifest(places)
    centers = np.ascontiguousarray(read_codebook(places, manifest), np.float32)
    about = {"backbone": manifest.settings.backbone.id, "centers": manifest.settings.centers}
    content = save({"centers": centers}, metadata=about)
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
    """Read and check a codebook: a file of ours, or a tensor `[S, D]` that PyTorch has saved, as AnyLoc's are.

    Nothing in the file is executed. Raises `UsageError` that says what is wrong with it.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise _unusable(path, f"it is larger than {_MAX_BYTES // 2**20} MiB")
        with path.open("rb") as file:
            is_tensor = file.read(len(_ZIP)) == _ZIP
        if is_tensor:
            return CodebookFile(_checked(path, _saved_tensor(path)), None)
        with safe_open(path, "np") as file:
            about = file.metadata() or {}
            centers = _centers(path, file)
    except (OSError, ValueError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or "it is not a safetensors file"
        raise _unusable(path, reason) from error
    found = CodebookFile(centers, about.get("backbone"))
    if not found.backbone or len(found.backbone) > _MAX_NAME:
        raise _unusable(path, "its header does not name the backbone")
    if about.get("centers", "unit") != found.kind:  # files of earlier versions do not say it: all had unit centres
        raise _unusable(path, f"its centers are {found.kind} ones, and its header says otherwise")
    return found


def _centers(path: Path, file: Any) -> Floats:
    """Read the centres once type and shape are known to be right."""
    if "centers" not in file.keys():  # noqa: SIM118 - the file is no mapping
        raise _unusable(path, "it holds no tensor 'centers'")
    entry = file.get_slice("centers")
    shape = tuple(entry.get_shape())
    if entry.get_dtype() != "F32" or len(shape) != 2:
        raise _unusable(path, f"its centers are {entry.get_dtype()} {list(shape)}, not F32 [S, D]")
    _check_shape(path, shape)
    return _checked(path, file.get_tensor("centers"))


def _check_shape(path: Path, shape: Sequence[int]) -> None:
    if not (1 <= shape[0] <= MAX_CLUSTERS and 1 <= shape[1] <= _MAX_DIMENSION):
        raise _unusable(path, f"its shape {list(shape)} is beyond [{MAX_CLUSTERS}, {_MAX_DIMENSION}]")


def _checked(path: Path, centers: Floats) -> Floats:
    """Return centres `[S, D]` that are unit vectors or means of such; raises `UsageError` for others."""
    if kind_of(centers) is None:
        raise _unusable(path, "its centers are neither unit vectors nor means of such")
    return centers


def _saved_tensor(path: Path) -> Floats:
    """Read a tensor `[S, D]` of floats that `torch.save` wrote; raises `UsageError` for anything else."""
    import torch

    try:
        with zipfile.ZipFile(path) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
        if unpacked > _MAX_BYTES:
            raise _unusable(path, f"it holds more than {_MAX_BYTES // 2**20} MiB")
        found = torch.load(path, map_location="cpu", weights_only=True)
    except UsageError:
        raise
    except Exception as error:  # the restricted unpickler raises whatever malformed data leads it to
        raise _unusable(path, "it is no tensor that PyTorch has saved") from error
    is_dense = type(found) is torch.Tensor and found.layout == torch.strided and found.device.type == "cpu"
    if not is_dense or found.ndim != 2:
        raise _unusable(path, "it is not one dense tensor [S, D]")
    if not found.dtype.is_floating_point:
        raise _unusable(path, f"its tensor holds {found.dtype}, not floats")
    _check_shape(path, found.shape)
    centers: Floats = found.detach().resolve_neg().to(torch.float32).contiguous().numpy()
    return centers


def read_fitting_codebook(path: Path, settings: IndexSettings, there: Manifest | None) -> Floats:
    """Read the centres `C [S, D]` for a build with these settings, `there` being the manifest of an index to update.

    Raises `UsageError` for a file that cannot be used or has another number of centres, `IndexMismatch` for
    another backbone, and for another codebook than the index's own. A file that does not name its backbone, as AnyLoc's
    do not, is taken for any whose descriptors are as long as its centres.
    """
    file = read_codebook_file(path)
    centers, backbone = file
    if backbone is not None and backbone != settings.backbone.id:
        raise IndexMismatch(
            f"The codebook {str(path)!r} was made with {backbone!r}, and the backbone is {settings.backbone.id!r}: "
            "use that backbone, or another codebook."
        )
    if len(centers) != settings.clusters:
        raise UsageError(
            f"The codebook {str(path)!r} has {len(centers)} centers, and {settings.clusters} clusters are asked for: "
            "leave --clusters out, or use another codebook."
        )
    if file.kind != settings.centers:
        raise UsageError(
            f"The codebook {str(path)!r} has {file.kind} centers, and {settings.centers} ones are asked for: "
            "leave --centers out, or use another codebook."
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
