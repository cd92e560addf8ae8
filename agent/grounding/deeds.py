"""What a reply claims to have done: nothing that no tool did, in any of the languages."""

import re
from collections.abc import Collection, Mapping

from .languages.detect import LANGUAGES

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


def claimed_deed(reply: str, done: Collection[str | None]) -> str | None:
    """Return a deed that a reply claims though none of the tools that were used (`done`) does it, or None."""
    text = reply.casefold().replace("’", "'")
    for deeds in (_ENGLISH, *(language.deeds for language in LANGUAGES)):
        for tool, claimed in deeds.items():
            if tool not in done and (match := claimed.search(text)):
                return match[0]
    return None
