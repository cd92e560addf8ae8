"""The build's own database: for one build at a time, and damage in it is noticed."""

import sqlite3
from pathlib import Path

import pytest
from built_index import build, ranking
from texture import write_textures

from internvl_vpr.tools.errors import IndexBusy, IndexDamaged, PlaceIndexError
from internvl_vpr.tools.index.store import STORE, BuildStore

pytest.importorskip("cv2", reason="needs the extra embedded")


def test_two_builds_at_once_are_refused(photos: Path, copy: Path) -> None:
    with BuildStore(copy), pytest.raises(IndexBusy, match="Another process"):
        build(photos, copy)


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
