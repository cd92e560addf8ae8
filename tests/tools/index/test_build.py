"""Building, updating and searching an index: what is new is computed, and a kill or damage never shows as a place."""

import json
import math
import os
import shutil
import sqlite3
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from texture import texture, write_textures
from tiny_dinov2 import save_tiny_dinov2

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.coarse_retrieve import coarse_retrieve
from internvl_vpr.tools.errors import (
    IndexBusy,
    IndexDamaged,
    IndexMismatch,
    IndexMissing,
    PlaceIndexError,
    UsageError,
    WeightsError,
)
from internvl_vpr.tools.features.backbone import Dinov2Settings, RootSiftSettings, extract_photo, open_backbone
from internvl_vpr.tools.features.codebook import codebook_digest
from internvl_vpr.tools.features.dinov2 import Dinov2, resolve_dinov2
from internvl_vpr.tools.features.vlad import aggregate
from internvl_vpr.tools.index.build import BuildReport, size_batches, update_index
from internvl_vpr.tools.index.files import (
    Block,
    IndexFile,
    IndexSettings,
    Manifest,
    commit,
    differing_settings,
    read_manifest,
)
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.index.store import STORE, BuildStore
from internvl_vpr.tools.photo.photo import find_photos, open_photo
from internvl_vpr.tools.photo.position import from_degrees
from internvl_vpr.tools.records import Candidate, Photo

pytest.importorskip("cv2", reason="needs the extra embedded")

SETTINGS = IndexSettings(backbone=RootSiftSettings(longer_side=160, step=12, sizes=(4.0,)), clusters=8)


def build(photos: Path, places: Path, settings: IndexSettings = SETTINGS, *, prune: bool = False) -> BuildReport:
    return update_index(photos, places, settings, prune=prune)


def retrieve(photo: Path, places: Path, k: int = 3) -> list[Candidate]:
    index = PlaceIndex.open(places)
    try:
        return coarse_retrieve(open_photo(photo), k, index, open_backbone(index.settings.backbone))
    finally:
        index.close()


def ranking(places: Path, photos: Path) -> list[list[tuple[str, float]]]:
    return [
        [(candidate.reference, round(candidate.coarse_similarity, 5)) for candidate in retrieve(photo, places, k=5)]
        for photo in find_photos(photos)
    ]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    write_textures(folder / "street", range(10))
    return folder


@pytest.fixture(scope="module")
def places(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index") / "places"
    build(photos, folder)
    return folder


@pytest.fixture
def copy(places: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(places, tmp_path / "copy"))


def test_a_photo_finds_itself_with_its_position(photos: Path, places: Path) -> None:
    first = retrieve(find_photos(photos)[3], places)[0]
    assert first.reference.startswith("street/@500300@5000000@33@T")
    assert first.coarse_similarity == pytest.approx(1, abs=1e-5)
    assert first.position is not None
    assert (first.position.easting, first.position.zone) == (500_300, "33T")


def test_search_is_the_inner_product_of_eq_5(photos: Path, places: Path) -> None:
    """Against a float64 ranking of vectors that are computed one by one."""
    index = PlaceIndex.open(places)
    backbone = open_backbone(index.settings.backbone)
    paths = find_photos(photos)
    vectors = [aggregate(extract_photo(open_photo(path), backbone), index.codebook, math.inf) for path in paths]
    query = vectors[4].astype(np.float64)
    by_hand = sorted(
        (
            (float(vector.astype(np.float64) @ query), path.relative_to(photos).as_posix())
            for vector, path in zip(vectors, paths, strict=True)
        ),
        reverse=True,
    )
    found = index.search(vectors[4], 6)
    index.close()
    assert [candidate.reference for candidate in found] == [reference for _, reference in by_hand[:6]]
    np.testing.assert_allclose([c.coarse_similarity for c in found], [s for s, _ in by_hand[:6]], atol=1e-5)
    assert [candidate.coarse_rank for candidate in found] == [1, 2, 3, 4, 5, 6]


def test_an_index_of_many_blocks_answers_as_one_of_one_block(
    photos: Path, places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from internvl_vpr.tools.index import seal as index_seal

    monkeypatch.setattr(index_seal, "_BLOCK_BYTES", 3 * 4 * 8 * 128)
    build(photos, tmp_path / "places")
    assert len(list((tmp_path / "places").glob("block-*.faiss"))) == 4
    assert ranking(tmp_path / "places", photos) == ranking(places, photos)


def test_fewer_photos_than_k_are_all_returned(photos: Path, places: Path) -> None:
    assert len(retrieve(find_photos(photos)[0], places, k=100)) == 10


def test_only_what_is_new_is_computed(photos: Path, copy: Path, tmp_path: Path) -> None:
    assert build(photos, copy).computed == 0
    more = Path(shutil.copytree(photos, tmp_path / "more"))
    texture(50).save(more / "new.png")
    shutil.copy(more / "new.png", more / "copy of new.png")
    report = build(more, copy)
    assert (report.computed, report.photos) == (1, 10 + 12)
    twins = retrieve(more / "new.png", copy, k=2)
    assert {twin.reference for twin in twins} == {"new.png", "copy of new.png"}


def test_prune_drops_what_is_gone_and_nothing_else(photos: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(photos, tmp_path / "photos"))
    other = tmp_path / "other"
    write_textures(other, range(20, 22))
    build(folder, tmp_path / "places")
    build(other, tmp_path / "places")
    gone = find_photos(folder)[2]
    gone.unlink()
    assert build(folder, tmp_path / "places").photos == 12
    report = build(folder, tmp_path / "places", prune=True)
    assert (report.pruned, report.photos) == (1, 11)
    index = PlaceIndex.open(tmp_path / "places")
    assert gone.name not in {Path(photo.reference).name for photo in index.photos()}
    index.close()


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


def test_positions_from_a_table_come_before_the_name(photos: Path, tmp_path: Path) -> None:
    path = find_photos(photos)[0]
    table = {path.relative_to(photos).as_posix(): from_degrees(10.0, 20.0)}
    update_index(photos, tmp_path / "places", SETTINGS, positions=table)
    position = retrieve(path, tmp_path / "places")[0].position
    assert position is not None
    assert (position.latitude, position.longitude) == (10.0, 20.0)


def test_photos_without_a_position_are_indexed(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for seed in range(3):
        texture(seed).save(tmp_path / "photos" / f"{seed}.png")
    build(tmp_path / "photos", tmp_path / "places")
    first = retrieve(tmp_path / "photos" / "1.png", tmp_path / "places")[0]
    assert (first.reference, first.position) == ("1.png", None)


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


@pytest.mark.parametrize("factory", ["PCA4,Flat", "SQ8", "IVF2,Flat", "HNSW8"])
def test_any_index_factory_can_be_chosen_later_without_computing_again(photos: Path, copy: Path, factory: str) -> None:
    report = build(photos, copy, SETTINGS.model_copy(update={"index_factory": factory}))
    assert report.computed == 0
    path = find_photos(photos)[5]
    assert retrieve(path, copy)[0].reference == path.relative_to(photos).as_posix()


@pytest.mark.parametrize("factory", ["Nonsense", "IVF4096,PQ16"])
def test_a_factory_that_faiss_cannot_build_is_one_clear_error(photos: Path, copy: Path, factory: str) -> None:
    before = ranking(copy, photos)
    with pytest.raises(PlaceIndexError, match="choose another index_factory"):
        build(photos, copy, SETTINGS.model_copy(update={"index_factory": factory}))
    assert ranking(copy, photos) == before


def test_two_builds_at_once_are_refused(photos: Path, copy: Path) -> None:
    with BuildStore(copy), pytest.raises(IndexBusy, match="Another process"):
        build(photos, copy)


def index_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name != STORE and not path.name.startswith(STORE))


def test_every_flipped_bit_in_every_file_is_noticed(places: Path, copy: Path) -> None:
    rng = np.random.default_rng(0)
    for original in index_files(places):
        content = original.read_bytes()
        for position in rng.integers(0, len(content), 20):
            damaged = bytearray(content)
            damaged[position] ^= 1 << int(rng.integers(8))
            (copy / original.name).write_bytes(damaged)
            try:
                opened = PlaceIndex.open(copy)
            except IndexDamaged:
                continue
            assert original.name == "manifest.json"  # white space between two values
            assert opened.manifest == read_manifest(places)
            opened.close()
        (copy / original.name).write_bytes(content)


@pytest.mark.parametrize("keep", [0, 1, 100])
def test_every_truncated_or_missing_file_is_noticed(places: Path, copy: Path, keep: int) -> None:
    for original in index_files(places):
        (copy / original.name).write_bytes(original.read_bytes()[:keep])
        with pytest.raises(IndexDamaged):
            PlaceIndex.open(copy)
        (copy / original.name).unlink()
        with pytest.raises((IndexDamaged, IndexMissing)):
            PlaceIndex.open(copy)
        shutil.copy(original, copy)


def test_building_again_mends_whatever_file_is_damaged(photos: Path, places: Path, copy: Path) -> None:
    before = ranking(places, photos)
    for original in index_files(places):
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


def test_an_empty_folder_is_not_pruned(photos: Path, copy: Path, tmp_path: Path) -> None:
    (tmp_path / "unmounted").mkdir()
    with pytest.raises(UsageError, match="nothing was pruned"):
        build(tmp_path / "unmounted", copy, prune=True)
    assert len(ranking(copy, photos)[0]) == 5


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


def test_a_name_that_is_not_utf_8_is_skipped_and_reported(photos: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(photos, tmp_path / "photos"))
    shutil.copy(find_photos(photos)[0], folder / os.fsdecode(b"\xff\xfe.png"))
    report = build(folder, tmp_path / "places")
    assert [skipped.reason.endswith("is not UTF-8: rename it.") for skipped in report.skipped] == [True]
    assert report.photos == 10


def test_positions_that_name_no_photo_are_reported_and_withdrawn_ones_are_read_anew(
    photos: Path, tmp_path: Path
) -> None:
    reference = find_photos(photos)[0].relative_to(photos).as_posix()
    update_index(photos, tmp_path / "p", SETTINGS, positions={reference: from_degrees(10.0, 20.0)})
    report = update_index(photos, tmp_path / "p", SETTINGS, positions={"elsewhere.jpg": from_degrees(1.0, 2.0)})
    assert report.unmatched == ("elsewhere.jpg",)
    position = retrieve(photos / reference, tmp_path / "p")[0].position
    assert position is not None
    assert position.zone == "33T"


def test_an_inverted_index_finds_k_photos_too(photos: Path, copy: Path) -> None:
    build(photos, copy, SETTINGS.model_copy(update={"index_factory": "IVF2,Flat"}))
    assert len(retrieve(find_photos(photos)[0], copy, k=10)) == 10


def test_a_folder_that_cannot_be_written_is_one_clear_error(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PlaceIndexError, match="cannot be written"):
        build(photos, tmp_path / "file")


def test_an_index_that_is_replaced_while_it_is_opened_is_opened_again(
    photos: Path, places: Path, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from internvl_vpr.tools.index import files as index_files
    from internvl_vpr.tools.index import place_index

    more = tmp_path / "more"
    write_textures(more, range(60, 61))
    real = index_files.checked_path

    def replaced_meanwhile(folder: Path, entry: IndexFile) -> Path:
        monkeypatch.setattr(place_index, "checked_path", real)
        build(more, copy)
        return real(folder, read_manifest(places).places)  # a file of the former index

    monkeypatch.setattr(place_index, "checked_path", replaced_meanwhile)
    index = PlaceIndex.open(copy)
    assert len(index) == 11
    index.close()


def test_another_format_version_is_one_clear_error(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**manifest, "format": 2}))
    with pytest.raises(IndexDamaged, match="format 2"):
        PlaceIndex.open(copy)


def test_a_manifest_cannot_name_a_file_elsewhere(copy: Path) -> None:
    text = (copy / "manifest.json").read_text()
    name = json.loads(text)["codebook"]["name"]
    (copy / "manifest.json").write_text(text.replace(name, f"../{name}"))
    with pytest.raises(IndexDamaged, match="damaged"):
        PlaceIndex.open(copy)


def test_a_damaged_stored_vector_is_dropped_and_computed_again(photos: Path, copy: Path, tmp_path: Path) -> None:
    before = ranking(copy, photos)
    database = sqlite3.connect(copy / STORE)
    with database:
        database.execute("UPDATE vectors SET vector = zeroblob(length(vector)) WHERE image = 3")
    database.close()
    more = tmp_path / "more"
    write_textures(more, range(90, 91))
    with pytest.raises(PlaceIndexError, match="run the same command again"):
        build(more, copy)
    assert ranking(copy, photos) == before
    assert build(more, copy).computed == 1


def test_a_damaged_build_file_is_one_clear_error(photos: Path, copy: Path) -> None:
    (copy / STORE).write_bytes(b"garbage that is no database at all" * 100)
    with pytest.raises(IndexDamaged, match="in a new folder"):
        build(photos, copy)


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


def test_fifty_kinds_of_damage_are_reported_and_the_good_photos_indexed(
    photos: Path, tmp_path: Path, damaged_photos: dict[str, Path]
) -> None:
    folder = tmp_path / "mixed"
    shutil.copytree(photos, folder / "good")
    (bad := folder / "bad").mkdir()
    for number, path in enumerate(damaged_photos.values()):
        if path.is_file():
            shutil.copy(path, bad / f"{number:03d}{path.suffix}")
    report = build(folder, tmp_path / "places")
    reported = {skipped.path for skipped in report.skipped}
    assert reported == set(bad.resolve().iterdir())
    assert len(reported) >= 50
    assert all(skipped.path.name in skipped.reason for skipped in report.skipped)
    assert report.photos == 10


def test_a_heic_photo_without_its_package_is_reported_with_what_to_install(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(photos, tmp_path / "photos"))
    (folder / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(64))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    report = build(folder, tmp_path / "places")
    assert [skipped.path.name for skipped in report.skipped] == ["phone.heic"]
    assert "pip install 'internvl-vpr[heic]'" in report.skipped[0].reason


# Written by version 0.1.0, when there was no other backbone than RootSIFT.
OLD_MANIFEST = """\
{
  "format": 1,
  "settings": {
    "backbone": {
      "name": "rootsift",
      "longer_side": 240,
      "step": 8,
      "sizes": [
        4.0,
        7.5
      ]
    },
    "clusters": 32,
    "kappa": 30.0,
    "seed": 0,
    "codebook_photos": 64,
    "index_factory": "SQ8"
  },
  "dimension": 4096,
  "codebook_digest": "0000000000000000000000000000000000000000000000000000000000000000",
  "photos": 2,
  "codebook": {
    "name": "codebook-1111111111111111.safetensors",
    "sha256": "1111111111111111111111111111111111111111111111111111111111111111",
    "size": 1
  },
  "places": {
    "name": "places-2222222222222222.sqlite",
    "sha256": "2222222222222222222222222222222222222222222222222222222222222222",
    "size": 2
  },
  "blocks": [
    {
      "name": "block-3333333333333333.faiss",
      "sha256": "3333333333333333333333333333333333333333333333333333333333333333",
      "size": 3,
      "vectors": 2,
      "content": "4444444444444444444444444444444444444444444444444444444444444444"
    }
  ],
  "checksum": "54075cba621a44032cab1aebaf7858cd617fa104cd7c98da311a1d45329f0dda"
}
"""


def test_a_manifest_of_the_first_version_is_read_and_written_byte_for_byte(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(OLD_MANIFEST)
    manifest = read_manifest(tmp_path)
    again = Manifest(
        format=1,
        settings=IndexSettings(backbone=RootSiftSettings(sizes=(4.0, 7.5)), kappa=30.0, index_factory="SQ8"),
        dimension=4096,
        codebook_digest="0" * 64,
        photos=2,
        codebook=IndexFile(name=f"codebook-{'1' * 16}.safetensors", sha256="1" * 64, size=1),
        places=IndexFile(name=f"places-{'2' * 16}.sqlite", sha256="2" * 64, size=2),
        blocks=(Block(name=f"block-{'3' * 16}.faiss", sha256="3" * 64, size=3, vectors=2, content="4" * 64),),
    )
    assert manifest == again.sealed()
    commit(tmp_path, again)
    assert (tmp_path / "manifest.json").read_text() == OLD_MANIFEST


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


def test_settings_of_a_backbone_that_is_unknown_are_refused() -> None:
    with pytest.raises(ValueError, match="tag"):
        IndexSettings.model_validate({"backbone": {"name": "netvlad"}})
    both = IndexSettings.model_validate_json(
        IndexSettings(backbone=Dinov2Settings(source="a/b", weights="0" * 64, layer=3)).model_dump_json()
    )
    assert isinstance(both.backbone, Dinov2Settings)
