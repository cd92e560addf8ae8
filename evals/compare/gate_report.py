"""What a gate found, line by line, ready for JSON, and the exit code that it means."""

from typing import Literal

from pydantic import Field

from internvl_vpr.tools.records import Record

from ..measures.paired import Interval
from .records import Comparison

Outcome = Literal["pass", "regression", "inconclusive", "incomplete", "noted"]
PASS, REGRESSION, INCONCLUSIVE, INCOMPLETE = 0, 1, 3, 4


class Limits(Record):
    """What a run may lose against its baseline; shares in [0, 1].

    `margin` is the loss in Recall@`k` that is accepted, `min_valid` and `min_exact` are shares of images, `max_errors`
    one of queries, and `max_cost` how many times the baseline's cost an image may cost.
    """

    margin: float = Field(0.05, ge=0, le=1)
    k: int = Field(1, ge=1)
    min_valid: float = Field(0.95, ge=0, le=1)
    min_exact: float = Field(0.95, ge=0, le=1)
    max_errors: float = Field(0.01, ge=0, le=1)
    max_cost: float = Field(1.5, gt=0)


class Line(Record):
    """One thing that was looked at: what was measured, what is allowed, and what follows, with the figures.

    The `recall` line is about all queries, `split` lines are about one split of several and can fail the gate, but
    not leave it open.
    """

    kind: Literal["run", "recall", "split", "limit", "check"]
    name: str
    outcome: Outcome
    measured: float | None
    limit: float | None
    reason: str


class CheckResult(Record):
    """A check of descriptions in both runs: the mean difference, run − baseline, over the images of both.

    The interval is 95 %; p is exact McNemar's for shares and that of sign flips otherwise, `holm` the same corrected
    for all checks. `floor` is the difference that two runs of the same prompt may have.
    """

    name: str
    meaning: str
    better: Literal["higher", "lower"] | None
    images: int
    run: float
    baseline: float
    difference: float
    interval: Interval
    test: Literal["McNemar", "sign flips"]
    p: float
    holm: float
    floor: float
    outcome: Outcome


class GateReport(Record):
    """A gate's outcome with everything that it rests on; `comparison` (baseline → run) is None when incomplete."""

    outcome: Literal["pass", "regression", "inconclusive", "incomplete"]
    lines: tuple[Line, ...]
    checks: tuple[CheckResult, ...] = ()
    comparison: Comparison | None = None

    def exit_code(self, *, strict: bool = False) -> int:
        """Return 0 pass, 1 regression, 3 inconclusive (1 when strict), 4 incomplete."""
        codes = {
            "pass": PASS,
            "regression": REGRESSION,
            "inconclusive": REGRESSION if strict else INCONCLUSIVE,
            "incomplete": INCOMPLETE,
        }
        return codes[self.outcome]


def overall(lines: tuple[Line, ...]) -> Literal["pass", "regression", "inconclusive", "incomplete"]:
    """Return what lines mean together: incomplete goes first, since nothing can be said then.

    Only the line about all queries can leave the gate open.
    """
    if any(line.outcome == "incomplete" for line in lines):
        return "incomplete"
    if any(line.outcome == "regression" for line in lines):
        return "regression"
    if any(line.outcome == "inconclusive" and line.kind == "recall" for line in lines):
        return "inconclusive"
    return "pass"
