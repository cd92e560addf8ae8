"""The table of conversations: each can be answered, no two are the same, and all kinds of steps are in it."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from assistant_stand_in import InProcess, StandIn, outcomes

from internvl_vpr.agent.calls import ToolName
from internvl_vpr.agent.dialogue.next_step import NextStep
from internvl_vpr.agent.grounding.languages.detect import LANGUAGES
from internvl_vpr.evals.assistant.conversations import (
    Conversation,
    ExpectedCall,
    ExpectedReply,
    read_conversations,
)
from internvl_vpr.evals.assistant.judging import what_is_wrong
from internvl_vpr.tools.endpoint.chat_model import ASSISTANT_PROMPT
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.ledger.ledger import Ledger

TABLE = read_conversations()
DONE = Conversation.model_validate(
    {
        "id": "x", "kind": "reply", "said": [{"person": "where was it taken?"}],
        "expected": [
            {"tool": "explain_match", "arguments": {"about": "text"}},
            {"reply": {"such_as": "", "language": "German", "has": ["foto", ["pfad", "datei"]], "lacks": ["Paris"]}},
        ],
    }
)  # fmt: skip


def test_each_can_be_answered_as_expected_and_a_model_that_never_errs_is_right_in_all(tmp_path: Path) -> None:
    here = Path.cwd()
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        found = outcomes(TABLE, ASSISTANT_PROMPT, InProcess(StandIn(TABLE, anyhow=0.0)), ledger)
    assert [(one.id, one.wrong) for one in found if not one.right or one.sent_back] == []
    assert [one.id for one in found] == [one.id for one in TABLE]
    assert Path.cwd() == here


def test_no_two_are_the_same_and_all_kinds_of_steps_are_expected() -> None:
    sent = {json.dumps([(type(m).__name__, m.text) for m in one.messages()]) for one in TABLE}
    assert len(sent) == len(TABLE) >= 40
    expected = [one for conversation in TABLE for one in conversation.expected]
    assert {one.tool for one in expected if isinstance(one, ExpectedCall)} == set(get_args(ToolName))
    spoken = {one.reply.language for one in expected if isinstance(one, ExpectedReply)}
    assert {"English", "German", "French", "Italian", "Polish"} <= spoken
    assert spoken <= {"English", *(language.name for language in LANGUAGES)}
    assert {one.kind for one in TABLE} == set(get_args(Conversation.model_fields["kind"].annotation))


@pytest.mark.parametrize(
    ("step", "wrong"),
    [
        ({"calls": [{"name": "explain_match", "arguments": {"about": "text", "rank": 1}}]}, ""),
        ({"calls": [{"name": "explain_match", "arguments": {"about": "text", "rank": 2}}]}, "not explain_match"),
        ({"calls": [{"name": "explain_match", "arguments": {"about": "text"}}] * 2}, "not explain_match"),
        ({"calls": [{"name": "map_summary"}]}, "not explain_match (about text)"),
        ({"reply": "Welches Foto? Bitte nenne mir den Pfad."}, ""),
        ({"reply": "Welches Foto meinst du denn?"}, "not explain_match"),
        ({"reply": "Das Foto Paris, bitte nenne mir den Pfad."}, "not explain_match"),
        ({"reply": "Which foto? Name its datei."}, "not explain_match"),
    ],
)
def test_a_step_is_right_if_it_is_one_of_those_expected(step: dict[str, Any], wrong: str) -> None:
    found = what_is_wrong(NextStep.model_validate(step), DONE)
    assert (found == "") == (wrong == "")
    assert wrong in found


@pytest.mark.parametrize("content", ["", '{"id": "x"}\n', "no\n", f"{DONE.model_dump_json()}\n" * 2])
def test_a_table_that_cannot_be_used_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "mine.jsonl").write_text(content)
    with pytest.raises(UsageError, match=r"mine\.jsonl"):
        read_conversations(tmp_path / "mine.jsonl")
