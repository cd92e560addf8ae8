"""The queries of a split: which have a positive, and which cannot be used."""

import hashlib
import re
from pathlib import Path

import pytest
from PIL import Image

from internvl_vpr.evals.splits.queries import read_queries, without_positives
from internvl_vpr.evals.splits.split import Rule, Split
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


@pytest.mark.parametrize("rule", ["radius", "name", "pairs"])
def test_a_query_that_is_in_the_map_is_no_positive_of_itself(tmp_path: Path, rule: Rule) -> None:
    names = ["@500000@4000000@10@S@.png", "@500500@4000000@10@S@.png"]
    for name, colour in zip(names, ("red", "blue"), strict=True):
        Image.new("RGB", (20, 20), colour).save(tmp_path / name)
    there = {hashlib.sha256((tmp_path / names[0]).read_bytes()).hexdigest(): [names[0], "copy.png"]}
    gallery = Gallery([
        (names[0], planar(500_000, 4_000_000, "10S")), ("copy.png", planar(500_001, 4_000_000, "10S")),
        (names[1], planar(500_500, 4_000_000, "10S")),
    ])  # fmt: skip
    pairs = {names[0]: frozenset([names[0], "copy.png"]), names[1]: frozenset([names[1]])}
    split = Split("folder", tmp_path, tmp_path, names, rule=rule, pairs=pairs)
    queries = read_queries(split, gallery, copies=lambda digest: there.get(digest, []))
    assert [query.positives for query in queries] == [(), (names[1],)]
    assert [query.name for query in without_positives(queries)] == [names[0]]
    assert all(query.positives for query in read_queries(split, gallery))
