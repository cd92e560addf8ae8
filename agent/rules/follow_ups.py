"""The calls about candidates of an answer, and about photographs that were located before."""

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
# Whether two are of one place; all of them only where all are meant.
_THESE = re.compile(
    r"^\W*(?:(?:and|so|but|or|ok|okay|well)\W+)*(?:are|were|is|aren't|weren't)\b(?!.*\b(?:all|any|some|which)\b)"
)
_SEVERAL = re.compile(r"\b(?:these|those|them|they|all|both|photos|pictures|images)\b")


def call(arguments: Record) -> Call:
    """Make the call of the tool whose arguments these are."""
    return Call(name=_NAMES[type(arguments)], arguments=arguments.model_dump(mode="json", exclude_unset=True))


@dataclass(frozen=True)
class Listing:
    """The list of candidates that ranks refer to; one that is `fresh` is only made by a call before.

    Of a `photo` that is not the latest, only the tools know how long the list is.
    """

    known: Known
    fresh: bool = False
    photo: str | None = None

    @property
    def whose(self) -> dict[str, str]:
        """The argument that names the photo; none for the latest."""
        return {} if self.photo is None else {"photo": self.photo}

    def of_photo(self, photo: str) -> "Listing":
        """Return the list of a photo that was located before."""
        if photo == self.known.photos[-1]:
            return Listing(self.known)
        return Listing(self.known, fresh=True, photo=photo)

    def spoken_of(self, clause: str) -> list["Listing"]:
        """Return the lists of the located photos that a folded clause numbers, or this one; raises `UsageError`."""
        photos = distinct(self.known)
        numbers = photos_spoken_of(clause, len(photos))
        if not numbers or self.fresh:
            return [self]
        if not photos:
            raise UsageError(NOTHING_YET)
        return [self.of_photo(photo) for photo in _numbered(numbers, photos)]

    def ranks(self, clause: str) -> list[int]:
        """Return the ranks that a folded clause names; raises `UsageError` for one that the list lacks."""
        last = self.known.candidates if not self.fresh else 0  # the last of a list that is not there yet
        named = ranks(clause, last)
        return [self.checked(rank) for rank in named if rank or not self.fresh]

    def checked(self, rank: int) -> int:
        """Return a rank that the list has; raises `UsageError` for another."""
        if self.fresh and 1 <= rank <= 10_000:
            return rank
        if not self.known.photos:
            raise UsageError(NOTHING_YET)
        if not self.known.candidates:
            raise UsageError("The latest answer lists no candidate: only trust above -1, and ask again.")
        if not 1 <= rank <= self.known.candidates:
            raise UsageError(
                f"There is no candidate {rank}: the latest answer lists {self.known.candidates}, counted from 1."
            )
        return rank


def explain(about: About, clause: str, listing: Listing) -> list[Call]:
    """Explain the candidate that a clause names, or the first; two of them are compared."""
    named = listing.ranks(clause)
    if about == "match" and (len(set(named)) == 2 or (_WHY_NOT.search(clause) and len(named) == 1 and named != [1])):
        return [compare_ranks(named, listing)]
    return [call(ExplainMatch(about=about, rank=listing.checked(named[0] if named else 1), **listing.whose))]


def show(clause: str, listing: Listing) -> list[Call]:
    """Show the candidates that a clause names, or the whole list."""
    if not listing.fresh and not listing.known.photos:
        raise UsageError(NOTHING_YET)
    named = listing.ranks(clause)[:MOST_PHOTOS]
    if len(named) > 2 and named == list(range(1, len(named) + 1)):
        named = []  # the first so many: the list begins with them
    whose = listing.whose
    return [call(ShowCandidate(rank=rank, **whose)) for rank in named] or [call(ShowCandidate(**whose))]


def compare_ranks(named: list[int], listing: Listing) -> Call:
    """Compare two candidates; one of them alone is compared with the first, and none with the runner-up."""
    if len(named) > 2:
        raise UsageError("Two candidates are compared at a time, such as: compare 1 and 3.")
    if named == [1]:
        raise UsageError("The first is compared with another candidate, such as: compare it with the second.")
    first, second = named if len(named) == 2 else (1, named[0] if named else 2)
    if first == second:
        raise UsageError(f"That is candidate {first} twice: name two, such as: compare 1 and 3.")
    return call(ComparePlaces(ranks=(listing.checked(first), listing.checked(second)), **listing.whose))


def compare_known(topic: Topic, clause: str, listing: Listing) -> list[Call]:
    """Compare what a clause without paths speaks of: two candidates, or photographs that were located."""
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
    """Locate photographs of before again, under the settings of now: those a clause speaks of, or the latest."""
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
    """Return the photographs of before, each once, the latest last."""
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
        raise UsageError(f"{_so_far(photos)}, counted from 1: name the others with their paths.")
    return [photos[number - 1] for number in numbers]


def _latest(count: int, photos: list[str]) -> list[str]:
    if count < 2:
        raise UsageError(NAME_TWO)
    if count > MOST_PHOTOS:
        raise UsageError(f"At most {MOST_PHOTOS} photos are taken at once: name fewer.")
    if count > len(photos):
        raise UsageError(f"{_so_far(photos)}: name the others with their paths.")
    return photos[-count:]


def _so_far(photos: list[str]) -> str:
    return "Only 1 photo has been located so far" if len(photos) == 1 else f"{len(photos)} photos were located so far"
