"""An answer and its candidates in words: as sentences, and as labelled facts for a page."""

from collections.abc import Iterator
from typing import NamedTuple

from internvl_vpr.tools.compare_places import candidate_at
from internvl_vpr.tools.explain_match import Explanation, explain_match, is_judged
from internvl_vpr.tools.records import Answer, RankedCandidate

from .certainty import (
    decision,
    geometry_in_words,
    margin_in_words,
    promise_in_words,
    promise_of,
    score_label,
    standing,
)
from .phrases import apart, coordinates, counted, link, ordinal, quoted, steps_in_words, strongest
from .verdict import Kind, Line, notes_told, told

MOST_LISTED = 10


def tell_answer(answer: Answer) -> str:
    """Say whether to believe an answer, where the photo was taken, and the one reason."""
    return "\n".join(f"Map: {line.says}" if line.kind == "map" else line.says for line in told(answer))


def _map(candidate: RankedCandidate) -> Iterator[str]:
    if (address := link(candidate.position)) is not None:
        yield f"Map: {address}"


def _certainty(e: Explanation) -> Iterator[str]:
    yield f"Geometry: {geometry_in_words(e)}."
    yield f"{score_label(e)}: {decision(e)}."
    yield f"Margin: {margin_in_words(e)}."


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
        return f"No candidate is listed for the photo {quoted(answer.photo.name)}: it is probably not in your map."
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


_LABELS: dict[Kind, str] = {
    "verdict": "verdict",
    "map": "map",
    "agree": "agreeing",
    "why": "why",
    "place": "places",
    "often": "how often right",
    "own": "own position",
    "note": "note",
}


def facts_of(answer: Answer) -> Iterator[Fact]:
    """Yield what is told of an answer, and then what stands behind it: words, margin, all notes, what it took."""
    for line in told(answer):
        yield Fact(_LABELS[line.kind], _after_colon(line), line.kind == "map")
    if answer.candidates:
        yield Fact("best match", answer.candidates[0].reference)
        yield from details_of(explain_match(answer))
    shown = notes_told(answer)
    for note in answer.notes:
        if note not in shown and note != promise_of(answer.notes):
            yield Fact("note", note)
    yield Fact("judgements" if is_judged(answer) else "descriptions", steps_in_words(answer))


def _after_colon(line: Line) -> str:
    """Return a line without the label that begins it."""
    return line.says.partition(": ")[2] if line.kind in ("why", "note") else line.says


def details_of(e: Explanation) -> Iterator[Fact]:
    """Yield what stands behind the verdict on one candidate."""
    yield Fact("geometry", geometry_in_words(e))
    yield Fact(score_label(e).lower(), decision(e))
    yield Fact("margin", margin_in_words(e))
    yield Fact("calibration of τ", promise_in_words(e))
