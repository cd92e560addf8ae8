"""The tools for LangChain: `locate_photo` gives the graph's answer, and so do its four steps one by one."""

import asyncio
import dataclasses
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
from places import name_of, with_describer, with_settings
from pydantic import ValidationError
from scripted import ScriptedDescriber, UnreachableDescriber, patch_verifier

from internvl_vpr.agent import Context, langchain_tools, locate_photo_tool
from internvl_vpr.agent.calls import LocatePhoto
from internvl_vpr.agent.localizer.run import locate
from internvl_vpr.tools.errors import PhotoError, UsageError
from internvl_vpr.tools.records import Answer, Attempt, Candidate, Photo, Score


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


def test_a_call_has_the_answer_s_json_as_content_and_its_record_as_artifact(
    photo: str, context: Context, expected: Answer
) -> None:
    message = called(locate_photo_tool(context), photo)
    assert message.content == expected.model_dump_json()
    assert (message.artifact, message.status, message.name) == (expected, "success", "locate_photo")


def test_called_plainly_it_returns_the_content(photo: str, context: Context, expected: Answer) -> None:
    assert asyncio.run(locate_photo_tool(context).ainvoke({"photo": photo})) == expected.model_dump_json()


def test_it_works_for_callers_that_cannot_await(photo: str, context: Context, expected: Answer) -> None:
    tool = locate_photo_tool(context)
    assert tool.invoke({"photo": photo}) == expected.model_dump_json()

    async def notebook() -> Any:
        return tool.invoke({"photo": photo})  # within a running loop, but not awaited

    assert asyncio.run(notebook()) == expected.model_dump_json()


def test_in_a_tool_node_it_is_the_same(photo: str, context: Context, expected: Answer) -> None:
    message = in_a_tool_node(locate_photo_tool(context), photo)
    assert isinstance(message, ToolMessage)
    assert (message.content, message.artifact) == (expected.model_dump_json(), expected)


def test_a_model_is_offered_its_arguments_and_what_it_returns(context: Context) -> None:
    tool = locate_photo_tool(context)
    offered = convert_to_openai_tool(tool)["function"]
    assert (offered["name"], offered["parameters"]["required"]) == ("locate_photo", ["photo"])
    described = LocatePhoto.model_json_schema()["properties"]["photo"]["description"]
    assert offered["parameters"]["properties"]["photo"]["description"] == described
    assert "where a photograph was taken" in tool.description
    assert tool.metadata is not None
    assert tool.metadata["result_schema"] == Answer.model_json_schema()


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


@pytest.fixture
def tools(context: Context) -> dict[str, BaseTool]:
    return {tool.name: tool for tool in langchain_tools(context)}


def call(tool: BaseTool, **arguments: Any) -> ToolMessage:
    message = asyncio.run(tool.ainvoke({"type": "tool_call", "id": "1", "name": tool.name, "args": arguments}))
    assert isinstance(message, ToolMessage)
    return message


def test_the_steps_one_by_one_rank_as_the_graph_does(town: Path, context: Context, tools: dict[str, BaseTool]) -> None:
    photo = str(town / "query.png")
    candidates = json.loads(str(call(tools["coarse_retrieve"], photo=photo).content))["candidates"]
    query = json.loads(str(call(tools["describe_image"], photo=photo).content))
    descriptions = [json.loads(str(call(tools["describe_image"], photo=c["path"]).content)) for c in candidates]
    scored = call(tools["score_candidates"], query=query, candidates=candidates, descriptions=descriptions)
    scores = json.loads(str(scored.content))["scores"]
    ranked = json.loads(str(call(tools["apply_threshold"], candidates=candidates, scores=scores).content))["candidates"]
    answer = asyncio.run(locate(photo, context)).model_dump(mode="json")
    assert ranked == answer["candidates"]


def test_the_steps_with_geometry_rank_as_the_graph_does(town: Path, context: Context, tmp_path: Path) -> None:
    verifying = dataclasses.replace(context, verifier=patch_verifier(tmp_path)[0])
    tools = tools_with(verifying)
    photo = str(town / "query.png")
    candidates = content(tools["coarse_retrieve"], photo=photo)["candidates"]
    scores = [{"reference": one["reference"], "score": None, "matches": []} for one in candidates]
    verified = content(tools["verify_geometry"], photo=photo, candidates=candidates)["verified"]
    ranked = content(tools["apply_threshold"], candidates=candidates, scores=scores, verified=verified)["candidates"]
    answer = asyncio.run(locate(photo, verifying)).model_dump(mode="json")
    assert [one["geometry"] for one in ranked] == [one["geometry"] for one in answer["candidates"]]
    assert verified[0]["reference"] == name_of(3)
    assert len(verified[0]["points"]) == verified[0]["inliers"] == ranked[0]["geometry"]["inliers"] > 100


def test_geometry_that_is_off_is_said(context: Context, tools: dict[str, BaseTool], photo: str) -> None:
    for off in (tools, tools_with(context, verify="off")):
        with pytest.raises(UsageError, match="not verified"):
            call(off["verify_geometry"], photo=photo, candidates=[])


def test_every_tool_has_schemas_for_what_it_takes_and_returns(tools: dict[str, BaseTool]) -> None:
    assert list(tools) == [
        "coarse_retrieve",
        "describe_image",
        "score_candidates",
        "verify_geometry",
        "apply_threshold",
    ]
    for tool in tools.values():
        assert tool.description
        assert tool.args
        assert tool.metadata is not None
        assert tool.metadata["result_schema"]["properties"]


def test_the_artifact_is_the_record(town: Path, tools: dict[str, BaseTool]) -> None:
    artifact = call(tools["coarse_retrieve"], photo=str(town / "query.png")).artifact
    assert isinstance(artifact.candidates[0], Candidate)


def test_wrong_arguments_are_refused(tools: dict[str, BaseTool]) -> None:
    with pytest.raises(ValidationError):
        call(tools["apply_threshold"], candidates=[{"reference": "a"}], scores=[])


def test_a_photo_that_cannot_be_read_is_our_error(tools: dict[str, BaseTool], tmp_path: Path) -> None:
    with pytest.raises(PhotoError):
        call(tools["coarse_retrieve"], photo=str(tmp_path / "none.jpg"))


def tools_with(context: Context, **changes: object) -> dict[str, BaseTool]:
    return {tool.name: tool for tool in langchain_tools(with_settings(context, **changes))}


def content(tool: BaseTool, **arguments: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(str(call(tool, **arguments).content))
    return found


@pytest.mark.parametrize("k", [1, 4])
def test_as_many_candidates_are_retrieved_as_the_settings_say(town: Path, context: Context, k: int) -> None:
    found = content(tools_with(context, k=k)["coarse_retrieve"], photo=str(town / "query.png"))["candidates"]
    assert [candidate["coarse_rank"] for candidate in found] == list(range(1, k + 1))
    assert found[0]["reference"] == name_of(3)


@pytest.mark.parametrize(("n", "weights"), [(1, [1.0]), (2, [0.6, 0.4]), (4, [0.3, 0.2, 0.4, 0.1])])
def test_as_many_cues_are_asked_for_as_the_settings_say(
    town: Path, context: Context, n: int, weights: list[float]
) -> None:
    words = [("a red door", 3), ("a brass plate", 2), ("an arched window", 4), ("a green bench", 1), ("a roof", 9)]
    described = with_describer(
        context, ScriptedDescriber({"query.png": [(text, float(score)) for text, score in words]})
    )
    cues = content(tools_with(described, n=n)["describe_image"], photo=str(town / "query.png"))["cues"]
    assert [cue["text"] for cue in cues] == [text for text, _ in words[:n]]
    assert [cue["weight"] for cue in cues] == pytest.approx(weights)


class SlowDescriber:
    """A describer that takes longer than anyone waits."""

    id = "slow/1"

    async def attempts(self, photo: Photo, n: int) -> AsyncGenerator[Attempt, None]:
        await asyncio.sleep(60)
        yield Attempt()


def test_a_description_takes_no_longer_than_the_settings_allow(town: Path, context: Context) -> None:
    tools = tools_with(with_describer(context, SlowDescriber()), deadline=0.05)
    described = content(tools["describe_image"], photo=str(town / "query.png"))
    assert described["cues"] == []
    assert "within the time" in described["failure"]


def coarse(number: int) -> dict[str, Any]:
    """The candidate at a place of the coarse order, as JSON."""
    return {
        "reference": f"{number}.jpg", "path": f"/map/{number}.jpg", "digest": f"{number:064x}", "position": None,
        "coarse_rank": number, "coarse_similarity": 1 - number / 10,
    }  # fmt: skip


SCORES: dict[int, float | None] = {1: 0.2, 2: 0.5, 3: 0.9, 4: None}


@pytest.mark.parametrize(
    ("tau", "below_tau", "order", "retained"),
    [
        (0.5, "fallback", [3, 1, 2, 4], 1),  # 0.5 is not above 0.5
        (0.49, "fallback", [3, 2, 1, 4], 2),
        (0.49, "strict", [3, 2, 4], 2),  # 4 has no score, so it has not failed
        (0.1, "strict", [3, 2, 1, 4], 3),
        (0.95, "fallback", [1, 2, 3, 4], 0),
        (0.95, "strict", [], 0),
    ],
)
def test_the_threshold_is_that_of_the_settings(
    context: Context, tau: float, below_tau: str, order: list[int], retained: int
) -> None:
    tool = tools_with(context, tau=tau, below_tau=below_tau)["apply_threshold"]
    scored = [
        Score(reference=f"{number}.jpg", score=score, matches=()).model_dump() for number, score in SCORES.items()
    ]
    ranked = content(tool, candidates=[coarse(number) for number in SCORES], scores=scored)["candidates"]
    assert [candidate["coarse_rank"] for candidate in ranked] == order
    assert [candidate["rank"] for candidate in ranked] == list(range(1, len(order) + 1))
    assert [candidate["retained"] for candidate in ranked] == [place < retained for place in range(len(order))]
