"""Eq. 5: the search of an index of any vectors against a float64 ranking by brute force."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import unit

from internvl_vpr.tools.index.files import IndexSettings
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.index.seal import seal
from internvl_vpr.tools.index.store import BuildStore
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
    np.testing.assert_allclose([candidate.coarse_similarity for candidate in found], by_hand, atol=1e-6)
    numbers = [int(candidate.digest, 16) for candidate in found]
    np.testing.assert_allclose(similarities[numbers], by_hand, atol=1e-6)
    assert len({candidate.reference for candidate in found}) == len(found) == min(k, images * copies)
    assert [candidate.coarse_rank for candidate in found] == list(range(1, len(found) + 1))
    keys = [(-candidate.coarse_similarity, candidate.reference) for candidate in found]
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
