"""Codebooks as files: out of one index into the next, and refused where they do not fit."""

import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from built_index import SETTINGS
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file
from texture import write_textures
from vectors import unit

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.errors import IndexDamaged, IndexMismatch, IndexMissing, UsageError
from internvl_vpr.tools.features.backbone import RootSiftSettings
from internvl_vpr.tools.index.build import update_index
from internvl_vpr.tools.index.codebook_file import export_codebook, read_codebook_file
from internvl_vpr.tools.index.files import read_manifest
from internvl_vpr.tools.index.place_index import PlaceIndex

pytest.importorskip("cv2", reason="needs the extra embedded")

BACKBONE = SETTINGS.backbone.id


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    write_textures(folder, range(6))
    return folder


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("others")
    write_textures(folder, range(20, 25))
    return folder


@pytest.fixture(scope="module")
def places(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index") / "places"
    update_index(photos, folder, SETTINGS)
    return folder


@pytest.fixture(scope="module")
def exported(places: Path) -> Path:
    target = places.parent / "codebook.safetensors"
    export_codebook(places, target)
    return target


def codebook_of(places: Path) -> Floats:
    index = PlaceIndex.open(places)
    index.close()
    return index.codebook


def written(path: Path, rows: Any, **metadata: str) -> Path:
    save_file({"centers": rows}, path, metadata=metadata or {"backbone": BACKBONE})
    return path


def stop(stage: str, done: int, total: int, detail: str = "") -> None:
    """Progress that ends a build once its first vectors are durable."""
    if stage == "computing vectors":
        raise KeyboardInterrupt


def eight(dimension: int = 128, clusters: int = 8) -> Floats:
    return unit(np.random.default_rng(5).normal(size=(clusters, dimension)))


def test_a_codebook_comes_back_as_it_was(places: Path, exported: Path) -> None:
    file = read_codebook_file(exported)
    np.testing.assert_array_equal(file.centers, codebook_of(places))
    assert file.centers.dtype == np.float32
    assert (file.centers.shape, file.backbone) == ((8, 128), BACKBONE)
    assert list(exported.parent.glob(".*")) == []


def test_another_index_is_built_with_it(exported: Path, places: Path, others: Path, tmp_path: Path) -> None:
    said = []
    report = update_index(
        others,
        tmp_path / "p",
        SETTINGS,
        codebook=exported,
        on_progress=lambda stage, done, total, detail="": said.append(stage),
    )
    assert report.computed == 5
    assert "training the codebook" not in said
    np.testing.assert_array_equal(codebook_of(tmp_path / "p"), codebook_of(places))
    assert read_manifest(tmp_path / "p").codebook_digest == read_manifest(places).codebook_digest


def test_an_update_needs_no_codebook_and_takes_its_own(
    exported: Path, photos: Path, others: Path, tmp_path: Path
) -> None:
    update_index(others, tmp_path / "p", SETTINGS, codebook=exported)
    assert update_index(photos, tmp_path / "p", SETTINGS).computed == 6
    assert update_index(photos, tmp_path / "p", SETTINGS, codebook=exported).computed == 0


def test_a_killed_build_with_a_codebook_goes_on(exported: Path, others: Path, places: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        update_index(others, tmp_path / "p", SETTINGS, codebook=exported, on_progress=stop)
    assert update_index(others, tmp_path / "p", SETTINGS, codebook=exported).computed == 0
    np.testing.assert_array_equal(codebook_of(tmp_path / "p"), codebook_of(places))


def test_a_codebook_replaces_the_one_of_a_build_that_was_never_finished(
    exported: Path, others: Path, places: Path, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        update_index(others, tmp_path / "p", SETTINGS, on_progress=stop)
    assert update_index(others, tmp_path / "p", SETTINGS, codebook=exported).computed == 5
    np.testing.assert_array_equal(codebook_of(tmp_path / "p"), codebook_of(places))


def test_an_index_keeps_its_own_codebook(photos: Path, places: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(places, tmp_path / "copy"))
    with pytest.raises(IndexMismatch, match=r"is not the one the index was built with"):
        update_index(photos, copy, SETTINGS, codebook=written(tmp_path / "c", eight()))
    np.testing.assert_array_equal(codebook_of(copy), codebook_of(places))


def test_a_codebook_of_another_backbone_is_refused(others: Path, exported: Path, tmp_path: Path) -> None:
    finer = SETTINGS.model_copy(update={"backbone": RootSiftSettings(longer_side=160, step=10, sizes=(4.0,))})
    with pytest.raises(IndexMismatch, match=r"made with 'rootsift/160px/step12/sizes4', and the backbone is .*step10"):
        update_index(others, tmp_path / "p", finer, codebook=exported)
    assert not (tmp_path / "p").exists()


def test_another_number_of_clusters_is_refused(others: Path, exported: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has 8 centers, and 9 clusters are asked for: leave --clusters out"):
        update_index(others, tmp_path / "p", SETTINGS.model_copy(update={"clusters": 9}), codebook=exported)


def test_another_dimension_is_refused(others: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"have 64 dimensions, and this backbone's descriptors 128"):
        update_index(others, tmp_path / "p", SETTINGS, codebook=written(tmp_path / "c", eight(64)))


def test_a_file_that_is_there_is_not_overwritten(places: Path, tmp_path: Path) -> None:
    target = tmp_path / "precious.safetensors"
    target.write_text("precious")
    with pytest.raises(UsageError, match=r"precious\.safetensors' is there already: name another"):
        export_codebook(places, target)
    assert target.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", ["no/such/folder/c.safetensors", "file/c.safetensors", "\0"])
def test_a_file_that_cannot_be_written_is_one_clear_error(places: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot be written"):
        export_codebook(places, tmp_path / name)


def test_a_full_disk_leaves_no_file(places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UsageError, match=r"No space left on device"):
        export_codebook(places, tmp_path / "c.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_without_an_index_there_is_nothing_to_export(places: Path, tmp_path: Path) -> None:
    with pytest.raises(IndexMissing):
        export_codebook(tmp_path / "none", tmp_path / "c")
    copy = Path(shutil.copytree(places, tmp_path / "copy"))
    next(copy.glob("codebook-*")).write_bytes(b"damaged")
    with pytest.raises(IndexDamaged):
        export_codebook(copy, tmp_path / "c")
    assert not (tmp_path / "c").exists()


def _bent(rows: Floats, value: float) -> Floats:
    rows[2, 3] = value
    return rows


@pytest.mark.parametrize(
    ("centers", "says"),
    [
        (2 * eight(), "neither unit vectors nor means"),
        (_bent(eight(), np.nan), "neither unit vectors nor means"),
        (_bent(eight(), np.inf), "neither unit vectors nor means"),
        (0.9 * eight(), "mean ones, and its header says otherwise"),
        (eight().astype(np.float64), r"F64 \[8, 128\], not F32 \[S, D\]"),
        (eight()[0], r"F32 \[128\], not F32 \[S, D\]"),
        (np.empty((0, 128), np.float32), r"\[0, 128\] is beyond"),
        (eight(2, 4097), r"\[4097, 2\] is beyond \[4096, 8192\]"),
    ],
)
def test_centers_that_cannot_be_used_are_one_clear_error(tmp_path: Path, centers: Floats, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read_codebook_file(written(tmp_path / "c", centers))


def test_centers_are_means_where_the_header_says_so(tmp_path: Path) -> None:
    file = read_codebook_file(written(tmp_path / "c", 0.9 * eight(), backbone=BACKBONE, centers="mean"))
    assert (file.kind, file.backbone) == ("mean", BACKBONE)
    with pytest.raises(UsageError, match="unit ones, and its header says otherwise"):
        read_codebook_file(written(tmp_path / "d", eight(), backbone=BACKBONE, centers="mean"))


def test_a_codebook_as_anyloc_releases_them_is_taken(others: Path, tmp_path: Path) -> None:
    """`c_centers.pt` of AnyLoc is one float32 tensor [32, 1536] that `torch.save` wrote; here [8, 128]."""
    centers = 0.87 * eight()
    torch.save(torch.from_numpy(centers), tmp_path / "c_centers.pt")
    file = read_codebook_file(tmp_path / "c_centers.pt")
    assert (file.kind, file.backbone) == ("mean", None)
    np.testing.assert_array_equal(file.centers, centers)
    means = SETTINGS.model_copy(update={"centers": "mean"})
    update_index(others, tmp_path / "p", means, codebook=tmp_path / "c_centers.pt")
    np.testing.assert_array_equal(codebook_of(tmp_path / "p"), centers)
    assert read_manifest(tmp_path / "p").settings.centers == "mean"
    with pytest.raises(UsageError, match="has mean centers, and unit ones are asked for: leave --centers out"):
        update_index(others, tmp_path / "q", SETTINGS, codebook=tmp_path / "c_centers.pt")


class _Runs:
    """Unpickled without care, this would write a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self._path,))


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ({"c_centers": torch.zeros(8, 128)}, r"not one dense tensor \[S, D\]"),
        (torch.zeros(8), r"not one dense tensor \[S, D\]"),
        (torch.eye(8).to_sparse(), r"not one dense tensor \[S, D\]"),
        (torch.zeros(8, 128, device="meta"), r"not one dense tensor \[S, D\]"),
        (torch.zeros(8, 128, dtype=torch.int64), "holds torch.int64, not floats"),
        (torch.zeros(1, 1).expand(100_000, 100_000), "is beyond"),
        (torch.full((8, 128), torch.nan), "neither unit vectors nor means"),
    ],
)
def test_other_tensors_are_one_clear_error(tmp_path: Path, found: object, says: str) -> None:
    torch.save(found, tmp_path / "c.pt")
    with pytest.raises(UsageError, match=says):
        read_codebook_file(tmp_path / "c.pt")


def test_a_tensor_that_torch_keeps_negated_is_read_as_it_is_meant(tmp_path: Path) -> None:
    centers = unit(np.random.default_rng(0).normal(size=(8, 128))).astype(np.float32)
    torch.save(torch._neg_view(torch.from_numpy(-centers)), tmp_path / "c.pt")
    np.testing.assert_array_equal(read_codebook_file(tmp_path / "c.pt").centers, centers)


def test_nothing_in_a_saved_tensor_is_executed(tmp_path: Path) -> None:
    torch.save(_Runs(tmp_path / "ran"), tmp_path / "c.pt")
    with pytest.raises(UsageError, match="no tensor that PyTorch has saved"):
        read_codebook_file(tmp_path / "c.pt")
    with zipfile.ZipFile(tmp_path / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("archive/data/0", bytes(2**28))
    with pytest.raises(UsageError, match="holds more than 128 MiB"):
        read_codebook_file(tmp_path / "bomb.pt")
    assert not (tmp_path / "ran").exists()


def test_a_file_without_centers_or_backbone_is_one_clear_error(tmp_path: Path) -> None:
    save_file({"other": eight()}, tmp_path / "other", metadata={"backbone": BACKBONE})
    with pytest.raises(UsageError, match=r"no tensor 'centers'"):
        read_codebook_file(tmp_path / "other")
    for metadata in ({"format": "pt"}, {"backbone": ""}, {"backbone": "x" * 201}):
        with pytest.raises(UsageError, match=r"does not name the backbone"):
            read_codebook_file(written(tmp_path / "c", eight(), **metadata))


def test_a_file_that_is_missing_or_too_large_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"No such file"):
        read_codebook_file(tmp_path / "none")
    with pytest.raises(UsageError, match=r"--codebook out"):
        read_codebook_file(tmp_path)
    with pytest.raises(UsageError, match=r"cannot be used"):
        read_codebook_file(Path("a\0b"))
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(UsageError, match=r"larger than 128 MiB"):
        read_codebook_file(tmp_path / "large")


@settings(max_examples=200)
@given(position=st.integers(0, 200), byte=st.integers(0, 255), keep=st.integers(0, 4500))
def test_any_damage_is_one_clear_error_or_gives_unit_centers(
    exported: Path, position: int, byte: int, keep: int
) -> None:
    content = bytearray(exported.read_bytes()[:keep] if keep < 4000 else exported.read_bytes())
    if position < len(content):
        content[position] = byte
    damaged = exported.parent / "damaged"
    damaged.write_bytes(content)
    try:
        file = read_codebook_file(damaged)
    except UsageError:
        return
    np.testing.assert_allclose(np.linalg.norm(file.centers, axis=1), 1, atol=1e-3)
