"""Two ways to the same result, timed in turns so that a busy moment of the machine meets both."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

_LEAST_REPEATS = 3
_MOST_REPEATS = 200
_SECONDS = 0.5


@dataclass(frozen=True)
class SideBySide:
    """Ours against another way; `at_most` is the largest accepted ours/other, None where there is no limit."""

    what: str
    ours: Callable[[], object]
    against: str
    other: Callable[[], object]
    at_most: float | None


@dataclass(frozen=True)
class Timing:
    """Median times in seconds."""

    ours: float
    other: float

    @property
    def ratio(self) -> float:
        """Ours over other: below one, ours is faster."""
        return self.ours / self.other


def measure(comparison: SideBySide) -> Timing:
    """Time both ways in turns, after one run of each that is not counted."""
    comparison.ours()
    comparison.other()
    ours: list[float] = []
    other: list[float] = []
    started = time.perf_counter()
    while len(ours) < _LEAST_REPEATS or (len(ours) < _MOST_REPEATS and time.perf_counter() - started < _SECONDS):
        ours.append(_seconds(comparison.ours))
        other.append(_seconds(comparison.other))
    return Timing(statistics.median(ours), statistics.median(other))


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started
