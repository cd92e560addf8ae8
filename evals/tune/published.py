"""The paper's Tables I and II as whole counts: its percentages are rounded shares of 466, 76 and 1231 queries."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..measures.recall import Recall

QUERIES = {"sf-xl-night": 466, "sf-xl-occlusion": 76, "amstertime": 1231}
OWN = "InternVL-VPR (zero-shot)"

# Recall@1 / Recall@5 in percent, as printed: SF-XL Night, SF-XL Occlusion, AmsterTime.
PRINTED: Mapping[str, tuple[str, str, str]] = {
    "CosPlace": ("23.6/32.8", "30.3/44.7", "49.6/68.5"),
    "MixVPR": ("19.5/30.5", "30.3/38.2", "40.9/59.5"),
    "EigenPlaces": ("23.6/34.5", "32.9/52.6", "49.9/69.8"),
    "SALAD-CM": ("43.8/57.1", "44.7/64.5", "56.2/78.7"),
    "AnyLoc (zero-shot)": ("41.0/55.4", "15.8/27.6", "45.1/66.3"),
    OWN: ("48.9/62.4", "28.9/40.8", "47.6/69.9"),
}

# Table II, Recall@1 / Recall@5 at N cues; the paper has none for AmsterTime. N = 3 is the last row of Table I.
PRINTED_BY_CUES: Mapping[str, Mapping[int, str]] = {
    "sf-xl-night": {1: "46.1/60.5", 3: "48.9/62.4", 5: "46.8/61.2"},
    "sf-xl-occlusion": {1: "23.7/35.5", 3: "28.9/40.8", 5: "28.9/39.5"},
}
# Whose stage 1 the paper's own method re-ranks: its gains, printed as ↑, are over this row.
STAGE_1 = "AnyLoc (zero-shot)"


@dataclass(frozen=True)
class Published:
    """A published Recall@K as a count; not `sure` where another count would be printed as the same percentage."""

    recall: Recall
    sure: bool = True

    def __str__(self) -> str:
        return str(self.recall) if self.sure else str(self.recall).replace("(", "(≈", 1)


def counts_of(percent: str, queries: int) -> list[int]:
    """Return every count of `queries` whose percentage, rounded to one decimal, is `percent`, the nearest first."""
    tenths = round(10 * float(percent))
    fitting = [k for k in range(queries + 1) if abs(1000 * k - tenths * queries) * 2 <= queries]
    return sorted(fitting, key=lambda k: abs(1000 * k - tenths * queries))


def table_1(split: str) -> dict[str, tuple[Published, Published]]:
    """Return Recall@1 and @5 of the paper's methods on one of its splits, in the paper's order."""
    queries, column = QUERIES[split], list(QUERIES).index(split)
    return {method: _recovered(printed[column], queries) for method, printed in PRINTED.items()}


def table_2(split: str) -> dict[int, tuple[Published, Published]]:
    """Return Recall@1 and @5 at N = 1, 3 and 5 cues on a split of the paper's Table II; empty for any other split."""
    return {n: _recovered(printed, QUERIES[split]) for n, printed in PRINTED_BY_CUES.get(split, {}).items()}


def _recovered(printed: str, queries: int) -> tuple[Published, Published]:
    first, fifth = (counts_of(percent, queries) for percent in printed.split("/"))
    return (
        Published(Recall(1, first[0], queries), sure=len(first) == 1),
        Published(Recall(5, fifth[0], queries), sure=len(fifth) == 1),
    )
