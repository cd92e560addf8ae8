"""The command `internvl-vpr mcp` as a process of its own, asked by real clients, and ended by signals."""

import asyncio
import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from answers import as_mcp_tells
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent
from mcp_hello import HELLO

from internvl_vpr.agent.localizer.context import open_context
from internvl_vpr.agent.localizer.run import locate

COMMAND = Path(sys.executable).with_name("internvl-vpr")
TOKEN = "a-token-of-the-tests"
DESCRIBER = ("--describer", "statistics")
Told = list[float]


@pytest.fixture
def arguments(town: Path, tmp_path: Path) -> list[str]:
    ledger = str(tmp_path / "ledger.sqlite")
    return ["mcp", "--places", str(town / "places"), "--allow", str(town), "--ledger", ledger, *DESCRIBER]


def environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "HF_HUB_OFFLINE": "1"}


@contextmanager
def started(arguments: list[str], **environ: str) -> Iterator[subprocess.Popen[str]]:
    """Start the command, with a pipe at each end."""
    process = subprocess.Popen(
        [COMMAND, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment() | environ,
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str], name: str) -> str:
    """Return the next line of an output, within two minutes."""
    stream = getattr(process, name)
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        assert selector.select(timeout=120), f"nothing on {name}"
    return str(stream.readline())


async def questions(client: Client, photo: str, told: Told) -> tuple[list[str], CallToolResult, CallToolResult]:
    """List the tools, and ask for a photo twice, so that all is warm, and for one that is not allowed."""

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        told.append(progress)

    names = [tool.name for tool in (await client.list_tools()).tools]
    await client.call_tool("locate_photo", {"photo": photo})
    found = await client.call_tool("locate_photo", {"photo": photo}, progress_callback=tell)
    return names, found, await client.call_tool("locate_photo", {"photo": "../../etc/passwd"})


def expected(town: Path, tmp_path: Path, photo: str) -> str:
    ledger = tmp_path / "ledger.sqlite"
    with open_context(town / "places", ledger=ledger, describer="statistics") as context:
        return as_mcp_tells(asyncio.run(locate(photo, context)))


def check(town: Path, tmp_path: Path, asked: tuple[list[str], CallToolResult, CallToolResult], told: Told) -> None:
    names, found, refused = asked
    answer = expected(town, tmp_path, str(town / "query.png"))
    assert names == ["locate_photo", "explain_match", "compare_places", "show_candidate", "map_summary"]
    assert isinstance(found.content[0], TextContent)
    assert found.content[0].text == answer
    assert found.structured_content == json.loads(answer)
    assert told == sorted(set(told))
    assert told[-1] == 1.0
    assert refused.is_error
    assert "There is no photo '../../etc/passwd'" in str(refused.content)


def test_a_client_starts_it_and_gets_the_python_graphs_answer(arguments: list[str], town: Path, tmp_path: Path) -> None:
    told: Told = []

    async def ask() -> tuple[list[str], CallToolResult, CallToolResult]:
        server = StdioServerParameters(command=str(COMMAND), args=arguments, env=environment())
        async with asyncio.timeout(300), Client(server) as client:
            return await questions(client, str(town / "query.png"), told)

    check(town, tmp_path, asyncio.run(ask()), told)


def test_a_client_reaches_it_over_http_and_ctrl_c_ends_it(arguments: list[str], town: Path, tmp_path: Path) -> None:
    told: Told = []

    async def ask(url: str) -> tuple[list[str], CallToolResult, CallToolResult]:
        async with (
            asyncio.timeout(300),
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=120) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            assert (await http.post(url, headers={"Authorization": "Bearer other"})).status_code == 401
            assert (await http.post(url, json=HELLO, headers=[(b"Host", b"evil\x9b31m")])).status_code == 421
            return await questions(client, str(town / "query.png"), told)

    http = [*arguments, "--transport", "http", "--port", "0"]
    with started(http, INTERNVL_VPR_MCP_TOKEN=TOKEN) as process:
        said = line_of(process, "stderr")
        assert said.startswith("Listening at http://127.0.0.1:")
        asked = asyncio.run(ask(said.split()[2].rstrip(";")))
        process.send_signal(signal.SIGINT)
        written, remarks = process.communicate(timeout=60)
        assert process.returncode == 130
        assert written == ""
        warned = "mcp.server.transport_security: Invalid Host header: evil\\x9b31m"
        assert remarks.split("\n", 1) == [warned, "\ninterrupted; finished work is kept\n"]
        assert TOKEN not in said + remarks
    check(town, tmp_path, asked, told)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_while_its_client_is_silent(arguments: list[str], number: int, code: int) -> None:
    with started(arguments) as process:
        send(process, [HELLO])
        hello = json.loads(line_of(process, "stdout"))
        assert hello["result"]["serverInfo"] == {"name": "internvl-vpr", "version": "0.1.0"}
        process.send_signal(number)
        assert process.wait(timeout=60) == code  # its input is still open
        assert process.stdout is not None
        assert process.stdout.read() == ""


QUESTION = {"name": "locate_photo", "arguments": {"photo": "query.png"}, "_meta": {"progressToken": 1}}
ASKING: list[dict[str, object]] = [
    HELLO,
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": QUESTION},
]


def send(process: subprocess.Popen[str], lines: list[dict[str, object]]) -> None:
    assert process.stdin is not None
    process.stdin.write("".join(json.dumps(line) + "\n" for line in lines))
    process.stdin.flush()


def test_a_signal_in_the_middle_of_a_question_is_told_and_leaves_no_copy(arguments: list[str], tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    with started(arguments, TMPDIR=str(copies)) as process:
        send(process, ASKING)
        line_of(process, "stdout")
        assert "progress" in line_of(process, "stdout")
        assert list(copies.iterdir())
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        last = json.loads(process.stdout.read().splitlines()[-1])
        assert process.wait(timeout=60) == 0
    assert last["id"] == 2
    assert last["result"]["isError"]
    assert "The server was stopped before this was answered" in last["result"]["content"][0]["text"]
    assert list(copies.iterdir()) == []


def test_it_ends_with_its_client_and_writes_nothing_but_the_protocol(arguments: list[str]) -> None:
    lines = [*ASKING[:2], {**ASKING[2], "params": {"name": "map_summary", "arguments": {}}}]
    with started(arguments) as process:
        send(process, lines)
        assert process.stdin is not None
        process.stdin.write("not JSON \x1b[31m\n")
        answers = [json.loads(line_of(process, "stdout")) for _ in range(2)]
        written, remarks = process.communicate(timeout=60)
        assert process.returncode == 0
        assert {answer["id"] for answer in answers} == {1, 2}
        assert all(json.loads(line)["jsonrpc"] == "2.0" for line in written.splitlines())
        assert "\x1b" not in remarks
    assert "Traceback" not in remarks


def test_a_client_that_dies_in_the_middle_of_a_question_is_no_error(arguments: list[str]) -> None:
    with started(arguments) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        send(process, ASKING)
        line_of(process, "stdout")
        assert "progress" in line_of(process, "stdout")
        process.stdout.close()
        process.stdin.close()
        remarks = process.stderr.read()
        assert process.wait(timeout=60) == 0
        assert "Traceback" not in remarks
