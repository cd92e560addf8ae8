"""The queries of a split, each with the references that are right for it."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

from internvl_vpr.tools.errors import PackageMissing, PhotoError, PositionError, UsageError
from internvl_vpr.tools.index.bounded_map import bounded_map
from internvl_vpr.tools.photo.gallery import Gallery
from internvl_vpr.tools.photo.photo import open_photo
from internvl_vpr.tools.photo.position import as_it_stands, parse_at_name
from internvl_vpr.tools.records import Position

from .split import Split


@dataclass(frozen=True)
class SplitQuery:
    """A photo to locate; `error` says why it cannot be used. `outside`: no reference shows its place."""

    name: str
    path: Path
    outside: bool = False
    digest: str | None = None
    position: Position | None = None
    positives: tuple[str, ...] = ()
    error: str | None = None


Copies = Callable[[str], Collection[str]]  # the references that have the bytes of a digest


def read_queries(
    split: Split,
    gallery: Gallery,
    limit: int | None = None,
    copies: Copies | None = None,
    opened: Callable[[SplitQuery], SplitQuery] | None = None,
) -> list[SplitQuery]:
    """Open the queries, at most the first `limit` of them and of those from outside, and find their positives.

    A query that is itself in the map is no positive of its own, and neither are its copies, where `copies` names them:
    they are never among its candidates. `opened` opens a query in another way. Raises `UsageError` when no query has a
    positive, because nothing could be measured.
    """
    opened = opened or partial(_opened, plane=split.plane)
    inside = [SplitQuery(name, split.queries_folder / name) for name in split.queries[:limit]]
    outer = split.outside_folder or split.queries_folder
    outside = [SplitQuery(name, outer / name, outside=True) for name in split.outside[:limit]]
    positives = _positives(split, gallery)
    queries = [_with_positives(query, positives(query), copies) for query in bounded_map(opened, inside)]
    if not any(query.positives for query in queries):
        raise UsageError(
            f"None of the {len(queries)} queries of {split.name!r} has a right reference in {str(split.database)!r}: "
            "check the two folders, and that both sides have positions in zones that fit them, or use --plane."
        )
    return [*queries, *bounded_map(opened, outside)]


def _with_positives(query: SplitQuery, positives: Sequence[str], copies: Copies | None) -> SplitQuery:
    itself = set(copies(query.digest)) if copies and query.digest else set()
    return replace(query, positives=tuple(name for name in positives if name not in itself))


def queries_digest(queries: Sequence[SplitQuery], *, drawn_by: str | None) -> str:
    """Return one SHA-256 over names, bytes, positions and positives; see `gallery.references_digests`."""
    digest = hashlib.sha256(f"{drawn_by}\n".encode())
    for query in queries:
        content = "" if drawn_by else query.digest or ""
        place = query.position.model_dump_json() if query.position else ""
        digest.update(f"{query.outside}\0{query.name}\0{content}\0{place}\0{chr(0).join(query.positives)}\n".encode())
    return digest.hexdigest()


def _opened(query: SplitQuery, *, plane: bool) -> SplitQuery:
    try:
        photo = open_photo(query.path, position_in_plane(query.name) if plane else None)
    except (PhotoError, PositionError, PackageMissing) as error:
        return replace(query, error=str(error))
    return replace(query, digest=photo.digest, position=photo.position)


def position_in_plane(name: str) -> Position | None:
    """Return the metres of a photo's name where only the field's reading gives any, as with a zone that is wrong.

    None for all other names: they have a position, or none.
    """
    try:
        parse_at_name(PurePosixPath(name).name)
    except PositionError:
        return as_it_stands(name, None)
    return None


def _positives(split: Split, gallery: Gallery) -> Callable[[SplitQuery], tuple[str, ...]]:
    """Return what finds a query's positives by the split's rule."""
    if split.rule == "pairs":
        return _by_pairs(split, gallery)
    if split.rule == "name":
        return _by_name(gallery)

    def around(query: SplitQuery) -> tuple[str, ...]:
        position = as_it_stands(query.name, query.position) if split.plane else query.position
        return tuple(gallery.around(position, split.radius)) if position else ()

    return around


def _by_name(gallery: Gallery) -> Callable[[SplitQuery], tuple[str, ...]]:
    named: dict[str, list[str]] = defaultdict(list)
    for name in gallery.names:
        named[_stem(name)].append(name)
    return lambda query: tuple(named.get(_stem(query.name), ()))


def _by_pairs(split: Split, gallery: Gallery) -> Callable[[SplitQuery], tuple[str, ...]]:
    pairs, known = split.pairs or {}, set(gallery.names)
    missing = sorted({reference for references in pairs.values() for reference in references} - known)
    if missing:
        raise UsageError(
            f"The table of pairs names {len(missing)} references that are not in the index of "
            f"{str(split.database)!r}, such as {missing[0]!r}: correct the table or add the photos."
        )
    return lambda query: tuple(sorted(pairs.get(query.name, ())))


def _stem(name: str) -> str:
    return PurePosixPath(name).with_suffix("").as_posix()


def without_positives(queries: Sequence[SplitQuery]) -> Iterator[SplitQuery]:
    """Yield the queries that no reference is right for; they stay in the denominator, as the field has it."""
    return (query for query in queries if not query.outside and not query.positives)
