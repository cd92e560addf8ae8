"""The tools over streamable HTTP on loopback: who is served, who is turned away, and where it listens."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import httpx2
import pytest
from answers import as_mcp_tells
from click.testing import CliRunner
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent
from mcp_hello import HELLO
from starlette.responses import PlainTextResponse

from internvl_vpr.agent.cli.mcp import mcp
from internvl_vpr.agent.localizer.context import Context
from internvl_vpr.agent.localizer.run import locate
from internvl_vpr.agent.mcp import http as mcp_http
from internvl_vpr.agent.mcp.allowed import Allowed
from internvl_vpr.agent.mcp.http import MOST_BYTES, Guard, address_of, http_server, listen
from internvl_vpr.agent.mcp.server import build_server
from internvl_vpr.tools.errors import PackageMissing, UsageError

TOKEN = "0123456789abcdef-._~+/="
ACCEPT = {"Accept": "application/json, text/event-stream"}
_Found = TypeVar("_Found")


class Served(NamedTuple):
    url: str
    port: int


@asynccontextmanager
async def served(
    context: Context, folder: Path, token: str | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Served]:
    """Serve a map's tools on a free port for as long as it is needed."""
    listening = listen(host, 0, has_token=token is not None)
    server = http_server(build_server(context, Allowed([folder])), listening, host, token)
    serving = asyncio.ensure_future(server.run_until_stopped())
    port = listening.getsockname()[1]
    try:
        yield Served(address_of(listening).replace("0.0.0.0", "127.0.0.1"), port)
    finally:
        server.stop()
        await asyncio.wait_for(serving, 60)


def in_time(work: Coroutine[Any, Any, _Found]) -> _Found:
    async def limited() -> _Found:
        async with asyncio.timeout(300):
            return await work

    return asyncio.run(limited())


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("token", [None, TOKEN])
def test_a_client_gets_the_python_graphs_answer_byte_for_byte(
    context: Context, town: Path, mode: str, token: str | None
) -> None:
    photo = str(town / "query.png")
    told: list[float] = []

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        told.append(progress)

    async def ask() -> tuple[Any, Any, str]:
        await locate(photo, context)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with (
            served(context, town, token) as server,
            httpx2.AsyncClient(headers=headers, timeout=120) as http,
            Client(streamable_http_client(server.url, http_client=http), mode=mode) as client,
        ):
            found = await client.call_tool("locate_photo", {"photo": photo}, progress_callback=tell)
            refused = await client.call_tool("locate_photo", {"photo": "/etc/passwd"})
        return found, refused, as_mcp_tells(await locate(photo, context))

    found, refused, expected = in_time(ask())
    assert isinstance(found.content[0], TextContent)
    assert found.content[0].text == expected
    assert found.structured_content == json.loads(expected)
    assert told == sorted(set(told))
    assert told[-1] == 1.0
    assert refused.is_error
    assert "There is no photo '/etc/passwd'" in refused.content[0].text


Headers = dict[str, str]


def statuses(context: Context, town: Path, token: str | None, *sent: Headers, host: str = "127.0.0.1") -> list[int]:
    """Return what a server says to the first request of a client, with each of the headers."""

    async def ask() -> list[int]:
        async with served(context, town, token, host) as server, httpx2.AsyncClient(timeout=120) as http:
            answers = []
            for headers in sent:
                named = {name: value.format(port=server.port) for name, value in headers.items()}
                answers.append(await http.post(server.url, json=HELLO, headers={**ACCEPT, **named}))
            assert not any(name.startswith("access-control") for answer in answers for name in answer.headers)
            assert not any(TOKEN in answer.text for answer in answers)
            return [answer.status_code for answer in answers]

    return in_time(ask())


def test_only_requests_that_name_this_machine_are_served(context: Context, town: Path) -> None:
    own = ["localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}"]
    rebound = ["evil.example", "evil.example:{port}", "localhost:1", "localhost", "127.0.0.1:{port}.evil.example"]
    rebound += ("127.0.0.2:{port}", "localhost.:{port}", "0.0.0.0:{port}")
    assert statuses(context, town, None, {}, *({"Host": host} for host in own)) == [200] * 4
    assert statuses(context, town, None, *({"Host": host} for host in rebound)) == [421] * len(rebound)


def test_pages_in_browsers_are_turned_away(context: Context, town: Path) -> None:
    origins = ("https://evil.example", "http://127.0.0.1:{port}", "http://localhost:{port}", "null", "")
    assert statuses(context, town, None, *({"Origin": origin} for origin in origins)) == [403] * len(origins)
    sent = {"Origin": "https://evil.example", "Authorization": f"Bearer {TOKEN}"}
    assert statuses(context, town, TOKEN, sent) == [403]


def test_only_the_token_opens(context: Context, town: Path, caplog: pytest.LogCaptureFixture) -> None:
    right = (f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER  {TOKEN}")
    wrong = ["", "Bearer", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}"]
    wrong += (f"Bearer {TOKEN.upper()}", f"Bearer {TOKEN}, Bearer x", f"Bearer {TOKEN} {TOKEN}")
    assert statuses(context, town, TOKEN, *({"Authorization": value} for value in right)) == [200] * len(right)
    sent: list[Headers] = [{}, *({"Authorization": value} for value in wrong)]
    assert statuses(context, town, TOKEN, *sent) == [401] * len(sent)
    assert TOKEN not in caplog.text


def test_at_any_address_the_token_stands_alone(context: Context, town: Path) -> None:
    known = {"Authorization": f"Bearer {TOKEN}"}
    sent: list[Headers] = [known, known | {"Host": "map.example:{port}"}, {"Host": "map.example:{port}"}]
    assert statuses(context, town, TOKEN, *sent, host="0.0.0.0") == [200, 200, 401]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Serve whoever gets this far."""
    await PlainTextResponse("served")(scope, receive, send)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(b"authorization", b"Bearer " + TOKEN.encode())], 200),
        ([(b"Authorization", b"Bearer " + TOKEN.encode())], 200),
        ([(b"authorization", b"Bearer " + TOKEN.encode())] * 2, 401),
        ([(b"authorization", b"Bearer \xff\xfe")], 401),
        ([(b"authorization", b"")], 401),
        ([(b"authorization", b"Bearer ")], 401),
        ([(b"origin", b"null")], 401),
        ([(b"authorization", b"Bearer " + TOKEN.encode()), (b"ORIGIN", b"null")], 403),
    ],
)
def test_the_guard_reads_headers_and_nothing_else(headers: list[tuple[bytes, bytes]], status: int) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("a body was read")

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Guard(app, TOKEN)({"type": "http", "headers": headers}, receive, send))
    assert sent[0]["status"] == status
    challenge = dict(sent[0]["headers"]).get(b"www-authenticate")
    assert challenge == (b"Bearer" if status == 401 else None)


def test_bodies_are_bounded(context: Context, town: Path) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * (MOST_BYTES // 10)

    async def ask() -> list[int]:
        async with served(context, town) as server, httpx2.AsyncClient(timeout=120) as http:
            headers = ACCEPT | {"Content-Type": "application/json"}
            whole = await http.post(server.url, content=b" " * (MOST_BYTES + 1), headers=headers)
            streamed = await http.post(server.url, content=pieces(), headers=headers)
            other = await http.get(server.url.removesuffix("/mcp"))
            return [whole.status_code, streamed.status_code, other.status_code]

    assert in_time(ask()) == [413, 413, 404]


def test_sessions_are_bounded(context: Context, town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_http, "MOST_SESSIONS", 2)
    assert statuses(context, town, None, {}, {}, {}) == [200, 200, 503]


def test_an_open_stream_does_not_hold_up_the_end(context: Context, town: Path) -> None:
    async def ask() -> int:
        async with served(context, town) as server, Client(server.url, mode="legacy") as client:
            listed = await client.list_tools()
            await asyncio.sleep(0.1)  # the client opens its standing stream
        return len(listed.tools)  # `served` has waited for the end by now, and for no longer than a minute

    assert in_time(ask()) == 5


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1.2.3", "::1"])
def test_this_machines_own_addresses_need_no_token(host: str) -> None:
    try:
        listening = listen(host, 0, has_token=False)
    except UsageError as error:  # a machine without IPv6
        assert host == "::1", error  # noqa: PT017
        pytest.skip("no IPv6 here")
    with listening:
        assert address_of(listening).startswith(("http://127.", "http://[::1]:"))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "::ffff:127.0.0.1", "10.0.0.1"])
def test_others_need_a_token(host: str) -> None:
    with pytest.raises(UsageError, match="set a token of your own in INTERNVL_VPR_MCP_TOKEN"):
        listen(host, 0, has_token=False)


@pytest.mark.parametrize("host", ["192.0.2.1", "", "x" * 64, "a\0b"])
def test_addresses_that_are_none_are_said(host: str) -> None:
    with pytest.raises(UsageError, match=r"name another address with --host or --port\.$"):
        listen(host, 0, has_token=True)


def test_a_port_in_use_is_said() -> None:
    with listen("127.0.0.1", 0, has_token=False) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(UsageError, match=rf"Nothing can listen at 127.0.0.1:{port} \(Address already in use\)"):
            listen("127.0.0.1", port, has_token=False)


def refused(*arguments: str | Path, **environ: str) -> Exception:
    """Run the command where it must end before it serves, and return why."""
    result = CliRunner().invoke(mcp, [*map(str, arguments)], env=environ, standalone_mode=False)
    assert isinstance(result.exception, Exception)
    assert result.output == ""
    return result.exception


def test_the_command_says_what_is_missing_before_it_serves(town: Path, tmp_path: Path) -> None:
    places = ("--places", town / "places")
    assert "--allow" in str(refused(*places))
    assert "'missing'" in str(refused(*places, "--allow", "missing"))
    http = (*places, "--allow", town, "--transport", "http", "--port", "0")
    others = refused(*http, "--host", "0.0.0.0")
    assert isinstance(others, UsageError)
    assert others.exit_code == 2
    for token in ("short", "fifteen-letters", "not one word but several", "ünïcödé-ünïcödé-ünïcödé", ""):
        weak = refused(*http, "--token", token)
        assert isinstance(weak, UsageError)
        assert "16 letters" in str(weak)
        assert token not in str(weak) or not token
    assert "16 letters" in str(refused(*http, INTERNVL_VPR_MCP_TOKEN="short"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert "Address already in use" in str(refused(*http[:-1], port))
    assert "index" in str(refused("--places", tmp_path, "--allow", town))


def test_without_the_package_the_command_says_how_to_install_it(town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "mcp", None)
    missing = refused("--places", town / "places", "--allow", town)
    assert isinstance(missing, PackageMissing)
    assert "pip install 'internvl-vpr[mcp]'" in str(missing)
