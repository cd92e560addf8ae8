"""What an evaluation measures: Recall@K as whole counts, with Wilson's interval."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

from scipy.stats import binomtest

T = TypeVar("T")


@dataclass(frozen=True)
class Recall:
    """Recall@K: how many of the queries have a correct reference among their first K."""

    k: int
    successes: int
    queries: int

    @property
    def value(self) -> float:
        """The share of queries in [0, 1]; NaN when there are none."""
        return self.successes / self.queries if self.queries else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval."""
        return wilson_interval(self.successes, self.queries)

    def __str__(self) -> str:
        low, high = self.interval
        share = f"{100 * self.value:.1f} %" if self.queries else "–"
        return f"{share} ({self.successes}/{self.queries}, {100 * low:.1f}–{100 * high:.1f})"


def recall_at(ranks: Sequence[int | None], k: int) -> tuple[int, int]:
    """Return successes and queries of Recall@K, `k` ≥ 1.

    A query's rank is the 1-based one of its first correct reference, None when there is none; such a query
    counts as missed, as do queries that have no correct reference at all.
    """
    return sum(rank is not None and rank <= k for rank in ranks), len(ranks)


def first_positive_rank(ranking: Sequence[T], positives: Collection[T]) -> int | None:
    """Return the 1-based rank of the first reference that is one of the positives, or None."""
    return next((rank for rank, reference in enumerate(ranking, start=1) if reference in positives), None)


def wilson_interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the limits in [0, 1] of Wilson's score interval for a share; (0, 1) without trials.

    They are the p that solve `(successes/trials − p)² = z² p (1 − p) / trials`. Raises `ValueError` when
    `successes` is not in 0 … `trials`, or `confidence` not in (0, 1).
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is not a count of successes")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, not {confidence}")
    if trials == 0:
        return 0.0, 1.0
    found = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    share = successes / trials  # it is within the limits, also where they were rounded
    return max(0.0, min(share, float(found.low))), min(1.0, max(share, float(found.high)))
