"""A picture in kitty's graphics protocol, by Unicode placeholders.

The picture is sent once under a number. It then appears wherever the placeholder character stands in the colour that
spells this number, so it can be laid out like text.
"""

import base64
import io
import itertools
import os

from PIL import Image
from rich.segment import Segment
from rich.style import Style

_PLACEHOLDER = "\U0010eeee"
_NUMBERS = 2**24 - 1  # a colour spells a number from 1 to this
_PIECE = 4096  # characters of a message
# The accents that tell a placeholder's row. Its column follows from its left neighbour.
_ROWS = (
    "\u0305\u030d\u030e\u0310\u0312\u033d\u033e\u033f\u0346\u034a\u034b\u034c"
    "\u0350\u0351\u0352\u0357\u035b\u0363\u0364\u0365\u0366\u0367\u0368\u0369"
)
MOST_ROWS = len(_ROWS)

_count = itertools.count(int.from_bytes(os.urandom(3), "big"))  # not where another program's pictures begin


def new_number() -> int:
    """Return the number for the next picture."""
    return next(_count) % _NUMBERS + 1


def sent(picture: Image.Image, number: int, columns: int, rows: int) -> str:
    """Return the messages that give a picture to the terminal, to be shown over so many characters."""
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=2)
    payload = base64.b64encode(file.getvalue()).decode("ascii")
    pieces = [payload[at : at + _PIECE] for at in range(0, len(payload), _PIECE)]
    messages = [
        f"\x1b_Gi={number},m={int(at < len(pieces))},f=100,q=2;{piece}\x1b\\"
        for at, piece in enumerate(pieces, start=1)
    ]
    return "".join([*messages, f"\x1b_Ga=p,i={number},c={columns},r={rows},U=1,q=2\x1b\\"])


def placeholders(number: int, columns: int, rows: int) -> list[Segment]:
    """Return the characters in whose place a picture that was sent is shown; raises `ValueError` for too many rows."""
    if rows > MOST_ROWS:
        raise ValueError(f"a picture of {rows} rows, at most {MOST_ROWS} can be named")
    style = Style(color=f"#{number:06x}")
    return [Segment(f"{(_PLACEHOLDER + accent) * columns}\n", style) for accent in _ROWS[:rows]]
