"""Which language a reply is in."""

from .dutch import DUTCH
from .french import FRENCH
from .german import GERMAN
from .italian import ITALIAN
from .language import Language
from .polish import POLISH
from .portuguese import PORTUGUESE
from .spanish import SPANISH
from .swedish import SWEDISH

LANGUAGES = (GERMAN, FRENCH, SPANISH, ITALIAN, PORTUGUESE, DUTCH, SWEDISH, POLISH)
_LEAST_SHARE = 0.4  # of a reply's words that are common ones of its language


def languages_of(words: list[str], english: frozenset[str]) -> list[Language]:
    """Return the languages that most words, in small letters, are common in; none for English and for any other one.

    English wins every tie, so that what is neither is judged by the strictest rules. Short sentences may be in more
    than one language.
    """
    counts = [sum(map(language.is_own, words)) for language in LANGUAGES]
    most = max(counts)
    if most <= sum(word in english for word in words) or most < _LEAST_SHARE * len(words):
        return []
    return [language for language, count in zip(LANGUAGES, counts, strict=True) if count == most]
