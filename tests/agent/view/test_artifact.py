"""What a tool found, as it is shown: pictures are joined only by points that are evidence."""

from typing import get_args

import pytest
from answers import graded
from langchain_core.messages import ToolMessage

from internvl_vpr.agent.dialogue.artifacts import CandidateShown
from internvl_vpr.agent.view.artifact import show_artifact
from internvl_vpr.tools.page.matches import MatchedPoint
from internvl_vpr.tools.records import Answer, Grade


@pytest.mark.parametrize("grade", get_args(Grade))
@pytest.mark.parametrize("rank", [None, 2])
def test_points_that_fit_by_chance_are_not_drawn(grade: Grade, rank: int | None) -> None:
    asked: list[int] = []

    def points_of(_answer: Answer, rank: int) -> tuple[MatchedPoint, ...]:
        asked.append(rank)
        return ()

    found = graded(grade)
    artifact = found if rank is None else CandidateShown(answer=found, rank=rank)
    message = ToolMessage("", tool_call_id="1", artifact=artifact)
    show_artifact(message, "half", 80, points_of)
    assert asked == ([] if grade == "unknown" else [rank or 1])
    asked.clear()
    show_artifact(message, "off", 80, points_of)
    assert asked == []
