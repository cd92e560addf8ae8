"""A model's answer about two photographs: what passes, and one reason for what does not."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.tools.describers.pair_answer import pair_schema, parse_judgement
from internvl_vpr.tools.endpoint.json_answer import UnusableAnswer
from internvl_vpr.tools.records import Judgement

GOOD = {"why": "Both show the arched window above a red door.", "same_place": True, "confidence": 85}


def test_the_reason_comes_first_and_then_the_verdict_that_follows_from_it() -> None:
    schema = pair_schema()
    assert list(schema["properties"]) == schema["required"] == ["why", "same_place", "confidence"]
    assert schema["additionalProperties"] is False
    assert re.search(schema["properties"]["why"]["pattern"], GOOD["why"])  # type: ignore[call-overload]


@given(st.booleans(), st.integers(0, 100))
def test_what_was_said_is_kept_and_worth_its_confidence(same_place: bool, confidence: int) -> None:
    said = parse_judgement(json.dumps({**GOOD, "same_place": same_place, "confidence": confidence}))
    assert (said.why, said.same_place, said.confidence) == (GOOD["why"], same_place, confidence)
    assert said.score == (confidence if same_place else -confidence) / 100
    assert str(said.score) != "-0.0"


def test_blanks_within_the_reason_are_tidied() -> None:
    assert parse_judgement(json.dumps({**GOOD, "why": " both\tshow\n  it "})) == Judgement(
        why="both show it", same_place=True, confidence=85
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"same_place": "yes"}, "not an object"),
        ({"same_place": 1}, "not an object"),
        ({"confidence": 0.85}, "not an object"),
        ({"confidence": True}, "not an object"),
        ({"confidence": 101}, "not from 0 to 100"),
        ({"confidence": -1}, "not from 0 to 100"),
        ({"why": 7}, "not an object"),
        ({"why": "no"}, "the reason of the answer has 2 characters"),
        ({"why": "x" * 129}, "the reason of the answer has 129 characters"),
        ({"why": "a \x1b]0;wall\x07 here"}, "the reason of the answer holds broken"),
        ({"step": "more"}, "not an object"),
    ],
)
def test_anything_else_is_refused_with_its_reason(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UnusableAnswer, match=says):
        parse_judgement(json.dumps({**GOOD, **changes}))


def test_less_than_an_object_is_refused() -> None:
    for content in ("[]", "true", json.dumps({"why": GOOD["why"], "same_place": True})):
        with pytest.raises(UnusableAnswer, match="not an object"):
            parse_judgement(content)
    with pytest.raises(UnusableAnswer, match="not JSON"):
        parse_judgement("They look alike.")
