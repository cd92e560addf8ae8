"""Lines of text read in an image, turned into cues: which form a sign, which are not signs, what each is worth."""

import re
import unicodedata
from collections.abc import Sequence
from math import dist

from ..records import RawCue, Record

_MIN_CONFIDENCE = 0.7  # below it, rendered signs are misread and window grids are taken for letters
_HALF_HEIGHT = 0.03  # letters of this share of the image's height score half as much as very large ones
_MAX_LENGTH = 120  # characters
_LIKE_HEIGHT = 1.6  # letters of one sign differ at most by this factor
_STACKED_GAP = 0.7  # between the lines of one sign, in heights of the larger letters
_BESIDE_GAP = 1.0  # between the words of one sign, likewise
_OVERLAP = 0.5  # of the smaller of two lines with the larger, across the direction in which they follow

_NUMBER_PLATE = re.compile(
    r"[A-Z]{3} ?\d{2}[A-Z0-9]|\d[A-Z]{3}\d{3}|[A-Z]{2}\d{2} ?[A-Z]{3}"  # such as Sweden, California, Britain
    r"|[A-Z]{2}-\d{3}-[A-Z]{2}|[A-Z]{1,3}-[A-Z]{1,2} ?\d{1,4}"  # France, Germany
)
_CLOCK = re.compile(r"(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\W*)?\d{1,2}[:.]\d{2}([:.]\d{2})?\s*([AP]M)?", re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}")
_WATERMARK = re.compile(
    r"google|.*(19|20)\d\d ?google.*|google ?(maps|earth|street ?view).*|.*mapillary.*", re.IGNORECASE
)
_NO_SIGN = (_NUMBER_PLATE, _CLOCK, _DATE, _WATERMARK)

# Words seen in every street, without spaces.
_EVERYWHERE = frozenset({
    "stop", "yield", "slow", "exit", "entrance", "open", "closed", "push", "pull", "sale", "forsale", "forrent",
    "tolet", "taxi", "bus", "parking", "noparking", "nostopping", "noentry", "oneway", "keepclear", "private",
    "toilets", "wc", "atm", "school", "pedxing", "speedlimit", "towaway", "deliveries",
})  # fmt: skip


class TextLine(Record):
    """One line as the reader gave it: its words, its confidence in 0–1, and its corners in pixels.

    The corners go round from the text's upper left; x is to the right, y down.
    """

    text: str
    confidence: float
    corners: tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]

    @property
    def letter_height(self) -> float:
        """The shorter extent of the box, pixels; the longer one follows the text, be it upright or on its side."""
        a, b, c, d = self.corners
        return min((dist(a, d) + dist(b, c)) / 2, (dist(a, b) + dist(d, c)) / 2)

    @property
    def left(self) -> float:
        """Least x."""
        return min(x for x, _ in self.corners)

    @property
    def right(self) -> float:
        """Greatest x."""
        return max(x for x, _ in self.corners)

    @property
    def top(self) -> float:
        """Least y."""
        return min(y for _, y in self.corners)

    @property
    def bottom(self) -> float:
        """Greatest y."""
        return max(y for _, y in self.corners)


def sign_cues(lines: Sequence[TextLine], image_height: int, everywhere_score: float) -> list[RawCue]:
    """Turn the lines read in an image into sign cues, the best first; the words stay as read.

    The score is confidence × h / (h + 3 %), with h the height of the letters as a share of
    `image_height`: large letters are more often read correctly, up to a point. Words
    seen in every street (STOP, ONE WAY) get `everywhere_score` at most. Left out is what is not a sign:
    uncertain readings, single characters, number plates, clocks, dates and the watermarks of street views.
    """
    best: dict[str, RawCue] = {}
    for sign in _group([line for line in lines if _is_sign(line)]):
        text = _clean(" ".join(line.text.strip() for line in sign))
        share = max(line.letter_height for line in sign) / image_height
        score = min(line.confidence for line in sign) * share / (share + _HALF_HEIGHT)
        if _letters(text) in _EVERYWHERE:
            score = min(score, everywhere_score)
        cue = RawCue(text=text, score=score)
        if _letters(text) not in best or score > best[_letters(text)].score:
            best[_letters(text)] = cue
    return sorted(best.values(), key=lambda cue: (-cue.score, cue.text))


def _is_sign(line: TextLine) -> bool:
    text = line.text.strip()
    if line.confidence < _MIN_CONFIDENCE or len(_letters(text)) < 2 or line.letter_height <= 0:
        return False
    return not any(pattern.fullmatch(text) for pattern in _NO_SIGN)


def _letters(text: str) -> str:
    """Letters and digits alone, case folded: what two readings of one sign have in common."""
    return "".join(character for character in text.casefold() if character.isalnum())


def _clean(text: str) -> str:
    """Replace control and format characters, and cut what is longer than any sign."""
    shown = "".join("\ufffd" if unicodedata.category(character)[0] == "C" else character for character in text)
    return shown[:_MAX_LENGTH]


def _group(lines: Sequence[TextLine]) -> list[list[TextLine]]:
    """Put the lines of one sign together, in reading order."""
    groups: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda line: (line.top, line.left)):
        near = [group for group in groups if any(_one_sign(line, other) for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append([*(member for group in near for member in group), line])
    return [_in_reading_order(group) for group in groups]


def _in_reading_order(lines: Sequence[TextLine]) -> list[TextLine]:
    """Sort row by row; a line belongs to the row that its middle lies in."""
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda line: line.top + line.bottom):
        if rows and (line.top + line.bottom) / 2 < rows[-1][0].bottom:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: line.left)]


def _one_sign(a: TextLine, b: TextLine) -> bool:
    larger, smaller = max(a.letter_height, b.letter_height), min(a.letter_height, b.letter_height)
    if larger > _LIKE_HEIGHT * smaller:
        return False
    across = min(a.right, b.right) - max(a.left, b.left)
    down = min(a.bottom, b.bottom) - max(a.top, b.top)
    stacked = across >= _OVERLAP * min(a.right - a.left, b.right - b.left) and -down <= _STACKED_GAP * larger
    beside = down >= _OVERLAP * min(a.bottom - a.top, b.bottom - b.top) and -across <= _BESIDE_GAP * larger
    return stacked or beside
