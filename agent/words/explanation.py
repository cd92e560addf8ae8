"""Why a candidate matches, what was read on signs, and how sure the answer is, as sentences."""

from collections.abc import Callable, Iterator

from internvl_vpr.tools.explain_match import About, Explanation
from internvl_vpr.tools.text.foreign import one_line

from .certainty import (
    decision,
    doubts,
    geometry_in_words,
    margin_in_words,
    promise_in_words,
    promise_of,
    score_label,
)
from .phrases import coordinates, counted, ordinal, quoted
from .verdict import between, grade_in_words, how_often


def tell_explanation(e: Explanation, about: About) -> str:
    """Say all that speaks for a candidate, the text that was read, or how sure the answer is."""
    return "\n".join(_TOLD[about](e))


def _match(e: Explanation) -> Iterator[str]:
    yield (
        f"Candidate {e.rank} of {e.of} for the photo {quoted(e.photo.name)} is {quoted(e.reference)}, "
        f"at {coordinates(e.position)}."
    )
    yield f"By looks alone it was {ordinal(e.coarse_rank)}, similarity {e.coarse_similarity:.3f}."
    yield f"Geometry: {geometry_in_words(e)}."
    yield f"{score_label(e)}: {decision(e)}."
    yield f"Margin: {margin_in_words(e)}."
    yield f"Calibration of τ: {one_line(promise_in_words(e)).rstrip('.')}."
    yield from _notes(e)
    if e.judged:
        return
    if e.score is None or not e.matches:
        yield "It has no score, so words had no part in its rank."
        yield from _cues(e)
        return
    for number, match in enumerate(e.matches, start=1):
        yield (
            f"{number}. The cue {quoted(match.cue)}, weight {match.weight:.3f}, is matched best there by "
            f"{quoted(match.matched)}, cosine {match.cosine:.3f}: product {match.weight * match.cosine:.3f}."
        )
    yield f"The products add up to S = {e.score:.3f}, {'above' if e.retained else 'not above'} τ = {e.tau:.4g}."


def _cues(e: Explanation) -> Iterator[str]:
    if not e.cues:
        yield "The photo has no cues."
        return
    yield f"The photo's cues are: {'; '.join(f'{quoted(cue.text)}, weight {cue.weight:.3f}' for cue in e.cues)}."


def _text(e: Explanation) -> Iterator[str]:
    if e.judged:
        yield f"The photo {quoted(e.photo.name)} was not described, so no text on signs was read."
        return
    if not e.read:
        yield f"No text on signs is among the cues of the photo {quoted(e.photo.name)}."
        yield from _cues(e)
        return
    yield f"On signs in the photo {quoted(e.photo.name)} {counted(len(e.read), 'text was', 'texts were')} read:"
    for number, text in enumerate(e.read, start=1):
        found = next((match for match in e.matches if text in match.cue), None)
        there = f"; candidate {e.rank} has {quoted(found.matched)} for it, cosine {found.cosine:.3f}" if found else ""
        yield f"{number}. {quoted(text)}{there}."


def _certainty(e: Explanation) -> Iterator[str]:
    yield f"Candidate {e.rank} of {e.of} for the photo {quoted(e.photo.name)} is {quoted(e.reference)}."
    if e.rank == 1:
        yield f"The answer is {grade_in_words(e)}."
    if e.probability is not None and e.rank == 1:
        yield f"{how_often(e.probability)}; {between(e.probability)}."
    yield f"Geometry: {geometry_in_words(e)}."
    yield f"{score_label(e)}: {decision(e)}."
    yield f"It is wrong if {'; or if '.join(doubts(e))}."
    yield from _notes(e)


def _notes(e: Explanation) -> Iterator[str]:
    promise = promise_of(e.notes)
    yield from (f"Note: {one_line(note)}" for note in e.notes if note != promise)


_TOLD: dict[About, Callable[[Explanation], Iterator[str]]] = {"match": _match, "text": _text, "certainty": _certainty}
