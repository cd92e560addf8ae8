"""The calls for questions about candidates, and about photographs that were located before."""

import re
from dataclasses import dataclass

from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.explain_match import About
from internvl_vpr.tools.records import Record

from ..calls import (
    ARGUMENTS,
    MOST_PHOTOS,
    Call,
    ComparePlaces,
    ExplainMatch,
    Known,
    LocatePhoto,
    ShowCandidate,
    ToolName,
)
from .numbers import PHOTO, how_many, photo_numbers, photos_spoken_of, ranks, without_photo_numbers
from .replies import NAME_TWO, NOTHING_YET
from .topics import Topic

_NAMES: dict[type[Record], ToolName] = {arguments: name for name, arguments in ARGUMENTS.items()}
_PREVIOUS = re.compile(rf"\b(?:previous|before|earlier|last\s+{PHOTO}|other\s+{PHOTO})\b")
_WHY_NOT = re.compile(r"\bwhy\s+not\b|\bwhy\b.*(?:\bnot\b|n't\b)")
# Asks whether two are of one place; "all" and similar words mean more than two.
_THESE = re.compile(
    r"^\W*(?:(?:and|so|but|or|ok|okay|well)\W+)*(?:are|were|is|aren't|weren't)\b(?!.*\b(?:all|any|some|which)\b)"
)
_SEVERAL = re.compile(r"\b(?:these|those|them|they|all|both|photos|pictures|images)\b")


def call(arguments: Record) -> Call:
    """Make the call of the tool whose arguments these are."""
    return Call(name=_NAMES[type(arguments)], arguments=arguments.model_dump(mode="json", exclude_unset=True))


@dataclass(frozen=True)
class Listing:
    """The list of candidates that ranks refer to.

    A `fresh` list does not exist yet: an earlier call in the same message will make it. How long the list of a `photo`
    is that is not the latest, only the tools know.
    """

    known: Known
    fresh: bool = False
    photo: str | None = None

    @property
    def whose(self) -> dict[str, str]:
        """The argument that names the photo, if it is not the latest."""
        return {} if self.photo is None else {"photo": self.photo}

    def of_photo(self, photo: str) -> "Listing":
        """Return the list of a photo that was located before."""
        if photo == self.known.photos[-1]:
            return Listing(self.known)
        return Listing(self.known, fresh=True, photo=photo)

    def spoken_of(self, clause: str) -> list["Listing"]:
        """Return the lists of the photos that a folded clause numbers, or else this one; raises `UsageError`."""
        photos = distinct(self.known)
        numbers = photos_spoken_of(clause, len(photos))
        if not numbers or self.fresh:
            return [self]
        if not photos:
            raise UsageError(NOTHING_YET)
        return [self.of_photo(photo) for photo in _numbered(numbers, photos)]

    def ranks(self, clause: str) -> list[int]:
        """Return the ranks that a folded clause names; raises `UsageError` for one that is not in the list."""
        last = self.known.candidates if not self.fresh else 0  # how long a new list will be is not known
        named = ranks(clause, last)
        return [self.checked(rank) for rank in named if rank or not self.fresh]

    def checked(self, rank: int) -> int:
        """Return a rank if the list has it; raises `UsageError` if not."""
        if self.fresh and 1 <= rank <= 10_000:
            return rank
        if not self.known.photos:
            raise UsageError(NOTHING_YET)
        if not self.known.candidates:
            raise UsageError("The latest answer lists no candidates. Say: below_tau=fallback, and ask again.")
        if not 1 <= rank <= self.known.candidates:
            raise UsageError(
                f"There is no candidate {rank}: the latest answer has {self.known.candidates} of them, counted from 1."
            )
        return rank


def explain(about: About, clause: str, listing: Listing) -> list[Call]:
    """Explain the candidate that a clause names, or else the first; two named candidates are compared."""
    named = listing.ranks(clause)
    if about == "match" and (len(set(named)) == 2 or (_WHY_NOT.search(clause) and len(named) == 1 and named != [1])):
        return [compare_ranks(named, listing)]
    return [call(ExplainMatch(about=about, rank=listing.checked(named[0] if named else 1), **listing.whose))]


def show(clause: str, listing: Listing) -> list[Call]:
    """Show the candidates that a clause names, or else the whole list."""
    if not listing.fresh and not listing.known.photos:
        raise UsageError(NOTHING_YET)
    named = listing.ranks(clause)[:MOST_PHOTOS]
    if len(named) > 2 and named == list(range(1, len(named) + 1)):
        named = []  # such as "the first five": the whole list shows them
    whose = listing.whose
    return [call(ShowCandidate(rank=rank, **whose)) for rank in named] or [call(ShowCandidate(**whose))]


def compare_ranks(named: list[int], listing: Listing) -> Call:
    """Compare two candidates: one alone with the first, and if none is named, the first with the runner-up."""
    if len(named) > 2:
        raise UsageError("Only two candidates can be compared at a time. Say, for instance: compare 1 and 3.")
    if named == [1]:
        raise UsageError("Name the candidate to compare the first with. Say, for instance: compare it with the second.")
    first, second = named if len(named) == 2 else (1, named[0] if named else 2)
    if first == second:
        raise UsageError(
            f"That is candidate {first} twice: name two different ones. Say, for instance: compare 1 and 3."
        )
    return call(ComparePlaces(ranks=(listing.checked(first), listing.checked(second)), **listing.whose))


def compare_known(topic: Topic, clause: str, listing: Listing) -> list[Call]:
    """Compare what a clause without paths is about: two candidates, or photographs that were located."""
    words = without_photo_numbers(clause)
    if words != clause and (named := listing.ranks(words)) and ("candidate" in words or len(named) == 2):
        return [compare_ranks(named, whose) for whose in listing.spoken_of(clause)]
    spoken = photos_spoken_of(clause, len(distinct(listing.known)))
    numbered = photo_numbers(clause) or (spoken if len(spoken) == 2 else [])
    named = [] if numbered else listing.ranks(clause)
    of_photos = topic == "same" or _SEVERAL.search(clause) or _PREVIOUS.search(clause) or how_many(clause)
    if named or "candidate" in clause or not (numbered or of_photos):
        return [compare_ranks(named, listing)]
    return [call(ComparePlaces(photos=tuple(_photos(clause, numbered, listing.known))))]


def locate_known(clause: str, known: Known) -> list[Call]:
    """Locate earlier photographs again with the current settings: those that a clause names, or else the latest."""
    if not known.photos:
        raise UsageError(NOTHING_YET)
    photos = distinct(known)
    if numbered := photo_numbers(clause):
        photos = _numbered(numbered, photos)
    elif _PREVIOUS.search(clause):
        photos = photos[-2:-1] or photos
    elif (count := how_many(clause)) and count > 1:
        photos = _latest(count, photos)
    else:
        photos = photos[-1:]
    return [call(LocatePhoto(photo=photo)) for photo in photos[-MOST_PHOTOS:]]


def distinct(known: Known) -> list[str]:
    """Return the photographs that were located, each once, the latest last."""
    return list(dict.fromkeys(reversed(known.photos)))[::-1]


def _photos(clause: str, numbered: list[int], known: Known) -> list[str]:
    photos = distinct(known)
    if len(photos) < 2:
        raise UsageError(NAME_TWO if photos else f"{NOTHING_YET} {NAME_TWO}")
    if len(numbered) == 1:
        numbered = [*numbered, len(photos)]
    if numbered:
        return _numbered(numbered, photos)
    if (count := how_many(clause)) is not None:
        return _latest(count, photos)
    two = _PREVIOUS.search(clause) or _THESE.search(clause) or not _SEVERAL.search(clause)
    return photos[-2:] if two else photos[-MOST_PHOTOS:]


def _numbered(numbers: list[int], photos: list[str]) -> list[str]:
    if any(not 1 <= number <= len(photos) for number in numbers):
        raise UsageError(f"{_so_far(photos)}, counted from 1: give the paths of others.")
    return [photos[number - 1] for number in numbers]


def _latest(count: int, photos: list[str]) -> list[str]:
    if count < 2:
        raise UsageError(NAME_TWO)
    if count > MOST_PHOTOS:
        raise UsageError(f"That is more than {MOST_PHOTOS} photos: name at most {MOST_PHOTOS} at once.")
    if count > len(photos):
        raise UsageError(f"{_so_far(photos)}: give the paths of others.")
    return photos[-count:]


def _so_far(photos: list[str]) -> str:
    return (
        "Only 1 photo has been located so far"
        if len(photos) == 1
        else f"Only {len(photos)} photos have been located so far"
    )
