"""The two graphs under `langgraph dev`, as `RemoteGraph` meets them: what Python's say, and nothing sent elsewhere."""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import langgraph_server
import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.pregel.remote import RemoteException, RemoteGraph
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncLangGraphClient

from internvl_vpr.agent import Context, graph, open_context
from internvl_vpr.agent.callers import langgraph_server as module
from internvl_vpr.agent.dialogue.assistant import build_assistant
from internvl_vpr.tools.errors import IndexMissing
from internvl_vpr.tools.records import Answer

pytestmark = pytest.mark.skipif(find_spec("langgraph_api") is None, reason="needs the extra dev: langgraph-cli[inmem]")

QUESTIONS = (
    "where was this photo taken? {photo}",
    "why?",
    "compare it with the second",
    "where is {photo}y?",  # no such file: what is near it is looked up
    "where is {photo}*?",
)


@pytest.fixture(scope="module")
def folder(town: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index and a photo of its own, so that what is recorded is recorded here."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(town / "places", folder / "places")
    shutil.copy(town / "query.png", folder)
    return folder


@pytest.fixture(scope="module")
def context(folder: Path) -> Iterator[Context]:
    with open_context(folder / "places", describer="statistics", k=5) as context:
        yield context


@pytest.fixture(scope="module")
def expected(folder: Path, context: Context) -> Answer:
    """What the Python graph says when every description is recorded, as for whoever asks after it."""
    for _ in range(2):
        answer: Answer = asyncio.run(graph.ainvoke({"photo": str(folder / "query.png")}, context=context))["answer"]
    return answer


@pytest.fixture(scope="module")
def server(folder: Path, expected: Answer) -> Iterator[langgraph_server.LangGraphServer]:
    work = folder / "work"
    work.mkdir()
    settings = {"INTERNVL_VPR_PLACES": str(folder / "places"), "INTERNVL_VPR_DESCRIBER": "statistics"}
    with langgraph_server.serve(work, INTERNVL_VPR_K="5", **settings) as server:
        yield server


@pytest.fixture
def client(server: langgraph_server.LangGraphServer) -> Iterator[SyncLangGraphClient]:
    client = get_sync_client(url=server.url)
    with client.http.client:
        yield client


@pytest.fixture
def localize(client: SyncLangGraphClient) -> RemoteGraph:
    return RemoteGraph("localize", sync_client=client)


@pytest.fixture
def assistant(client: SyncLangGraphClient) -> RemoteGraph:
    return RemoteGraph("assistant", sync_client=client)


def as_recorded(answer: Any) -> str:
    return Answer.model_validate(answer).model_dump_json()


def talk_here(photo: Path, context: Context) -> dict[str, Any]:
    """Return the whole conversation that the Python assistant has."""
    conversation = build_assistant().compile(checkpointer=InMemorySaver())
    for question in QUESTIONS:
        told = asyncio.run(
            conversation.ainvoke(
                {"messages": [HumanMessage(question.format(photo=photo))]},
                {"configurable": {"thread_id": "1"}},
                context=context,
            )
        )
    return told


def test_the_answer_is_that_of_the_python_graph_to_the_byte(
    folder: Path, localize: RemoteGraph, expected: Answer
) -> None:
    told = localize.invoke({"photo": str(folder / "query.png")})
    assert list(told) == ["answer"]
    assert as_recorded(told["answer"]) == expected.model_dump_json()


def test_the_steps_stream_as_they_happen(folder: Path, localize: RemoteGraph) -> None:
    shutil.copy(folder / "query.png", folder / "other.png")
    with (folder / "other.png").open("ab") as file:
        file.write(b"\0")  # other bytes, so that it must be described
    steps: Iterator[Any] = localize.stream({"photo": str(folder / "other.png")}, stream_mode=["updates"])
    names = [name for step in steps for name in step.data]
    assert set(names[:2]) == {"coarse_retrieve", "describe_query"}  # beside each other
    assert names[2:] == [
        "recall_descriptions",
        "score_candidates",
        "verify_geometry",
        "apply_threshold",
    ]


def test_schemas_and_drawing_are_the_graph_s_own(client: SyncLangGraphClient, localize: RemoteGraph) -> None:
    schemas: dict[str, Any] = {
        name: client.assistants.get_schemas(client.assistants.search(graph_id=name)[0]["assistant_id"])
        for name in ("localize", "assistant")
    }
    assert schemas["localize"]["input_schema"]["required"] == ["photo"]
    assert schemas["assistant"]["input_schema"]["required"] == ["messages"]
    assert "answer" in schemas["localize"]["output_schema"]["properties"]
    drawn = localize.get_graph()
    assert set(drawn.nodes) == set(graph.get_graph().nodes)
    assert len(drawn.edges) == len(graph.get_graph().edges)


def test_a_conversation_is_that_of_the_python_assistant(
    folder: Path, client: SyncLangGraphClient, assistant: RemoteGraph, context: Context
) -> None:
    photo = folder / "query.png"
    expected = talk_here(photo, context)
    thread = client.threads.create()["thread_id"]
    for question in QUESTIONS:
        message = {"role": "user", "content": question.format(photo=photo)}
        told = assistant.invoke({"messages": [message]}, {"configurable": {"thread_id": thread}})
    assert [message["content"] for message in told["messages"]] == [message.content for message in expected["messages"]]
    assert [as_recorded(answer) for answer in told["answers"]] == [
        answer.model_dump_json() for answer in expected["answers"]
    ]


def test_the_assistant_streams_its_steps_and_their_progress(folder: Path, assistant: RemoteGraph) -> None:
    message = {"role": "user", "content": str(folder / "query.png")}
    parts: list[Any] = list(assistant.stream({"messages": [message]}, stream_mode=["updates", "custom"]))
    assert [name for part in parts if part.event == "updates" for name in part.data] == ["chat", "tools", "chat"]
    stages = [part.data["stage"] for part in parts if part.event == "custom"]
    assert list(dict.fromkeys(stages)) == ["retrieving", "verifying", "describing", "comparing"]


def test_what_a_person_can_mend_is_told(folder: Path, localize: RemoteGraph) -> None:
    with pytest.raises(RemoteException, match=r"none\.jpg.*cannot be read"):
        localize.invoke({"photo": str(folder / "none.jpg")})


def test_a_web_page_is_refused(folder: Path, server: langgraph_server.LangGraphServer) -> None:
    body = json.dumps({"assistant_id": "localize", "input": {"photo": str(folder / "query.png")}}).encode()
    page = {"Origin": "https://a-page.example", "Content-Type": "text/plain"}
    with pytest.raises(HTTPError, match="403") as refused:
        urlopen(Request(f"{server.url}/runs/wait", data=body, headers=page), timeout=120)
    refused.value.close()
    preflight = {**page, "Access-Control-Request-Method": "POST"}
    with pytest.raises(HTTPError, match="400") as disallowed:
        urlopen(Request(f"{server.url}/runs/wait", method="OPTIONS", headers=preflight), timeout=120)
    disallowed.value.close()


def test_nothing_outside_this_machine_was_reached_for(
    folder: Path, server: langgraph_server.LangGraphServer, localize: RemoteGraph
) -> None:
    localize.invoke({"photo": str(folder / "query.png")})
    assert server.reached_for == []


REACH = """
import socket, sys
from contextlib import suppress
from pathlib import Path
from langgraph_server import guard

guard(Path(sys.argv[1]))
with socket.create_server(("127.0.0.1", 0)) as here:
    socket.create_connection(here.getsockname()).close()
with socket.socket() as client, suppress(ConnectionRefusedError):
    client.connect(("198.51.100.1", 80))
with suppress(ConnectionRefusedError):
    socket.getaddrinfo("a-vendor.example", 443)
"""


def test_what_is_reached_for_would_have_been_seen(tmp_path: Path) -> None:
    record = tmp_path / "record.txt"
    tests = Path(langgraph_server.__file__).parent
    subprocess.run([sys.executable, "-c", REACH, str(record)], cwd=tests, check=True, timeout=300)
    address, name = record.read_text(encoding="utf-8").splitlines()
    assert "198.51.100.1" in address
    assert "a-vendor.example" in name


def test_without_the_map_s_folder_the_first_run_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INTERNVL_VPR_PLACES", raising=False)
    with pytest.raises(module.NotAnswered, match="set INTERNVL_VPR_PLACES to the folder of an index"):
        asyncio.run(module.localize.ainvoke({"photo": "night.jpg"}))


def test_runs_share_one_context_which_a_failed_one_does_not_spoil(
    town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = module.ProcessContext()
    monkeypatch.setenv("INTERNVL_VPR_LEDGER", str(tmp_path / "ledger.sqlite"))
    monkeypatch.setenv("INTERNVL_VPR_PLACES", str(tmp_path))
    with pytest.raises(IndexMissing):
        opened.get()
    monkeypatch.setenv("INTERNVL_VPR_PLACES", str(town / "places"))
    try:
        with ThreadPoolExecutor(4) as executor:
            contexts = list(executor.map(lambda _: opened.get(), range(4)))
    finally:
        opened.close()
    assert len({id(context) for context in contexts}) == 1
    assert contexts[0].index.folder == town / "places"
