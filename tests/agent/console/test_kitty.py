"""Kitty's protocol: what is sent, and the characters in whose place it is shown."""

import base64
import io
import re

import pytest
from PIL import Image
from rich.color_triplet import ColorTriplet

from internvl_vpr.agent.console.kitty import MOST_ROWS, new_number, placeholders, sent


def test_a_picture_is_sent_in_pieces_and_placed() -> None:
    picture = Image.effect_noise((120, 80), 90)
    *pieces, placed = re.findall(r"\x1b_G([^;\x1b]*);?([^\x1b]*)\x1b\\", sent(picture, 77, 12, 4))
    assert placed == ("a=p,i=77,c=12,r=4,U=1,q=2", "")
    assert [about for about, _ in pieces] == ["i=77,m=1,f=100,q=2"] * (len(pieces) - 1) + ["i=77,m=0,f=100,q=2"]
    assert len(pieces) > 1
    assert max(len(payload) for _, payload in pieces) <= 4096
    got = Image.open(io.BytesIO(base64.b64decode("".join(payload for _, payload in pieces))))
    assert got.tobytes() == picture.tobytes()


def test_placeholders_spell_the_number_in_their_colour_and_name_their_row() -> None:
    first, second = placeholders(0x0A0B0C, 3, 2)
    assert (first.text, second.text) == ("\U0010eeee\u0305" * 3 + "\n", "\U0010eeee\u030d" * 3 + "\n")
    for segment in (first, second):
        assert segment.style is not None
        assert segment.style.color is not None
        assert segment.style.color.triplet == ColorTriplet(10, 11, 12)


def test_more_rows_than_can_be_named_are_an_error() -> None:
    assert len(placeholders(1, 1, MOST_ROWS)) == MOST_ROWS == 24
    with pytest.raises(ValueError, match="at most 24"):
        placeholders(1, 1, MOST_ROWS + 1)


def test_each_picture_has_a_number_that_a_colour_can_spell() -> None:
    numbers = [new_number() for _ in range(100)]
    assert len(set(numbers)) == 100
    assert all(0 < number < 2**24 for number in numbers)
