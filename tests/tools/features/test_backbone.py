"""RootSIFT on a grid: unit rows, the grid's places, and the root of L1-normalised SIFT."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from texture import texture

from internvl_vpr.tools.errors import PackageMissing, PhotoError
from internvl_vpr.tools.features.backbone import (
    RootSift,
    RootSiftSettings,
    extract_photo,
    extract_photos,
    open_backbone,
)
from internvl_vpr.tools.photo.photo import open_photo

cv2 = pytest.importorskip("cv2", reason="needs the extra embedded")


@settings(max_examples=20)
@given(width=st.integers(16, 200), height=st.integers(16, 200), step=st.integers(4, 40), size=st.floats(2, 12))
def test_descriptors_are_unit_rows_at_the_grids_places(width: int, height: int, step: int, size: float) -> None:
    grid = RootSiftSettings(longer_side=200, step=step, sizes=(size,))
    descriptors = RootSift(grid).extract(texture(1, (width, height)))
    across, down = (max(0, int((side - 6 * size) // step) + 1) for side in (width, height))
    assert descriptors.shape == (across * down, 128)
    np.testing.assert_allclose(np.linalg.norm(descriptors.astype(np.float64), axis=1), 1, atol=1e-5)


def test_a_descriptor_is_the_root_of_l1_normalised_sift() -> None:
    image = texture(2, (64, 64))
    found = RootSift(RootSiftSettings(longer_side=64, step=64, sizes=(8.0,))).extract(image)
    _, sift = cv2.SIFT_create().compute(np.asarray(image.convert("L")), [cv2.KeyPoint(24.0, 24.0, 8.0, 0.0)])
    values = sift[0].astype(np.float64)
    np.testing.assert_allclose(found, [np.sqrt(values / values.sum())], atol=1e-6)


@pytest.mark.parametrize("size", [(160, 120), (20, 20)])
def test_an_even_or_tiny_image_gives_no_descriptor(size: tuple[int, int]) -> None:
    assert open_backbone(RootSiftSettings()).extract(Image.new("RGB", size, "gray")).shape == (0, 128)


def test_threads_share_an_extractor() -> None:
    backbone = open_backbone(RootSiftSettings(longer_side=160, step=12, sizes=(4.0, 8.0)))
    images = [texture(seed) for seed in range(8)]
    alone = [backbone.extract(image) for image in images]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(backbone.extract, images * 3))
    for image, descriptors in enumerate(together):
        np.testing.assert_array_equal(descriptors, alone[image % 8])


def test_the_id_names_everything_that_changes_the_numbers() -> None:
    assert RootSift(RootSiftSettings(longer_side=320, step=9, sizes=(4.0, 7.5))).id == "rootsift/320px/step9/sizes4,7.5"


def test_without_opencv_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(PackageMissing, match=r"pip install 'internvl-vpr\[embedded\]'"):
        open_backbone(RootSiftSettings())


def test_a_batch_is_its_images_one_by_one() -> None:
    backbone = open_backbone(RootSiftSettings(longer_side=160), device="cuda", dtype="float16")
    images = [texture(seed) for seed in range(3)]
    assert backbone.batch_size == 1
    for alone, together in zip(map(backbone.extract, images), backbone.extract_batch(images), strict=True):
        np.testing.assert_array_equal(together, alone)


def test_a_photo_that_fails_leaves_its_batch_alone(tmp_path: Path) -> None:
    texture(1).save(tmp_path / "good.png")
    texture(2).save(tmp_path / "changed.png")
    Image.new("RGB", (160, 120), "gray").save(tmp_path / "fog.png")
    texture(3).save(tmp_path / "last.png")
    photos = [open_photo(tmp_path / f"{name}.png") for name in ("good", "changed", "fog", "last")]
    texture(4).save(tmp_path / "changed.png")
    backbone = open_backbone(RootSiftSettings(longer_side=160))
    good, changed, fog, last = extract_photos(photos, backbone)
    assert isinstance(changed, PhotoError)
    assert "has changed" in str(changed)
    assert isinstance(fog, PhotoError)
    assert "no structure" in str(fog)
    for photo, found in ((photos[0], good), (photos[3], last)):
        assert not isinstance(found, PhotoError)
        np.testing.assert_array_equal(found, extract_photo(photo, backbone))
    with pytest.raises(PhotoError, match="no structure"):
        extract_photo(photos[2], backbone)
    assert all(isinstance(found, PhotoError) for found in extract_photos(photos[1:3], backbone))
