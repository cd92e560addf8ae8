"""What the terms of an answer mean, in a sentence or two each."""

import re

_S = "S is a candidate's score: the sum of weight · cosine over the photo's cues, from -1 to 1."
_TAU = (
    "τ (tau) is the threshold on S: a candidate is trusted only when its S is above τ. "
    "Say, only trust above 0.7, to change it."
)
_CONFIRMED = "Confirmed means that S is above τ, so the cues decide and the place is named."
_UNCONFIRMED = (
    "Unconfirmed means that S is not above τ, or that there is no S: looks alone decide, and the place may be wrong."
)
_MARGIN = (
    "The margin is S of a candidate less the best S of the candidates further than 25 m away: "
    "the larger it is, the clearer the choice."
)
_PROMISE = (
    "The promise is what a calibration says of answers with S above τ, such as how many of 100 are right. "
    "It holds for the settings that were calibrated, and there is none without a calibration."
)
_LOOKS = (
    "Looks are how alike two whole images are, as one number: the similarity, up to 1. "
    "They choose the candidates before any cue is compared."
)
_COSINE = (
    "The cosine says how close the meanings of two cues are: 1 for the same words, near 0 for unrelated ones. "
    "Each of the photo's cues is compared with its best match in a candidate."
)
_CUE = "A cue is a short description of something in an image that helps to tell its place, such as a sign's words."
_WEIGHT = "The weight is a cue's share of S: the weights of a photo's cues sum to 1."
_CANDIDATE = "A candidate is a photo of the map that may show the same place; the most alike are retrieved and ranked."
_RUNNER_UP = "The runner-up is the second candidate of an answer's list."
_RANK = "The rank is a candidate's place in an answer's list: 1 is the answer itself, 2 the runner-up."
_REFERENCE = (
    "A reference is a photo of the map, whose position is known; the answer's position is that of its reference."
)
_K = "k is how many candidates are retrieved by looks. Say, retrieve 50 candidates, to change it."
_N = "n is how many cues describe an image. Say, use 5 cues, to change it."

_TERMS: dict[str, str] = {
    "s": _S,
    "score": _S,
    "tau": _TAU,
    "τ": _TAU,
    "threshold": _TAU,
    "unconfirmed": _UNCONFIRMED,
    "not confirmed": _UNCONFIRMED,
    "confirmed": _CONFIRMED,
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
# With an article these are asked for, not what they mean: "what is the score?", "explain the candidates".
_THINGS = frozenset({"score", "threshold", "cue", "candidate", "runner-up", "runner up", "reference", "rank"})

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
    """Say what the term means that a folded clause asks about; None where it asks about none."""
    match = _ASKED.fullmatch(clause)
    if match is None:
        return None
    means = bool(match["meaning"] or match["mean"] or " mean" in clause)
    if (match["article"] and match["term"] in _THINGS and not means) or (match["do"] and not means):
        return None
    return _TERMS[match["term"]]
