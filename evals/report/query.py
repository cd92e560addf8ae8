"""One query as the page shows it: photographs with a verdict, cues with what they matched, and a small map."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from markupsafe import Markup

from internvl_vpr.agent.words.phrases import judgement_in_words
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
    """A query cue's best match in a candidate (Eq. 8): its text, the cosine, and the product with the weight.

    `own_weight` is β, the candidate's own weight of that cue, which no equation uses.
    """

    text: str
    cosine: float
    product: float
    own_weight: float


@dataclass(frozen=True)
class CandidateColumn:
    """A candidate: what it is, one cell a query cue, and S; None where it has no cues.

    `unmatched` are its cues that are the best match of no query cue.
    """

    what: str
    verdict: str
    cells: Sequence[MatchCell | None]
    unmatched: Sequence[Cue]
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


def query_block(
    result: Result, group: str, anchor: str, run: Run, columns: Sequence[tuple[str, Run, int]], pictures: Thumbnails
) -> QueryBlock:
    """Return a query's block; `result` is what `run` found.

    With `columns`, stages of several runs by name, the first candidate of each is shown beside the query, always in
    this order, as in the paper's Fig. 4.
    """
    said = run.descriptions.get(result.digest or "")
    return QueryBlock(
        anchor=anchor,
        name=result.query,
        group=group,
        line=_ranks(result),
        figures=list(_figures(result, run, columns, pictures)),
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
    return result.grade == "unknown" if result.grade else result.decided_by not in ("cues", "judgement")


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


def _figures(
    result: Result, run: Run, columns: Sequence[tuple[str, Run, int]], pictures: Thumbnails
) -> Iterator[PhotoFigure]:
    role: Role = "outside" if result.outside else "query"
    yield PhotoFigure("the query", pictures.of(role, result.query), result.query, "query", "")
    first_ones = _of_each(result, columns) if columns else ((what, one, result, run) for what, one in _named(result))
    for what, one, of, its in first_ones:
        picture = pictures.of("reference", one.reference)
        yield PhotoFigure(what, picture, one.reference, verdict(one, of), _says(one, of, its))


def _of_each(result: Result, columns: Sequence[tuple[str, Run, int]]) -> Iterator[tuple[str, Shortlisted, Result, Run]]:
    """What each of the named stages put first, with the result and the run that it is of."""
    for name, run, stage in columns:
        if found := same_query(result, run):
            first = (found.shortlist if stage == 1 else found.ranked)[:1]
            yield from ((name, one, found, run) for one in first)


def same_query(result: Result, run: Run) -> Result | None:
    """Return what another run found for a query."""
    return run.by_query.get((result.outside, result.query))


def _named(result: Result) -> Iterator[tuple[str, Shortlisted]]:
    before, after = result.shortlist[:1], result.ranked[:1]
    if before and before == after:
        yield "first in both stages", before[0]
    else:
        yield from (("first in stage 1", one) for one in before)
        yield from (("first in stage 2", one) for one in after)
    if result.final_rank and result.final_rank > 1 and result.coarse_rank != 1:
        yield f"first right one, rank {result.final_rank}", result.ranked[result.final_rank - 1]


def _says(one: Shortlisted, result: Result, run: Run) -> str:
    word = "correct" if verdict(one, result) == "right" else "wrong"
    away = "" if one.metres is None else f", {_metres(one.metres)} away"
    before = result.shortlist.index(one) + 1
    if run.info.method is not None:
        return f"{word}{away}; rank {before}"
    score = "no S" if one.score is None else f"S {one.score:.4f}"
    inliers = "" if one.inliers is None else f", {one.inliers} inliers"
    after = f"rank {result.ranking.index(before) + 1}" if before in result.ranking else "not listed"
    alike = "" if one.similarity is None else f", similarity {one.similarity:.3f}"
    said = f"; the model: {judgement_in_words(one.judgement)}" if one.judgement else ""
    return f"{word}{away}; stage 1 rank {before}{alike}; stage 2 {after}, {score}{inliers}{said}"


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
        its = there.cues[matched]
        cells.append(MatchCell(its.text, cosine, cue.weight * cosine, its.weight))
    matched_ones = {number for number, _ in one.matches}
    unmatched = [cue for number, cue in enumerate(there.cues if there else ()) if number not in matched_ones]
    retained = one.score is not None and one.score > float(run.info.settings["tau"] or 0)
    return CandidateColumn(what, verdict(one, result), cells, unmatched, one.score, retained)


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
