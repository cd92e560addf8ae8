"""What reads the words of persons and models, on text of its longest against half of it: no pattern may backtrack."""

from collections.abc import Callable, Iterator
from functools import partial

from internvl_vpr.agent.calls import Known
from internvl_vpr.agent.grounding.reply import ungrounded
from internvl_vpr.agent.rules.understand import MOST_CHARACTERS, understand

from .side_by_side import SideBySide

# Linear work takes twice as long for twice the text, quadratic work four times.
_AT_MOST = 3.0
_REPLY = 1_500  # characters
_KNOWN = Known(photos=("x.jpg", "y.jpg", "z.jpg"), candidates=20)
_QUESTIONS = (
    *("a.jpg ", "' ", "’’ ", "~/ ", "\\ ", "(", "'", "/a/b "),
    *("why and ", "1 and 2 ", "use 5 ", "say so if "),
)
_REPLIES = ("1.", "a ", "'", '"', "52.1,", "one hundred ", "A-", "a.b/", "12 34 ", "\\", "é", "(", "north ")


def comparisons() -> Iterator[SideBySide]:
    """Yield a person's message and a model's reply, each made of one piece again and again, for all pieces."""
    for what, read, pieces, length in (
        ("messages understood", _understand, _QUESTIONS, MOST_CHARACTERS),
        ("replies looked at", _look_at, _REPLIES, _REPLY),
    ):
        whole, half = (partial(_read_all, read, pieces, size) for size in (length, length // 2))
        yield SideBySide(f"{what}, {length:,} characters", whole, "half of each", half, _AT_MOST)


def _read_all(read: Callable[[str], object], pieces: tuple[str, ...], length: int) -> None:
    for piece in pieces:
        read((piece * length)[:length])


def _understand(text: str) -> object:
    return understand(text, _KNOWN, lambda _: False)


def _look_at(text: str) -> object:
    return ungrounded(text, [text * 2], ["where was this taken?"])
