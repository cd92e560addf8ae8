"""What the terms in an answer mean, in one or two sentences each."""

import re

_S = "S is a candidate's score: the sum of weight · cosine over the photo's cues, from -1 to 1."
_TAU = (
    "τ (tau) is the threshold on S: words decide the order only where S is above τ. It is for experts; what is told as "
    "a place depends on the grade. To change that, say: only confirmed, or: I want a guess anyway."
)
_GRADE = (
    "The grade says how far an answer can be believed: confirmed, likely, ambiguous (places that look the same) or "
    "unknown."
)
_CONFIRMED = "Confirmed means that geometry or a sign confirms one place, and that no other place comes near it."
_LIKELY = "Likely means that the photo fits one place much better than any other, but that nothing confirms it."
_AMBIGUOUS = "Ambiguous means that two or more places fit the photo equally well: all of them are named."
_UNKNOWN = "Unknown means that no place in the map fits better than wrong places do by chance."
_UNCONFIRMED = "Unconfirmed means that neither geometry nor a sign confirms the place, so it may be wrong."
_POINTS = (
    "Points are spots such as corners of windows that are found again in another photo; those fit that one movement of "
    "the camera explains. The more fit, the surer it is that both photos show the same walls."
)
_MARGIN = (
    "The margin is a candidate's S minus the best S of any candidate that is more than 25 m away: "
    "the larger it is, the clearer the choice."
)
_PROMISE = (
    "The promise, or calibration of τ, is what a calibration says about answers with S above τ, such as how many in "
    "100 are right. It holds only for the settings that were calibrated; without a calibration there is no promise."
)
_LOOKS = (
    "Looks stand for how alike two whole images are, as one number up to 1: the similarity. "
    "They choose the candidates before any cues are compared."
)
_COSINE = (
    "The cosine says how close two cues are in meaning: 1 for the same words, near 0 for unrelated ones. "
    "Each of the photo's cues is compared with the closest one of a candidate."
)
_CUE = "A cue is a short description of something that helps to recognise the place, such as the words on a sign."
_WEIGHT = "The weight says how much a cue counts in S: the weights of a photo's cues add up to 1."
_CANDIDATE = "A candidate is a photo in the map that may show the same place: those that look most alike are ranked."
_RUNNER_UP = "The runner-up is the second candidate of an answer's list."
_RANK = "The rank is a candidate's place in an answer's list: 1 is the answer itself, 2 the runner-up."
_REFERENCE = (
    "A reference is a photo in the map, so its position is known; an answer takes the position of its reference."
)
_K = "k is how many candidates are chosen by their looks. To change it, say: retrieve 50 candidates."
_N = "n is how many cues describe an image. To change it, say: use 5 cues."

_TERMS: dict[str, str] = {
    "s": _S,
    "score": _S,
    "tau": _TAU,
    "τ": _TAU,
    "threshold": _TAU,
    "unconfirmed": _UNCONFIRMED,
    "not confirmed": _UNCONFIRMED,
    "confirmed": _CONFIRMED,
    "grade": _GRADE,
    "likely": _LIKELY,
    "ambiguous": _AMBIGUOUS,
    "unknown": _UNKNOWN,
    "point": _POINTS,
    "matched point": _POINTS,
    "inlier": _POINTS,
    "geometry": _POINTS,
    "margin": _MARGIN,
    "promise": _PROMISE,
    "promised": _PROMISE,
    "calibrated": _PROMISE,
    "calibration": _PROMISE,
    "looks": _LOOKS,
    "looks alone": _LOOKS,
    "looks most like": _LOOKS,
    "by looks": _LOOKS,
    "by looks alone": _LOOKS,
    "similarity": _LOOKS,
    "similarities": _LOOKS,
    "cosine": _COSINE,
    "cosine similarity": _COSINE,
    "cue": _CUE,
    "weight": _WEIGHT,
    "candidate": _CANDIDATE,
    "runner-up": _RUNNER_UP,
    "runner up": _RUNNER_UP,
    "rank": _RANK,
    "reference": _REFERENCE,
    "k": _K,
    "n": _N,
}
# With an article, the thing itself is asked for and not what the word means: "what is the score?"
_THINGS = frozenset(
    {"score", "threshold", "cue", "candidate", "runner-up", "runner up", "reference", "rank", "grade", "point"}
)

_TERM = rf"[\"'`“”«»]*(?P<term>{'|'.join(map(re.escape, sorted(_TERMS, key=len, reverse=True)))})s?[\"'`“”«»]*"
_ASKED = re.compile(
    r"\W*(?:(?:and|so|but|ok|okay|please|hi|hello|sorry|then|can|could|you|tell|me|remind|i|don't|know|understand)\W+)*"
    r"(?:what\s+(?P<do>does|do|did|would)|what\s+(?:is|are|was|were)|what's|whats|define|explain|"
    r"(?:what\s+is\s+|what's\s+)?the\s+(?P<meaning>meaning)\s+of)\s+"
    r"(?:you\s+mean\s+(?:by|with)\s+|meant\s+(?:by|with)\s+)?(?:(?:the\s+)?(?:word|term|letter)\s+)?"
    rf"(?:(?P<article>the|your|this|that|its)\s+|an?\s+)?{_TERM}"
    r"(?:\s*(?:=|>|of)?\s*-?\d[\d.,]*)?(?P<mean>\s+(?:mean|means|stand\s+for|stands\s+for|say|tell\s+me|about))?"
    r"(?:\s+(?:exactly|here|actually|again|then|now|please))*\W*"
)


def told_term(clause: str) -> str | None:
    """Say what a term means that a folded clause asks about; None if it asks about no term."""
    match = _ASKED.fullmatch(clause)
    if match is None:
        return None
    means = bool(match["meaning"] or match["mean"] or " mean" in clause)
    if (match["article"] and match["term"] in _THINGS and not means) or (match["do"] and not means):
        return None
    return _TERMS[match["term"]]
