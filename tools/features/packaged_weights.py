"""Weights that come inside an installed package: found without running its code, and checked before they are read."""

from pathlib import Path
from typing import Any

from ..packages import extra_folder
from ..records import Digest, Record
from .weights import check_weights


class PackagedWeights(Record):
    """One file of tensors in a package that an extra installs, and the SHA-256 that it was published with."""

    package: str
    file: str
    sha256: Digest
    extra: str = "embedded"

    @property
    def short(self) -> str:
        """The first 12 digits of the SHA-256, which name the weights in an id."""
        return self.sha256[:12]

    def checked_path(self) -> Path:
        """Return where the file is; raises `PackageMissing`, or `WeightsError` when it is not the published one."""
        path = extra_folder(self.package, self.extra) / self.file
        check_weights(path, self.sha256)
        return path

    def read(self) -> dict[str, Any]:
        """Read the tensors by name, on the CPU; raises as `checked_path` does."""
        import torch

        tensors: dict[str, Any] = torch.load(self.checked_path(), map_location="cpu", weights_only=True)
        return tensors
