"""The queries of a split: which have a positive, and which cannot be used."""

import re
from pathlib import Path

import pytest
from PIL import Image

from internvl_vpr.evals.splits.queries import read_queries
from internvl_vpr.evals.splits.split import Split
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.photo.gallery import Gallery
from internvl_vpr.tools.records import Position


def planar(easting: float, northing: float, zone: str) -> Position:
    return Position(easting=easting, northing=northing, zone=zone)


def test_a_query_without_a_position_has_no_positive(tmp_path: Path) -> None:
    for name in ("@500000@4000000@10@S@.png", "nowhere.png"):
        Image.new("RGB", (20, 20), "red").save(tmp_path / name)
    split = Split("folder", tmp_path, tmp_path, sorted(path.name for path in tmp_path.iterdir()))
    gallery = Gallery([("a.png", planar(500_003, 4_000_004, "10S")), ("b.png", None)])
    queries = {query.name: query.positives for query in read_queries(split, gallery)}
    assert queries == {"@500000@4000000@10@S@.png": ("a.png",), "nowhere.png": ()}
    with pytest.raises(UsageError, match=re.escape("None of the 2 queries of 'folder' has a right reference")):
        read_queries(split, Gallery([("b.png", None)]))


def test_a_photo_that_cannot_be_used_is_a_query_that_says_why(tmp_path: Path) -> None:
    Image.new("RGB", (20, 20), "red").save(tmp_path / "@500000@4000000@10@S@.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff not much")
    split = Split("folder", tmp_path, tmp_path, ["@500000@4000000@10@S@.png", "broken.jpg"])
    broken = read_queries(split, Gallery([("a.png", planar(500_000, 4_000_000, "10S"))]))[1]
    assert broken.error is not None
    assert "damaged" in broken.error
    assert broken.digest is None
