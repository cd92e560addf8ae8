"""Checks of cues as a person reads them: a mean or a share for each run, with its interval."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from rich.table import Table

from internvl_vpr.agent.console.safe_text import safe_text
from internvl_vpr.agent.console.tables import styled_table

from ..measures.recall import wilson_interval
from ..runs.records import Check

_RESAMPLES = 2_000
_DIRECTION = {"higher": "higher", "lower": "lower", None: "–"}
_CAPTION = (
    "95 % intervals, the n images (queries, for weights) taken as independent: Wilson's for shares, a seeded bootstrap "
    "(percentiles of 2,000 resamples) for means; –: a single image has no interval, or neither direction is better."
)


def show_checks(checks: Mapping[str, Sequence[Check]]) -> Table:
    """Show each check with its share or mean in every run, by the runs' names; fits 80 columns."""
    table = styled_table("what was said about the images", caption=_CAPTION)
    table.add_column("check", no_wrap=True)
    table.add_column("better", no_wrap=True)
    table.add_column("run", overflow="fold")
    for heading in ("value", "interval", "n"):
        table.add_column(heading, justify="right", no_wrap=True)
    by_name = _by_name(checks)
    for name, runs in by_name.items():
        for number, (run, check) in enumerate(runs.items()):
            first = (name, _DIRECTION[check.better]) if number == 0 else ("", "")
            table.add_row(*first, safe_text(run), *_cells(check), end_section=number == len(runs) - 1 > 0)
    return table


def mean(check: Check) -> float:
    """Return the mean of a check's values, a share where they are 0 or 1; there is one value at least."""
    return math.fsum(check.values.values()) / len(check.values)


def interval(check: Check, *, confidence: float = 0.95, seed: int = 0) -> tuple[float, float] | None:
    """Return the limits of a check's mean: Wilson's of a share, else the percentile bootstrap's.

    None for the mean of a single image. Images count as independent.
    """
    values = np.fromiter(check.values.values(), np.float64)
    if check.binary:
        return wilson_interval(round(values.sum()), len(values), confidence)
    if len(values) < 2:
        return None
    rng = np.random.default_rng(seed)
    means = [values[rng.integers(0, len(values), len(values))].mean() for _ in range(_RESAMPLES)]
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _by_name(checks: Mapping[str, Sequence[Check]]) -> dict[str, dict[str, Check]]:
    """Each check by run, in the order in which they come."""
    found: dict[str, dict[str, Check]] = {}
    for run, of_run in checks.items():
        for check in of_run:
            if check.values:
                found.setdefault(check.name, {})[run] = check
    return found


def _cells(check: Check) -> tuple[str, str, str]:
    limits = interval(check)
    if check.binary:
        value, shown = f"{100 * mean(check):.1f} %", [f"{100 * limit:.1f}" for limit in limits or ()]
    else:
        digits = 3 if mean(check) < 10 else 1 if mean(check) < 1000 else 0
        value, shown = f"{mean(check):,.{digits}f}", [f"{limit:,.{digits}f}" for limit in limits or ()]
    return value, "–".join(shown) or "–", f"{len(check.values):,}"
