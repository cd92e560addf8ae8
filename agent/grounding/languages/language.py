"""What has to be known of a language to tell what a reply in it states."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

_LONGEST = 40  # letters of a word that is taken apart: longer ones would take too long


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text, in small letters; ß becomes ss, as `str.casefold` has it."""
    return frozenset(text.casefold().split())


def translations(text: str) -> dict[str, str]:
    """Read lines of `english: word word …`; returns the English word of each word."""
    lines = (line.partition(":") for line in text.strip().splitlines())
    return {word: english.strip() for english, _, words in lines for word in words.casefold().split()}


@dataclass(frozen=True)
class Relations:
    """Words that say how the words after or around them are meant; all in small letters.

    A place follows `before_places`, `is_words` or `places`; what stands near one of `read` is only read on a
    sign, and near one of `named` it is the name of a photo.
    """

    before_places: frozenset[str]
    is_words: frozenset[str]
    places: frozenset[str]
    read: frozenset[str]
    named: frozenset[str]


@dataclass(frozen=True)
class Language:
    """A language that is checked by what a reply states, since no list can hold all of its words.

    `words` are so common that they may begin a sentence or follow a preposition, and tell the language. `polite` ones
    may have a capital anywhere. `beginnings` are the forms of other words that may begin a sentence, and `following`
    those that may follow a preposition. No name stands directly before one of the `determiners`, at the beginning of a
    sentence, or in German directly after one. `numbers` and `units` are read as English. `compass` has the nouns that
    a tool may tell, `east_after` words that mean the east only after one of some others, and `directions` what no tool
    tells. `elided` words lose their end before a vowel, and `joiners` join numbers to one word. `deeds` are claims to
    have done something: what only one tool does, by its name, or, under "", what none does; `auxiliary` is the verb
    that a participle alone leaves out of such a claim. `nouns_have_capitals` is German's rule: there every capital is
    looked up.
    """

    name: str
    auxiliary: str
    words: frozenset[str]
    relations: Relations
    beginnings: re.Pattern[str]
    following: re.Pattern[str]
    numbers: Mapping[str, str]
    units: Mapping[str, str]
    compass: Mapping[str, str]
    directions: re.Pattern[str]
    deeds: Mapping[str, re.Pattern[str]]
    determiners: frozenset[str]
    polite: frozenset[str] = frozenset()
    elided: tuple[str, ...] = ()
    east_after: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    joiners: tuple[str, ...] = ()
    nouns_have_capitals: bool = False
    nouns: frozenset[str] = field(default=frozenset())
    naming_heads: tuple[str, ...] = ()
    noun_endings: re.Pattern[str] = re.compile(r"(?!)")

    @cached_property
    def _number_part(self) -> re.Pattern[str]:
        return re.compile("|".join(sorted({*self.numbers, *self.joiners}, key=len, reverse=True)))

    def number_in_english(self, small: str) -> str | None:
        """Return a number that is written in one word, such as zweiundfünfzig, in English words.

        None for what is no number.
        """
        if len(small) > _LONGEST:
            return None
        parts = self._number_part.findall(small)
        if "".join(parts) != small:
            return None
        return " ".join(self.numbers[part] for part in parts if part in self.numbers)

    @cached_property
    def elision(self) -> re.Pattern[str] | None:
        """A word that has lost its end before a vowel, such as the l' of l'image."""
        return re.compile(rf"(?<!\w)({'|'.join(self.elided)})'(?=\w)", re.IGNORECASE) if self.elided else None

    def apart(self, text: str) -> str:
        """Return a text with a blank instead of the apostrophe of a word that has lost its end."""
        return text if self.elision is None else self.elision.sub(lambda match: f"{match[1]} ", text)

    def is_common(self, small: str) -> bool:
        """Whether a word in small letters is common, a number or a unit, or each part of it that hyphens join."""
        return small in self._common or ("-" in small and all(part in self._common for part in small.split("-")))

    def is_own(self, small: str) -> bool:
        """Whether a word tells this language: it is common, or says what was done."""
        return self.is_common(small) or any(form.fullmatch(small) for form in self.deeds.values())

    @cached_property
    def _common(self) -> frozenset[str]:
        return self.words | self.numbers.keys() | self.units.keys()

    def is_ordinary_noun(self, small: str) -> bool:
        """Whether a noun is known, has the ending of an idea, or is made of known nouns and names no place."""
        if small in self.words or small in self.nouns:
            return True
        if small.endswith(self.naming_heads):
            return False
        return self.noun_endings.fullmatch(small) is not None or _is_compound(small, self.nouns)


def _is_compound(small: str, nouns: frozenset[str]) -> bool:
    """Whether a word is made of two or three nouns, with the letters between that German puts there."""
    if len(small) > _LONGEST:
        return False
    for end in range(3, len(small) - 2):
        head, tail = small[:end].rstrip("-"), small[end:].lstrip("-")
        starts = {head, head.removesuffix("s"), head.removesuffix("n"), head.removesuffix("en"), head + "e"}
        if starts & nouns and (tail in nouns or _is_compound(tail, nouns)):
            return True
    return False
