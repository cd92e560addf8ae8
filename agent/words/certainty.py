"""How sure an answer is, in words: S against τ, the margin, the promise of a calibrated τ, and what would mislead."""

from collections.abc import Iterator, Sequence

from internvl_vpr.tools.answer import PROMISE, UNCALIBRATED_TAU
from internvl_vpr.tools.compare_places import SAME_PLACE_METRES
from internvl_vpr.tools.explain_match import Explanation
from internvl_vpr.tools.records import Answer, RankedCandidate

from .phrases import quoted, strongest


def decision(e: Explanation) -> str:
    """Say what S is against τ, and whether cues or looks alone decide."""
    if e.score is None:
        return f"no score, as one of the two images has no cues: {_by_looks(e)}"
    every = ", as every score is" if e.tau <= UNCALIBRATED_TAU else ""
    if e.retained:
        return f"S = {e.score:.3f}, above τ = {e.tau:.4g}{every}: {_by_cues(e)}"
    return f"S = {e.score:.3f}, not above τ = {e.tau:.4g}: {_by_looks(e)}"


def _by_cues(e: Explanation) -> str:
    return "the cues decide" if e.rank == 1 else "it could also be the place"


def _by_looks(e: Explanation) -> str:
    return f"looks alone decide, similarity {e.coarse_similarity:.3f}" if e.rank == 1 else "it is unconfirmed"


def verdict(answer: Answer) -> str:
    """Say in a few words what an answer is worth."""
    first = answer.candidates[0] if answer.candidates else None
    if answer.status == "unknown" or first is None:
        return "not a place I know"
    if first.digest == answer.digest:
        return "this very photo is on the map, with its own position"
    return "the cues confirm this place" if first.retained else "no confident match; this place looks most alike"


def standing(candidate: RankedCandidate) -> str:
    """Say what the S of a candidate in a list is, and whether that confirms it."""
    if candidate.score is None:
        return "no score, so unconfirmed"
    return f"S = {candidate.score:.3f}, {'above τ' if candidate.retained else 'not above τ, so unconfirmed'}"


def margin_in_words(e: Explanation) -> str:
    """Say how far S is from the best of another place."""
    if e.margin is None:
        return "no candidate of another place has a score to compare with"
    side = "above" if e.margin >= 0 else "below"
    return f"{abs(e.margin):.3f} {side} the best S of any place more than {SAME_PLACE_METRES:g} m away"


def promise_of(notes: Sequence[str]) -> str | None:
    """Return the note that says what a calibrated τ promises, None without one."""
    return next((note for note in notes if note.startswith(PROMISE)), None)


def promise_in_words(e: Explanation) -> str:
    """Say what is promised about the answer, or that nothing is, and why."""
    if e.rank > 1:
        return "none, as only the first candidate is the answer"
    if not e.retained:
        return "none, as S is not above τ"
    return promise_of(e.notes) or "none, as τ is not calibrated for this map and these settings"


def doubts(e: Explanation) -> Iterator[str]:
    """Say what would make it wrong, a clause each."""
    yield "the place is not on the map, as only places on it can be named"
    if not e.retained:
        yield "another place just looks alike, as no cue confirms this one"
        return
    best = strongest(e.matches)
    kind = "the words" if best.cue in e.read else "the cue"
    yield f"another place has {kind} {quoted(best.cue)} too, which most of S comes from"
    if not e.read:
        yield "the cues, none of which quotes a sign, fit many places"
    if e.margin is not None and e.margin <= 0:
        yield "a place further away is the right one, as its score is no lower"
