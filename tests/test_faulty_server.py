"""The server that tests clients with does itself what it says."""

import asyncio
import gc
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from hashlib import sha256
from http.client import HTTPConnection, HTTPResponse, IncompleteRead, RemoteDisconnected
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import faulty_server as server_module
import pytest
from faulty_server import Fault, FaultyServer, Line, Served, good, serve, status

PHOTO = "data:image/jpeg;base64,AAAA"


def request_body(image: str | None = PHOTO, n: int = 3) -> bytes:
    """Return a chat completion's request as clients write it."""
    text: list[dict[str, Any]] = [
        {"type": "text", "text": 'Not "minItems": 9, and not "url": "data:image/png;base64,BBBB".'}
    ]
    parts = text if image is None else [{"type": "image_url", "image_url": {"url": image}}, *text]
    schema = {"properties": {"cues": {"type": "array", "minItems": n, "maxItems": n}}}
    return json.dumps({
        "model": "InternVL3-38B",
        "messages": [{"role": "user", "content": parts}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "cues", "schema": schema}},
    }).encode()  # fmt: skip


@contextmanager
def connected(server: FaultyServer) -> Iterator[HTTPConnection]:
    """Open a connection to a server."""
    with closing(HTTPConnection(urlsplit(server.endpoint).netloc, timeout=60)) as client:
        yield client


def ask(client: HTTPConnection, image: str | None = PHOTO, n: int = 3) -> HTTPResponse:
    """Ask for a chat completion; returns the response with its body unread."""
    client.request("POST", "/v1/chat/completions", request_body(image, n))
    return client.getresponse()


def said(client: HTTPConnection, image: str | None = PHOTO, n: int = 3) -> list[dict[str, Any]]:
    """Ask for a chat completion; returns its cues."""
    cues: list[dict[str, Any]] = json.loads(choice(ask(client, image, n).read())["message"]["content"])["cues"]
    return cues


def choice(body: bytes) -> dict[str, Any]:
    """Return a completion's only choice."""
    (only,) = json.loads(body)["choices"]
    assert isinstance(only, dict)
    return only


def answer(fault: Fault) -> tuple[HTTPResponse, bytes]:
    """Return a fault's response and body."""
    with serve(fault) as server, connected(server) as client:
        response = ask(client)
        return response, response.read()


def until(condition: Any, seconds: float = 60) -> None:
    """Wait for what happens in the server's thread."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_a_good_answer_has_as_many_cues_as_the_schema_demands_and_follows_from_the_image() -> None:
    with serve() as server, connected(server) as client:
        first, again, other = (said(client, image) for image in (PHOTO, PHOTO, PHOTO + "BBBB"))
        assert first == again
        texts = [cue["description"] for cue in first + other]
        assert len(set(texts)) == 6
        assert all(8 <= len(text) <= 160 and text.isprintable() for text in texts)
        assert all(type(cue["score"]) is int and 0 <= cue["score"] <= 100 for cue in first)
        assert [len(said(client, n=n)) for n in (1, 7)] == [1, 7]


def test_a_good_answer_can_be_given_its_cues_or_their_number() -> None:
    with serve(good([("a red gate", 70)]), good(n=2)) as server, connected(server) as client:
        assert said(client) == [{"description": "a red gate", "score": 70}]
        assert len(said(client)) == 2


def test_a_completion_says_what_it_cost_and_an_image_costs_more() -> None:
    with serve() as server, connected(server) as client:
        completions = [json.loads(ask(client, image).read()) for image in (PHOTO, None)]
    with_image, without = (completion["usage"] for completion in completions)
    assert with_image["prompt_tokens"] > without["prompt_tokens"] > 0
    assert with_image["total_tokens"] == with_image["prompt_tokens"] + with_image["completion_tokens"]
    assert completions[0]["model"] == "InternVL3-38B"
    assert completions[0]["choices"][0]["finish_reason"] == "stop"


def test_requests_are_kept_as_they_came_over_one_connection() -> None:
    with serve() as server, connected(server) as client:
        start = time.monotonic()
        for n in (1, 2):
            ask(client, n=n).read()
        assert [request.cues for request in server.requests] == [1, 2]
        request = server.requests[0]
        assert (request.method, request.path, request.raw) == ("POST", "/v1/chat/completions", request_body(n=1))
        assert request.body["model"] == "InternVL3-38B"
        assert request.image == sha256(PHOTO.encode()).hexdigest()
        assert request.headers["content-length"] == str(len(request.raw))
        assert start <= request.arrived <= time.monotonic()
        assert server.completed == 2
        assert server.most_at_once == 1


def test_the_script_comes_before_the_default() -> None:
    with serve(default=status(503, "overloaded")) as server, connected(server) as client:
        server.script(status(429, "slow down", retry_after=2), good())
        responses = []
        for _ in range(4):
            response = ask(client)
            responses.append((response.status, response.headers.get("Retry-After")))
            response.read()
    assert responses == [(429, "2"), (200, None), (503, None), (503, None)]


def test_a_status_says_why_or_whatever_it_is_told() -> None:
    assert json.loads(answer(status(400, "bad image"))[1])["error"]["message"] == "bad image"
    assert answer(status(502, body=b"<html>"))[1] == b"<html>"
    assert answer(status(599))[0].status == 599


def test_what_is_no_completion_is_answered_as_asked() -> None:
    page, html = answer(server_module.not_json())
    assert (page.status, page.headers.get_content_type(), html[:9]) == (200, "text/html", b"<!doctype")
    elsewhere = answer(server_module.redirect("http://127.0.0.1:9/v1"))[0]
    assert (elsewhere.status, elsewhere.headers["Location"]) == (307, "http://127.0.0.1:9/v1")
    assert json.loads(answer(server_module.no_choices())[1])["choices"] == []


def test_a_completion_can_have_any_content_or_none() -> None:
    cut = choice(answer(server_module.content('{"cues": [', "length"))[1])
    assert (cut["message"]["content"], cut["finish_reason"]) == ('{"cues": [', "length")
    assert choice(answer(server_module.null_content())[1])["message"]["content"] is None
    refused = choice(answer(server_module.refusal())[1])["message"]
    assert refused["content"] is None
    assert refused["refusal"]


def test_a_truncated_document_comes_in_a_whole_response() -> None:
    with serve(server_module.truncated_json()) as server, connected(server) as client:
        with pytest.raises(json.JSONDecodeError):
            json.loads(ask(client).read())
        assert said(client)  # over the same connection
        assert server.completed == 2


def test_a_cut_body_is_shorter_than_it_says() -> None:
    with serve(server_module.cut_body()) as server, connected(server) as client:
        with pytest.raises(IncompleteRead):
            ask(client).read()
        assert server.completed == 0


def test_a_closed_connection_and_one_that_is_reset_differ() -> None:
    for fault, error in ((server_module.closed(), RemoteDisconnected), (server_module.reset(), ConnectionResetError)):
        with serve(fault) as server, connected(server) as client:
            with pytest.raises(error) as caught:
                ask(client)
            assert type(caught.value) is error
            assert server.completed == 0


def test_a_connection_can_be_closed_after_a_whole_answer() -> None:
    with serve(server_module.then_closed(good())) as server, connected(server) as client:
        assert said(client)
        with pytest.raises((RemoteDisconnected, ConnectionResetError, BrokenPipeError)):
            ask(client)
        assert server.completed == 1


def test_a_slow_answer_drips_and_a_delayed_one_is_late() -> None:
    drip, late = server_module.slow_drip(0.0002), server_module.delayed(good(), 0.1)
    with serve(drip, late) as server, connected(server) as client:
        start = time.monotonic()
        response = ask(client, n=1)
        headed = time.monotonic() - start
        body = response.read()
        assert time.monotonic() - start > max(0.0002 * len(body), headed)
        assert choice(body)["finish_reason"] == "stop"
        start = time.monotonic()
        ask(client).read()
        assert time.monotonic() - start >= 0.1


def test_a_silent_server_says_nothing_and_then_hangs_up() -> None:
    with serve(server_module.silent(0.05)) as server, connected(server) as client:
        start = time.monotonic()
        with pytest.raises(RemoteDisconnected):
            ask(client)
        assert time.monotonic() - start >= 0.05


def test_huge_answers_are_whole_and_tell_no_length() -> None:
    response, body = answer(server_module.huge(3))
    assert response.headers["Content-Length"] is None
    assert len(choice(body)["message"]["content"]) == 3 * 2**20


def test_a_bomb_is_small_until_it_is_unpacked() -> None:
    response, body = answer(server_module.gzip_bomb(4))
    assert response.headers["Content-Encoding"] == "gzip"
    assert len(body) < 2**13
    assert len(choice(gzip.decompress(body))["message"]["content"]) == 4 * 2**20


def test_broken_text_breaks_only_what_it_says() -> None:
    body = answer(server_module.invalid_utf8())[1]
    with pytest.raises(UnicodeDecodeError):
        body.decode()
    assert len(json.loads(choice(body.decode(errors="replace").encode())["message"]["content"])["cues"]) == 3
    text = choice(answer(server_module.raw_control_characters())[1])["message"]["content"]
    assert "\t" in text
    assert "\x1c" in text
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)
    assert len(json.loads(text, strict=False)["cues"]) == 3


def test_models_and_health_are_answered_and_can_fail() -> None:
    with serve() as server, connected(server) as client:
        server.models.append("another")
        client.request("GET", "/v1/models")
        assert [model["id"] for model in json.load(client.getresponse())["data"]] == ["InternVL3-38B", "another"]
        server.models_fault = status(401, "no key")
        for path, code in (("/v1/models", 401), ("/health", 200), ("/v1/nothing", 404)):
            client.request("GET", path)
            response = client.getresponse()
            assert response.status == code
            response.read()
        assert [request.path for request in server.others] == ["/v1/models", "/v1/models", "/health", "/v1/nothing"]
        assert server.requests == []
        assert server.completed == 0


async def asked_raw(server: FaultyServer, image: str = PHOTO) -> bytes:
    """Ask over a connection of its own; returns all bytes of the answer."""
    address = urlsplit(server.endpoint)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    body = request_body(image)
    head = f"POST /v1/chat/completions HTTP/1.1\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    received = await reader.read()
    writer.close()
    await writer.wait_closed()
    return received


def test_requests_in_flight_are_counted() -> None:
    async def at_once(server: FaultyServer, count: int) -> list[bytes]:
        return await asyncio.gather(*(asked_raw(server, f"{PHOTO}{number}") for number in range(count)))

    with serve() as server:
        server.default = server_module.held(good(), lambda: server.most_at_once >= 20)
        assert len(set(asyncio.run(at_once(server, 20)))) == 20
        asyncio.run(at_once(server, 3))
        assert server.most_at_once == 20
        assert server.completed == 23


def test_clients_that_leave_are_neither_answered_nor_reported(capfd: pytest.CaptureFixture[str]) -> None:
    drip, late = server_module.slow_drip(1), server_module.delayed(good(), 600)
    with serve(drip, server_module.silent(600), late, server_module.huge(500)) as server:
        for served in range(1, 5):
            with connected(server) as client:
                client.request("POST", "/v1/chat/completions", request_body())
                until(lambda served=served: len(server.requests) == served)
                if served == 4:
                    client.getresponse().read(2**16)
        with connected(server) as client:  # leaves within a request
            client.putrequest("POST", "/v1/chat/completions")
            client.putheader("Content-Length", "1000")
            client.endheaders(b"{")
        until(lambda: server._in_flight == 0)
        assert server.completed == 0
        assert server.most_at_once <= 4
    assert capfd.readouterr() == ("", "")


def test_the_server_ends_at_once_whoever_still_waits() -> None:
    with serve(server_module.silent(600), server_module.huge(500)) as server, connected(server) as one:
        one.request("POST", "/v1/chat/completions", request_body())
        until(lambda: len(server.requests) == 1)
        with connected(server) as other:
            other.request("POST", "/v1/chat/completions", request_body())
            until(lambda: len(server.requests) == 2)
            start = time.monotonic()
            server.script()
    assert time.monotonic() - start < 60


def test_connections_that_come_while_the_server_ends_are_closed() -> None:
    for _ in range(20):
        with ExitStack() as clients, serve() as server:
            for _ in range(4):
                clients.enter_context(connected(server)).connect()
    gc.collect()  # what is left open is a warning, and so an error


def test_a_mistake_in_a_fault_fails_the_test() -> None:
    async def mistaken(served: Served, line: Line) -> None:
        raise LookupError(served.path)

    def ask_in_vain() -> None:
        with serve(mistaken) as server, connected(server) as client, pytest.raises(RemoteDisconnected):
            ask(client)

    with pytest.raises(LookupError, match="/v1/chat/completions"):
        ask_in_vain()


def test_it_runs_in_a_process_of_its_own_and_logs_what_it_did(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, server_module.__file__, "--port", "0", "--latency", "0.02", "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready, port = process.stdout.readline().split()
        assert ready == "ready"
        with closing(HTTPConnection("127.0.0.1", int(port), timeout=60)) as client:
            assert len(said(client)) == 3
            client.request("POST", "/v1/chat/completions", request_body(None))
            until(lambda: log.read_text().count("\n") == 3)
            os.kill(process.pid, signal.SIGTERM)
            assert process.communicate() == ("", "")
    assert process.returncode == 0
    digest = sha256(PHOTO.encode()).hexdigest()
    assert log.read_text().splitlines()[:3] == [f"received {digest}", f"answered {digest}", "received none"]
