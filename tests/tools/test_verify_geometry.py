"""Inliers against epipolar distances computed plainly, degenerate points, and pairs that are recorded once."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scripted import patch_verifier
from texture import texture

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.errors import PhotoError, StepMissing
from internvl_vpr.tools.features.keypoints import Keypoints
from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.photo.photo import open_photo
from internvl_vpr.tools.records import Candidate, Photo, Verification
from internvl_vpr.tools.verify_geometry import (
    Verifier,
    epipolar_inliers,
    recorded_verification,
    verification,
    verify_geometry,
)

pytest.importorskip("cv2", reason="needs the extra embedded")
SEEDS = st.integers(0, 2**32 - 1)


def cross(t: Floats) -> Floats:
    """The matrix of t × ."""
    return np.array([[0, -t[2], t[1]], [t[2], 0, -t[0]], [-t[1], t[0], 0]])


def scene(rng: np.random.Generator, points: int, others: int) -> tuple[Floats, Floats, Floats]:
    """Points in space seen by two cameras, and pairs that have nothing to do with them; with the true F, in pixels.

    A camera K = [f 0 640/2; 0 f 480/2; 0 0 1] turns by up to 0.2 about each axis and moves by one.
    """
    camera = np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]])
    space = rng.uniform([-3, -2, 4], [3, 2, 12], (points, 3))
    turn = np.eye(3)
    for axis, angle in enumerate(rng.uniform(-0.2, 0.2, 3)):
        i, j = [(1, 2), (2, 0), (0, 1)][axis]
        step = np.eye(3)
        step[i, i] = step[j, j] = np.cos(angle)
        step[i, j], step[j, i] = -np.sin(angle), np.sin(angle)
        turn = turn @ step
    move = rng.normal(size=3)
    move /= np.linalg.norm(move)
    seen = [within @ camera.T for within in (space, space @ turn.T + move)]
    a, b = (one[:, :2] / one[:, 2:] for one in seen)
    inverse = np.linalg.inv(camera)
    noise = rng.uniform(0, (640, 480), (2, others, 2))
    return np.vstack([a, noise[0]]), np.vstack([b, noise[1]]), inverse.T @ cross(move) @ turn @ inverse


def sampson(f: Floats, a: Floats, b: Floats) -> Floats:
    """Sampson's distance in pixels, pair by pair, as Hartley and Zisserman print it (11.9)."""
    distances = []
    for (x, y), (u, v) in zip(a, b, strict=True):
        p, q = np.array([x, y, 1.0]), np.array([u, v, 1.0])
        fp, fq = f @ p, f.T @ q
        distances.append(abs(q @ f @ p) / np.sqrt(fp[0] ** 2 + fp[1] ** 2 + fq[0] ** 2 + fq[1] ** 2))
    return np.array(distances)


@given(SEEDS, st.integers(40, 150), st.integers(0, 40))
def test_inliers_of_a_scene_are_those_near_their_epipolar_lines(seed: int, points: int, others: int) -> None:
    a, b, f = scene(np.random.default_rng(seed), points, others)
    found = epipolar_inliers(a, b)
    distance = sampson(f, a, b)
    assert found[:points].all()  # where the cameras see them, to the last digit
    assert found[points:].sum() <= others / 4 + (distance[points:] < 3).sum()  # a few pull the estimate to themselves


@given(SEEDS)
def test_a_little_noise_loses_few_points_and_lets_few_others_in(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b, _ = scene(rng, 120, 40)
    a[:120] += rng.normal(0, 0.2, (120, 2))
    b[:120] += rng.normal(0, 0.2, (120, 2))
    found = epipolar_inliers(a, b)
    assert found[:120].sum() >= 100
    assert found[120:].sum() <= 8  # by chance one in some tens lies near its line


@given(SEEDS, st.integers(8, 60))
def test_the_same_points_always_give_the_same_inliers(seed: int, points: int) -> None:
    a, b, _ = scene(np.random.default_rng(seed), points, points)
    np.testing.assert_array_equal(epipolar_inliers(a, b), epipolar_inliers(a.copy(), b.copy()))


def line(count: int) -> Floats:
    return np.stack([7.0 * np.arange(count), 3.0 * np.arange(count) + 5], axis=1)


@given(SEEDS, st.integers(8, 60))
def test_points_that_determine_no_matrix_have_no_inliers(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    spread = rng.uniform(0, 480, (count, 2))
    on_a_line, at_one_point = line(count), np.full((count, 2), 40.0)
    for a, b in [
        (at_one_point, at_one_point), (at_one_point, spread), (spread, at_one_point), (on_a_line, on_a_line),
        (on_a_line, spread), (spread, on_a_line), (on_a_line, at_one_point),
    ]:  # fmt: skip
        assert not epipolar_inliers(a, b).any()
    jitter = rng.uniform(-0.5, 0.5, (count, 2))  # still a line, as far as a pixel and a half can tell
    assert not epipolar_inliers(on_a_line + jitter, on_a_line).any()


@given(SEEDS, st.integers(0, 7))
def test_fewer_than_eight_pairs_prove_nothing(seed: int, count: int) -> None:
    a, b, _ = scene(np.random.default_rng(seed), count, 0)
    assert epipolar_inliers(a, b).tolist() == [False] * count


@given(SEEDS)
def test_the_points_are_the_inliers_as_fractions_of_each_image(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b, _ = scene(rng, 60, 20)
    order = rng.permutation(80)
    none = np.zeros((80, 64), np.float32)
    first = Keypoints(a.astype(np.float32), (640, 480), none)
    second = Keypoints(b[order].astype(np.float32), (1280, 960), none)
    found = verification(first, second, np.stack([np.arange(80), np.argsort(order)], axis=1))
    inliers = epipolar_inliers(a.astype(np.float32), b.astype(np.float32))
    assert (found.matches, found.inliers) == (80, inliers.sum())
    expected = np.hstack([a[inliers] / [640, 480], b[inliers] / [1280, 960]]).clip(0, 1)
    np.testing.assert_allclose(np.array(found.points), expected, atol=5.1e-5)


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Number 1, the same place in other bytes, another place, and nothing at all."""
    images = [texture(1), texture(1), texture(2), texture(1)]
    images[1].putpixel((0, 0), (1, 2, 3))
    images[3].paste((90, 90, 90), (0, 0, *images[3].size))
    paths = [tmp_path / f"{number}.png" for number in range(4)]
    for image, path in zip(images, paths, strict=True):
        image.save(path)
    return paths


def opened(path: Path) -> Photo:
    return open_photo(path, read_position=False)


def candidate(path: Path, **changes: object) -> Candidate:
    fields = {"reference": path.name, "path": path, "position": None, "coarse_rank": 1, "coarse_similarity": 0.5}
    return Candidate.model_validate({**fields, "digest": opened(path).digest, **changes})


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        yield ledger


def test_the_same_place_has_inliers_and_another_none(photos: list[Path], tmp_path: Path) -> None:
    verifier, _, _ = patch_verifier(tmp_path)
    same = verify_geometry(opened(photos[0]), candidate(photos[1]), verifier)
    assert same.matches >= same.inliers > 100
    other = verify_geometry(opened(photos[0]), candidate(photos[2]), verifier)
    assert other.inliers < 15


class UnevenMatcher:
    """Matches each point with itself, but leaves the last one of the first image out: the order of a pair counts."""

    id = "uneven/1"

    def match(self, a: Keypoints, b: Keypoints) -> NDArray[np.intp]:
        rows = np.arange(min(len(a), len(b)) - 1)
        return np.stack([rows, rows], axis=1)


def test_the_order_of_two_photos_changes_only_whose_points_come_first(photos: list[Path], tmp_path: Path) -> None:
    verifier, _, _ = patch_verifier(tmp_path)
    for matcher in (verifier.matcher, UnevenMatcher()):
        pair = Verifier(verifier.extractor, matcher, verifier.nearest, verifier.store)
        one = verify_geometry(opened(photos[0]), opened(photos[1]), pair)
        other = verify_geometry(opened(photos[1]), opened(photos[0]), pair)
        assert other == one.swapped()
        assert other.swapped() == one


def test_a_photo_without_keypoints_matches_nothing(photos: list[Path], tmp_path: Path) -> None:
    verifier, extractor, matcher = patch_verifier(tmp_path)
    full = extractor.extract
    extractor.extract = lambda image: full(image) if image.getextrema()[0] != (90, 90) else _no_keypoints()  # type: ignore[method-assign]
    assert verify_geometry(opened(photos[3]), candidate(photos[0]), verifier) == Verification(matches=0, inliers=0)
    assert matcher.pairs == 0


def _no_keypoints() -> Keypoints:
    return Keypoints(np.empty((0, 2), np.float32), (160, 120), np.empty((0, 64), np.float32))


def test_a_pair_is_computed_once_whichever_photo_is_asked_about(
    photos: list[Path], tmp_path: Path, ledger: Ledger
) -> None:
    verifier, extractor, matcher = patch_verifier(tmp_path)
    found = recorded_verification(opened(photos[0]), candidate(photos[1]), verifier, ledger)
    assert found
    assert found == verify_geometry(opened(photos[0]), candidate(photos[1]), verifier)
    counted = (extractor.images, matcher.pairs)
    for replay in (False, True):
        again = recorded_verification(opened(photos[0]), candidate(photos[1]), verifier, ledger, replay=replay)
        assert again == found
        turned = recorded_verification(opened(photos[1]), candidate(photos[0]), verifier, ledger, replay=replay)
        assert turned == found.swapped()
    assert (extractor.images, matcher.pairs) == counted


def test_the_map_s_keypoints_are_computed_once_and_used_as_they_are_stored(photos: list[Path], tmp_path: Path) -> None:
    first, extractor, _ = patch_verifier(tmp_path)
    before = verify_geometry(opened(photos[0]), candidate(photos[1]), first)
    assert extractor.images == 2
    second, again, _ = patch_verifier(tmp_path)
    assert verify_geometry(opened(photos[0]), candidate(photos[1]), second) == before
    assert again.images == 1  # the query's
    with closing(second.store):
        np.testing.assert_array_equal(
            second.keypoints(candidate(photos[1])).descriptors, first.keypoints(opened(photos[1])).descriptors
        )


def test_a_replay_computes_nothing_and_names_the_pair_that_is_missing(
    photos: list[Path], tmp_path: Path, ledger: Ledger
) -> None:
    verifier, extractor, matcher = patch_verifier(tmp_path)
    with pytest.raises(StepMissing, match=r"0\.png.*2\.png.*without --replay"):
        recorded_verification(opened(photos[0]), candidate(photos[2]), verifier, ledger, replay=True)
    assert (extractor.images, matcher.pairs) == (0, 0)


def test_a_candidate_that_cannot_be_read_is_passed_over_and_tried_again(
    photos: list[Path], tmp_path: Path, ledger: Ledger
) -> None:
    verifier, _, _ = patch_verifier(tmp_path)
    there = candidate(photos[1])
    hidden = tmp_path / "hidden"
    shutil.move(photos[1], hidden)
    for replay in (False, True):
        assert recorded_verification(opened(photos[0]), there, verifier, ledger, replay=replay) is None
    photos[1].write_bytes(photos[2].read_bytes())
    assert recorded_verification(opened(photos[0]), there, verifier, ledger) is None  # another photo by that name
    shutil.move(hidden, photos[1])
    found = recorded_verification(opened(photos[0]), there, verifier, ledger)
    assert found
    assert recorded_verification(opened(photos[0]), there, verifier, ledger, replay=True) == found


def test_a_query_that_cannot_be_read_is_no_candidate_s_fault(
    photos: list[Path], tmp_path: Path, ledger: Ledger
) -> None:
    verifier, _, _ = patch_verifier(tmp_path)
    gone = opened(photos[0])
    photos[0].unlink()
    with pytest.raises(PhotoError, match=r"0\.png"):
        recorded_verification(gone, candidate(photos[1]), verifier, ledger)


@pytest.mark.parametrize("changed", ["extractor", "matcher"])
def test_another_model_has_another_id(changed: str, tmp_path: Path) -> None:
    verifier, extractor, matcher = patch_verifier(tmp_path)
    before = verifier.id
    if changed == "extractor":
        extractor.id = "other/2"
    else:
        matcher.id = "other/2"
    assert verifier.id != before
