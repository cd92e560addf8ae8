"""A calibration as a person reads it: the risk–coverage curve, its area, and the verdict."""

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from internvl_vpr.agent.console.tables import styled_table
from internvl_vpr.tools.index.calibration import Calibration

from ..measures.recall import wilson_interval
from ..runs.risk import Accepted, Curve
from .calibrate import answers_needed

_COVERAGES = range(10, 101, 10)  # percent


def show_calibration(curve: Curve, calibration: Calibration) -> RenderableType:
    """Show the curve over all queries, AURC and the verdict; fits 80 columns."""
    table = styled_table(f"risk and coverage of S: {', '.join(calibration.splits)}")
    for heading in ("coverage", "τ", "accepted", "wrong of these, 95 % Wilson"):
        table.add_column(heading)
    for percent in _COVERAGES:
        table.add_row(f"{percent} %", *_cells(curve.at_coverage(percent / 100), curve.queries))
    return Group(table, *(Text(line) for line in _area(curve)), "", *(Text(line) for line in verdict(calibration)))


def verdict(calibration: Calibration) -> Iterator[str]:
    """Say in words what is promised, or why nothing is, a line each."""
    asked, sure = f"{100 * calibration.precision:g} %", f"{100 * calibration.confidence:g} %"
    limit = f"{100 * calibration.lower_limit:.1f} %"
    tested = (
        f"Tested on the held-out half, {calibration.queries} queries ({calibration.outside} from outside the map): "
        f"{calibration.right} of {calibration.accepted} accepted answers are right, lower limit {limit}."
    )
    if calibration.promised:
        yield f"Of the answers with S > {calibration.tau:.4f} at least {asked} are right, with {sure} confidence."
        yield tested
        return
    needed = answers_needed(calibration.precision, calibration.confidence)
    can = f"above τ = {calibration.tau:.4f} {limit} can, with {sure} confidence"
    yield f"{asked} cannot be promised with this many queries; {can}."
    yield tested
    yield f"{asked} needs {needed} accepted answers in that half if all are right, and more if not."


def calibration_json(curve: Curve, calibration: Calibration) -> dict[str, Any]:
    """Return curve, area and calibration as JSON-ready values."""
    points = [
        {"tau": one.tau, "accepted": one.accepted, "right": one.right, "coverage": one.accepted / curve.queries}
        for one in curve.points
    ]
    return {
        "promised": calibration.promised,
        "calibration": calibration.model_dump(mode="json"),
        "answers_needed": answers_needed(calibration.precision, calibration.confidence),
        "queries": curve.queries,
        "aurc": curve.aurc,
        "curve": points,
    }


def _cells(point: Accepted | None, queries: int) -> tuple[str, str, str]:
    if point is None:
        return "–", "–", "–"
    low, high = wilson_interval(point.wrong, point.accepted)
    share = 100 * point.wrong / point.accepted
    return (
        f"{point.tau:.4f}",
        f"{point.accepted}/{queries}",
        f"{share:.1f} % ({point.wrong}/{point.accepted}, {100 * low:.1f}–{100 * high:.1f})",
    )


def _area(curve: Curve) -> Iterator[str]:
    scored = curve.points[-1].accepted if curve.points else 0
    if curve.aurc is not None:
        yield f"AURC {curve.aurc:.4f}: the share of wrong answers, averaged over the accepted sets; 0 is best."
    if scored < curve.queries:
        yield f"{curve.queries - scored} of {curve.queries} queries have no score, and are never accepted."
