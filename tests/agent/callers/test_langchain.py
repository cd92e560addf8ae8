"""The tool `locate_photo` for LangChain: a short result for a model, and the graph's whole answer as artifact."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, ToolCall, ToolMessage
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from places import with_describer
from pydantic import ValidationError
from scripted import UnreachableDescriber

from internvl_vpr.agent import Context, locate_photo_tool
from internvl_vpr.agent.calls import LocatePhoto
from internvl_vpr.tools.records import Answer, Attempt, Photo
from internvl_vpr.tools.summaries import AnswerSummary, summarize_answer


def asked(photo: str) -> ToolCall:
    return ToolCall(name="locate_photo", args={"photo": photo}, id="1", type="tool_call")


def called(tool: BaseTool, photo: str) -> ToolMessage:
    message = asyncio.run(tool.ainvoke(asked(photo)))
    assert isinstance(message, ToolMessage)
    return message


def in_a_tool_node(tool: BaseTool, photo: str) -> AnyMessage:
    node = StateGraph(MessagesState).add_node("tools", ToolNode([tool])).add_edge(START, "tools").compile()
    told = asyncio.run(node.ainvoke({"messages": [AIMessage("", tool_calls=[asked(photo)])]}))
    latest: AnyMessage = told["messages"][-1]
    return latest


def told(answer: Answer, candidates: int = 5) -> str:
    """Return what a model reads of an answer."""
    return summarize_answer(answer, candidates, "The argument candidates lists more.").model_dump_json()


def test_a_call_has_the_grade_and_the_place_first_as_content_and_the_whole_answer_as_artifact(
    photo: str, context: Context, expected: Answer
) -> None:
    message = called(locate_photo_tool(context), photo)
    assert message.content == told(expected)
    assert list(json.loads(message.text))[:4] == ["grade", "status", "position", "reference"]
    assert (message.artifact, message.status, message.name) == (expected, "success", "locate_photo")


def test_called_plainly_it_returns_the_content(photo: str, context: Context, expected: Answer) -> None:
    content = asyncio.run(locate_photo_tool(context).ainvoke({"photo": photo, "candidates": 2}))
    assert content == told(expected, 2)
    assert json.loads(content)["more"] == "Listed: 2 of 5 candidates. The argument candidates lists more."


def test_it_works_for_callers_that_cannot_await(photo: str, context: Context, expected: Answer) -> None:
    tool = locate_photo_tool(context)
    assert tool.invoke({"photo": photo}) == told(expected)

    async def notebook() -> Any:
        return tool.invoke({"photo": photo})  # within a running loop, but not awaited

    assert asyncio.run(notebook()) == told(expected)


def test_in_a_tool_node_it_is_the_same(photo: str, context: Context, expected: Answer) -> None:
    message = in_a_tool_node(locate_photo_tool(context), photo)
    assert isinstance(message, ToolMessage)
    assert (message.content, message.artifact) == (told(expected), expected)


def test_a_model_is_offered_its_arguments_and_what_it_returns(context: Context) -> None:
    tool = locate_photo_tool(context)
    offered = convert_to_openai_tool(tool)["function"]
    assert (offered["name"], offered["parameters"]["required"]) == ("locate_photo", ["photo"])
    described = LocatePhoto.model_json_schema()["properties"]["photo"]["description"]
    assert offered["parameters"]["properties"]["photo"]["description"] == described
    assert "where a photograph was taken" in tool.description
    assert tool.metadata is not None
    assert tool.metadata["result_schema"] == AnswerSummary.model_json_schema()


def test_what_a_person_can_mend_is_a_result_that_says_so(context: Context, tmp_path: Path) -> None:
    (tmp_path / "notes\x1b[2J.jpg").write_text("no photo")
    tool = locate_photo_tool(context)
    for message in (called(tool, str(tmp_path / "notes\x1b[2J.jpg")), in_a_tool_node(tool, str(tmp_path / "none.jpg"))):
        assert isinstance(message, ToolMessage)
        assert (message.status, message.artifact) == ("error", None)
        assert str(tmp_path) in message.text
        assert "\x1b" not in message.text


def test_an_endpoint_that_is_down_is_such_a_result_too(context: Context, photo: str) -> None:
    message = called(locate_photo_tool(with_describer(context, UnreachableDescriber())), photo)
    assert (message.content, message.status) == ("The endpoint does not answer: start it.", "error")


def test_arguments_that_it_does_not_take_are_refused(context: Context, photo: str) -> None:
    tool = locate_photo_tool(context)
    with pytest.raises(ValidationError):
        asyncio.run(tool.ainvoke({"photo": photo, "k": 3}))
    with pytest.raises(ValidationError):
        tool.invoke({"photo": ""})


class BrokenDescriber:
    """A describer with a bug."""

    id = "broken/1"

    async def attempts(self, photo: Photo, n: int) -> AsyncGenerator[Attempt, None]:
        raise ZeroDivisionError
        yield Attempt()


def test_a_bug_is_raised(context: Context, photo: str) -> None:
    tool = locate_photo_tool(with_describer(context, BrokenDescriber()))
    with pytest.raises(ZeroDivisionError):
        called(tool, photo)
    with pytest.raises(ZeroDivisionError):
        in_a_tool_node(tool, photo)
