"""Names in a reply in another language than English: what it states, since no list holds all words of a language."""

import re
from collections.abc import Iterator, Sequence

from .languages.language import Language, word_set
from .languages.places import FOREIGN_PLACES, PEOPLES
from .names import ReplyWord, quoted_run, stated_as_place, told_as_read, unknown_symbols, words_of
from .sources import Sources
from .vocabulary import ORDINARY, PLACE_NAMES, SYMBOLS

_OF = word_set("of der de du des d del della dello dell degli delle di da do dos das van von vom om od")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff'-]+")


def foreign_names(text: str, sources: Sources, language: Language) -> Iterator[str]:
    """Yield what a text in `one_form` names in a language though no tool told it.

    A word with a capital is a name, except at the beginning of a sentence if it is common or has the form of an
    adverb; in German, where nouns have capitals, if it is neither a known noun, made of known nouns, nor an idea by
    its ending. Beside an article, no word is. A word without a capital is a name where it is a known place, begins a
    sentence and is not common, or follows a preposition directly and has no form that may. What a sign says is only
    read, whatever its letters.
    """
    yield from unknown_symbols(text)
    found = words_of(text)
    for number, word in enumerate(found):
        if _is_direction(found, number, language):
            if not _is_told_direction(found, number, sources, language):
                yield word.text
        elif _is_name(found, number, sources, language) and not _is_told(found, number, sources, language):
            yield word.text


def _is_direction(found: Sequence[ReplyWord], number: int, language: Language) -> bool:
    small = found[number].small
    if small in language.compass or language.directions.fullmatch(small):
        return True
    before = found[number - 1].small if number else ""
    return before in language.east_after.get(small, ())


def _is_told_direction(found: Sequence[ReplyWord], number: int, sources: Sources, language: Language) -> bool:
    """Whether a tool told this direction; none tells what lies north of what."""
    small = found[number].small
    if number + 1 < len(found) and found[number + 1].small in _OF:
        return False
    return language.compass.get(small, "east" if small in language.east_after else "") in sources.plain_words


def _is_name(found: Sequence[ReplyWord], number: int, sources: Sources, language: Language) -> bool:
    word = found[number]
    small = word.small
    common = language.is_common(small)
    if word.text in SYMBOLS or word.is_side:
        return False
    if not _LATIN.fullmatch(word.text):
        return True
    if _is_known_place(word, common, language):
        return True
    if word.has_capital:
        if small in sources.quoted_words and stated_as_place(_before(found, number), language.relations):
            return True  # a sign's word, however common: der Ort heißt Motel
        return not (_may_have_capital(word, common, language) or _is_beside_determiner(found, number, language))
    if small in sources.quoted_words and small not in ORDINARY and not common:
        return True
    if word.begins and not word.gap.strip() and not common:
        return language.beginnings.fullmatch(small) is None
    return number > 0 and _follows_preposition(found, number, language) and not common


def _is_known_place(word: ReplyWord, common: bool, language: Language) -> bool:
    parts = {word.small, *word.small.split("-")}
    if common and (language.nouns_have_capitals or word.begins or not word.has_capital):
        return False
    if parts & (PLACE_NAMES | FOREIGN_PLACES):
        return True
    return any(PEOPLES.fullmatch(part) for part in parts)


def _may_have_capital(word: ReplyWord, common: bool, language: Language) -> bool:
    small = word.small
    if small in language.polite:
        return True
    if language.nouns_have_capitals:
        if common or language.is_ordinary_noun(small):
            return True
        if "-" in small and all(
            language.is_ordinary_noun(part) or part.upper() in SYMBOLS for part in small.split("-")
        ):
            return True
    # What was done is checked by itself.
    forms = (language.beginnings, *language.deeds.values())
    return word.begins and (common or any(form.fullmatch(small) for form in forms))


def _is_beside_determiner(found: Sequence[ReplyWord], number: int, language: Language) -> bool:
    """Whether a word stands where no name does: before an article, or in German after one that is indefinite."""
    following = found[number + 1] if number + 1 < len(found) else None
    if not language.nouns_have_capitals:
        after = following is not None and not following.gap.strip() and following.small in language.determiners
        return after and found[number].begins
    before = found[number - 1].small if number else ""
    if found[number].gap.strip() or found[number].small.endswith(language.naming_heads):
        return False
    # Two words with capitals are a name: ein Brandenburger Tor.
    is_one = following is None or following.gap.strip() != "" or not following.has_capital
    return before in language.determiners and is_one


def _follows_preposition(found: Sequence[ReplyWord], number: int, language: Language) -> bool:
    """Whether a word without a capital stands where a place is named, and has no form of another kind of word."""
    word, before = found[number], found[number - 1]
    if before.small not in language.relations.before_places or word.gap.strip(" '\""):
        return False
    if language.following.fullmatch(word.small) is None:
        return True
    if not language.nouns_have_capitals or language.beginnings.fullmatch(word.small):
        return False
    # An adjective is followed by its noun, which has a capital.
    return not any(other.has_capital for other in found[number + 1 : number + 4])


def _is_told(found: Sequence[ReplyWord], number: int, sources: Sources, language: Language) -> bool:
    small = found[number].small
    if small in sources.plain_words:
        return True
    if small not in sources.quoted_words:
        return False
    first, last = quoted_run(found, number, sources, language.words)
    return told_as_read(_before(found, first), [word.small for word in found[last + 1 :]], language.relations)


def _before(found: Sequence[ReplyWord], number: int) -> list[str]:
    return [word.small for word in found[:number]]
