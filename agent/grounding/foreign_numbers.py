"""Numbers and units in another language, read as English, so that there is one check for all of them."""

import re
from decimal import Decimal

from .languages.language import Language
from .numbers import KnownNumbers
from .sources import WORD, Sources

_PERCENT = re.compile(r"\b(?:pour|por|per)\s+(?:cent|ciento|cento)\b", re.IGNORECASE)
# Thanks that count to a thousand state nothing.
_THANKS = re.compile(
    r"\b(?:grazie mille|mille grazie|mil gracias|mille mercis|merci mille fois|tausend dank)\b", re.IGNORECASE
)
# Thousands that are grouped by points or spaces, as English groups them by commas.
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:[ .]\d{3})+(?![\d]|[.,]\d)")


def numbers_in_english(text: str, sources: Sources, language: Language) -> str:
    """Return a text in `one_form` with English words for its numbers and units.

    1.234 and 1 234 become 1234 where a tool told that number, and otherwise stay what they are.
    """
    told = set(KnownNumbers(sources).values())

    def joined(match: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", match[0])
        return digits if Decimal(digits) in told else match[0]

    text = _GROUPED.sub(joined, _PERCENT.sub("percent", _THANKS.sub("", text)))
    return WORD.sub(lambda match: _in_english(match[0], language), text)


def _in_english(word: str, language: Language) -> str:
    small = word.casefold()
    if (one := language.units.get(small) or language.numbers.get(small)) is not None:
        return one
    if "-" in small and all(part in language.numbers or part in language.units for part in small.split("-")):
        return " ".join(_in_english(part, language) for part in small.split("-"))
    return language.number_in_english(small) or word
