"""One query as the page shows it: photographs with a verdict, cues with what they matched, and a small map."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from markupsafe import Markup

from internvl_vpr.tools.photo.jpeg import thumbnail_url
from internvl_vpr.tools.photo.position import plane_of
from internvl_vpr.tools.records import Cue

from ..compare.records import NEAR_RADIUS
from ..runs.folder import Run
from ..runs.records import Result, Role, Shortlisted, SplitInfo
from .charts import MapPoint, local_map

COLUMNS = 4  # candidates whose cues are shown
_ON_MAP = 5  # of the final ranking


class Thumbnails:
    """The photos of a split's folders as small pictures within the page, each made once."""

    def __init__(self, split: SplitInfo) -> None:
        self._split = split
        self._made: dict[Path, str | None] = {}

    def of(self, role: Role, name: str) -> str | None:
        """Return a photo as a JPEG data URI, upright and without metadata; None where it is gone or damaged."""
        folder = self._split.folder_of(role)
        path = folder / name
        if path not in self._made:
            # A run may come from somebody else: its names must not lead out of its folders.
            inside = path.resolve().is_relative_to(folder.resolve())
            self._made[path] = thumbnail_url(path) if inside else None
        return self._made[path]

    @cached_property
    def missing(self) -> bool:
        """Whether no photo that was asked for is there."""
        return bool(self._made) and not any(self._made.values())


@dataclass(frozen=True)
class PhotoFigure:
    """A photograph with what it is, whether it is right, and what stands beneath."""

    what: str
    picture: str | None
    name: str
    verdict: str  # right, wrong or query
    says: str


@dataclass(frozen=True)
class MatchCell:
    """A query cue's best match in a candidate (Eq. 8): its text, the cosine, and the product with the weight."""

    text: str
    cosine: float
    product: float


@dataclass(frozen=True)
class CandidateColumn:
    """A candidate: what it is, one cell a query cue, and S; None where it has no cues."""

    what: str
    verdict: str
    cells: Sequence[MatchCell | None]
    score: float | None
    retained: bool


@dataclass(frozen=True)
class QueryBlock:
    """Everything that is shown of one query."""

    anchor: str
    name: str
    group: str
    line: str
    figures: Sequence[PhotoFigure]
    cues: Sequence[Cue]
    columns: Sequence[CandidateColumn]
    map: Markup | None
    notes: Sequence[str]


def query_block(result: Result, group: str, anchor: str, runs: Sequence[Run], pictures: Thumbnails) -> QueryBlock:
    """Return a query's block; of a second run its first candidate is shown, too."""
    run = runs[0]
    said = run.descriptions.get(result.digest or "")
    return QueryBlock(
        anchor=anchor,
        name=result.query,
        group=group,
        line=_ranks(result),
        figures=list(_figures(result, runs, pictures)),
        cues=said.cues if said else (),
        columns=[_column(what, one, result, run) for what, one in _columns(result)],
        map=_map(result, run),
        notes=list(_notes(result, run)),
    )


def verdict(one: Shortlisted, result: Result) -> str:
    """Return `right` or `wrong`."""
    return "right" if one.reference in result.positives else "wrong"


def _ranks(result: Result) -> str:
    if result.error:
        return f"not located: {result.error}"
    if result.outside:
        return "from outside the map" + ("" if is_told_unknown(result) else ", yet located") + _graded(result)
    before, after = (f"rank {rank}" if rank else "not listed" for rank in (result.coarse_rank, result.final_rank))
    return f"first right reference: stage 1 {before}, stage 2 {after}{_graded(result)}"


def is_told_unknown(result: Result) -> bool:
    """Whether an answer names no place that should be believed; without a grade: whether no cue decides it."""
    return result.grade == "unknown" if result.grade else result.decided_by != "cues"


def _graded(result: Result) -> str:
    """What the answer says of itself."""
    if result.grade is None:
        return ""
    told = result.probability
    chance = f", right in {told.right} of {told.answers} such cases on {told.basis}" if told else ""
    several = "s" if result.alternatives > 1 else ""
    others = f", {result.alternatives} other place{several} named" if result.alternatives else ""
    by = f" by {result.decided_by}" if result.decided_by else ""
    return f"; told: {result.grade}{by}{chance}{others}"


def _figures(result: Result, runs: Sequence[Run], pictures: Thumbnails) -> Iterator[PhotoFigure]:
    role: Role = "outside" if result.outside else "query"
    yield PhotoFigure("the query", pictures.of(role, result.query), result.query, "query", "")
    for what, one, of in _first_ones(result, runs):
        picture = pictures.of("reference", one.reference)
        yield PhotoFigure(what, picture, one.reference, verdict(one, of), _says(one, of))


def _first_ones(result: Result, runs: Sequence[Run]) -> Iterator[tuple[str, Shortlisted, Result]]:
    """What each stage put first, and the first right one where neither is; each with the result that it is of."""
    yield from ((what, one, result) for what, one in _named(result))
    for run in runs[1:]:
        if other := same_query(result, run):
            yield from (("first in the second run", one, other) for one in other.ranked[:1])


def same_query(result: Result, run: Run) -> Result | None:
    """Return what another run found for a query."""
    return next((one for one in run.results if (one.outside, one.query) == (result.outside, result.query)), None)


def _named(result: Result) -> Iterator[tuple[str, Shortlisted]]:
    before, after = result.shortlist[:1], result.ranked[:1]
    if before and before == after:
        yield "first in both stages", before[0]
    else:
        yield from (("first in stage 1", one) for one in before)
        yield from (("first in stage 2", one) for one in after)
    if result.final_rank and result.final_rank > 1 and result.coarse_rank != 1:
        yield f"first right one, rank {result.final_rank}", result.ranked[result.final_rank - 1]


def _says(one: Shortlisted, result: Result) -> str:
    word = "correct" if verdict(one, result) == "right" else "wrong"
    away = "" if one.metres is None else f", {_metres(one.metres)} away"
    score = "no S" if one.score is None else f"S {one.score:.4f}"
    inliers = "" if one.inliers is None else f", {one.inliers} inliers"
    before = result.shortlist.index(one) + 1
    after = f"rank {result.ranking.index(before) + 1}" if before in result.ranking else "not listed"
    return f"{word}{away}; stage 1 rank {before}, similarity {one.similarity:.3f}; stage 2 {after}, {score}{inliers}"


def _metres(metres: float) -> str:
    return f"{metres:.0f} m" if metres < 1000 else f"{metres / 1000:.1f} km"


def _columns(result: Result) -> list[tuple[str, Shortlisted]]:
    """The candidates whose cues are shown: those that have a figure, then the next ones of the final ranking."""
    shown = {one.reference: (what, one) for what, one in _named(result)}
    for rank, one in enumerate(result.ranked, start=1):
        if len(shown) == COLUMNS:
            break
        shown.setdefault(one.reference, (f"rank {rank}", one))
    return list(shown.values())


def _column(what: str, one: Shortlisted, result: Result, run: Run) -> CandidateColumn:
    said, there = run.descriptions.get(result.digest or ""), run.descriptions.get(one.digest)
    cells: list[MatchCell | None] = []
    for number, cue in enumerate(said.cues if said else ()):
        if there is None or number >= len(one.matches):
            cells.append(None)
            continue
        matched, cosine = one.matches[number]
        cells.append(MatchCell(there.cues[matched].text, cosine, cue.weight * cosine))
    retained = one.score is not None and one.score > float(run.info.settings["tau"] or 0)
    return CandidateColumn(what, verdict(one, result), cells, one.score, retained)


def _map(result: Result, run: Run) -> Markup | None:
    """The query's place and those of the first candidates, where all are in one plane."""
    at = result.position
    if at is None or at.easting is None or at.northing is None:
        return None
    spots = []
    for rank, one in enumerate(result.ranked, start=1):
        there = run.descriptions[one.digest].position if one.digest in run.descriptions else None
        wanted = rank <= _ON_MAP or rank == result.final_rank
        if not wanted or there is None or there.easting is None or there.northing is None:
            continue
        if plane_of(there) == plane_of(at):
            right = one.reference in result.positives
            spots.append(MapPoint(there.easting - at.easting, there.northing - at.northing, str(rank), right))
    return local_map(spots, run.info.split.radius, "where the first candidates are") if spots else None


def _notes(result: Result, run: Run) -> Iterator[str]:
    radius = run.info.split.radius
    if any(one.metres is not None and abs(one.metres - radius) <= NEAR_RADIUS for one in result.shortlist):
        yield f"A reference lies within {NEAR_RADIUS:g} m of the radius of {radius:g} m: its label is uncertain."
    if not result.outside and not result.positives:
        yield "No reference is right for this query; it counts as missed."
    failed = {run.descriptions[one.digest].failure for one in result.shortlist if one.digest in run.descriptions}
    if reasons := sorted(reason for reason in failed if reason):
        yield f"Some candidates could not be described; the first reason: {reasons[0]}"
