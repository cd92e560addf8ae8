"""What a model's reply states without any source: coordinates, numbers, files, places."""

import re
from collections.abc import Sequence

from internvl_vpr.tools.photo.photo import PHOTO_SUFFIXES

from .foreign_names import foreign_names
from .foreign_numbers import numbers_in_english
from .languages.detect import languages_of
from .languages.language import Language, Relations
from .names import ENGLISH, small_words, told_as_quoted, told_as_read, ungrounded_names
from .numbers import ungrounded_numbers
from .sources import GAP, Sources, one_form
from .vocabulary import ORDINARY, SYMBOLS

_ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]*://[^\s\"]*|\b(?:www\.|geo:|data:|mailto:|file:|https?:)[^\s\"]+", re.IGNORECASE
)
_TOKEN = re.compile(r"[^\s\"()<>;,]+")
_AROUND = ".,;:!?'[]{}" + GAP
_FILE = re.compile(
    rf"(?:{'|'.join(map(re.escape, sorted(PHOTO_SUFFIXES)))}|\.(?:csv|html|json|md|sqlite|toml|txt))$", re.I
)
_MOST_READ = 5  # characters that a mix of letters and digits on a sign may have; the code of a place has more
_JOINED = re.compile(r"[/\\~_@#+|]|\w\.[^\W\d_]|[^\W\d_]\.\w|[^\W\d_]\d|\d[^\W\d_]|///")
_NUMBER_WITH_UNIT = re.compile(r"[-+]?[\d.,]+(?:st|nd|rd|th|m|km|%|°[NSEW]?)|[-+\d.,/°%]+[NSEW]?|e\.g|i\.e|a\.m|p\.m")
_WORDS_WITH_SLASH = re.compile(r"[A-Za-z]+(?:/[A-Za-z]+)+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_QUOTATION = re.compile(r"\"([^\"]+)\"|(?<!\w)'([^']+(?:'\w[^']*)*)'(?!\w)")


def ungrounded(reply: str, sources: Sequence[str], said: Sequence[str] = ()) -> list[str]:
    """Return what a reply states that neither tools told (`sources`, their results) nor the person wrote (`said`).

    Coordinates, distances, scores and addresses must be in a tool's own words, though they may be rounded. What a
    result has in quotation marks (signs, cues, names of files) is only quoted: to state it as a place or a position is
    ungrounded, too. So is every place that only the person named, even in "no tool says that it is Paris". The person
    may be the source of whole numbers, thresholds and names of files. The check is stricter than necessary, since the
    rules' own reply replaces a refused one. It reads words and not meanings, so a false sentence in tools' own words
    passes. A reply in one of `LANGUAGES` is checked by that language's rules, any other one by those for English.
    """
    known = Sources.of(sources, said)
    text, found = _without_addresses(one_form(reply), known)
    languages: Sequence[Language | None] = reply_languages(text) or [None]
    fewest = min((_ungrounded_in(language, text, known) for language in languages), key=len)
    return list(dict.fromkeys([*found, *fewest]))


def _ungrounded_in(language: Language | None, text: str, known: Sources) -> list[str]:
    """Return what a text without addresses states without a source, read as one language; None stands for English."""
    found: list[str] = []
    relations = language.relations if language else ENGLISH
    text = _without_tokens(language.apart(text) if language else text, known, found, relations)
    if language is None:
        found += ungrounded_numbers(text, known)
        found += ungrounded_names(_without_quotations(text, known, found, relations), known)
    else:
        found += ungrounded_numbers(numbers_in_english(text, known, language), known)
        for sentence in _SENTENCE_END.split(_without_quotations(text, known, found, relations)):
            found += _names_in(sentence, known, language)
    return list(dict.fromkeys(one.strip() for one in found))


def reply_languages(text: str) -> list[Language]:
    """Return which of `LANGUAGES` a reply is in, or may be in; none for English and for all others."""
    return languages_of(re.findall(r"[^\W\d_]+", _TOKEN.sub(_without_mixes, one_form(text)).casefold()), ORDINARY)


def _names_in(sentence: str, known: Sources, language: Language) -> list[str]:
    """Return the names in a sentence of a reply in a language; a sentence that is in English is checked as such."""
    is_english = not reply_languages(sentence) and any(word in ORDINARY for word in small_words(sentence))
    return list(ungrounded_names(sentence, known) if is_english else foreign_names(sentence, known, language))


def _without_mixes(match: re.Match[str]) -> str:
    return "" if _JOINED.search(match[0].strip(_AROUND)) else match[0]


def _without_addresses(text: str, known: Sources) -> tuple[str, list[str]]:
    """Cut web addresses out of a text, and also return those that no tool told."""
    told = {token.rstrip(_AROUND) for token in known.plain.split()}
    found: list[str] = []

    def cut(match: re.Match[str]) -> str:
        address = match[0].rstrip(_AROUND + ")")
        if address not in told:
            found.append(address)
        return GAP + match[0][len(address) :]

    return _ADDRESS.sub(cut, text), found


def _without_tokens(text: str, known: Sources, found: list[str], relations: Relations) -> str:
    """Cut names of files and mixes of letters and digits out of a text; unknown ones are added to `found`."""

    def cut(match: re.Match[str]) -> str:
        token = match[0].strip(_AROUND)
        if not token or not _JOINED.search(token) or _NUMBER_WITH_UNIT.fullmatch(token) or _are_ordinary(token):
            return match[0]
        if not known.holds(token) or not _may_be_named(token, text[: match.start()], known, relations):
            found.append(token)
        return match[0].replace(token, GAP)

    return _TOKEN.sub(cut, text)


def _may_be_named(token: str, before: str, known: Sources, relations: Relations) -> bool:
    """Whether a reply may use a known token; one that is only quoted and no file must be short and said to be read."""
    if token.startswith(("/", "~", "./", "../")) or _FILE.search(token):
        return True
    if known.holds_plainly(token):
        return True
    return len(token) <= _MOST_READ and told_as_read(small_words(before), relations=relations)


def _are_ordinary(token: str) -> bool:
    """Whether a token is ordinary words joined by slashes, such as and/or."""
    if not _WORDS_WITH_SLASH.fullmatch(token):
        return False
    return all(part in ORDINARY or part in SYMBOLS for part in token.split("/"))


def _without_quotations(text: str, known: Sources, found: list[str], relations: Relations) -> str:
    """Cut out what a reply quotes word for word; a quotation that it calls a place is added to `found`."""

    def cut(match: re.Match[str]) -> str:
        content = match[1] or match[2]
        if not known.quotes(content):
            return match[0]
        if not told_as_quoted(small_words(text[: match.start()]), small_words(text[match.end() :]), relations):
            found.append(content)
        return GAP

    return _QUOTATION.sub(cut, text)
