"""What is told of an answer, in the order in which a person needs it; one text for every reader.

The verdict comes first, then the place, the one reason, other places that are possible, how often such answers are
right, and the photo's own position. Scores, margins and runners-up are told where somebody asks why.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

from rich.cells import cell_len

from internvl_vpr.tools.answer import DETAILS, UNCALIBRATED_TAU
from internvl_vpr.tools.compare_places import SAME_PLACE_METRES, are_one_place, metres_between
from internvl_vpr.tools.explain_match import Explanation, explain_match
from internvl_vpr.tools.records import Alternative, Answer, Position, Probability, RankedCandidate
from internvl_vpr.tools.text.foreign import one_line
from internvl_vpr.tools.text.quoted import fold, quoted_strings

from .phrases import apart, coordinates, judgement_in_words, link, metres_in_words, quoted, strongest

# What an answer is told as; `withheld` when its grade is below what the person trusts.
ToldAs = Literal["confirmed", "likely", "ambiguous", "withheld", "guess", "unknown"]
Kind = Literal["verdict", "map", "agree", "why", "place", "often", "own", "note"]
Name = Callable[[str], str]

_ORDER = ("confirmed", "likely")
_AGREES = 0.5  # share of the best photo's inliers from which on another one of the place confirms it as well
_MOST_NOTES = 2
_BASIS = {"this map": "on your own map", "labelled photographs": "on labelled photographs of other places"}


class Line(NamedTuple):
    """A line of what is told; only a `map` is an address, and made by us."""

    kind: Kind
    says: str


def told_as(answer: Answer) -> ToldAs:
    """Say what an answer is told as: by its grade, and by what the person trusts (the setting `trust`)."""
    trust = answer.settings.get("trust", "likely")
    if not answer.candidates:
        return "unknown"
    if answer.grade == "unknown":
        return "guess" if trust == "any" or answer.status == "located" else "unknown"
    if trust in ("likely", "any") or answer.grade == trust:
        return answer.grade
    if isinstance(trust, int | float) and answer.grade in _ORDER and _is_enough(answer.probability, trust):
        return answer.grade
    return "withheld"


def _is_enough(probability: Probability | None, least: float) -> bool:
    return probability is not None and probability.value >= least


def is_told_as_place(answer: Answer) -> bool:
    """Whether one place is told as that of the photo."""
    return told_as(answer) in _ORDER


def verdict(answer: Answer) -> str:
    """Say in a few words what an answer is worth."""
    match told_as(answer):
        case "confirmed":
            return "Confirmed"
        case "likely":
            return "Likely"
        case "ambiguous":
            return f"Undecided between {len(answer.alternatives) + 1} places"
        case "withheld":
            return "Not confirmed" if answer.settings.get("trust") == "confirmed" else "Not sure enough"
        case "guess":
            return "A guess"
        case "unknown":
            return "Probably not in your map"


def verdict_line(answer: Answer) -> str:
    """Say what an answer is worth and where the photo was taken, in one short line that holds no foreign text."""
    where = coordinates(answer.candidates[0].position) if answer.candidates else ""
    return f"{verdict(answer)}: {where}" if told_as(answer) in (*_ORDER, "guess") else verdict(answer)


def told(answer: Answer, name: Name = quoted, *, most: int | None = None) -> list[Line]:
    """Return what is told of an answer, line by line.

    `name` writes a foreign text, which must stand in quotation marks; `most` limits how many places are listed.
    """
    kind = told_as(answer)
    lines = [Line("verdict", _verdict(answer, kind, name))]
    if kind in (*_ORDER, "guess"):
        lines += _place(answer, kind)
    elif kind == "ambiguous":
        lines += _places(answer, name, most)
    elif answer.candidates:
        lines.append(Line("place", _lead(answer, kind, name)))
    if answer.candidates:
        lines.append(Line("why", f"Why: {reason(answer, name)}."))
    if answer.probability is not None and kind in (*_ORDER, "ambiguous"):
        lines.append(Line("often", f"{how_often(answer.probability)}."))
    if answer.query_position is not None:
        lines.append(Line("own", _own(answer.query_position, _told_places(answer, kind, most))))
    return lines + [Line("note", f"Note: {note}") for note in notes_told(answer)[: 1 if kind == "ambiguous" else None]]


def _verdict(answer: Answer, kind: ToldAs, name: Name) -> str:
    photo = name(answer.photo.name)
    match kind:
        case "confirmed" | "likely":
            return f"{verdict(answer)}: {photo} was taken {_at(answer.candidates[0], name)}."
        case "guess":
            return f"{verdict(answer)}: {photo} looks most like the place {_at(answer.candidates[0], name)}."
        case "ambiguous":
            return f"{verdict(answer)}: I cannot tell which of them {photo} shows, if any."
        case "withheld":
            return f"{verdict(answer)}: {_withheld(answer, photo)}."
        case "unknown":
            return f"{verdict(answer)}: no photo of it clearly shows the place of {photo}."


def _withheld(answer: Answer, photo: str) -> str:
    """Say what an answer lacks for being told as a place."""
    if answer.settings.get("trust") != "confirmed":
        return (
            f"of the answers like that for {photo}, too few were right"
            if answer.probability
            else f"how often answers like that for {photo} are right is not known"
        )
    if answer.grade == "ambiguous":
        return f"{len(answer.alternatives) + 1} places fit {photo} equally well"
    return f"one place is likely for {photo}, but nothing confirms it"


def _at(candidate: RankedCandidate, name: Name) -> str:
    if candidate.position is None:
        return f"where {name(candidate.reference)} was, which has no position"
    return f"at {coordinates(candidate.position)}"


def _place(answer: Answer, kind: ToldAs) -> Iterator[Line]:
    if (address := link(answer.candidates[0].position)) is not None:
        yield Line("map", address)
    agreeing = confirming(answer) if kind in _ORDER else []
    if len(agreeing) > 1:
        furthest = max(metres_between(a.position, b.position) or 0.0 for a, b in combinations(agreeing, 2))
        yield Line("agree", f"{len(agreeing)} photos of your map agree, at most {metres_in_words(furthest)} apart.")


def confirming(answer: Answer) -> list[RankedCandidate]:
    """Return the candidates that support the first one's place: near it, and with about its evidence."""
    first = answer.candidates[0]
    near = [one for one in answer.candidates if are_one_place(one.position, first.position)]
    if answer.decided_by == "geometry" and first.geometry is not None:
        least = _AGREES * first.geometry.inliers
        return [one for one in near if one.geometry is not None and one.geometry.inliers >= least]
    if answer.decided_by in ("cues", "judgement") and _tau(answer) > UNCALIBRATED_TAU:
        return [one for one in near if one.retained]
    return []


def _tau(answer: Answer) -> float:
    return float(answer.settings.get("tau") or 0.0)


def _places(answer: Answer, name: Name, most: int | None) -> Iterator[Line]:
    places = _possible(answer)
    shown = _room_for(places, most)
    with_links = most is None or len(places) <= most
    for number, (position, reference) in enumerate(places[:shown], start=1):
        away = apart(position, places[0][0]) if number > 1 else ""
        beyond = f", {away} from the first" if away else ""
        yield Line("place", f"{number}. {coordinates(position)}{beyond}: {name(reference)}.")
        if with_links and (address := link(position)) is not None:
            yield Line("map", address)
    if shown is not None and len(places) > shown:
        yield Line("place", f"And {len(places) - shown} more.")


def _possible(answer: Answer) -> list[tuple[Position | None, str]]:
    """Return position and reference of the first place and of all that are supported as well."""
    first = answer.candidates[0]
    return [(first.position, first.reference), *((one.position, one.reference) for one in answer.alternatives)]


def _room_for(places: Sequence[tuple[Position | None, str]], most: int | None) -> int | None:
    """Return how many places are listed: two more than `most` where links are left out, which take a line each."""
    if most is not None and len(places) > most and all(link(position) for position, _ in places):
        return most + 2
    return most


def _lead(answer: Answer, kind: ToldAs, name: Name) -> str:
    """Name the photo that is worth a look: by all that is known, or by looks where nothing else speaks for any."""
    best = answer.candidates[0] if kind == "withheld" else min(answer.candidates, key=lambda one: one.coarse_rank)
    where = "which has no position" if best.position is None else f"at {coordinates(best.position)}"
    label = "Best by all that is known" if kind == "withheld" else "Nearest by looks"
    return f"{label}: {name(best.reference)}, {where}. A lead, not a place."


def _told_places(answer: Answer, kind: ToldAs, most: int | None) -> list[Position | None]:
    """Return the positions that are told as that of the photo, or are listed as possible ones."""
    if kind == "ambiguous":
        places = _possible(answer)
        return [position for position, _ in places[: _room_for(places, most)]]
    return [answer.candidates[0].position] if kind in (*_ORDER, "guess") else []


def _own(own: Position, places: Sequence[Position | None]) -> str:
    """Say how far the photo's own position is from the place, or from the nearest of several."""
    away = [
        (metres, number) for number, place in enumerate(places, 1) if (metres := metres_between(own, place)) is not None
    ]
    if not away:
        return f"Its own position, not used: {coordinates(own)}."
    metres, number = min(away)
    there = "there" if len(places) == 1 else f"place {number}"
    return f"The photo's own position, which was not used, is {metres_in_words(metres)} from {there}."


def reason(answer: Answer, name: Name = quoted) -> str:
    """Say the one thing that speaks most for an answer, or against its being a place; a clause without a full stop."""
    first, kind = answer.candidates[0], told_as(answer)
    inliers = [one.geometry.inliers for one in answer.candidates if one.geometry is not None]
    if kind == "ambiguous":
        return _alike(first, answer.alternatives)
    if answer.grade == "unknown" and inliers:
        return f"{_points(max(inliers), 'only ')} fit the best match, no more than by chance"
    if answer.decided_by == "cues" and first.matches:
        return _by_cue(answer, first, name)
    if answer.decided_by == "judgement" and first.judgement is not None:
        return f"of {name(first.reference)} the model says: {judgement_in_words(first.judgement, name)}"
    if first.geometry is not None:
        others = _next_best(answer) if kind == "likely" else ""
        return f"{_points(first.geometry.inliers)} fit {name(first.reference)}{others}"
    return f"only its looks speak for it, which are most like those of {name(first.reference)}"


def _next_best(answer: Answer) -> str:
    """Say how many points fit another place at most; empty where no other place was verified."""
    first = answer.candidates[0]
    elsewhere = [
        one.geometry.inliers
        for one in answer.candidates
        if one.geometry is not None
        and (metres := metres_between(one.position, first.position)) is not None
        and metres > SAME_PLACE_METRES
    ]
    return f", and at most {max(elsewhere):,} any other place" if elsewhere else ""


def _points(inliers: int, only: str = "") -> str:
    return f"{only}{inliers:,} point{'' if inliers == 1 else 's'} of the photo"


def _alike(first: RankedCandidate, others: Sequence[Alternative]) -> str:
    best = max((one.inliers for one in others if one.inliers is not None), default=None)
    if first.geometry is None or best is None:
        return "what the photo shows fits each of them, and no sign tells them apart"
    return f"{first.geometry.inliers:,} points fit the first, {best:,} another, and no sign decides"


def _by_cue(answer: Answer, first: RankedCandidate, name: Name) -> str:
    best = strongest(first.matches)
    sign = next((text for text in explain_match(answer).read if text in best.cue), None)
    if sign is None:
        return f"{name(best.cue)} in the photo fits {name(best.matched)} in {name(first.reference)}"
    if any(fold(text) == fold(sign) for text in (best.matched, *quoted_strings(best.matched))):
        return f"the sign {name(sign)} is read in both"
    return f"the sign {name(sign)} is read in the photo, and {name(best.matched)} in {name(first.reference)}"


def how_often(probability: Probability) -> str:
    """Say how often such answers were right, and where that was counted; a clause without a full stop."""
    counts = f"{probability.right:,} of {probability.answers:,}"
    return f"{counts} such answers {_BASIS[probability.basis]} were right"


def between(probability: Probability) -> str:
    """Say between which limits the true share lies; a clause without a full stop."""
    low, high = int(100 * probability.low), -int(-100 * probability.high // 1)
    return f"with 95 % confidence, from {low} to {high} in 100 are"


def notes_told(answer: Answer) -> list[str]:
    """Return the notes that a person needs at once; those about scores are told where somebody asks why."""
    return [one_line(note) for note in answer.notes if not re.match(DETAILS, note)][:_MOST_NOTES]


def in_room(cells: int) -> Name:
    """Return a way to write foreign text: in quotation marks, without its middle where it takes more cells."""

    def name(text: str) -> str:
        return f'"{"".join(_without_middle([quoted(one)[1:-1] for one in text], cells))}"'

    return name


def _without_middle(parts: Sequence[str], cells: int) -> list[str]:
    """Leave out so many parts in the middle that the rest fits; an escaped character is one part, so none is cut."""
    if sum(map(cell_len, parts)) <= cells:
        return list(parts)
    tail = _first_that_fit(parts[::-1], (cells - 1) * 2 // 3)[::-1]
    head = _first_that_fit(parts, cells - 1 - sum(map(cell_len, tail)))
    return [*head, "…", *tail]


def _first_that_fit(parts: Sequence[str], cells: int) -> list[str]:
    fit: list[str] = []
    for part in parts:
        cells -= cell_len(part)
        if cells < 0:
            break
        fit.append(part)
    return fit


def grade_in_words(e: Explanation) -> str:
    """Say what the grade of the explained answer means; a clause without a full stop."""
    return _MEANS[e.grade or "unknown"]


_MEANS = {
    "confirmed": "confirmed: geometry or a sign confirms this place, and no other place comes near it",
    "likely": "likely: this place fits much better than any other, but it is not confirmed",
    "ambiguous": "ambiguous: two places or more fit equally well",
    "unknown": "unknown: no place fits better than wrong places do by chance",
}
