"""The records that results carry, as they come back from where conversations are kept."""

import json

import pytest
from answers import answer, candidate
from langchain_core.messages import ToolMessage

from internvl_vpr.agent.dialogue.artifacts import kind_of, revive
from internvl_vpr.tools.compare_places import PlaceComparison, compare_places
from internvl_vpr.tools.records import Record


def stored(record: Record, kind: str) -> ToolMessage:
    """A result as it comes out of the file: its record is plain JSON, and its kind stands beside it."""
    kept = json.loads(record.model_dump_json())
    return ToolMessage("told", tool_call_id="1", artifact=kept, additional_kwargs={"record": kind})


@pytest.mark.parametrize("kind", ["PlaceComparison", "Comparison"])
def test_a_comparison_comes_back_under_its_name_and_its_former_one(kind: str) -> None:
    compared = compare_places([answer(candidate(1)), answer(candidate(1, "b.jpg"))])
    (message,) = revive([stored(compared, kind)])
    assert isinstance(message, ToolMessage)
    assert message.artifact == compared
    assert kind_of(compared) == PlaceComparison.__name__


def test_a_record_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="Nonsense"):
        revive([stored(answer(), "Nonsense")])
