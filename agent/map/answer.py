"""An answer as the map's page shows it: photographs, facts, drawings of its candidates, cues and runners-up."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from markupsafe import Markup

from internvl_vpr.tools.compare_places import SAME_PLACE_METRES
from internvl_vpr.tools.errors import PackageMissing, PhotoError
from internvl_vpr.tools.page.matches import MatchedPoint, draw_matches
from internvl_vpr.tools.photo.jpeg import encode_jpeg, thumbnail_url
from internvl_vpr.tools.photo.photo import load_image, open_photo
from internvl_vpr.tools.records import Answer, CueMatch, RankedCandidate

from ..words.answer import Fact, facts_of
from ..words.certainty import standing
from ..words.phrases import apart, coordinates, counted, link
from ..words.verdict import is_told_as_place, verdict_line
from .drawing import NumberedPlace, PlaceKind, draw
from .planes import Plane, PlaneKey, Planes, metres_of, plane_name
from .window import Mark, Window, cell_of, marks_of

_WITH_PICTURE = 5  # candidates
MOST_PICTURE_BYTES = 8 * 2**20  # of all pictures of a page
_MOST_PLANES = 3  # with a drawing
MOST_LISTED = 100  # candidates
_WIDTH = 480  # pixels of a drawing
_SIDE, _QUALITY = 1024, 75  # of the picture of matches: pixels of a photograph that are kept, and JPEG quality
_CIRCLE = 1.1 * SAME_PLACE_METRES  # metres around the first that are always shown
_NEAR = 5 * SAME_PLACE_METRES  # metres around the first that are drawn larger, where others are far away

_SHAPES: Mapping[PlaceKind, str] = {
    "place": "large disc: the place",
    "alike": "large square: the best match, which is not told as the place",
    "retained": "disc: another candidate above τ",
    "held": "square: a candidate not above τ",
    "own": "cross: the photo's own position",
}


class Pictures:
    """Photographs as data URIs, each made once, until their limit of bytes is reached."""

    def __init__(self, most_bytes: int = MOST_PICTURE_BYTES) -> None:
        self._left = most_bytes
        self._made: dict[tuple[Path, str], str | None] = {}

    def of(self, path: Path, digest: str) -> str | None:
        """Return a photo as a JPEG data URI; None when it is gone, damaged or replaced, or when the page is full."""
        if (path, digest) not in self._made:
            made = _picture(path, digest) if self._left > 0 else None
            self._left -= len(made or "")
            self._made[path, digest] = made
        return self._made[path, digest]

    def of_matches(self, answer: Answer, points: Sequence[MatchedPoint]) -> str | None:
        """Return the photo and its best match with the points that fit; None without points, or as for `of`."""
        if self._left <= 0 or not points:
            return None
        first = answer.candidates[0]
        try:
            photos = [open_photo(path, read_position=False) for path in (answer.photo, first.path)]
        except (PhotoError, PackageMissing):
            return None
        if [photo.digest for photo in photos] != [answer.digest, first.digest]:
            return None
        one, other = (load_image(photo, _SIDE) for photo in photos)
        made = encode_jpeg(draw_matches(one, other, points), _QUALITY, optimize=True).url
        self._left -= len(made)
        return made


def _picture(path: Path, digest: str) -> str | None:
    try:
        photo = open_photo(path, read_position=False)
    except (PhotoError, PackageMissing):
        return None
    return thumbnail_url(path) if photo.digest == digest else None


@dataclass(frozen=True)
class CaptionedPhoto:
    """A photograph, what it is, and what stands below it."""

    what: str
    picture: str | None
    name: str
    says: str


@dataclass(frozen=True)
class CandidateRow:
    """A candidate in the list: what is said of it, and its address on OpenStreetMap."""

    candidate: RankedCandidate
    place: str
    away: str
    address: str | None


@dataclass(frozen=True)
class Shown:
    """Everything that is shown of one answer; `more` candidates are not listed."""

    number: int
    answer: Answer
    verdict: str
    matched: str | None
    facts: Sequence[Fact]
    figures: Sequence[CaptionedPhoto]
    drawings: Sequence[tuple[str, Markup]]
    legend: str
    matches: Sequence[CueMatch]
    rows: Sequence[CandidateRow]
    more: int


def show(number: int, answer: Answer, planes: Planes, pictures: Pictures, points: Sequence[MatchedPoint] = ()) -> Shown:
    """Return what is shown of an answer over the photos of an index; `points` fit the photo and its best match."""
    first = answer.candidates[0] if answer.candidates else None
    return Shown(
        number=number,
        answer=answer,
        verdict=verdict_line(answer),
        matched=pictures.of_matches(answer, points),
        facts=list(facts_of(answer)),
        figures=list(_figures(answer, pictures)),
        drawings=list(_drawings(answer, planes)),
        legend=_legend(answer),
        matches=first.matches if first else (),
        rows=[_row(candidate, answer.candidates[0]) for candidate in answer.candidates[:MOST_LISTED]],
        more=max(len(answer.candidates) - MOST_LISTED, 0),
    )


def _figures(answer: Answer, pictures: Pictures) -> Iterator[CaptionedPhoto]:
    yield CaptionedPhoto("your photo", pictures.of(answer.photo, answer.digest), answer.photo.name, "")
    for candidate in answer.candidates[:_WITH_PICTURE]:
        what = "best match" if candidate.rank == 1 else f"rank {candidate.rank}"
        yield CaptionedPhoto(
            what, pictures.of(candidate.path, candidate.digest), candidate.reference, standing(candidate)
        )


def _row(candidate: RankedCandidate, first: RankedCandidate) -> CandidateRow:
    away = "" if candidate is first else apart(candidate.position, first.position)
    return CandidateRow(candidate, coordinates(candidate.position), away, link(candidate.position))


def spots_of(answer: Answer) -> dict[PlaneKey, list[NumberedPlace]]:
    """Return the spots of an answer plane by plane, by rank, and the photo's own position last."""
    spots: dict[PlaneKey, list[NumberedPlace]] = {}
    for candidate in answer.candidates:
        if candidate.position is not None and (at := metres_of(candidate.position)) is not None:
            spots.setdefault(at[0], []).append(_spot(candidate, at[1], answer))
    own = None if answer.query_position is None else metres_of(answer.query_position)
    if own is not None and own[0] in spots:
        spots[own[0]].append(NumberedPlace(own[1], "", "own", "the photo's own position, not used"))
    return spots


def _spot(candidate: RankedCandidate, metres: tuple[float, float], answer: Answer) -> NumberedPlace:
    is_first = candidate is answer.candidates[0]
    says = f"rank {candidate.rank}: {candidate.reference}; {standing(candidate)}"
    if is_first:
        kind: PlaceKind = "place" if is_told_as_place(answer) else "alike"
    else:
        kind = "retained" if candidate.retained else "held"
    return NumberedPlace(metres, str(candidate.rank), kind, says)


def _drawings(answer: Answer, planes: Planes) -> Iterator[tuple[str, Markup]]:
    """Yield what each drawing is, and the drawing: of all candidates in a plane, and larger of those near its first."""
    for key, spots in list(spots_of(answer).items())[:_MOST_PLANES]:
        whole, plane = _window(spots), planes.by_key.get(key)
        yield f"{_counted(spots)} in {plane_name(key)}", _draw(whole, spots, plane)
        near = [spot for spot in spots if math.dist(spot.metres, spots[0].metres) <= _NEAR]
        closer = _window(near)
        if len(near) < len(spots) and closer.scale > 2 * whole.scale:
            yield f"{_counted(near)} within {_NEAR:g} m of {_first(spots)}", _draw(closer, near, plane)


def _window(spots: Sequence[NumberedPlace]) -> Window:
    """Return a window that shows spots, and all of the circle around the first."""
    metres = np.array([spot.metres for spot in spots], dtype=np.float64)
    around = [metres[0] - _CIRCLE, metres[0] + _CIRCLE]
    return Window.around(np.vstack((metres, *around)), _WIDTH)


def _first(spots: Sequence[NumberedPlace]) -> str:
    return "the first" if spots[0].number == "1" else f"candidate {spots[0].number}"


def _counted(spots: Sequence[NumberedPlace]) -> str:
    return counted(sum(spot.kind != "own" for spot in spots), "candidate")


def _draw(window: Window, spots: Sequence[NumberedPlace], plane: Plane | None) -> Markup:
    """Draw spots over the photos of the index that lie there, which are dots."""
    marks: list[Mark] = []
    if plane is not None and len(inside := np.flatnonzero(window.inside(plane.metres))):
        own = plane.metres[inside]
        found = marks_of(own, window, cell_of(own, window))
        marks = [mark._replace(first=int(inside[mark.first])) for mark in found]
    about = f"Drawing of {_counted(spots)} to scale, listed in the table of candidates"
    return draw(window, marks, lambda mark: says_of(mark, plane), about, spots=spots, radius=SAME_PLACE_METRES)


def says_of(mark: Mark, plane: Plane | None) -> str:
    """Say which photos a mark is."""
    name = plane.photos[mark.first].reference if plane else ""
    return name if mark.photos == 1 else f"{counted(mark.photos, 'photo')}, such as {name}"


def _legend(answer: Answer) -> str:
    """Say what the shapes mean."""
    kinds = {spot.kind for spots in spots_of(answer).values() for spot in spots}
    shapes = "; ".join(words for kind, words in _SHAPES.items() if kind in kinds)
    circle = f"dashed circle: {SAME_PLACE_METRES:g} m around the first"
    return f"{shapes}; numbers: ranks; {circle}; small dots: photos of the index"
