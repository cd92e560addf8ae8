"""Where the numbers beside spots stand, so that none covers another where there is room."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..tools.svg import labels_together

_MOST_NUMBERS = 4  # in one label
_CHARACTER, _LINE = 7, 13  # pixels, about
_ASIDE = 11  # pixels from the spot's middle
_ABOVE, _BELOW = -7, 15  # pixels of the base line from the spot's middle


class Label(NamedTuple):
    """A text with its anchor point in pixels, that is its left or its right end."""

    x: float
    y: float
    text: str
    is_left: bool

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom, in pixels."""
        width = _CHARACTER * len(self.text)
        left = self.x - width if self.is_left else self.x
        return left, self.y - _LINE, left + width, self.y


def place_labels(spots: Sequence[tuple[float, float, str]], width: float) -> Iterator[Label]:
    """Yield the labels of spots, `(x, y, number)` in pixels; spots that are close together share one."""
    placed: list[Label] = []
    for x, y, joined in labels_together(spots):
        options = list(_around(x, y, _shortened(joined)))
        inside = [one for one in options if one.box[0] >= 0 and one.box[2] <= width and one.box[1] >= 0] or options
        free = (one for one in inside if not any(_overlap(one.box, other.box) for other in placed))
        placed.append(next(free, inside[0]))
        yield placed[-1]


def _around(x: float, y: float, text: str) -> Iterator[Label]:
    """Yield where a label could stand: above or below its spot, to the right or to the left."""
    for down in (_ABOVE, _BELOW):
        yield Label(x + _ASIDE, y + down, text, is_left=False)
        yield Label(x - _ASIDE, y + down, text, is_left=True)


def _shortened(joined: str) -> str:
    numbers = joined.split(", ")
    more = len(numbers) - _MOST_NUMBERS
    return joined if more <= 1 else f"{', '.join(numbers[:_MOST_NUMBERS])} and {more} more"


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
