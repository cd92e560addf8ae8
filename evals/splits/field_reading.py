"""How the field's code reads positions: easting and northing as they stand, whatever zone they are said to be in."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from internvl_vpr.tools.photo.gallery import Gallery
from internvl_vpr.tools.photo.image_list import field_images
from internvl_vpr.tools.photo.position import as_it_stands, field_metres
from internvl_vpr.tools.records import Record

from .queries import SplitQuery
from .split import Split


class OtherReading(Record):
    """Queries that have other right references when zones are ignored, their pairs that differ, and the first pair."""

    queries: int
    pairs: int
    query: str
    reference: str

    def in_words(self) -> str:
        """Say it to a person."""
        queries = "1 query" if self.queries == 1 else f"{self.queries} queries"
        pairs = "1 pair" if self.pairs == 1 else f"{self.pairs} pairs"
        return (
            f"The field's code ignores zones, and has other right references for {queries} ({pairs}, the first: "
            f"{self.query!r} and {self.reference!r}); --plane counts as it does."
        )


def other_reading(split: Split, queries: Iterable[SplitQuery], gallery: Callable[[], Gallery]) -> OtherReading | None:
    """Count what the field's reading would change in the positives of a split; None where that is nothing.

    Only photos whose names tell metres count: the field's code cannot read others. `gallery` has our reading.
    """
    if split.rule != "radius" or split.plane:
        return None
    named = [name for name in field_images(split.database) if field_metres(name) is not None]
    asked = [query for query in queries if not query.outside and field_metres(query.name) is not None]
    if len({_zone_fields(name) for name in [*named, *(query.name for query in asked)]}) < 2:
        return None
    found = list(_differing(split, asked, named, gallery()))
    if not found:
        return None
    (query, reference), *_ = found
    return OtherReading(queries=len({one for one, _ in found}), pairs=len(found), query=query, reference=reference)


def _differing(
    split: Split, asked: Sequence[SplitQuery], named: Sequence[str], gallery: Gallery
) -> Iterator[tuple[str, str]]:
    """Yield the pairs of a query and a reference that are within the radius by one of the two readings alone."""
    theirs = Gallery((name, as_it_stands(name, None)) for name in dict.fromkeys(named))
    known = set(theirs.names)
    for query in asked:
        at = as_it_stands(query.name, None)
        mine = gallery.around(query.position, split.radius) if query.position else []
        there = set(theirs.around(at, split.radius)) if at else set()
        yield from ((query.name, name) for name in sorted(there ^ (known & set(mine))))


def _zone_fields(name: str) -> tuple[str, ...]:
    return tuple(field.strip() for field in PurePosixPath(name).name.split("@")[3:5])
