"""Eq. 5: the search of an index of any vectors against a float64 ranking by brute force."""

import math
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from built_index import SETTINGS, build, retrieve
from hypothesis import given, settings
from hypothesis import strategies as st
from texture import write_textures
from vectors import unit

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.features.backbone import extract_photo, open_backbone
from internvl_vpr.tools.features.vlad import aggregate
from internvl_vpr.tools.index.files import IndexFile, IndexSettings, read_manifest
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.index.seal import seal
from internvl_vpr.tools.index.store import BuildStore
from internvl_vpr.tools.photo.photo import find_photos, open_photo
from internvl_vpr.tools.records import Photo, Position


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), images=st.integers(1, 30), k=st.integers(1, 40), copies=st.integers(1, 3))
def test_the_k_largest_inner_products_are_found(
    tmp_path_factory: pytest.TempPathFactory, seed: int, images: int, k: int, copies: int
) -> None:
    rng = np.random.default_rng(seed)
    vectors = unit(rng.normal(size=(images, 6)))
    vectors[rng.integers(images)] = vectors[0]  # a tie between two images, unless it is the same one
    folder = tmp_path_factory.mktemp("index")
    with BuildStore(folder) as store:
        for number, vector in enumerate(vectors):
            for copy in range(copies):
                photo = Photo(path=Path("x"), digest=f"{number:064x}", width=14, height=14)
                store.put_photo("/photos", f"{copy}/{number:02d}.jpg", photo, (1, 1), 1)
            store.put_vector(f"{number:064x}", vector)
        seal(folder, store, IndexSettings(clusters=2), unit(rng.normal(size=(2, 3))))
    query = unit(rng.normal(size=(1, 6)))[0]
    index = PlaceIndex.open(folder)
    found = index.search(query, k)
    index.close()

    similarities = vectors.astype(np.float64) @ query.astype(np.float64)
    by_hand = np.sort(np.repeat(similarities, copies))[::-1][:k]
    np.testing.assert_allclose([candidate.coarse_similarity for candidate in found], by_hand, rtol=0, atol=5.1e-6)
    numbers = [int(candidate.digest, 16) for candidate in found]
    np.testing.assert_allclose(similarities[numbers], by_hand, rtol=0, atol=1.01e-5)
    assert len({candidate.reference for candidate in found}) == len(found) == min(k, images * copies)
    assert [candidate.coarse_rank for candidate in found] == list(range(1, len(found) + 1))
    keys = [(-candidate.coarse_similarity, candidate.reference) for candidate in found]
    assert keys == sorted(keys)


def index_of(folder: Path, vectors: Floats, factory: str = "Flat") -> PlaceIndex:
    """An index of photos with these vectors, named in the opposite order, so that ids and names disagree."""
    with BuildStore(folder) as store:
        for number, vector in enumerate(vectors):
            photo = Photo(path=Path("x"), digest=f"{number:064x}", width=14, height=14)
            store.put_photo("/photos", f"{len(vectors) - number:03d}.jpg", photo, (1, 1), 1)
            store.put_vector(f"{number:064x}", vector)
        seal(folder, store, IndexSettings(clusters=1, index_factory=factory), vectors[:1].astype(np.float32))
    return PlaceIndex.open(folder)


def test_threads_that_search_at_once_all_find_what_one_alone_finds(tmp_path: Path) -> None:
    before = sys.getswitchinterval()
    vectors = unit(np.random.default_rng(0).normal(size=(60, 4)))
    with closing(index_of(tmp_path, vectors)) as index, ThreadPoolExecutor(4) as threads:
        alone = index.search(vectors[0], 60)
        sys.setswitchinterval(1e-6)  # so that they are within one another's reading
        try:
            found = list(threads.map(lambda _: index.search(vectors[0], 60), range(200)))
        finally:
            sys.setswitchinterval(before)
    assert len(alone) == 60
    assert [one for one in found if one != alone] == []


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), images=st.integers(2, 120), k=st.integers(1, 60))
def test_ties_to_five_decimals_go_by_reference_also_where_the_list_is_cut(
    tmp_path_factory: pytest.TempPathFactory, seed: int, images: int, k: int
) -> None:
    rng = np.random.default_rng(seed)
    query = unit(rng.normal(size=(1, 8)))[0]
    # Groups whose similarities differ in the sixth decimal and beyond, as float32 sums of different processors do.
    base = unit(rng.normal(size=(4, 8)))[rng.integers(4, size=images)]
    vectors = unit(base + 3e-6 * rng.normal(size=base.shape)).astype(np.float32)
    index = index_of(tmp_path_factory.mktemp("index"), vectors)
    found = [(one.coarse_similarity, one.reference) for one in index.search(query, k)]
    index.close()

    exact = [math.fsum(float(a) * float(b) for a, b in zip(vector, query, strict=True)) for vector in vectors]
    named = [(round(one, 5), f"{images - number:03d}.jpg") for number, one in enumerate(exact)]
    assert found == sorted(named, key=lambda pair: (-pair[0], pair[1]))[:k]


def test_an_index_of_codes_tells_five_decimals_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    vectors = unit(rng.normal(size=(300, 8))).astype(np.float32)
    index = index_of(tmp_path, vectors, "PQ4x4")
    found = index.search(vectors[5], 20)
    index.close()
    assert len(found) == 20
    assert [one.coarse_similarity for one in found] == [round(one.coarse_similarity, 5) for one in found]
    keys = [(-one.coarse_similarity, one.reference) for one in found]
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    "position",
    [
        None,
        Position(latitude=1.5, longitude=-2),
        Position(easting=3, northing=4),
        Position(easting=3, northing=4, zone="33U"),
    ],
)
def test_positions_of_every_kind_come_back_as_they_were(tmp_path: Path, position: Position | None) -> None:
    with BuildStore(tmp_path) as store:
        photo = Photo(path=Path("x"), digest="0" * 64, width=14, height=14, position=position)
        store.put_photo("/photos", "a.jpg", photo, (1, 1), 1)
        store.put_vector("0" * 64, np.array([1.0, 0.0]))
        seal(tmp_path, store, IndexSettings(clusters=1), np.array([[1.0, 0.0]]))
    index = PlaceIndex.open(tmp_path)
    (found,) = index.photos()
    index.close()
    assert (found.position, found.path) == (position, Path("/photos/a.jpg"))


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


def test_fewer_photos_than_k_are_all_returned(photos: Path, places: Path) -> None:
    assert len(retrieve(find_photos(photos)[0], places, k=100)) == 10


def test_an_inverted_index_finds_k_photos_too(photos: Path, copy: Path) -> None:
    build(photos, copy, SETTINGS.model_copy(update={"index_factory": "IVF2,Flat"}))
    assert len(retrieve(find_photos(photos)[0], copy, k=10)) == 10


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
