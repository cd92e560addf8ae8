"""Which photographs show the same place, and how two candidates of one answer differ."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Literal

from pydantic import Field

from .errors import UsageError
from .photo.position import distance
from .records import Answer, Cue, Position, RankedCandidate, Record

SAME_PLACE_METRES = 25.0  # inclusive: so near each other, photographs show the same place by the field's protocol


class LocatedPhoto(Record):
    """Where one of the compared photographs was taken."""

    photo: Path
    status: Literal["located", "unknown"]
    decided_by: Literal["cues", "coarse order"] | None
    reference: str | None
    position: Position | None


class PhotoPair(Record):
    """Two of the compared photographs, by their number from 0; `same` is None where nothing can be said."""

    first: int
    second: int
    metres: float | None = Field(description="between the places; None where they cannot be compared")
    same: bool | None


class PlaceComparison(Record):
    """Compared photographs: every pair, and the groups taken at one place (single linkage within the radius)."""

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


def compare_places(answers: Sequence[Answer], radius: float = SAME_PLACE_METRES) -> PlaceComparison:
    """Compare where photographs were taken; two with the same reference, or within `radius` metres, are of one place.

    Nothing can be said about a photo of an unknown place, or about positions that cannot be compared.
    """
    pairs = tuple(
        _pair(i, j, answers[i], answers[j], radius) for i, j in combinations(range(len(answers)), 2)
    )  # fmt: skip
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


def _located(answer: Answer) -> LocatedPhoto:
    return LocatedPhoto(
        photo=answer.photo,
        status=answer.status,
        decided_by=answer.decided_by,
        reference=answer.reference,
        position=answer.position,
    )


def _pair(first: int, second: int, one: Answer, other: Answer, radius: float) -> PhotoPair:
    if "unknown" in (one.status, other.status):
        return PhotoPair(first=first, second=second, metres=None, same=None)
    metres = metres_between(one.position, other.position)
    near = None if metres is None else metres <= radius
    return PhotoPair(first=first, second=second, metres=metres, same=_same_reference(one, other) or near)


def _same_reference(one: Answer, other: Answer) -> bool:
    """Whether two answers name one file: in two indexed folders, files can have the same relative path."""
    if one.reference is None or one.reference != other.reference:
        return False
    return not (one.candidates and other.candidates) or one.candidates[0].path == other.candidates[0].path


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
