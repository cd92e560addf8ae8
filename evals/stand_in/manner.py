"""What the text of a prompt asks for, as far as the stand-in heeds it."""

import re
from functools import lru_cache
from typing import NamedTuple

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n\s*\n|\n\s*[-*]\s")
_FORBIDS = re.compile(
    r"\b(?:leave out|do not|don't|never|avoid|ignore|omit|exclude|without|rather than|not)\b", re.IGNORECASE
)
_FLEETING = re.compile(r"\b(?:people|pedestrians?|persons?|vehicles?|cars?|traffic|weather|light)\b", re.IGNORECASE)
_EVENTS = re.compile(r"\b(?:happening|happens|going on|doing|activity|activities|mood|atmosphere)\b", re.IGNORECASE)
_LASTING = re.compile(r"\b(?:static|permanent|fixed|stays?|lasting)\b", re.IGNORECASE)
_NAMES = re.compile(r"\bname (?:the |of the )?(?:city|town|street|business|landmark|place|country)", re.IGNORECASE)
_SIGNS = re.compile(r"\b(?:signs?|signage|lettering|inscriptions?|text)\b", re.IGNORECASE)
_EXACTLY = re.compile(r"\b(?:quot\w+|exactly|verbatim|as written|letter by letter|legible)\b", re.IGNORECASE)
_PARTS = (
    "architecture", "storey", "roof", "window", "door", "arch", "balcon", "ornament", "material", "colour", "color",
    "layout", "beside", "behind", "furniture",
)  # fmt: skip
_TELLING = re.compile(r"\b(?:identif\w+|recogni[sz]\w+|distinctive|distinguish\w*|unique\w*)\b", re.IGNORECASE)
_SCORE = re.compile(r"\b(?:how surely|how certain|how likely|how uniquely)\b", re.IGNORECASE)
_FORM = re.compile(r"\bjson\b", re.IGNORECASE)


class Manner(NamedTuple):
    """How a prompt makes the stand-in answer: shares of cues, and of images where it says so, in [0, 1]."""

    fleeting: float  # people, vehicles, weather, light
    generic: float  # what fits everywhere
    invented: float  # names that stand nowhere
    choosy: float  # power of how telling a thing is in what is noticed
    signs: float  # how much signs draw attention; other things have 1
    quoted: float  # of the signs named, those with their text
    exact: float  # of the other things, those told exactly rather than roughly
    boilerplate: float  # images, with the same scores whatever is there
    broken: float  # answers, that cannot be used


@lru_cache(maxsize=64)
def manner_of(prompt: str) -> Manner:
    """Return how a prompt makes the stand-in answer.

    A sentence that forbids (leave out, do not, ignore …) is told from one that asks. Nothing else of the prompt
    counts: not its language, its examples or its tone.
    """
    sentences = [" ".join(one.split()) for one in _SENTENCE.split(prompt)]
    asked = " ".join(one for one in sentences if not _FORBIDS.search(one))
    forbidden = " ".join(one for one in sentences if _FORBIDS.search(one))
    parts = sum(word in asked.lower() for word in _PARTS)
    signs, exactly = _SIGNS.search(asked), _EXACTLY.search(asked)
    return Manner(
        fleeting=_fleeting(asked, forbidden),
        generic=0.32 if parts == 0 else 0.2 if parts < 4 else 0.08,
        invented=0.3 if _NAMES.search(asked) else 0.01 if _NAMES.search(forbidden) else 0.06,
        choosy=3.0 if _TELLING.search(asked) else 1.0,
        signs=6.0 if signs and exactly else 4.0 if signs else 2.0,
        quoted=0.95 if signs and exactly else 0.75 if signs else 0.55,
        exact=0.9 if parts >= 4 else 0.7 if parts else 0.5,
        boilerplate=0.15 if _SCORE.search(asked) else 0.5,
        broken=0.015 if _FORM.search(asked) else 0.04,
    )


def _fleeting(asked: str, forbidden: str) -> float:
    if _EVENTS.search(asked):
        return 0.55
    if _FLEETING.search(asked):
        return 0.4
    if _FLEETING.search(forbidden):
        return 0.03
    return 0.1 if _LASTING.search(asked) else 0.22
