"""What stands behind a verdict, in words: S against τ, the margin, what τ was calibrated to, what would mislead."""

from collections.abc import Iterator, Sequence

from internvl_vpr.tools.answer import PROMISE, UNCALIBRATED_TAU
from internvl_vpr.tools.compare_places import SAME_PLACE_METRES
from internvl_vpr.tools.explain_match import Explanation
from internvl_vpr.tools.records import RankedCandidate

from .phrases import judgement_in_words, quoted, strongest


def geometry_in_words(e: Explanation | RankedCandidate) -> str:
    """Say how many points fit, or that none were compared."""
    if e.geometry is None:
        return "its points were not compared"
    inliers = e.geometry.inliers
    return f"{inliers:,} of {e.geometry.matches:,} matched points fit one camera movement"


def score_label(e: Explanation) -> str:
    """Name what a score rests on."""
    return "Model" if e.judged else "Words"


def decision(e: Explanation) -> str:
    """Say what S is against τ, and what decides."""
    if e.judged:
        return _judgement(e)
    if e.score is None:
        return f"no score, as one of the two images has no cues: {_decides(e)}"
    every = ", as every score is" if e.retained and e.tau <= UNCALIBRATED_TAU else ""
    return f"S = {e.score:.3f}, {'above' if e.retained else 'not above'} τ = {e.tau:.4g}{every}: {_decides(e)}"


def _judgement(e: Explanation) -> str:
    if e.judgement is None:
        return f"it did not judge this candidate: {_decides(e)}"
    against = f"S = {e.judgement.score:.3f}, {'above' if e.retained else 'not above'} τ = {e.tau:.4g}"
    return f"{judgement_in_words(e.judgement)}; {against}: {_decides(e)}"


def _decides(e: Explanation) -> str:
    if e.rank > 1:
        return "it is not the first candidate"
    if e.decided_by == "geometry":
        return "geometry decides"
    if e.retained:
        return "the model decides" if e.judged else "the cues decide"
    return f"looks alone decide, similarity {e.coarse_similarity:.3f}"


def standing(candidate: RankedCandidate) -> str:
    """Say what speaks for a candidate in a list: how many points fit, and its S."""
    points = f"{candidate.geometry.inliers:,} points fit, " if candidate.geometry is not None else ""
    if candidate.score is None:
        return f"{points}no score"
    return f"{points}S = {candidate.score:.3f}, {'above τ' if candidate.retained else 'not above τ'}"


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
    if e.decided_by == "geometry":
        yield "another place is built the same, as such places have many points in common"
        return
    if e.retained and e.judged:
        yield "the model takes another place for this one, as it may where places look alike"
        return
    if not e.retained or not e.matches:
        yield "another place just looks alike, as no sign and no points confirm this one"
        return
    best = strongest(e.matches)
    kind = "the words" if best.cue in e.read else "the cue"
    yield f"another place has {kind} {quoted(best.cue)} too, which most of S comes from"
    if not e.read:
        yield "the cues, none of which quotes a sign, fit many places"
    if e.margin is not None and e.margin <= 0:
        yield "a place further away is the right one, as its score is no lower"
