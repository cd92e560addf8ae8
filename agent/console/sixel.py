"""A picture as Sixel, the graphics that terminals have drawn since DEC's VT340."""

import re

import numpy as np
from PIL import Image

_COLOURS = 128  # few enough for a slow connection, and hardly told from more
_BAND = 6  # rows of pixels in a line of characters
_FIRST = 63  # the character `?`: none of its six pixels has the colour


def sixel_of(picture: Image.Image) -> str:
    """Return the escape sequence that draws a picture of `[h, w]` pixels from the cursor to the right and down."""
    indexed = picture.convert("RGB").quantize(_COLOURS)
    colours = np.asarray(indexed.getpalette(), dtype=np.intp).reshape(-1, 3) * 100 // 255
    numbers = np.asarray(indexed)
    used = "".join("#{};2;{};{};{}".format(number, *colours[number]) for number in np.unique(numbers))
    bands = (_band(numbers[top : top + _BAND]) for top in range(0, picture.height, _BAND))
    return f'\x1bP0;1q"1;1;{picture.width};{picture.height}{used}{"-".join(bands)}\x1b\\'


def _band(numbers: "np.ndarray[tuple[int, int], np.dtype[np.uint8]]") -> str:
    """Write up to six rows of pixels: for each colour the pixels that have it, all in one line."""
    bits = 1 << np.arange(len(numbers))[:, np.newaxis]
    return "$".join(f"#{colour}{_line(((numbers == colour) * bits).sum(axis=0))}" for colour in np.unique(numbers))


def _line(columns: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> str:
    """Write the six pixels of each column as a character; a repeated one as `!count character`."""
    text = bytes((columns + _FIRST).tolist()).decode("ascii").rstrip(chr(_FIRST))
    return re.sub(r"(.)\1{3,}", lambda run: f"!{len(run[0])}{run[1]}", text)
