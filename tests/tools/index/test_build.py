"""Building, updating and searching an index: what is new is computed, and a kill or damage never shows as a place."""

import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from built_index import SETTINGS, build, ranking, retrieve, sealed_files
from hypothesis import given
from hypothesis import strategies as st
from texture import texture, write_textures
from tiny_dinov2 import save_tiny_dinov2

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.errors import (
    IndexDamaged,
    IndexMismatch,
    IndexMissing,
    PlaceIndexError,
    UsageError,
    WeightsError,
)
from internvl_vpr.tools.features.backbone import extract_photo, open_backbone
from internvl_vpr.tools.features.codebook import codebook_digest
from internvl_vpr.tools.features.dinov2 import Dinov2, resolve_dinov2
from internvl_vpr.tools.features.vlad import aggregate
from internvl_vpr.tools.index.build import size_batches, update_index
from internvl_vpr.tools.index.files import IndexSettings, differing_settings, read_manifest
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.index.store import STORE
from internvl_vpr.tools.photo.photo import find_photos, open_photo
from internvl_vpr.tools.records import Photo

pytest.importorskip("cv2", reason="needs the extra embedded")


def test_only_what_is_new_is_computed(photos: Path, copy: Path, tmp_path: Path) -> None:
    assert build(photos, copy).computed == 0
    more = Path(shutil.copytree(photos, tmp_path / "more"))
    texture(50).save(more / "new.png")
    shutil.copy(more / "new.png", more / "copy of new.png")
    report = build(more, copy)
    assert (report.computed, report.photos) == (1, 10 + 12)
    twins = retrieve(more / "new.png", copy, k=2)
    assert {twin.reference for twin in twins} == {"new.png", "copy of new.png"}


def test_an_index_that_grew_answers_as_one_built_anew_with_its_codebook(
    photos: Path, copy: Path, tmp_path: Path
) -> None:
    """Against a float64 ranking over all thirteen vectors, in whatever order they came."""
    more = tmp_path / "more"
    write_textures(more, range(30, 33))
    build(more, copy)
    index = PlaceIndex.open(copy)
    backbone = open_backbone(index.settings.backbone)
    paths = find_photos(photos) + find_photos(more)
    vectors = {
        path.name: aggregate(extract_photo(open_photo(path), backbone), index.codebook, math.inf) for path in paths
    }
    query = vectors[paths[-1].name].astype(np.float64)
    by_hand = sorted(vectors, key=lambda name: -float(vectors[name].astype(np.float64) @ query))
    assert [Path(found.reference).name for found in index.search(vectors[paths[-1].name], 100)] == by_hand
    index.close()


def test_changed_bytes_under_the_same_name_are_computed_again(photos: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(photos, tmp_path / "photos"))
    build(folder, tmp_path / "places")
    changed = find_photos(folder)[0]
    texture(77).save(changed)
    assert build(folder, tmp_path / "places").computed == 1
    first = retrieve(changed, tmp_path / "places")[0]
    assert first.reference == changed.relative_to(folder).as_posix()
    assert first.coarse_similarity == pytest.approx(1)


def test_a_photo_without_any_structure_is_skipped_with_its_name(photos: Path, tmp_path: Path) -> None:
    from PIL import Image

    folder = Path(shutil.copytree(photos, tmp_path / "photos"))
    Image.new("RGB", (64, 64), "gray").save(folder / "fog.png")
    report = build(folder, tmp_path / "places")
    assert [skipped.path.name for skipped in report.skipped] == ["fog.png"]
    assert "no structure" in report.skipped[0].reason
    assert report.photos == 10


def test_a_folder_without_photos_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(PlaceIndexError, match="name a folder of photos"):
        build(tmp_path / "photos", tmp_path / "places")
    with pytest.raises(IndexMissing, match="There is no index"):
        PlaceIndex.open(tmp_path / "places")


def test_other_settings_are_refused_by_name(photos: Path, copy: Path) -> None:
    with pytest.raises(IndexMismatch, match=r"kappa .*, not 30.0"):
        build(photos, copy, SETTINGS.model_copy(update={"kappa": 30.0}))


def test_building_again_mends_whatever_file_is_damaged(photos: Path, places: Path, copy: Path) -> None:
    before = ranking(places, photos)
    for original in sealed_files(places):
        damaged = bytearray((copy / original.name).read_bytes())
        damaged[len(damaged) // 2] ^= 0xFF
        (copy / original.name).write_bytes(damaged)
        assert build(photos, copy).computed == 0
        assert ranking(copy, photos) == before


def test_an_index_whose_build_file_is_gone_is_searched_but_not_replaced(photos: Path, copy: Path) -> None:
    before = ranking(copy, photos)
    (copy / STORE).unlink()
    with pytest.raises(IndexDamaged, match="can be searched but not extended"):
        build(photos, copy)
    assert ranking(copy, photos) == before


def test_a_folder_that_has_moved_can_be_forgotten(photos: Path, copy: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(photos, tmp_path / "moved"))
    report = update_index(moved, copy, SETTINGS, forget=[photos])
    assert (report.photos, report.computed) == (10, 0)
    assert all(candidate.path.is_relative_to(moved) for candidate in retrieve(find_photos(moved)[0], copy, k=10))


def test_a_copy_stands_in_for_a_photo_that_vanished_before_its_vector_was_made(photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    shutil.copytree(photos, folder / "a")
    shutil.copytree(photos, folder / "b")
    gone = find_photos(folder / "a")[4]

    def vanish(stage: str, done: int, total: int, detail: str = "") -> None:
        if stage == "training the codebook":
            gone.unlink(missing_ok=True)

    report = update_index(folder, tmp_path / "places", SETTINGS, on_progress=vanish)
    assert [skipped.path for skipped in report.skipped] == [gone]
    assert (report.photos, report.computed) == (19, 10)


def test_a_folder_that_cannot_be_written_is_one_clear_error(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PlaceIndexError, match="cannot be written"):
        build(photos, tmp_path / "file")


def test_a_build_goes_on_where_it_stopped(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from internvl_vpr.tools.index import build as index_build

    monkeypatch.setattr(index_build, "_COMMIT_EVERY", 2)

    def stop(stage: str, done: int, total: int, detail: str = "") -> None:
        if stage == "computing vectors" and done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        update_index(photos, tmp_path / "places", SETTINGS, on_progress=stop)
    assert build(photos, tmp_path / "places").computed == 6


def test_the_codebook_is_the_same_for_the_same_photos_and_seed(photos: Path, places: Path, tmp_path: Path) -> None:
    build(photos, tmp_path / "places")
    digests = set()
    for folder in (places, tmp_path / "places"):
        index = PlaceIndex.open(folder)
        digests.add(codebook_digest(index.codebook))
        index.close()
    assert len(digests) == 1


@given(sizes=st.lists(st.sampled_from([(20, 30), (30, 20), (40, 40)]), max_size=30), most=st.integers(1, 5))
def test_batches_are_of_one_size_and_hold_every_photo_once(sizes: list[tuple[int, int]], most: int) -> None:
    photos = [
        Photo(path=Path(str(number)), digest="0" * 64, width=width, height=height)
        for number, (width, height) in enumerate(sizes)
    ]
    batches = list(size_batches(photos, most))
    assert all(len({(photo.width, photo.height) for photo in batch}) == 1 for batch in batches)
    assert all(1 <= len(batch) <= most for batch in batches)
    assert sorted(int(photo.path.name) for batch in batches for photo in batch) == list(range(len(photos)))
    assert sum(len(batch) < most for batch in batches) <= len(set(sizes))  # at most one a size is not full
    if most == 1:
        assert [batch[0] for batch in batches] == photos


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_dinov2(tmp_path_factory.mktemp("weights") / "tiny")


def dinov2_settings(weights: Path) -> IndexSettings:
    return IndexSettings(backbone=resolve_dinov2(str(weights), longer_side=140), clusters=4)


@pytest.fixture(scope="module")
def dinov2_places(photos: Path, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index") / "places"
    assert build(photos, folder, dinov2_settings(weights)).computed == 10
    return folder


def test_an_index_of_dinov2_finds_its_photos(photos: Path, dinov2_places: Path) -> None:
    assert read_manifest(dinov2_places).dimension == 4 * 48
    for path in find_photos(photos)[:3]:
        first, second, _ = retrieve(path, dinov2_places)
        assert first.reference == path.relative_to(photos).as_posix()
        assert first.coarse_similarity == pytest.approx(1, abs=1e-5)
        assert second.coarse_similarity < 0.999


def test_dinov2_computes_only_what_is_new(photos: Path, weights: Path, dinov2_places: Path, tmp_path: Path) -> None:
    places = Path(shutil.copytree(dinov2_places, tmp_path / "places"))
    write_textures(tmp_path / "more", range(40, 42))
    assert build(tmp_path / "more", places, dinov2_settings(weights)).computed == 2
    assert build(photos, places, dinov2_settings(weights)).computed == 0


def test_weights_may_move_but_not_change(photos: Path, weights: Path, dinov2_places: Path, tmp_path: Path) -> None:
    places = Path(shutil.copytree(dinov2_places, tmp_path / "places"))
    moved = Path(shutil.copytree(weights, tmp_path / "moved"))
    asked = dinov2_settings(moved)
    assert differing_settings(read_manifest(places).settings, asked) == ""
    assert build(photos, places, asked).computed == 0
    assert read_manifest(places).settings == asked
    save_tiny_dinov2(moved, seed=9)
    with pytest.raises(WeightsError, match="are not those that were asked for"):
        retrieve(find_photos(photos)[0], places)
    shutil.rmtree(moved)
    with pytest.raises(WeightsError, match=r"--backbone.*--preset embedded"):
        retrieve(find_photos(photos)[0], places)


def test_other_features_are_refused_by_the_names_of_the_backbones(photos: Path, places: Path, weights: Path) -> None:
    dino = dinov2_settings(weights)
    with pytest.raises(IndexMismatch, match=r"backbone rootsift/160px/step12/sizes4, not dinov2/\w{12}/1/value/140px"):
        build(photos, places, SETTINGS.model_copy(update={"backbone": dino.backbone}))
    changes: tuple[dict[str, object], ...] = (
        {"facet": "key"}, {"layer": 0}, {"longer_side": 154}, {"weights": "0" * 64}
    )  # fmt: skip
    for change in changes:
        other = dino.model_copy(update={"backbone": dino.backbone.model_copy(update=change)})
        assert differing_settings(dino, other).startswith("backbone dinov2/")


def test_photos_of_several_sizes_and_a_broken_one_are_computed_in_batches(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against the same photos one by one; the broken one has the size of others, and fails only when decoded."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(11):
        texture(seed, ((160, 120), (120, 160), (100, 60))[seed % 3]).save(folder / f"{seed:02d}.jpg")
    broken = folder / "05.jpg"
    broken.write_bytes(broken.read_bytes()[:-1500])
    settings = dinov2_settings(weights)
    alone = build(folder, tmp_path / "alone", settings)
    sizes: list[tuple[int, ...]] = []
    real = Dinov2._run

    def run(self: Dinov2, pixels: Floats) -> Floats:
        sizes.append(pixels.shape[:3])
        return real(self, pixels)

    monkeypatch.setattr(Dinov2, "_run", run)
    monkeypatch.setattr(Dinov2, "batch_size", 3)
    together = update_index(folder, tmp_path / "together", settings, device="cpu", dtype="float32")
    for report in (alone, together):
        assert (report.photos, report.computed) == (10, 10)
        assert [skipped.path.name for skipped in report.skipped] == ["05.jpg"]
        assert "damaged" in report.skipped[0].reason
    assert {shape[1:] for shape in sizes} == {(98, 140), (140, 98), (56, 98)}
    assert max(shape[0] for shape in sizes) == 3
    monkeypatch.undo()
    for path in find_photos(folder):
        if path != broken:
            one, other = (
                {found.reference: found.coarse_similarity for found in retrieve(path, places, k=10)}
                for places in (tmp_path / "alone", tmp_path / "together")
            )
            assert one[path.name] == pytest.approx(1, abs=1e-5)
            assert other[path.name] == pytest.approx(1, abs=1e-5)


def test_a_device_that_is_not_there_stops_the_build(photos: Path, weights: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--device"):
        update_index(photos, tmp_path / "places", dinov2_settings(weights), device="cuda:99")
    with pytest.raises(IndexMissing):
        PlaceIndex.open(tmp_path / "places")


def test_slow_vectors_are_made_durable_as_time_goes_by(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from internvl_vpr.tools.index import build as index_build

    monkeypatch.setattr(index_build, "_COMMIT_SECONDS", 0.0)
    told: list[int] = []

    def note(stage: str, done: int, total: int, detail: str = "") -> None:
        if stage == "computing vectors":
            told.append(done)

    update_index(photos, tmp_path / "places", SETTINGS, on_progress=note)
    assert told == list(range(1, 11))
