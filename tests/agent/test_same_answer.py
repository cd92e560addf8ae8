"""One photo, asked about in every way there is: the same answer, to the byte."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import langgraph_server
import pytest
from langchain_core.messages import HumanMessage, ToolCall
from langgraph.pregel.remote import RemoteGraph
from langgraph_sdk import get_sync_client

from internvl_vpr.agent import assistant, graph, locate_photo_tool, open_context
from internvl_vpr.agent.dialogue.state import Messages
from internvl_vpr.agent.localizer.state import Query
from internvl_vpr.tools.records import Answer

pytestmark = pytest.mark.skipif(find_spec("langgraph_api") is None, reason="needs the extra dev: langgraph-cli[inmem]")

SETTINGS = {"INTERNVL_VPR_DESCRIBER": "statistics", "INTERNVL_VPR_K": "5"}


def by_python(folder: Path, photo: str) -> dict[str, str]:
    """The graph, the assistant around it, and the tool of a LangChain agent."""

    async def ask() -> dict[str, str]:
        with open_context(folder / "places", describer="statistics", k=5) as context:
            located = await graph.ainvoke(Query(photo=photo), context=context)
            told = await assistant.ainvoke(Messages(messages=[HumanMessage(f"where is {photo}")]), context=context)
            call = ToolCall(type="tool_call", id="1", name="locate_photo", args={"photo": photo})
            message = await locate_photo_tool(context).ainvoke(call)
        return {
            "graph": located["answer"].model_dump_json(),
            "assistant": told["answers"][0].model_dump_json(),
            "tool": message.artifact.model_dump_json(),
        }

    return asyncio.run(ask())


def by_langgraph_server(folder: Path, photo: str) -> str:
    (folder / "work").mkdir()
    with langgraph_server.serve(folder / "work", INTERNVL_VPR_PLACES=str(folder / "places"), **SETTINGS) as server:
        client = get_sync_client(url=server.url)
        with client.http.client:
            found = RemoteGraph("localize", sync_client=client).invoke({"photo": photo})
    return Answer.model_validate(found["answer"]).model_dump_json()


def by_command(folder: Path, environ: dict[str, str], *arguments: str, stdin: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "internvl_vpr.agent", *arguments, "--places", str(folder / "places"), "--json"],
        input=stdin, capture_output=True, text=True, cwd=folder, env=environ, timeout=300, check=True,
    )  # fmt: skip
    return done.stdout


def test_every_interface_gives_the_same_answer_to_the_byte(town: Path, tmp_path: Path) -> None:
    shutil.copytree(town / "places", tmp_path / "places")
    photo = str(shutil.copy(town / "query.png", tmp_path))
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
    environ = {**kept, "HF_HUB_OFFLINE": "1", **SETTINGS}
    by_python(tmp_path, photo)  # from here on, every description is recorded

    answers = by_python(tmp_path, photo)
    answers["langgraph dev"] = by_langgraph_server(tmp_path, photo)
    located = by_command(tmp_path, environ, "locate", photo)
    answers["locate"] = Answer.model_validate_json(located).model_dump_json()
    said = json.loads(by_command(tmp_path, environ, "chat", "--no-sessions", stdin=f"where is {photo}\n"))
    answers["chat"] = Answer.model_validate(said["answers"][0]).model_dump_json()

    assert Answer.model_validate_json(answers["graph"]).status == "located"
    assert {way: answer for way, answer in answers.items() if answer != answers["graph"]} == {}
