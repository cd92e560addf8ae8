"""What a reply claims to have done: nothing that no tool did, in any of the languages."""

import re
from collections.abc import Collection, Iterator, Mapping

from .languages.detect import LANGUAGES
from .languages.language import word_set

# I can set it and shall I set it are offers, I set it is a claim.
_SET = (
    r"|(?<!shall )(?<!should )(?<!can )(?<!could )(?<!may )(?<!if )"
    r"\b(?:i|we)(?:'ve| have)?(?: now| just)? (?:set|put) (?:it|the|your|tau|τ)\b"
)
_ENGLISH: Mapping[str, re.Pattern[str]] = {
    tool: re.compile(
        rf"\b(?:i|i've|we|we've|has|have|is|are|was|were|been|now)\b[^.!?\n]{{0,40}}?\b(?:{verbs})\b{others}"
    )
    for tool, verbs, others in (
        ("index_photos", "added|indexed|imported|remembered|learned|learnt|extended", ""),
        ("change_settings", "changed|set to|updated|adjusted|switched|raised|lowered|increased|decreased|reset", _SET),
        ("", "saved|exported|deleted|removed|sent|uploaded|downloaded|moved|renamed|copied|stored|searched", ""),
    )
}

_IN_ENGLISH = "is"
_SENTENCE = re.compile(r"[^.!?,:;\n]+[.!?,:;]?")
_MOST_WORDS = 3  # of a claim without a verb, such as: photo deleted
_NOT = word_set("""
    no not nothing none never nicht nichts kein keine keinen rien pas aucun aucune nada ningún ninguna niente nessun
    nessuna non não nenhum nenhuma niet niets geen inte inget inga nic nie żadne żaden
""")


def claimed_deed(reply: str, done: Collection[str | None]) -> str | None:
    """Return a deed that a reply claims though none of the tools that were used (`done`) does it, or None."""
    text = reply.casefold().replace("’", "'")
    short = list(_short_statements(text))
    spoken = ((_IN_ENGLISH, _ENGLISH), *((language.auxiliary, language.deeds) for language in LANGUAGES))
    for auxiliary, deeds in spoken:
        for tool, claimed in deeds.items():
            if tool in done:
                continue
            if match := claimed.search(text):
                return match[0]
            for statement in short:
                said = f"{auxiliary} {statement}"
                if any(match.end() == len(said) for match in claimed.finditer(said)):
                    return statement
    return None


def _short_statements(text: str) -> Iterator[str]:
    """Yield what may claim a deed without a verb: a few words that end with one, neither asked nor denied."""
    for match in _SENTENCE.finditer(text):
        words = match[0].strip(" .!?,:;").split()
        if 0 < len(words) <= _MOST_WORDS and not match[0].endswith("?") and _NOT.isdisjoint(words):
            yield " ".join(words)
