"""The steps one by one, as LangChain tools, give what the graph gives."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from pydantic import ValidationError

from internvl_vpr.agent import Context, langchain_tools
from internvl_vpr.agent.localizer.run import locate
from internvl_vpr.tools.errors import PhotoError
from internvl_vpr.tools.records import Candidate


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


def test_every_tool_has_schemas_for_what_it_takes_and_returns(tools: dict[str, BaseTool]) -> None:
    assert list(tools) == ["coarse_retrieve", "describe_image", "score_candidates", "apply_threshold"]
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
