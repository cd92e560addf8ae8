"""The splits: what is expected where, both layouts of AmsterTime, SF-XL's list, folders, pairs, the demo town."""

import os
from pathlib import Path

import pytest

from internvl_vpr.evals.splits.layouts import open_split, split_names
from internvl_vpr.evals.splits.queries import read_queries
from internvl_vpr.evals.splits.split import Split, TownSize, Where
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.photo.gallery import Gallery
from internvl_vpr.tools.photo.position import parse_at_name


def touch(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def at_names(count: int) -> list[str]:
    return [f"@{540_000 + 30 * number:010.2f}@4170000.00@10@S@.jpg" for number in range(count)]


def opened(name: str, root: Path | None) -> Split:
    return open_split(name, Where(root))


def test_every_split_is_listed_and_others_are_refused() -> None:
    assert split_names() == [
        "amstertime", "folder", "pairs", "sf-xl-night", "sf-xl-occlusion", "town-long-ago", "town-night",
        "town-occlusion",
    ]  # fmt: skip
    with pytest.raises(UsageError, match="There is no split 'msls': choose one of amstertime, folder"):
        opened("msls", None)
    with pytest.raises(UsageError, match="A radius is 0 metres or more"):
        open_split("folder", Where(Path(), radius=-1))


@pytest.mark.parametrize(
    ("name", "queries", "count"), [("night", "queries_night", 466), ("occlusion", "queries_occlusion", 76)]
)
@pytest.mark.parametrize("below", ["", "processed/test", "test"])
def test_sf_xl_is_found_with_the_list_of_its_database(
    tmp_path: Path, name: str, queries: str, count: int, below: str
) -> None:
    base = tmp_path / below
    touch(base / queries, at_names(count))
    touch(base / "database", ["37.7/@1@2@.jpg", "not-listed.jpg"])
    (base / "database_images_paths.txt").write_text("37.7/@1@2@.jpg\n37.8/@3@4@.jpg\n")
    split = opened(f"sf-xl-{name}", tmp_path)
    assert (split.database, split.queries_folder) == (base / "database", base / queries)
    assert split.listed == ["37.7/@1@2@.jpg", "37.8/@3@4@.jpg"]  # nothing is searched, so the list is believed
    assert len(split.queries) == count
    assert (split.rule, split.radius) == ("radius", 25.0)


def test_an_incomplete_data_set_says_what_is_missing_and_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"needs --root DIR: ask for SF-XL with the form"):
        opened("sf-xl-night", None)
    with pytest.raises(UsageError, match="'database' and 'queries_night' are expected: ask for SF-XL"):
        opened("sf-xl-night", tmp_path)
    touch(tmp_path / "database", ["a.jpg"])
    touch(tmp_path / "queries_night", at_names(465))
    with pytest.raises(UsageError, match=r"has 466 queries, and .* holds 465: .* use the split 'folder'"):
        opened("sf-xl-night", tmp_path)
    touch(tmp_path / "new", ["0001.png"])
    touch(tmp_path / "old", [f"{number:04d}.jpg" for number in range(1, 1232)])
    with pytest.raises(UsageError, match=r"amstertime has 1,231 references, and .* holds 1: get AmsterTime"):
        opened("amstertime", tmp_path)


def test_a_list_that_names_what_is_not_there_is_refused(tmp_path: Path) -> None:
    touch(tmp_path / "database", ["a.jpg"])
    touch(tmp_path / "queries", ["q.jpg"])
    (tmp_path / "database_images_paths.txt").write_text("database/a.jpg\n")
    with pytest.raises(UsageError, match=r"names 'database/a\.jpg', which is not in"):
        opened("folder", tmp_path)


def test_amstertime_as_published_goes_by_name_from_old_to_new(tmp_path: Path) -> None:
    touch(tmp_path / "old", [f"{number:04d}.jpg" for number in range(1, 1232)])
    touch(tmp_path / "new", [f"{number:04d}.png" for number in range(1, 1232)])
    split = opened("amstertime", tmp_path)
    assert (split.rule, split.database.name, split.queries_folder.name) == ("name", "new", "old")
    gallery = Gallery((f"{number:04d}.png", None) for number in range(1, 1232))
    queries = read_queries(split, gallery)
    assert [queries[number].positives for number in (0, 1230)] == [("0001.png",), ("1231.png",)]
    assert "is empty" in (queries[0].error or "")  # these files are no photos, which each of them says


def test_amstertime_as_the_downloader_lays_it_out_goes_by_25_metres(tmp_path: Path) -> None:
    names = [f"@0@{number * 1000}@@@@@{number:04d}@@@@@@@@.jpg" for number in range(1231)]
    for part in ("database", "queries"):
        touch(tmp_path / "images" / "test" / part, names)
    split = opened("amstertime", tmp_path)
    assert split.rule == "radius"
    gallery = Gallery((name, parse_at_name(name)) for name in names)
    for number in (0, 7, 1230):
        position = parse_at_name(names[number])
        assert position is not None
        assert gallery.around(position, split.radius) == [names[number]]


def test_pairs_are_read_from_their_table(tmp_path: Path) -> None:
    touch(tmp_path / "database", ["a.jpg", "b.jpg", "c.jpg"])
    touch(tmp_path / "queries", ["1.jpg", "2.jpg", "3.jpg"])
    (tmp_path / "pairs.csv").write_text("query,reference\n1.jpg,a.jpg\n1.jpg, b.jpg\n\n2.jpg,\n")
    split = opened("pairs", tmp_path)
    assert split.pairs == {"1.jpg": {"a.jpg", "b.jpg"}, "2.jpg": frozenset()}
    assert split.queries == ["1.jpg", "2.jpg"]  # what the table does not name is not asked
    gallery = Gallery((name, None) for name in ("a.jpg", "b.jpg", "c.jpg"))
    assert [query.positives for query in read_queries(split, gallery)] == [("a.jpg", "b.jpg"), ()]
    with pytest.raises(UsageError, match=r"names 1 references that are not in the index of .*, such as 'b.jpg'"):
        read_queries(split, Gallery([("a.jpg", None)]))


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (None, "cannot be read"),
        ("photo,place\n", "must begin with the header query,reference"),
        ("query,reference\n1.jpg\n", "line 2, is not a query and a reference"),
        ("query,reference\n,a.jpg\n", "line 2, is not a query and a reference"),
        ("query,reference\n9.jpg,a.jpg\n", "names 1 queries that are not in .*, such as '9.jpg'"),
    ],
)
def test_a_wrong_table_of_pairs_is_one_clear_sentence(tmp_path: Path, table: str | None, problem: str) -> None:
    touch(tmp_path / "database", ["a.jpg"])
    touch(tmp_path / "queries", ["1.jpg"])
    if table is not None:
        (tmp_path / "pairs.csv").write_text(table)
    with pytest.raises(UsageError, match=problem):
        opened("pairs", tmp_path)


def test_a_town_is_drawn_where_it_is_not_there_with_its_photos_from_outside(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    where = Where(tmp_path / "town", town=TownSize(seed=3, places=4), on_progress=lambda *step: told.append(step))
    split = open_split("town-long-ago", where)
    assert split.queries_folder.name == "queries_long_ago"
    assert (len(split.queries), len(split.outside)) == (4, 1)
    assert split.drawn_by == "demo town 1, seed 3, 4 places"
    assert told[-1] == ("drawing the town", 17 + 8, 17 + 8)
    assert set(split.folders()) == {"database", "queries", "outside"}


def test_empty_folders_are_refused(tmp_path: Path) -> None:
    touch(tmp_path / "database", ["a.jpg"])
    touch(tmp_path / "queries", [])
    with pytest.raises(UsageError, match="holds no photo"):
        opened("folder", tmp_path)


@pytest.mark.parametrize("name", [b"no utf-8 \xff.jpg", b"two\nlines.jpg", b"escape \x1b[2J.jpg"])
def test_names_that_no_record_can_hold_are_refused(tmp_path: Path, name: bytes) -> None:
    touch(tmp_path / "database", ["a.jpg"])
    touch(tmp_path / "queries", ["q.jpg"])
    (tmp_path / "queries" / os.fsdecode(name)).touch()
    with pytest.raises(UsageError, match="cannot be stored: rename it"):
        opened("folder", tmp_path)
