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


def language_of(words: list[str], english: frozenset[str]) -> Language | None:
    """Return the language that most words, in small letters, are common in; None for English and for any other one.

    English wins every tie, so that what is neither is judged by the strictest rules.
    """
    counts = [sum(map(language.is_own, words)) for language in LANGUAGES]
    most = max(counts)
    if most <= sum(word in english for word in words) or most < _LEAST_SHARE * len(words):
        return None
    return LANGUAGES[counts.index(most)]
