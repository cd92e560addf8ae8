"""Which photographs show the same place, and how two candidates of one answer differ."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from .describers.signs_in_cues import is_same_text, texts_on_signs
from .errors import UsageError
from .index.calibration import Limits
from .photo.position import distance
from .records import Answer, Cue, DecidedBy, Geometry, Grade, Position, RankedCandidate, Record
from .text.quoted import fold

SAME_PLACE_METRES = 25.0  # inclusive: so near each other, photographs show the same place by the field's protocol


_DEFAULT_LIMITS = Limits()
# What says whether two photographs show one place.
Judge = Literal["same file", "geometry", "sign", "confirmed answers"]
# A sign with fewer letters and digits hangs in many places.
_LEAST_ON_A_SIGN = 8


class LocatedPhoto(Record):
    """Where one of the compared photographs was taken, and how far that can be believed."""

    photo: Path
    status: Literal["located", "unknown"]
    grade: Grade | None = Field(None, description="None in comparisons that were kept before there were grades")
    decided_by: DecidedBy | None
    reference: str | None
    position: Position | None


class PhotoPair(Record):
    """Two of the compared photographs, by their number from 0; `same` is None where nothing can be said."""

    first: int
    second: int
    metres: float | None = Field(description="between the places; None where they cannot be compared")
    same: bool | None
    decided_by: Judge | None = Field(None, description="what says so, None where nothing does")
    geometry: Geometry | None = Field(None, description="None where the two were not verified")
    sign: str | None = Field(None, description="text that was read on signs in both")


class PlaceComparison(Record):
    """Compared photographs: every pair, and the groups taken at one place, each photo with another of the group."""

    photos: tuple[LocatedPhoto, ...]
    pairs: tuple[PhotoPair, ...]
    groups: tuple[tuple[int, ...], ...] = Field(description="of two or more")
    radius: float = Field(description="metres")


class CueOfTwo(Record):
    """One cue of the photo with its best match in either candidate; None where the candidate was not scored."""

    cue: str
    weight: float
    first: str | None
    first_cosine: float | None
    second: str | None
    second_cosine: float | None


class CandidateComparison(Record):
    """Two candidates of one answer beside each other."""

    photo: Path
    first: RankedCandidate
    second: RankedCandidate
    metres: float | None
    cues: tuple[CueOfTwo, ...]


def compare_places(
    answers: Sequence[Answer],
    geometry: Mapping[tuple[int, int], Geometry] = MappingProxyType({}),
    limits: Limits = _DEFAULT_LIMITS,
    radius: float = SAME_PLACE_METRES,
) -> PlaceComparison:
    """Say which photographs show one place; `geometry` has verified pairs, by their numbers from 0 in rising order.

    Two show one place when they are one file, when their geometry has `limits.sure` inliers, when a long text was read
    on signs in both, or when confirmed answers lie within `radius` metres. They show two places when confirmed answers
    lie further apart. Where these contradict each other, or none of them speaks, nothing can be said.
    """
    pairs = tuple(
        _pair((i, j), answers[i], answers[j], geometry.get((i, j)), limits, radius)
        for i, j in combinations(range(len(answers)), 2)
    )
    return PlaceComparison(
        photos=tuple(_located(answer) for answer in answers),
        pairs=pairs,
        groups=_groups(len(answers), [(pair.first, pair.second) for pair in pairs if pair.same]),
        radius=radius,
    )


def compare_candidates(answer: Answer, first: int, second: int) -> CandidateComparison:
    """Compare two candidates by rank; raises `UsageError` when the list has none of that rank, or both are one."""
    if first == second:
        raise UsageError(f"Candidate {first} cannot be compared with itself: name two ranks.")
    one, other = candidate_at(answer, first), candidate_at(answer, second)
    return CandidateComparison(
        photo=answer.photo,
        first=one,
        second=other,
        metres=metres_between(one.position, other.position),
        cues=tuple(_cue_of_two(number, cue, one, other) for number, cue in enumerate(answer.cues)),
    )


def candidate_at(answer: Answer, rank: int) -> RankedCandidate:
    """Return the candidate of a rank; raises `UsageError` when the list has none of that rank."""
    for candidate in answer.candidates:
        if candidate.rank == rank:
            return candidate
    count = len(answer.candidates)
    if not count:
        raise UsageError("The answer lists no candidate: set below_tau to fallback to see any.")
    listed = "1 candidate: ask for that one" if count == 1 else f"{count} candidates: name a rank from 1 to {count}"
    raise UsageError(f"There is no candidate {rank}, the answer lists {listed}.")


def metres_between(a: Position | None, b: Position | None) -> float | None:
    """Return the distance in metres, or None where a position is missing or the two cannot be compared."""
    return None if a is None or b is None else distance(a, b)


def are_one_place(a: Position | None, b: Position | None) -> bool:
    """Whether two positions are at most 25 m apart; False where that cannot be said."""
    metres = metres_between(a, b)
    return metres is not None and metres <= SAME_PLACE_METRES


def _located(answer: Answer) -> LocatedPhoto:
    return LocatedPhoto(
        photo=answer.photo,
        status=answer.status,
        grade=answer.grade,
        decided_by=answer.decided_by,
        reference=answer.reference,
        position=answer.position,
    )


def _pair(
    numbers: tuple[int, int], one: Answer, other: Answer, geometry: Geometry | None, limits: Limits, radius: float
) -> PhotoPair:
    located = "unknown" not in (one.status, other.status)
    metres = metres_between(one.position, other.position) if located else None
    sign = _shared_sign(one, other)
    confirmed = one.grade == other.grade == "confirmed" and metres is not None
    apart = confirmed and metres is not None and metres > radius
    same: bool | None = True
    decided_by: Judge | None
    if one.digest == other.digest:
        decided_by = "same file"
    elif geometry is not None and geometry.inliers >= limits.sure:
        same, decided_by = (None, None) if apart else (True, "geometry")
    elif sign is not None:
        same, decided_by = (None, None) if apart else (True, "sign")
    else:
        same, decided_by = (not apart, "confirmed answers") if confirmed else (None, None)
    return PhotoPair(
        first=numbers[0],
        second=numbers[1],
        metres=metres,
        same=same,
        decided_by=decided_by,
        geometry=None if geometry is None else Geometry(matches=geometry.matches, inliers=geometry.inliers),
        sign=sign,
    )


def _shared_sign(one: Answer, other: Answer) -> str | None:
    """Return the longest text that was read on signs in both, as the first has it; None without one of some length."""
    texts, others = _signs(one), _signs(other)
    shared = [text for text in texts if any(is_same_text(text, seen) for seen in others)]
    return max(shared, key=lambda text: (len(fold(text)), text), default=None)


def _signs(answer: Answer) -> list[str]:
    """Text on signs that the photo's cues hold and that is long enough to name a place."""
    read = texts_on_signs(answer.cues, str(answer.settings.get("describer_id")))
    return [text for text in read if len(fold(text)) >= _LEAST_ON_A_SIGN]


def _groups(count: int, linked: Sequence[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """Return groups of two or more that are linked, directly or through others, ordered by their least number."""
    group = list(range(count))
    for first, second in linked:
        low, high = sorted((group[first], group[second]))
        group = [low if number == high else number for number in group]
    members = (tuple(i for i in range(count) if group[i] == number) for number in range(count))
    return tuple(one for one in members if len(one) > 1)


def _cue_of_two(number: int, cue: Cue, one: RankedCandidate, other: RankedCandidate) -> CueOfTwo:
    (first, first_cosine), (second, second_cosine) = (_match(number, candidate) for candidate in (one, other))
    return CueOfTwo(
        cue=cue.text,
        weight=cue.weight,
        first=first,
        first_cosine=first_cosine,
        second=second,
        second_cosine=second_cosine,
    )


def _match(number: int, candidate: RankedCandidate) -> tuple[str, float] | tuple[None, None]:
    """Return what a candidate has for a cue: matches are in the order of the photo's cues, or there are none."""
    if not candidate.matches:
        return None, None
    return candidate.matches[number].matched, candidate.matches[number].cosine
