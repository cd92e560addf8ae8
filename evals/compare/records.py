"""What a comparison of two runs found, ready for JSON; shares are in [0, 1], differences are B − A."""

from typing import Literal

from internvl_vpr.tools.records import Record

from ..measures.paired import Interval
from ..measures.recall import Recall

Verdict = Literal["better", "worse", "no difference that this many queries can show"]
NEAR_RADIUS = 1.0  # metres from the radius of positives, within which another survey might label otherwise
NOT_SHOWN: Verdict = "no difference that this many queries can show"


class Share(Record):
    """A count out of a number, with Wilson's 95 % interval; `value` is None out of none."""

    count: int
    of: int
    value: float | None
    wilson: Interval

    @classmethod
    def from_recall(cls, recall: Recall) -> "Share":
        """Return a recall's counts, value and interval."""
        value = recall.value if recall.queries else None
        return cls(count=recall.successes, of=recall.queries, value=value, wilson=recall.interval)

    def __str__(self) -> str:
        return str(Recall(1, self.count, self.of))


class RecallAt(Record):
    """Recall@K of both runs."""

    k: int
    a: Share
    b: Share


class Detectable(Record):
    """The smallest difference that is found in four of five such comparisons (exact McNemar, α = 0.05).

    `discordant` is the share of discordant pairs that this holds for, and `basis` where it is from: the share
    observed, or, where no difference is found with so few, the smallest with which one is, when all flips are in
    one direction.
    """

    difference: float
    discordant: float
    basis: Literal["observed", "all flips one way"]


class Difference(Record):
    """The paired difference in Recall@K: B's minus A's, over the same queries.

    `gained` queries are right in B alone, `lost` ones in A alone. `bootstrap` draws places anew within each split,
    `tango` is the score interval; both are 95 %. `p` is exact McNemar's, `holm` the same corrected for the splits.
    """

    k: int
    value: float
    gained: int
    lost: int
    queries: int
    bootstrap: Interval
    tango: Interval
    p: float
    holm: float
    detectable: Detectable | None

    @property
    def interval(self) -> Interval:
        """The wider limits of both intervals: a bootstrap of few or no flips is too narrow."""
        return min(self.bootstrap[0], self.tango[0]), max(self.bootstrap[1], self.tango[1])

    @property
    def verdict(self) -> Verdict:
        """In words, what test and interval agree on."""
        low, high = self.interval
        if self.holm < 0.05 and (low > 0 or high < 0):
            return "better" if low > 0 else "worse"
        return NOT_SHOWN


class Times(Record):
    """Median and 95th percentile of `count` times, in seconds."""

    count: int
    median: float
    p95: float


class Cost(Record):
    """What a run asked for: images described `made` now, read back, failed; attempts and tokens for them.

    `per_answer` are the seconds of a query's answer, `per_description` those of all attempts on record at an image.
    """

    made: int
    recorded: int
    failed: int
    attempts: int
    tokens: dict[str, int]
    per_answer: Times | None
    per_description: Times | None


class Side(Record):
    """One of the two runs by itself.

    `ceiling` is the share of queries with a positive among the K candidates of stage 1. `rescued` queries are right
    at rank 1 in stage 2 alone, `broken` ones in stage 1 alone. `median_rank` is the first positive's, None where
    half of the queries have none. `coverage` is the share of photographs whose answer stage 2 decides, those from
    outside the map included, and `precision` the share of those answers that are right. `confirmed` is the share of
    photographs whose answer is confirmed, and `confirmed_right` the share of those answers that are right; both are
    None in a run without grades. `imported` runs have no stage 2, so that nothing is rescued, broken or decided.
    """

    k: int
    ceiling: Share
    mrr: float
    median_rank: float | None
    rescued: int
    broken: int
    coverage: Share
    precision: Share
    confirmed: Share | None
    confirmed_right: Share | None
    cost: Cost
    imported: bool = False


class Flip(Record):
    """A query that is right at rank 1 in one of the runs only, with the first positive's rank in both.

    `near_radius`: a candidate of the shortlist lies within 1 m of the radius, so the label may be what is wrong.
    """

    split: str
    query: str
    a: int | None
    b: int | None
    gained: bool
    near_radius: bool


class SplitComparison(Record):
    """Two runs on one split, or on all of them: `places` is the number of clusters of queries within the radius.

    `same_shortlists`: stage 1 retrieved the same in both, so that the rest of the way is all that differs.
    """

    name: str
    queries: int
    places: int
    same_shortlists: bool
    recalls: tuple[RecallAt, ...]
    a: Side
    b: Side
    differences: tuple[Difference, ...]
    flips: tuple[Flip, ...]
    verdict: Verdict


class Changed(Record):
    """A setting, the prompt or a version that is not the same in both runs."""

    name: str
    a: str | int | float | None
    b: str | int | float | None


class Comparison(Record):
    """Two sets of runs, split by split and over all of their queries; `a` and `b` are the runs' folders by split."""

    a: dict[str, str]
    b: dict[str, str]
    changed: tuple[Changed, ...]
    splits: tuple[SplitComparison, ...]
    pooled: SplitComparison


def tested_in_words(found: Difference) -> str:
    """Write McNemar's p, and Holm's where there are several splits."""
    return f"McNemar p {p_in_words(found.p)}" + (f", Holm p {p_in_words(found.holm)}" if found.holm != found.p else "")


def p_in_words(p: float) -> str:
    """Write a p value with its sign of relation."""
    return "< 0.0001" if p < 0.0001 else f"= {p:.2g}"
