"""Text that a cue quotes, and whether it is among the lines that were read in the image."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

LEAST_LETTERS = 2  # letters and digits of a text that can be looked for
_EDITS = ((10, 2), (4, 1))  # from so many letters and digits, so many edits; with one edit, "12" would be in every sign

_STRAIGHT = str.maketrans({**dict.fromkeys("‘’‚‛′`´", "'"), **dict.fromkeys("“”„‟″«»‹›", '"')})
# An apostrophe opens a quotation where no letter is before it, and closes one where none follows; '60s is neither.
_QUOTATION = re.compile(r"""  "([^"]*)"  |  (?<!\w) ' (?!\s|\d\ds\b) (.+?) (?<!\s) ' (?!\w)  """, re.VERBOSE)


def quoted_strings(text: str) -> list[str]:
    """Return what stands in quotation marks, straight, curly or angled, single or double, without them.

    Apostrophes within words (JOE'S) do not end a quotation. What has fewer than two letters or digits is left out.
    """
    found = ((match[1] or match[2] or "").strip() for match in _quotations(text))
    return [quoted for quoted in found if len(fold(quoted)) >= LEAST_LETTERS]


def without_quotations(text: str, instead: str) -> str:
    """Return a text with `instead` in the place of each quotation."""
    parts, end = [], 0
    for match in _quotations(text):
        parts += [text[end : match.start()], instead]
        end = match.end()
    return "".join([*parts, text[end:]])


def _quotations(text: str) -> Iterator[re.Match[str]]:
    return _QUOTATION.finditer(text.translate(_STRAIGHT))  # one character for one, so that places stay


def fold(text: str) -> str:
    """Return letters and digits alone, case folded and without accents, which readers often miss."""
    return "".join(one for one in unicodedata.normalize("NFKD", text.casefold()) if one.isalnum())


def is_seen(text: str, lines: Sequence[str]) -> bool:
    """Whether a text is part of a line, or of all lines joined in their order, but for a few edits.

    Letters and digits count, whatever their case: one edit is allowed, two in ten letters or more, and none in fewer
    than four.
    """
    wanted, read = fold(text), fold("".join(lines))  # a part of one line is a part of all
    edits = next((edits for length, edits in _EDITS if len(wanted) >= length), 0)
    return wanted in read or (edits > 0 and substring_distance(wanted, read) <= edits)


def share_seen(quoted: Sequence[str], lines: Sequence[str]) -> float | None:
    """Return the share of quoted texts that are seen; None where nothing is quoted or nothing was read."""
    if not quoted or not fold("".join(lines)):
        return None
    return sum(is_seen(text, lines) for text in quoted) / len(quoted)


def substring_distance(pattern: str, text: str) -> int:
    """Return the smallest edit distance of `pattern` to any part of `text`, the empty one included.

    Myers' (1999) bit-parallel form of Sellers' recurrence: the bits are the differences down one column.
    """
    if not pattern:
        return 0
    places: dict[str, int] = {}
    for place, character in enumerate(pattern):
        places[character] = places.get(character, 0) | 1 << place
    every, last = (1 << len(pattern)) - 1, 1 << (len(pattern) - 1)
    up, down = every, 0  # where the column rises and falls by one
    distance = best = len(pattern)
    for character in text:
        equal = places.get(character, 0)
        diagonal = (((equal & up) + up) ^ up) | equal
        rises, falls = down | (~(diagonal | up) & every), up & diagonal
        distance += bool(rises & last) - bool(falls & last)
        best = min(best, distance)
        rises, falls = rises << 1 & every, falls << 1 & every  # the first row stays 0: a part may begin anywhere
        down, up = rises & (equal | down), falls | (~(equal | down | rises) & every)
    return best
