"""What is known of an answer, label by label, in plain text for any page."""

from collections.abc import Iterator
from typing import NamedTuple

from internvl_vpr.tools.explain_match import explain_match
from internvl_vpr.tools.records import Answer

from .certainty import decision, margin_in_words, promise_in_words, promise_of
from .phrases import coordinates, link, steps_in_words


class Fact(NamedTuple):
    """A label and what it says, which may hold foreign text; `is_address` where that is an address of ours."""

    label: str
    says: str
    is_address: bool = False


def facts_of(answer: Answer) -> Iterator[Fact]:
    """Yield where, how sure and under which promise, the notes, and what it took."""
    if answer.candidates:
        yield from _place(answer)
    if answer.status == "unknown":
        yield Fact("place", "not a place I know")
    promise = promise_of(answer.notes) if answer.candidates else None
    for note in answer.notes:
        if note != promise:
            yield Fact("note", note)
    if answer.query_position is not None:
        yield Fact("the photo's own position", f"{coordinates(answer.query_position)} (not used)")
    yield Fact("descriptions", steps_in_words(answer))


def _place(answer: Answer) -> Iterator[Fact]:
    first, e = answer.candidates[0], explain_match(answer)
    place = coordinates(first.position)
    yield Fact(
        "place" if answer.status == "located" else "most alike", place if first.retained else f"{place} (unconfirmed)"
    )
    if (address := link(first.position)) is not None:
        yield Fact("map", address, is_address=True)
    yield Fact("as in", first.reference)
    yield Fact("how sure", decision(e))
    yield Fact("margin", margin_in_words(e))
    yield Fact("promise", promise_in_words(e))
