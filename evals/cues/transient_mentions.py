"""What a cue names that will be gone on another day: listed words neither denied nor part of something fixed."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from internvl_vpr.tools.text.quoted import without_quotations

from .transient_words import FIXED, FIXTURES, NAMED_PLACES, NOUNS, OTHERS, PICTURES, PLURALS

_STAYS = "\u25a0"  # stands for what was found to stay

# Where a denial ends when one goes back from a word towards it, and what may stand between.
_TOKEN = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*|[^\w\s]")
_FARTHEST = 7  # tokens between a denial and the word
_DENIALS = frozenset({
    "no", "not", "without", "neither", "nor", "zero", "lacking", "lacks", "never", "hardly", "minus", "excluding",
    "isn't", "aren't", "doesn't", "don't", "non",
})  # fmt: skip
_DENIALS_WITH = {"of": {"free", "devoid", "empty", "lack", "absence", "void", "clear", "bare"}, "from": {"free"}}
_BROKEN_BY = frozenset({
    "a", "an", "the", "some", "many", "several", "few", "two", "three", "four", "five", "this", "that", "in", "on",
    "at", "to", "with", "by", "near", "behind", "beside", "above", "below", "under", "over", "along", "around",
    "across", "against", "opposite", "between", "through", "for", "from", "of", "into", "onto", "next", "outside",
    "inside", "is", "are", "was", "were", "has", "have", "had", "stands", "stand", "shows", "show", "but", "while",
    "where", "which", "who", "whose", "except", "though", "although",
})  # fmt: skip
_ARTICLES = frozenset({"a", "an", "the", "any", "single"})
_LIST_MARKS = frozenset({",", "and", "&", "/"})


class Mention(NamedTuple):
    """A transient thing that a cue names: of which kind, and the word as it stands there."""

    kind: str
    word: str


def transient_mentions(text: str) -> list[Mention]:
    """Return what a cue names that will be gone: people, vehicles, weather, season, light, time of day, works.

    Whole words count, singular and plural, in any case. What is in quotation marks is a sign's text and never counts,
    nor does what is denied ("no cars", "free of people") or stays (bus stops, statues of men, Winter Street).
    """
    if not _LISTED.search(text):
        return []
    plain = _without_what_stays(without_quotations(text, f" {_STAYS} "))
    tokens = list(_TOKEN.finditer(plain))
    denied: set[int] = set()  # ends of words
    found = []
    for match in _LISTED.finditer(plain):
        before = [token for token in tokens if token.start() < match.start()]
        if _is_denied(before, denied):
            denied.add(match.end())
        else:
            found.append(Mention(_KINDS[_key(match[0])], match[0]))
    return found


def _is_denied(before: list[re.Match[str]], denied: set[int]) -> bool:
    """Whether the tokens before a word deny it: "no visible cars", "neither cars nor people", "no cars, people"."""
    for back, token in enumerate(reversed(before[-_FARTHEST:])):
        word = _folded(token)
        earlier = before[: len(before) - 1 - back]
        previous = _folded(earlier[-1]) if earlier else ""
        if word in _DENIALS or previous in _DENIALS_WITH.get(word, ()) or token.end() in denied:
            return True
        if word in _LIST_MARKS:  # it is one denied list only when another word of the lists came right before it
            return all(_folded(one) == "or" for one in before[len(before) - back :]) and _ends_denied(earlier, denied)
        if word in _ARTICLES and previous in _DENIALS:
            return True
        if word in _BROKEN_BY or not (word[0].isalnum() or word == _STAYS):
            return False
    return False


def _folded(token: re.Match[str]) -> str:
    return token[0].casefold().replace("’", "'")


def _ends_denied(earlier: list[re.Match[str]], denied: set[int]) -> bool:
    if earlier and _folded(earlier[-1]) in _LIST_MARKS:  # ", and"
        earlier = earlier[:-1]
    return bool(earlier) and earlier[-1].end() in denied


def _without_what_stays(text: str) -> str:
    for pattern in _STAYING:
        text = pattern.sub(f" {_STAYS} ", text)
    return text


def plural_of(noun: str) -> str:
    """Return the plural of an English noun of the list."""
    if noun in PLURALS:
        return PLURALS[noun]
    if re.search(r"(?:s|x|z|ch|sh)$", noun):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if re.search(r"[^aeiou]y$", noun) else f"{noun}s"


def _key(word: str) -> str:
    return re.sub(r"[\s-]+", " ", word.casefold())


def _any(words: Iterable[str]) -> str:
    """A pattern of any of the words, the longest first, in which a blank may be a hyphen."""
    escaped = (re.escape(_key(word)).replace(r"\ ", r"[\s-]+") for word in sorted(words, key=len, reverse=True))
    return f"(?:{'|'.join(escaped)})"


def _spellings(nouns: Iterable[str]) -> Iterable[str]:
    for noun in nouns:
        yield from {noun, plural_of(noun), "buses" if noun == "bus" else noun}


_KINDS = {
    _key(word): kind for kind in NOUNS for word in (*_spellings(NOUNS[kind]), *OTHERS[kind])
}  # fmt: skip
_WORD = _any(_KINDS)
_NOUN = _any(noun for kind in NOUNS.values() for noun in kind)
_PEOPLE = _any([*_spellings(NOUNS["people"]), "people"])
# What belongs to them stays: men's clothes, children's playground.
_LISTED = re.compile(rf"\b(?!{_PEOPLE}['’]s\b){_WORD}\b", re.IGNORECASE)
_TRAVELS = _any([*NOUNS["vehicles"], *({*NOUNS["people"]} - {"man", "woman", "boy", "girl", "person"}), "people"])
_TOGETHER = r"\s*(?:,|/|&|\band\b|\bor\b)\s*"
_BETWEEN = r"(?:(?:overhead|catenary|ticket|parking|information|only|free|priority|charging|sales)[\s-]+)?"
_PLACES_FOR = _any([
    "access", "bridge", "bridges", "crossing", "crossings", "entrance", "gate", "lane", "lanes", "parking", "passage",
    "path", "paths", "rack", "racks", "ramp", "route", "shelter", "sign", "signs", "space", "spaces", "stand", "stands",
    "station", "stop", "stops", "street", "track", "tracks", "way", "zone",
])  # fmt: skip
_PICTURE = rf"{_any(PICTURES)}(?:s|es)?"
_SHOWN = r"(?:of|showing|depicting|featuring|portraying|representing|picturing|dedicated to|to)"
_ASIDE = (
    r"(?=\s+(?:in front|behind|beside|next to|near|above|below|beneath|against|between|opposite|at|by|under|along"
    r"|surrounded|amid|among)\b|[,;.:()]|$)"
)


def _staying(pattern: str, flags: int = re.IGNORECASE) -> re.Pattern[str]:
    return re.compile(rf"\b{pattern}(?!\w)", flags)


_STAYING = (
    *map(_staying, FIXED),
    _staying(rf"{_PICTURE}\s+{_SHOWN}\s+[^,;.:()]*?{_ASIDE}"),
    _staying(rf"(?:mural|painting|fresco|mosaic|frieze|relief|graffiti|stained glass)s?\s+with\s+[^,;.:()]*?{_ASIDE}"),
    _staying(rf"sign(?:board)?s?\s+(?:with|for)\s+(?:an? |the )?(?:[\w-]+ ){{0,3}}?{_NOUN}"),
    _staying(rf"sign(?:board)?s?\s+for\s+{_WORD}(?:{_TOGETHER}{_WORD}){{0,3}}"),
    _staying(rf"(?:{_NOUN}{_TOGETHER}){{0,3}}{_NOUN}[\s-]+(?:[\w-]+[\s-]+)?{_PICTURE}"),
    _staying(
        rf"(?:{_TRAVELS}{_TOGETHER}){{0,3}}{_TRAVELS}[\s-]+{_BETWEEN}{_any(FIXTURES)}(?:s|es)?(?! (?:the|a|an)\b)"
    ),
    _staying(rf"{_PLACES_FOR}\s+(?:reserved |marked |only )?for\s+{_WORD}(?:{_TOGETHER}{_WORD}){{0,3}}"),
    _staying(rf"(?:closed|restricted|prohibited|forbidden|barred|off-limits)\s+(?:to|for)\s+(?:[\w-]+ ){{0,2}}{_WORD}"),
    _staying(rf"(?:shaped like|in the shape of|resembling|reminiscent of)\s+(?:an? |the )?(?:[\w-]+ ){{0,2}}?{_WORD}"),
    _staying(rf"{_WORD}-(?:shaped|like|themed|style|styled|sized|free|proof|inspired|only)"),
    _staying(rf"{_WORD} free"),
    re.compile(r"\b[Vv]an (?:de |den |der )?[A-Z]\w+"),
    re.compile(rf"\b(?=[A-Z])(?i:{_NOUN}|spring|fall) (?:{'|'.join(NAMED_PLACES)})\b"),
)
