"""An answer and its candidates in words: as sentences, and as labelled facts for a page."""

from collections.abc import Iterator
from typing import NamedTuple

from internvl_vpr.tools.compare_places import candidate_at
from internvl_vpr.tools.explain_match import Explanation, explain_match
from internvl_vpr.tools.records import Answer, RankedCandidate
from internvl_vpr.tools.text.foreign import one_line

from .certainty import decision, margin_in_words, promise_in_words, promise_of, standing
from .phrases import apart, coordinates, counted, link, ordinal, quoted, steps_in_words, strongest

MOST_LISTED = 10


def tell_answer(answer: Answer) -> str:
    """Say where a photo was taken, how sure that is, why, and what came second."""
    lines = list(_unknown(answer) if answer.status == "unknown" else _located(answer))
    promise = promise_of(answer.notes)
    lines += [f"Note: {one_line(note)}" for note in answer.notes if note != promise]
    if answer.query_position is not None:
        lines.append(f"The photo's own position, which was not used, is {coordinates(answer.query_position)}.")
    return "\n".join([*lines, f"Descriptions: {steps_in_words(answer)}."])


def _located(answer: Answer) -> Iterator[str]:
    first, e = answer.candidates[0], explain_match(answer)
    photo, place = quoted(answer.photo.name), coordinates(answer.position)
    if first.retained:
        yield f"The photo {photo} was taken at {place}."
    else:
        yield f"No confident match. The photo {photo} looks most like {place}, but this is unconfirmed."
    yield from _map(first)
    count = counted(len(answer.candidates), "candidate")
    yield f"The best match is the reference {quoted(first.reference)}, the first of {count}."
    yield from _certainty(e)
    yield from _why(first)
    if len(answer.candidates) > 1:
        yield f"Runner-up: {_listed(answer.candidates[1], first)}."


def _unknown(answer: Answer) -> Iterator[str]:
    yield f"The photo {quoted(answer.photo.name)} does not show a place I know."
    if answer.candidates:
        yield "These candidates look most alike, but are unconfirmed:"
        yield from _numbered(answer)
    if answer.cues:
        yield f"Its cues are: {'; '.join(quoted(cue.text) for cue in answer.cues)}."


def _map(candidate: RankedCandidate) -> Iterator[str]:
    if (address := link(candidate.position)) is not None:
        yield f"Map: {address}"


def _certainty(e: Explanation) -> Iterator[str]:
    yield f"How sure: {decision(e)}."
    yield f"Margin: {margin_in_words(e)}."
    yield f"Promise: {one_line(promise_in_words(e)).rstrip('.')}."


def _why(candidate: RankedCandidate) -> Iterator[str]:
    if not candidate.matches:
        return
    best = strongest(candidate.matches)
    yield (
        f"Why: most of S comes from the cue {quoted(best.cue)} (weight {best.weight:.3f}), whose best match there is "
        f"{quoted(best.matched)} (cosine {best.cosine:.3f})."
    )
    yield f"By looks alone it was {ordinal(candidate.coarse_rank)}, similarity {candidate.coarse_similarity:.3f}."


def tell_candidate(answer: Answer, rank: int) -> str:
    """Say what is known of one candidate; raises `UsageError` when the list has none of that rank."""
    candidate, e = candidate_at(answer, rank), explain_match(answer, rank)
    lines = [
        f"Candidate {rank} of {len(answer.candidates)} for the photo {quoted(answer.photo.name)} is the reference "
        f"{_where(candidate, answer.candidates[0])}.",
        *_map(candidate),
        f"File: {quoted(str(candidate.path))}.",
        *_certainty(e),
        *_why(candidate),
    ]
    return "\n".join(lines)


def tell_candidates(answer: Answer) -> str:
    """List the candidates, at most ten of them, and say how many more there are."""
    if not answer.candidates:
        return f"No candidate is listed for the photo {quoted(answer.photo.name)}: it does not show a place I know."
    heading = f"{counted(len(answer.candidates), 'candidate')} for the photo {quoted(answer.photo.name)}:"
    return "\n".join([heading, *_numbered(answer)])


def _numbered(answer: Answer) -> Iterator[str]:
    first = answer.candidates[0]
    for candidate in answer.candidates[:MOST_LISTED]:
        yield f"{candidate.rank}. {_listed(candidate, first)}."
    if (more := len(answer.candidates) - MOST_LISTED) > 0:
        yield f"And {more} more."


def _listed(candidate: RankedCandidate, first: RankedCandidate) -> str:
    return f"{_where(candidate, first)}, {standing(candidate)}, {ordinal(candidate.coarse_rank)} by looks"


def _where(candidate: RankedCandidate, first: RankedCandidate) -> str:
    away = apart(candidate.position, first.position) if candidate is not first else ""
    beyond = f", {away} from the first" if away else ""
    return f"{quoted(candidate.reference)} at {coordinates(candidate.position)}{beyond}"


class Fact(NamedTuple):
    """A label and what it says, which may hold foreign text; `is_address` where it is a link that we made."""

    label: str
    says: str
    is_address: bool = False


def facts_of(answer: Answer) -> Iterator[Fact]:
    """Yield where the photo was taken, how sure that is, what τ promises, the notes, and what it took."""
    if answer.candidates:
        yield from _place_facts(answer)
    if answer.status == "unknown":
        yield Fact("place", "not a place I know")
    promise = promise_of(answer.notes) if answer.candidates else None
    for note in answer.notes:
        if note != promise:
            yield Fact("note", note)
    if answer.query_position is not None:
        yield Fact("the photo's own position", f"{coordinates(answer.query_position)} (not used)")
    yield Fact("descriptions", steps_in_words(answer))


def _place_facts(answer: Answer) -> Iterator[Fact]:
    first, e = answer.candidates[0], explain_match(answer)
    place = coordinates(first.position)
    yield Fact(
        "place" if answer.status == "located" else "most alike", place if first.retained else f"{place} (unconfirmed)"
    )
    if (address := link(first.position)) is not None:
        yield Fact("map", address, is_address=True)
    yield Fact("reference", first.reference)
    yield Fact("how sure", decision(e))
    yield Fact("margin", margin_in_words(e))
    yield Fact("promise", promise_in_words(e))
