"""One deadline for all descriptions of an answer, however few of them are allowed to run at once."""

import time
from collections import OrderedDict

_REMEMBERED = 1024  # steps of the graph; older ones are forgotten


class Deadlines:
    """Remembers when each step of the graph began, by the id that its parallel tasks share."""

    def __init__(self) -> None:
        self._begun: OrderedDict[str, float] = OrderedDict()

    def remaining(self, step: str, seconds: float) -> float:
        """Return the seconds that are left of a step's time; the first call for a step begins it."""
        begun = self._begun.setdefault(step, time.monotonic())
        while len(self._begun) > _REMEMBERED:
            self._begun.popitem(last=False)
        return max(0.0, begun + seconds - time.monotonic())
