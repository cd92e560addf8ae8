"""Which of a photo's cues are text that was read on a sign, and whether another photo's cue is the same text."""

from collections.abc import Sequence

from ..records import Cue, CueMatch
from ..text.quoted import fold, is_seen, quoted_strings
from .image_cues import IMAGE_CUE_SCORE

_SIGN_READER = "signage/"  # so begin the ids of describers whose cues are signs' words without quotation marks
_LEAST_LETTERS = 4  # of a text that can name a place: "24" and "BAR" are on many


def texts_on_signs(cues: Sequence[Cue], describer: str) -> list[str]:
    """Return the text on signs that cues hold: the sign reader's own words, or what stands in quotation marks."""
    reads_signs = describer.startswith(_SIGN_READER)
    return [
        text for cue in cues for text in ([cue.text] if reads_signs and _is_sign(cue) else quoted_strings(cue.text))
    ]


def is_named_by_sign(signs: Sequence[str], matches: Sequence[CueMatch]) -> bool:
    """Whether one of a photo's signs is read in a candidate, too; `matches` are the best ones of the photo's cues.

    Letters and digits count, but for a few edits, and four of them at least.
    """
    return any(
        len(fold(sign)) >= _LEAST_LETTERS and _is_same(sign, match.matched)
        for match in matches
        for sign in signs
        if sign in match.cue
    )


def is_same_text(one: str, other: str) -> bool:
    """Whether two texts are the same but for a few edits, and neither is a mere part of the other."""
    return is_seen(one, [other]) and is_seen(other, [one])


def _is_same(sign: str, matched: str) -> bool:
    """Whether a text is the other one, or one that it quotes."""
    return any(is_same_text(sign, one) for one in [matched, *quoted_strings(matched)])


def _is_sign(cue: Cue) -> bool:
    """Whether a cue of the sign reader is a sign's: image statistics score no more, and are lower-case phrases."""
    return cue.score > IMAGE_CUE_SCORE or not (cue.text.islower() and " " in cue.text)
