"""Keypoints are kept, bounded and shared by processes; where they cannot be kept, nothing stops."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.tools.features.keypoints import Keypoints
from internvl_vpr.tools.index.keypoint_store import KEYPOINTS, KeypointStore, as_stored

EXTRACTOR = "test/1"
POINTS = 50
TAKEN = POINTS * (2 * 4 + 64 * 2)  # bytes of one image's arrays


def keypoints(seed: int, points: int = POINTS) -> Keypoints:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(points, 64))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return Keypoints(rng.uniform(0, 640, (points, 2)).astype(np.float32), (640, 448), rows.astype(np.float32))


def digest(number: int) -> str:
    return f"{number:064x}"


def same(a: Keypoints, b: Keypoints) -> bool:
    return (
        a.size == b.size and np.array_equal(a.points, b.points) and np.array_equal(a.descriptors, b.descriptors)
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[KeypointStore]:
    with closing(KeypointStore(tmp_path)) as store:
        yield store


@pytest.mark.parametrize("points", [0, 1, 1024])
def test_keypoints_come_back_as_they_are_stored(store: KeypointStore, tmp_path: Path, points: int) -> None:
    given_ = keypoints(0, points)
    assert store.put(digest(0), EXTRACTOR, given_)
    with closing(KeypointStore(tmp_path)) as another:
        for found in (store.get(digest(0), EXTRACTOR), another.get(digest(0), EXTRACTOR)):
            assert found is not None
            assert same(found, as_stored(given_))
            np.testing.assert_allclose(found.descriptors, given_.descriptors, atol=2**-11)
            assert {found.points.dtype, found.descriptors.dtype} == {np.dtype(np.float32)}


def test_what_is_rounded_once_stays_as_it_is() -> None:
    once = as_stored(keypoints(0))
    assert same(as_stored(once), once)


def test_every_part_of_the_key_counts(store: KeypointStore) -> None:
    store.put(digest(0), EXTRACTOR, keypoints(0))
    assert store.get(digest(1), EXTRACTOR) is None
    assert store.get(digest(0), "test/2") is None
    assert store.kept([digest(0), digest(1)], EXTRACTOR) == {digest(0)}
    assert store.kept([digest(0)], "test/2") == set()


def test_thousands_of_images_are_looked_up_at_once(store: KeypointStore) -> None:
    for number in range(0, 1200, 100):
        store.put(digest(number), EXTRACTOR, keypoints(number, 1))
    found = store.kept([digest(number) for number in range(1200)], EXTRACTOR)
    assert found == {digest(number) for number in range(0, 1200, 100)}


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=40))
def test_the_bound_holds_and_those_not_used_for_longest_leave(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bool, int]]
) -> None:
    """The same steps on a plain list, whose last is the one used last, say what is kept."""
    folder = tmp_path_factory.mktemp("map")
    bound = 4 * (TAKEN + 1000)  # room for four images, but not for five
    kept: list[int] = []
    with closing(KeypointStore(folder, bound)) as store:
        for puts, number in steps:
            if puts:
                store.put(digest(number), EXTRACTOR, keypoints(number))
            found = store.get(digest(number), EXTRACTOR)
            assert (found is not None) == (puts or number in kept)
            if puts or number in kept:
                kept = [*(other for other in kept if other != number), number][-4:]
            assert store.kept([digest(n) for n in range(10)], EXTRACTOR) == {digest(n) for n in kept}
            assert (store.bytes_left() == bound) == (not kept)


def test_the_file_grows_no_further_than_its_bound(tmp_path: Path) -> None:
    with closing(KeypointStore(tmp_path, 20 * TAKEN)) as store:
        for number in range(200):
            store.put(digest(number), EXTRACTOR, keypoints(number))
    assert (tmp_path / KEYPOINTS).stat().st_size < 30 * TAKEN


def test_what_is_larger_than_the_bound_is_not_kept(tmp_path: Path) -> None:
    with closing(KeypointStore(tmp_path, TAKEN // 2)) as store:
        store.put(digest(0), EXTRACTOR, keypoints(0))
        assert store.get(digest(0), EXTRACTOR) is None


def test_a_folder_that_cannot_be_written_keeps_nothing_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with closing(KeypointStore(tmp_path / "file")) as store:
        assert store.put(digest(0), EXTRACTOR, keypoints(0)) is False
        assert store.get(digest(0), EXTRACTOR) is None
        assert store.kept([digest(0)], EXTRACTOR) == set()
        assert store.bytes_left() == 0


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everything")
def test_a_prepared_map_that_cannot_be_written_is_read(store: KeypointStore, tmp_path: Path) -> None:
    store.put(digest(0), EXTRACTOR, keypoints(0))
    store.close()
    (tmp_path / KEYPOINTS).chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        with closing(KeypointStore(tmp_path)) as locked:
            assert locked.get(digest(0), EXTRACTOR)
            assert locked.put(digest(1), EXTRACTOR, keypoints(1)) is False
            assert locked.bytes_left() == 0
    finally:
        tmp_path.chmod(0o755)


@pytest.mark.parametrize(
    "content", [b"no database, and long enough to be taken for one " * 90, b"SQLite format 3\0" * 9]
)
def test_a_damaged_file_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEYPOINTS).write_bytes(content)
    with closing(KeypointStore(tmp_path)) as store:
        assert store.get(digest(0), EXTRACTOR) is None
        assert store.put(digest(0), EXTRACTOR, keypoints(0))
        assert store.get(digest(0), EXTRACTOR)


def test_a_file_that_is_damaged_within_never_gives_other_keypoints(tmp_path: Path) -> None:
    with closing(KeypointStore(tmp_path)) as store:
        for number in range(30):
            store.put(digest(number), EXTRACTOR, keypoints(number))
    path = tmp_path / KEYPOINTS
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(20):
        damaged = bytearray(whole)
        start = int(rng.integers(100, len(whole) - 3000))
        damaged[start : start + 3000] = rng.bytes(3000)
        path.write_bytes(damaged)
        with closing(KeypointStore(tmp_path)) as store:
            for number in range(30):
                found = store.get(digest(number), EXTRACTOR)
                assert found is None or same(found, as_stored(keypoints(number)))
            assert store.put(digest(99), EXTRACTOR, keypoints(99)) in (True, False)


def test_a_damaged_row_is_replaced(store: KeypointStore, tmp_path: Path) -> None:
    store.put(digest(0), EXTRACTOR, keypoints(0))
    with closing(sqlite3.connect(tmp_path / KEYPOINTS)) as database, database:
        database.execute("UPDATE keypoints SET descriptors = zeroblob(length(descriptors))")
    assert store.get(digest(0), EXTRACTOR) is None
    store.put(digest(0), EXTRACTOR, keypoints(0))
    assert store.get(digest(0), EXTRACTOR)


WRITER = """
import sys
from pathlib import Path
import numpy as np
from internvl_vpr.tools.features.keypoints import Keypoints
from internvl_vpr.tools.index.keypoint_store import KeypointStore

store = KeypointStore(Path(sys.argv[1]), 40 * 7056)
for number in range(int(sys.argv[2]), 200, 2):
    rows = np.full((50, 64), number / 200, np.float32)
    assert store.put(f"{number:064x}", "test/1", Keypoints(np.zeros((50, 2), np.float32), (64, 64), rows))
    found = store.get(f"{number:064x}", "test/1")
    assert found is None or abs(found.descriptors[0, 0] - number / 200) < 1e-3
store.close()
"""


def test_two_processes_share_a_store_and_its_bound(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [subprocess.Popen([*command, str(start)]) for start in (0, 1)]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    with closing(KeypointStore(tmp_path, 40 * 7056)) as store:
        kept = store.kept([digest(number) for number in range(200)], EXTRACTOR)
        assert len(kept) == 40
        assert store.get(max(kept), EXTRACTOR)
