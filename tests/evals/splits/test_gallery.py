"""Recall on given descriptors agrees with the field's protocol: what is a positive, what counts, what does not."""

import math
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.evals.measures.recall import first_positive_rank, recall_at
from internvl_vpr.tools.index.files import IndexSettings
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.index.seal import seal
from internvl_vpr.tools.index.store import BuildStore
from internvl_vpr.tools.photo.gallery import Gallery
from internvl_vpr.tools.photo.position import from_degrees, from_metres
from internvl_vpr.tools.records import Photo, Position

Coordinates = list[tuple[float, float]]
NEAR = st.lists(st.tuples(st.integers(0, 120), st.integers(0, 120)), min_size=1, max_size=40)


def planar(easting: float, northing: float, zone: str | None = None) -> Position:
    return Position(easting=easting, northing=northing, zone=zone)


def around(references: dict[str, Position | None], query: Position, radius: float = 25.0) -> list[str]:
    return Gallery(references.items()).around(query, radius)


def test_25_metres_are_in_and_a_hair_more_is_out() -> None:
    references = {"at": planar(500_025, 0), "slanting": planar(500_015, 20), "beyond": planar(500_025.01, 0)}
    assert around({**references}, planar(500_000, 0)) == ["at", "slanting"]


def test_zones_are_never_mixed() -> None:
    here = from_metres(500_000, 4_000_000, "10S")
    references = {
        "same": from_metres(500_010, 4_000_000, "10S"), "other": from_metres(500_010, 4_000_000, "11S"),
        "south": planar(500_010, 4_000_000, "10H"), "no zone": planar(500_010, 4_000_000), "nowhere": None,
    }  # fmt: skip
    assert around(references, here) == ["same"]
    assert around(references, planar(500_000, 4_000_000)) == ["no zone"]


def test_a_place_across_the_border_of_two_zones_is_near_by_its_degrees() -> None:
    west, east = from_degrees(50.0, 11.9999), from_degrees(50.0, 12.0001)  # 14.3 m apart
    assert (west.zone, east.zone) == ("32U", "33U")
    assert around({"east": east}, west) == ["east"]
    assert around({"east": east}, west, radius=14.0) == []


@given(references=NEAR, query=st.tuples(st.integers(0, 120), st.integers(0, 120)), radius=st.integers(0, 60))
def test_positives_are_those_of_a_plain_search(references: Coordinates, query: tuple[int, int], radius: int) -> None:
    named = {str(number): planar(500_000 + x, 4_000_000 + y, "10S") for number, (x, y) in enumerate(references)}
    at = planar(500_000 + query[0], 4_000_000 + query[1], "10S")
    expected = [
        str(number) for number, (x, y) in enumerate(references)
        if (x - query[0]) ** 2 + (y - query[1]) ** 2 <= radius**2
    ]  # fmt: skip
    assert around({**named}, at, radius) == expected


def field_recalls(
    references: np.ndarray, queries: np.ndarray, at: np.ndarray, asked_at: np.ndarray, ks: list[int]
) -> list[float]:
    """What VPR-methods-evaluation computes, in percent: exact L2 search, 25 m inclusive, all queries counted."""
    index = faiss.IndexFlatL2(references.shape[1])
    index.add(references)
    _, predictions = index.search(queries, max(ks))
    recalls = np.zeros(len(ks))
    for query, row in enumerate(predictions):
        positives = np.flatnonzero(np.hypot(*(at - asked_at[query]).T) <= 25)
        for i, k in enumerate(ks):
            if np.any(np.isin(row[:k], positives)):
                recalls[i:] += 1
                break
    return list(recalls / len(queries) * 100)


def our_recalls(
    folder: Path, references: np.ndarray, queries: np.ndarray, at: np.ndarray, asked_at: np.ndarray, ks: list[int]
) -> list[float]:
    """The same from our index and our positives."""
    with BuildStore(folder) as store:
        for number, (vector, place) in enumerate(zip(references, at, strict=True)):
            digest = f"{number:064x}"
            photo = Photo(
                path=Path("x"), digest=digest, width=14, height=14, position=planar(place[0], place[1], "10S")
            )
            store.put_photo("/photos", f"{number:03d}.jpg", photo, (1, 1), 1)
            store.put_vector(digest, vector)
        seal(folder, store, IndexSettings(clusters=1), np.ones((1, references.shape[1]), dtype=np.float32))
    index = PlaceIndex.open(folder)
    gallery = Gallery((photo.reference, photo.position) for photo in index.photos())
    ranks = [
        first_positive_rank(
            [candidate.reference for candidate in index.search(vector, max(ks))],
            set(gallery.around(planar(place[0], place[1], "10S"), 25.0)),
        )
        for vector, place in zip(queries, asked_at, strict=True)
    ]
    index.close()
    counts = [recall_at(ranks, k) for k in ks]
    return [100 * right / asked for right, asked in counts]


@pytest.mark.parametrize("references", [3, 60])
def test_recall_on_given_descriptors_is_the_fields_own(tmp_path: Path, references: int) -> None:
    """With 3 references there are fewer than K; some queries have no positive at all."""
    rng = np.random.default_rng(references)
    vectors = rng.normal(size=(references, 8))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    at = rng.uniform(0, 200, size=(references, 2)) + np.array([500_000, 4_000_000])
    near = rng.integers(0, references, size=40)
    asked = vectors[near] + 0.4 * rng.normal(size=(40, 8))
    asked = (asked / np.linalg.norm(asked, axis=1, keepdims=True)).astype(np.float32)
    asked_at = at[near] + rng.normal(size=(40, 2), scale=15)
    arrays = (vectors, asked, at, asked_at)
    ours = our_recalls(tmp_path, *arrays, [1, 5, 10, 20])
    assert ours == pytest.approx(field_recalls(*arrays, [1, 5, 10, 20]))
    assert 0 < ours[0] < 100


def test_equally_similar_references_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    same = np.tile(np.array([0.6, 0.8], dtype=np.float32), (4, 1))
    at = np.array([[500_000.0 + 100 * i, 4_000_000.0] for i in range(4)])
    arrays = (same, same[:1], at, at[2:3])
    assert our_recalls(tmp_path, *arrays, [1, 2, 3, 4]) == [0.0, 0.0, 100.0, 100.0]


@given(coordinates=st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 2)), min_size=4, max_size=4))
def test_what_distance_says_decides(coordinates: list[float]) -> None:
    a, b = (coordinates[0], coordinates[1]), (coordinates[2], coordinates[3])
    apart = math.dist(a, b)
    assert around({"b": planar(*b)}, planar(*a), radius=apart) == ["b"]
    assert around({"b": planar(*b)}, planar(*a), radius=math.nextafter(apart, -1) if apart else -1.0) == []
