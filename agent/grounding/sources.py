"""What a reply may rest on: what tools said is kept apart from what they only quote; characters have one form."""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

GAP = "■"  # marks where something was cut out; it is neither a word nor a number

# Replaced before NFKC, which would turn them into letters and spaces.
_BEFORE = str.maketrans(
    {**dict.fromkeys("º˚", "°"), **dict.fromkeys("´`‘’‚‛′ʹʼ", "'"), **dict.fromkeys("“”„‟″«»", '"'), "‒": "-", "–": "-"}
)
_AFTER = str.maketrans({"−": "-", "‐": "-", "‑": "-", "—": " - ", "―": " - ", "٫": ".", "٬": ",", "·": ".", "⁄": "/"})

# A string as JSON or Python writes it; its content cannot end it.
_QUOTED = re.compile(r""" "((?:[^"\\\n]|\\.)*)" | (?<!\w)'((?:[^'\\\n]|\\.)*)'(?!\w) """, re.VERBOSE)
_OPEN = re.compile(r'"[^\n]*')


def one_form(text: str) -> str:
    """Return a text with one form of each digit, minus, space and quotation mark, and without invisible characters."""
    text = unicodedata.normalize("NFKC", text.translate(_BEFORE)).translate(_AFTER)
    return "".join(_one_form(character) for character in text)


def _one_form(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cf", "Mn", "Me", "Cs", "Co", "Cn"):
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(character))
    return " " if category in ("Zs", "Zl", "Zp", "Cc") and character != "\n" else character


def words(text: str) -> list[str]:
    """Return the words of a text in `one_form`, in small letters; the parts of a hyphenated word are added."""
    found = [match[0].casefold() for match in WORD.finditer(text)]
    return [*found, *(part for word in found if "-" in word for part in word.split("-"))]


WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")


@dataclass(frozen=True)
class Sources:
    """What a reply may rest on: what tools said in their own words, what they quoted, and what the person wrote."""

    plain: str
    quoted: tuple[str, ...]
    said: str

    @classmethod
    def of(cls, told: Sequence[str], said: Sequence[str] = ()) -> "Sources":
        """Take tools' results apart, in which file names, cues and signs are in quotation marks."""
        quoted = [one_form(_unquoted(match)) for text in told for match in _QUOTED.finditer(text)]
        plain = "\n".join(_OPEN.sub(GAP, _QUOTED.sub(GAP, text)) for text in told)
        return cls(plain=one_form(plain), quoted=tuple(quoted), said=one_form("\n".join(said)))

    @cached_property
    def everything(self) -> str:
        """All sources together, for what may come from any of them, such as a file's name."""
        return "\n".join((self.plain, *self.quoted, self.said)).casefold()

    @cached_property
    def plain_words(self) -> frozenset[str]:
        """The words that tools said themselves."""
        return frozenset(words(self.plain))

    @cached_property
    def quoted_words(self) -> frozenset[str]:
        """The words that tools only quoted: what a sign says is not a place."""
        return frozenset(word for text in self.quoted for word in words(text))

    def quotes(self, text: str) -> bool:
        """Whether a text, apart from punctuation, is part of something that a tool quoted."""
        wanted = _spaced(text)
        return wanted.strip() != "" and any(wanted in _spaced(one) for one in self.quoted)

    def holds(self, token: str) -> bool:
        """Whether a token, such as a file's name, occurs anywhere on its own or at the end of a path."""
        return _stands_in(token, self.everything)

    def holds_plainly(self, token: str) -> bool:
        """Whether a token occurs in what tools said in their own words or in what the person wrote."""
        return _stands_in(token, f"{self.plain}\n{self.said}".casefold())


def _stands_in(token: str, text: str) -> bool:
    return re.search(rf"(?<![\w.~-]){re.escape(token.casefold())}(?!\w|[.-]\w)", text) is not None


def _spaced(text: str) -> str:
    found = re.findall(r"[^\W_]+", text.casefold())
    return " ".join(["", *found, ""])


def _unquoted(match: re.Match[str]) -> str:
    """Return the text between quotation marks, with JSON's escapes resolved."""
    if match[1] is None:
        return match[2]
    try:
        return str(json.loads(match[0]))
    except ValueError:
        return match[1]
