"""Sixel, read back by a decoder written from DEC's description."""

import re

import numpy as np


def decoded(sequence: str) -> "np.ndarray[tuple[int, int, int], np.dtype[np.int_]]":
    """Return the percentages of red, green and blue `[h, w, 3]` that a sequence draws; −1 where it draws nothing."""
    found = re.fullmatch(r'\x1bP0;1q"1;1;(\d+);(\d+)(.*)\x1b\\', sequence)
    assert found
    width, height = int(found[1]), int(found[2])
    shown = np.full((height + 5, width, 3), -1)
    colours: dict[int, tuple[int, int, int]] = {}
    x = y = colour = 0
    for token in re.finditer(r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)(.)|([-$])|(.)", found[3]):
        number, red, green, blue, count, repeated, control, once = token.groups()
        if number is not None:
            colour = int(number)
            if red is not None:
                colours[colour] = int(red), int(green), int(blue)
        elif control == "-":
            x, y = 0, y + 6
        elif control == "$":
            x = 0
        else:
            for _ in range(int(count or 1)):
                for bit in range(6):
                    if (ord(repeated or once) - 63) >> bit & 1:
                        shown[y + bit, x] = colours[colour]
                x += 1  # noqa: SIM113 - a cursor that the controls above move too
    assert (shown[height:] == -1).all()
    return shown[:height]
