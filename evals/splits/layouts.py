"""How each benchmark lies on the disk: SF-XL, AmsterTime in both its layouts, folders, pairs, the demo town."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.photo.image_list import listed_images
from internvl_vpr.tools.photo.photo import find_photos

from ..town.town import QUERIES, VERSION, build_town
from .split import Split, Where

# Where a data set's `database` may be below the folder that is named, as its own downloads and tools leave it.
_BELOW = ("", "processed/test", "test", "images/test")
_SF_XL = {"sf-xl-night": ("queries_night", 466), "sf-xl-occlusion": ("queries_occlusion", 76)}
_SF_XL_FROM = (
    "ask for SF-XL with the form at github.com/gmberton/CosPlace, and copy processed/test/database, "
    "database_images_paths.txt and {queries}"
)
_AMSTERTIME_PAIRS = 1231
_AMSTERTIME_FROM = (
    "get AmsterTime as github.com/seyrankhademi/AmsterTime says, which holds new/0001.png … and old/0001.jpg …, "
    "or let VPR-datasets-downloader lay it out"
)
_DEMO_TOWN = Path("demo-town/town")
PAIRS_FILE = "pairs.csv"


def sf_xl(name: str, where: Where) -> Split:
    """SF-XL's test: one database of 2.8 million photos, named by a list, and the queries of one condition."""
    queries, count = _SF_XL[name]
    how = _SF_XL_FROM.format(queries=queries)
    root = _root(name, where, how)
    base = _base(root, (queries,), name, how)
    split = _at_folders(name, where, base / "database", base / queries)
    _check_count(split, count, base / queries, how)
    return split


def amstertime(name: str, where: Where) -> Split:
    """AmsterTime from old to new, as the field uses it: the published pair of folders, or '@' names."""
    root = _root(name, where, _AMSTERTIME_FROM)
    if (root / "old").is_dir() and (root / "new").is_dir():
        split = replace(_at_folders(name, where, root / "new", root / "old"), rule="name")
    else:
        base = _base(root, ("queries",), name, _AMSTERTIME_FROM)
        split = _at_folders(name, where, base / "database", base / "queries")
    _check_count(split, _AMSTERTIME_PAIRS, split.queries_folder, _AMSTERTIME_FROM)
    references = len(split.listed) if split.listed is not None else len(find_photos(split.database))
    if references != _AMSTERTIME_PAIRS:
        raise UsageError(
            f"{name} has {_AMSTERTIME_PAIRS:,} references, and {str(split.database)!r} holds {references:,}: "
            f"{_AMSTERTIME_FROM}."
        )
    return split


def folder(name: str, where: Where) -> Split:
    """Your own photos in `database` and `queries`, with positions in '@' names or EXIF."""
    how = "put the photos of the map into 'database' and those to ask for into 'queries'"
    base = _base(_root(name, where, how), ("queries",), name, how)
    return _at_folders(name, where, base / "database", base / "queries")


def pairs(name: str, where: Where) -> Split:
    """Photos in `database` and `queries`, and a table beside them of what is right for each query."""
    how = f"put the photos into 'database' and 'queries', and beside them {PAIRS_FILE} with the header query,reference"
    base = _base(_root(name, where, how), ("queries",), name, how)
    table = _read_pairs(base / PAIRS_FILE)
    split = _at_folders(name, where, base / "database", base / "queries")
    if unknown := sorted(table.keys() - set(split.queries)):
        raise UsageError(
            f"The table {str(base / PAIRS_FILE)!r} names {len(unknown)} queries that are not in "
            f"{str(base / 'queries')!r}, such as {unknown[0]!r}: correct the table or add the photos."
        )
    return replace(split, rule="pairs", pairs=table, queries=[query for query in split.queries if query in table])


def town(name: str, where: Where) -> Split:
    """One set of queries of the demo town, which is drawn where it is not there yet, and its photos from outside."""
    condition = next(query for query in QUERIES if name == f"town-{query.replace('_', '-')}")
    root, size = town_root(where), where.town
    there = build_town(root, seed=size.seed, places=size.places, on_progress=where.on_progress)
    with_outside = replace(where, outside=where.outside or there.unknown)
    split = _at_folders(name, with_outside, there.database, there.queries[condition])
    return replace(split, drawn_by=f"demo town {VERSION}, seed {size.seed}, {size.places} places")


def town_root(where: Where) -> Path:
    """Return the folder of the demo town that is meant."""
    return where.root or _DEMO_TOWN


def _at_folders(name: str, where: Where, database: Path, queries: Path) -> Split:
    return Split(
        name=name,
        database=database,
        queries_folder=queries,
        queries=_listed(queries) or _found(queries),
        listed=_listed(database),
        radius=where.radius,
        plane=where.plane,
        outside_folder=where.outside,
        outside=_found(where.outside) if where.outside else (),
    )


def _found(folder: Path) -> list[str]:
    found = [path.relative_to(folder).as_posix() for path in find_photos(folder)]
    if not found:
        raise UsageError(f"The folder {str(folder)!r} holds no photo: name one that does.")
    for name in found:
        if not name.isprintable():  # also where it is no UTF-8, which no record could hold
            raise UsageError(f"The name of the photo {name!r} in {str(folder)!r} cannot be stored: rename it.")
    return found


def _listed(folder: Path) -> list[str] | None:
    """The photos that the folder's list names, so that nothing is searched; in its order, each once."""
    names = listed_images(folder)
    return None if names is None else list(dict.fromkeys(names))


def _root(name: str, where: Where, how: str) -> Path:
    if where.root is None:
        raise UsageError(f"The split {name!r} needs --root DIR: {how}.")
    return where.root


def _base(root: Path, queries: tuple[str, ...], name: str, how: str) -> Path:
    """The folder that holds `database` and the queries."""
    for below in _BELOW:
        base = root / below
        if all((base / part).is_dir() for part in ("database", *queries)):
            return base
    raise UsageError(f"{name} is not below {str(root)!r}, where 'database' and {queries[0]!r} are expected: {how}.")


def _check_count(split: Split, count: int, folder: Path, how: str) -> None:
    if len(split.queries) != count:
        raise UsageError(
            f"{split.name} has {count:,} queries, and {str(folder)!r} holds {len(split.queries):,}: {how}; "
            "for a part of it use the split 'folder'."
        )


def _read_pairs(path: Path) -> dict[str, frozenset[str]]:
    """Read a table of pairs, one a line; an empty reference means that the query has no right one."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _parse_pairs(path, csv.reader(file, skipinitialspace=True, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(
            f"The table {str(path)!r} cannot be read ({error}): write one with the header query,reference."
        ) from error


def _parse_pairs(path: Path, rows: Iterator[list[str]]) -> dict[str, frozenset[str]]:
    if [cell.strip() for cell in next(rows, [])] != ["query", "reference"]:
        raise UsageError(f"The table {str(path)!r} must begin with the header query,reference.")
    found: dict[str, set[str]] = {}
    for number, row in enumerate(rows, start=2):
        if not any(row):
            continue
        if len(row) != 2 or not row[0].strip():
            raise UsageError(f"The table {str(path)!r}, line {number}, is not a query and a reference: correct it.")
        query, reference = (cell.strip() for cell in row)
        found.setdefault(query, set()).update({reference} if reference else ())
    return {query: frozenset(references) for query, references in found.items()}


Layout = Callable[[str, Where], Split]


def split_names() -> list[str]:
    """Return the names of all splits."""
    return sorted(_layouts())


def open_split(name: str, where: Where) -> Split:
    """Find a split's photos; raises `UsageError` that says what is expected where, and how to get it."""
    layout = _layouts().get(name)
    if layout is None:
        raise UsageError(f"There is no split {name!r}: choose one of {', '.join(split_names())}.")
    if where.radius < 0:
        raise UsageError(f"A radius is 0 metres or more, not {where.radius:g}.")
    return layout(name, where)


def _layouts() -> dict[str, Layout]:
    return {
        "sf-xl-night": sf_xl,
        "sf-xl-occlusion": sf_xl,
        "amstertime": amstertime,
        "folder": folder,
        "pairs": pairs,
        "town-night": town,
        "town-occlusion": town,
        "town-long-ago": town,
    }
