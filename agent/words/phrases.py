"""The words that sentences and views share: foreign text in quotation marks, coordinates, distances, ranks."""

from collections.abc import Callable

from internvl_vpr.tools.compare_places import metres_between
from internvl_vpr.tools.explain_match import is_judged
from internvl_vpr.tools.photo.position import tell_position
from internvl_vpr.tools.records import Answer, CueMatch, Judgement, Position
from internvl_vpr.tools.text.foreign import in_quotes


def quoted(text: str) -> str:
    """Put foreign text into quotation marks that it cannot close: its own, and backslashes, are escaped."""
    return in_quotes(text)


def coordinates(position: Position | None) -> str:
    """Write a position for a person: degrees, or metres where there are no degrees."""
    return "no position" if position is None else tell_position(position)


def link(position: Position | None) -> str | None:
    """Return the OpenStreetMap address of a position with degrees."""
    if position is None or position.latitude is None or position.longitude is None:
        return None
    return f"https://www.openstreetmap.org/?mlat={position.latitude:.5f}&mlon={position.longitude:.5f}&zoom=19"


def metres_in_words(metres: float) -> str:
    """Write a distance: metres below 10 km, kilometres from there."""
    return f"{metres:,.0f} m" if metres < 10_000 else f"{metres / 1000:,.0f} km"


def apart(a: Position | None, b: Position | None) -> str:
    """Write the distance of two positions; empty where they cannot be compared."""
    metres = metres_between(a, b)
    return "" if metres is None else metres_in_words(metres)


def ordinal(number: int) -> str:
    """Write an ordinal number, such as `first`, `second` or `21st`."""
    words = {1: "first", 2: "second", 3: "third"}
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return words.get(number, f"{number}{ending}")


def counted(number: int, one: str, more: str = "") -> str:
    """Write a number with its noun, such as `1 photo` or `192 photos`."""
    return f"{number:,} {one if number == 1 else more or f'{one}s'}"


def listed(items: list[str]) -> str:
    """Join items as a sentence does: `a`, `a and b`, `a, b and c`."""
    return f"{', '.join(items[:-1])} and {items[-1]}" if len(items) > 1 else "".join(items)


def strongest(matches: tuple[CueMatch, ...]) -> CueMatch:
    """Return the match that gives most of S."""
    return max(matches, key=lambda match: match.weight * match.cosine)


def steps_in_words(answer: Answer) -> str:
    """Say what an answer's descriptions or judged pairs took."""
    steps = answer.steps
    what, done = ("pair", "judged") if is_judged(answer) else ("image", "described")
    words = [f"{counted(steps.made, what)} {done} now", f"{steps.recorded:,} read back from the ledger"]
    if steps.failed:
        words.append(f"{steps.failed:,} could not be {done}")
    return ", ".join(words)


def judgement_in_words(said: Judgement, name: Callable[[str], str] = quoted) -> str:
    """Say what the model said of a pair; `name` puts its reason, which is foreign text, into quotation marks."""
    return f"{'the same place' if said.same_place else 'another place'}, {said.confidence} % sure, as {name(said.why)}"
