"""The queries of two runs in pairs; runs of other splits or maps are refused."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from internvl_vpr.tools.errors import UsageError

from ..runs.folder import Run
from ..runs.records import Result, SplitInfo


@dataclass(frozen=True)
class PairedQuery:
    """One query in two runs."""

    a: Result
    b: Result


@dataclass(frozen=True)
class PairedSplit:
    """A split in two runs; `everything` has the pairs from outside the map, too."""

    name: str
    a: Run
    b: Run
    everything: Sequence[PairedQuery]

    @property
    def imported(self) -> bool:
        """Whether another method's ranking was imported as one of the two, or as both."""
        return any(run.info.method is not None for run in (self.a, self.b))

    @property
    def queries(self) -> list[PairedQuery]:
        """The pairs that count for recall."""
        return [pair for pair in self.everything if not pair.a.outside]


def paired(a: Mapping[str, Run], b: Mapping[str, Run]) -> list[PairedSplit]:
    """Return the splits of two sets of runs, their queries in pairs by name and in `a`'s order.

    Raises `UsageError` when the runs are not of the same splits, queries, references, rule, radius and limit, and
    `RunUnfinished` for one that has not finished.
    """
    for run in [*a.values(), *b.values()]:
        run.finished_or_raise()
    if a.keys() != b.keys():
        raise UsageError(f"The runs are of different splits, {_named(a)} and {_named(b)}: name runs of the same ones.")
    return [PairedSplit(name, run, b[name], list(_pairs(run, b[name]))) for name, run in a.items()]


def _pairs(a: Run, b: Run) -> Iterator[PairedQuery]:
    if differing := _differing(a, b):
        raise UsageError(
            f"The runs in {str(a.folder)!r} and {str(b.folder)!r} cannot be compared, {differing}: run the split "
            "again so that both are of the same queries and references."
        )
    for one in a.results:
        yield PairedQuery(one, b.by_query[one.outside, one.query])


def _differing(a: Run, b: Run) -> str | None:
    """What differs between two runs that are to be compared, in words; settings may differ."""
    one, other = a.info.split, b.info.split
    named = [{(result.outside, result.query) for result in run.results} for run in (a, b)]
    checks = (
        (one.rule != other.rule, f"the rule for what is right is {one.rule!r} in one and {other.rule!r} in the other"),
        (one.plane != other.plane, "one takes metres as they stand (--plane) and the other does not"),
        (one.radius != other.radius, f"the radius is {one.radius:g} m in one and {other.radius:g} m in the other"),
        (a.info.limit != b.info.limit, f"one has {_limited(a)} and the other {_limited(b)}"),
        (not _same_references(one, other), "the references are not the same photos and positions"),
        (one.queries_digest != other.queries_digest, "the queries are not the same photos, positions and positives"),
        (named[0] != named[1], "the queries' names differ"),
        (any(len(run.results) != len(named[0]) for run in (a, b)), "a query's name is there twice"),
        (not a.queries, "there is no query"),
    )
    return next((text for differs, text in checks if differs), None)


def _same_references(one: SplitInfo, other: SplitInfo) -> bool:
    """Whether two runs have the same references: by names and positions alone where one of them read no bytes."""
    unread = any(split.references_digest == split.names_digest for split in (one, other))
    return one.references_digest == other.references_digest or (unread and one.names_digest == other.names_digest)


def _limited(run: Run) -> str:
    return "all queries" if run.info.limit is None else f"the first {run.info.limit} queries"


def _named(names: Iterable[str]) -> str:
    return " + ".join(repr(name) for name in sorted(names))
