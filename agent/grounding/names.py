"""Names in a reply that no tool told, and words from signs that the reply states as places."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .languages.language import Relations
from .sources import GAP, WORD, Sources
from .vocabulary import NOT_CAPITALISED, ORDINARY, PLACE_NAMES, SYMBOLS, word_set

_LOCATIVE = word_set("""
    in at near from around outside inside within towards toward to of by beside opposite off over into onto through
    across via past between along like show shows showing shown depicts visit visits visited visiting
""")
_NAMED_AFTER = 3  # words after one of these that may be a name written in small letters
_IS = word_set("is was are were be been being called named it's that's means")
_PLACES = word_set("""
    city town village place country region district quarter street road square location area island state county
    neighbourhood neighborhood suburb capital port harbour station downtown central greater old new upper lower saint
    welcome hello greetings
""")
_READ = word_set("""
    sign signs signboard text texts word words letter letters lettering cue cues read reads reading say says said
    quote quotes written writes label labelled inscription plaque poster logo
""")
_NAMED = word_set("photo photograph picture image file reference candidate named name query")
ENGLISH = Relations(before_places=_LOCATIVE, is_words=_IS, places=_PLACES, read=_READ, named=_NAMED)
_ARTICLES = frozenset({"the", "a", "an", "beautiful", "lovely"})
_BREAKS = word_set("and or but that which who is was are were as than because if when while so then not it")
_MAY_HAVE_ACCENTS = word_set("café cafés façade façades naïve")
_COMPASS = re.compile(r"(?:north|south|east|west)(?:-?(?:north|south|east|west))?(?:ern|wards?|bound)?")
_ENDS = re.compile(r".{3,}(?:ed|ly|able|ible|ful|less|ness|tion|sion|ment|ous)s?")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff'-]+")
_START = "\n"
_STOPS = re.compile(r"[.!?:](?![\w.])|[\n•*]")
_AFTER_NUMBER = re.compile(r"\d\s?°?\s?$")
# Characters besides letters, digits and ASCII that a sentence about scores and places may have.
_SIGNS = frozenset("°≈≥≤≠×÷±→…•√∞€£′″" + GAP)


@dataclass(frozen=True)
class ReplyWord:
    """A word of a reply, and the text between it and the word before."""

    text: str
    gap: str

    @property
    def small(self) -> str:
        """The word in small letters, without a possessive ending."""
        return (
            re.sub(r"'s?$", "", self.text.casefold()) if self.text.casefold() not in ORDINARY else self.text.casefold()
        )

    @property
    def begins(self) -> bool:
        """Whether it begins a sentence; a word right after something that was cut out does not."""
        return _STOPS.search(self.gap.rpartition(GAP)[2]) is not None

    @property
    def is_side(self) -> bool:
        """Whether it is the N, E, S or W after a number, which is checked with the number."""
        return self.text in ("N", "E", "S", "W") and _AFTER_NUMBER.search(self.gap) is not None

    @property
    def has_capital(self) -> bool:
        """Whether any of its letters is a capital."""
        return self.text != self.text.lower()


def ungrounded_names(text: str, sources: Sources) -> Iterator[str]:
    """Yield the words of a text in `one_form` that name what no tool told, and symbols that are no writing."""
    yield from unknown_symbols(text)
    found = words_of(text)
    for number, word in enumerate(found):
        if _is_name(word) and not _is_told(found, number, sources):
            yield word.text
    yield from _unknown_after_prepositions(found, sources)


def unknown_symbols(text: str) -> Iterator[str]:
    """Yield the characters of a text that are no writing, such as flags."""
    yield from (one for one in text if not (one.isascii() or one.isalpha() or one in _SIGNS or _is_punctuation(one)))


def stated_as_place(before: Sequence[str], relations: Relations = ENGLISH) -> bool:
    """Whether what follows these words, in small letters, is called a place, as the words of a sign never may be."""
    last, earlier = before[-1:], before[-2:-1]
    if last and last[0] in _ARTICLES:
        last, earlier = before[-2:-1], before[-3:-2]
    if not last:
        return False
    if last[0] in relations.is_words:
        return not (earlier and earlier[0] in relations.read)
    return last[0] in relations.before_places or last[0] in relations.places


def told_as_read(before: Sequence[str], after: Sequence[str] = (), relations: Relations = ENGLISH) -> bool:
    """Whether what stands between these words, in small letters, is only said to be read in a photo."""
    return not stated_as_place(before, relations) and any(word in relations.read for word in (*before[-4:], *after[:3]))


def told_as_quoted(before: Sequence[str], after: Sequence[str], relations: Relations = ENGLISH) -> bool:
    """Whether a quotation between these words is only said to be read, or to be a photo's name."""
    around = (*before[-4:], *after[:3])
    wanted = relations.read | relations.named
    return not stated_as_place(before, relations) and any(word in wanted for word in around)


def small_words(text: str) -> list[str]:
    """Return the words of a text in small letters, without possessives."""
    return [word.small for word in words_of(text)]


def words_of(text: str) -> list[ReplyWord]:
    """Return the words of a text in `one_form`."""
    found: list[ReplyWord] = []
    end = 0
    for match in WORD.finditer(text):
        gap = text[end : match.start()]
        found.append(ReplyWord(match[0], gap if found else f"{_START}{gap}"))
        end = match.end()
    return found


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character).startswith("P")


def _is_name(word: ReplyWord) -> bool:
    """Whether a word is a name, which only a tool may tell."""
    small = word.small
    if word.text in SYMBOLS or word.is_side or small in _MAY_HAVE_ACCENTS:
        return False
    if not _LATIN.fullmatch(word.text) or not small.isascii():
        return True
    parts = [small, *small.split("-")]
    if any(part in PLACE_NAMES or _COMPASS.fullmatch(part) for part in parts):
        return True
    if not word.has_capital:
        return False
    return not (word.begins and _is_ordinary(small) and not any(part in NOT_CAPITALISED for part in parts))


def _is_told(found: Sequence[ReplyWord], number: int, sources: Sources) -> bool:
    """Whether a tool told a word, or quoted it and the reply only says that it was read."""
    small = found[number].small
    following = found[number + 1].small if number + 1 < len(found) else ""
    if _COMPASS.fullmatch(small) and following == "of":
        return False  # no tool tells directions
    if small in sources.plain_words:
        return True
    if small not in sources.quoted_words or _COMPASS.fullmatch(small):
        return False
    first, last = quoted_run(found, number, sources)
    before = [word.small for word in found[:first]]
    return told_as_read(before, [word.small for word in found[last + 1 :]])


def quoted_run(
    found: Sequence[ReplyWord], number: int, sources: Sources, ordinary: frozenset[str] = ORDINARY
) -> tuple[int, int]:
    """Return the first and last of the words around one that tools quoted as well and that are not ordinary."""

    def belongs(word: ReplyWord) -> bool:
        return word.small in sources.quoted_words and (word.has_capital or word.small not in ordinary)

    first = last = number
    while first > 0 and belongs(found[first - 1]):
        first -= 1
    while last + 1 < len(found) and belongs(found[last + 1]):
        last += 1
    return first, last


def _unknown_after_prepositions(found: Sequence[ReplyWord], sources: Sources) -> Iterator[str]:
    """Yield words in small letters where a place is named, if they are neither ordinary nor told by a tool."""
    for number, word in enumerate(found):
        looked_at = _NAMED_AFTER if word.small in _LOCATIVE else int(word.small in _IS or word.small in _PLACES)
        for other in found[number + 1 : number + 1 + looked_at]:
            if other.gap.strip(" '\"") or other.small in _BREAKS:
                break
            if not other.has_capital and not _may_follow(other.small, word.small, sources):
                yield other.text


def _may_follow(small: str, before: str, sources: Sources) -> bool:
    if _is_ordinary(small) or small in sources.plain_words or _ENDS.fullmatch(small):
        return True
    return before in _IS and small.endswith("ing")


def _is_ordinary(small: str) -> bool:
    """Whether a word is ordinary, or each part of it that hyphens join."""
    return small in ORDINARY or ("-" in small and all(part in ORDINARY for part in small.split("-")))
