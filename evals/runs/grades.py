"""How many answers of a run have each grade, and how many of them are right."""

from collections.abc import Sequence
from typing import NamedTuple, get_args

from internvl_vpr.tools.check_map import tally
from internvl_vpr.tools.index.calibration import Tally
from internvl_vpr.tools.records import Grade

from .folder import Run
from .records import Result


class GradeCount(NamedTuple):
    """The answers of one grade: how many, how many of them are right, and how many are from outside the map."""

    grade: Grade
    tally: Tally
    outside: int


def is_graded(results: Sequence[Result]) -> bool:
    """Whether the grade of every answer is recorded; runs made before there were grades have none."""
    answers = [result for result in results if result.error is None]
    return bool(answers) and all(result.grade is not None for result in answers)


def ranks_by_grade(run: Run) -> bool:
    """Whether a run's answers rest on geometry, so that their grades say which of them to believe first."""
    return run.info.settings.get("verify", "off") != "off" and is_graded(run.results)


def grade_counts(results: Sequence[Result]) -> list[GradeCount]:
    """Count the answers of each grade, the most certain first; those from outside the map are never right."""
    counts = []
    for grade in get_args(Grade):
        answers = [result for result in results if result.grade == grade]
        right = sum(result.right for result in answers)
        counts.append(GradeCount(grade, tally(right, len(answers)), sum(result.outside for result in answers)))
    return counts


def outside_in_words(results: Sequence[Result]) -> str | None:
    """Say what became of the photographs from outside the map; None where there are none."""
    outside = [result for result in results if result.outside]
    if not outside:
        return None
    photographs = f"Of {len(outside)} photographs from outside the map"
    if not is_graded(results):
        return f"{photographs}, cues confirm {sum(result.decided_by == 'cues' for result in outside)}."
    unknown, confirmed = (sum(one.grade == grade for one in outside) for grade in ("unknown", "confirmed"))
    return f"{photographs} {unknown} are told unknown, and {confirmed} confirmed."
