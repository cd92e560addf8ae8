"""An OpenAI-compatible server on this machine that answers well, or fails in each of the ways that servers do.

With `serve` it runs in a thread of the test; `python tests/faulty_server.py` runs it in a process of its own.
"""

import argparse
import asyncio
import hashlib
import json
import os
import re
import signal
import socket
import struct
import sys
import time
import zlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, cached_property
from http.client import responses
from pathlib import Path
from typing import Any

_HOST = "127.0.0.1"
_PIECE = 2**16  # bytes of a large answer that are sent at once
_MODEL = "InternVL3-38B"
_CUES_WITHOUT_SCHEMA = 3
# Found without parsing the body, for speed; never within text, where quotation marks are escaped.
_IMAGE = re.compile(rb'"url"\s*:\s*"(data:image/[^"]*)"')
_CUES = re.compile(rb'"minItems"\s*:\s*(\d+)')
_COLOURS = ("white", "yellow", "orange", "red", "violet", "blue", "green", "grey")
_THINGS = ("shop sign", "street lamp", "brick wall", "church tower", "iron gate", "tram stop", "kiosk", "fountain")
_MARK = " marked "  # stands in every description of a good answer, so that a fault can damage it there


@dataclass(frozen=True)
class Served:
    """One request as the server saw it; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes
    arrived: float  # time.monotonic()

    @cached_property
    def body(self) -> dict[str, Any]:
        """The body, parsed when it is first asked for."""
        parsed: dict[str, Any] = json.loads(self.raw)
        return parsed

    @cached_property
    def image(self) -> str:
        """SHA-256 of the first image's data URL; "none" without an image."""
        found = _IMAGE.search(self.raw)
        return hashlib.sha256(found[1]).hexdigest() if found else "none"

    @cached_property
    def cues(self) -> int:
        """The number of cues that the request's schema demands."""
        start = self.raw.find(b'"minItems"')  # far faster than the expression, and images are long
        found = _CUES.match(self.raw, start) if start >= 0 else None
        return int(found[1]) if found else _CUES_WITHOUT_SCHEMA


class _Reader(asyncio.StreamReader):
    """A reader that says when the client has left, also while nothing is read."""

    def __init__(self) -> None:
        super().__init__(limit=2**20, loop=asyncio.get_running_loop())
        self.gone = asyncio.Event()

    def feed_eof(self) -> None:
        super().feed_eof()
        self.gone.set()

    def set_exception(self, exc: Exception) -> None:
        super().set_exception(exc)
        self.gone.set()


class Line:
    """The way back to the client of one request; a client that has left raises `ConnectionError`."""

    def __init__(self, reader: _Reader, writer: asyncio.StreamWriter, model: str) -> None:
        self.model = model  # the name that the server answers under
        self.stays_open = False
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Send a part of the answer; returns when the operating system has taken it."""
        if self._reader.gone.is_set():
            raise ConnectionResetError
        self._writer.write(data)
        await self._writer.drain()

    async def finish(self, data: bytes) -> None:
        """Send the answer's last bytes, or all of it; the connection is kept for the next request."""
        if len(data) > _PIECE:
            await self.send(data[:-1])
            data = data[-1:]
        if not self._reader.gone.is_set():
            self.stays_open = True
            self.ending(whole=True)  # before the client can know: it may look at the counts at once
        await self.send(data)
        self.ended()

    async def pause(self, seconds: float) -> None:
        """Wait, but not for a client that has left."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._reader.gone.wait()
            raise ConnectionResetError

    def reset(self) -> None:
        """Let the connection be closed by RST instead of FIN."""
        linger = struct.pack("ii", 1, 0)
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def ending(self, *, whole: bool = False) -> None:
        """Called before the answer's last bytes, and once more when nothing follows."""

    def ended(self) -> None:
        """Called when the answer has been sent in full."""


Fault = Callable[[Served, Line], Awaitable[None]]
"""Answers one request. If it returns without `line.finish`, the connection is closed."""


def response(code: int, body: bytes, kind: str = "application/json", headers: Mapping[str, str] | None = None) -> bytes:
    """Return a whole HTTP response."""
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    first = f"HTTP/1.1 {code} {responses.get(code, 'Unknown')}\r\n"
    return f"{first}Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


def completion(
    line: Line, served: Served, text: str | None, finish_reason: str | None = "stop", **message: Any
) -> bytes:
    """Return a chat completion's document; an image costs prompt tokens, as it does on real servers."""
    prompt, answer = 40 if served.image == "none" else 296, len(text or "") // 4 + 1
    choice = {
        "index": 0, "message": {"role": "assistant", "content": text, **message},
        "logprobs": None, "finish_reason": finish_reason,
    }  # fmt: skip
    usage = {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}
    return _document(line.model, [choice], usage)


def cue_text(cues: Sequence[tuple[str, int]]) -> str:
    """Return the content of an answer with these descriptions and scores."""
    return json.dumps({"cues": [{"description": description, "score": score} for description, score in cues]})


def good(cues: Sequence[tuple[str, int]] | None = None, n: int | None = None) -> Fault:
    """A valid answer: `cues`, or else `n` of the image's own; without both, as many as the schema demands."""

    async def fault(served: Served, line: Line) -> None:
        text = cue_text(invented_cues(served.image, n or served.cues) if cues is None else cues)
        await line.finish(response(200, completion(line, served, text)))

    return fault


def invented_cues(image: str, n: int) -> list[tuple[str, int]]:
    """Return the `n` cues of a good answer, which follow from the image's digest: no two images share any."""
    cues = []
    for number in range(n):
        digest = hashlib.sha256(f"{image} {number}".encode()).digest()
        name = f"a {_COLOURS[digest[0] % len(_COLOURS)]} {_THINGS[digest[1] % len(_THINGS)]}"
        cues.append((f"{name}{_MARK}{digest[3:9].hex()}", 1 + digest[2] % 100))
    return cues


def content(text: str, finish_reason: str | None = "stop") -> Fault:
    """A completion with whatever content, and whatever reason to end there."""

    async def fault(served: Served, line: Line) -> None:
        await line.finish(response(200, completion(line, served, text, finish_reason)))

    return fault


def status(code: int, message: str = "", retry_after: float | str | None = None, body: bytes | None = None) -> Fault:
    """An HTTP status with an error as vLLM words it, or with any `body`."""
    error = {"message": message, "type": responses.get(code, "Unknown"), "param": None, "code": code}
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return _fixed(response(code, _json({"error": error}) if body is None else body, headers=headers))


def not_json() -> Fault:
    """A proxy's page of HTML instead of an answer, with 200."""
    page = b"<!doctype html>\n<title>Sign in</title>\n<p>Please sign in to the network.</p>\n"
    return _fixed(response(200, page, "text/html; charset=utf-8"))


def redirect(url: str) -> Fault:
    """The advice to ask elsewhere, by the same method."""
    return _fixed(response(307, b"", headers={"Location": url}))


def no_choices() -> Fault:
    """A completion that completes nothing."""

    async def fault(served: Served, line: Line) -> None:
        await line.finish(response(200, _document(line.model, [], None)))

    return fault


def null_content() -> Fault:
    """A completion whose content is null."""

    async def fault(served: Served, line: Line) -> None:
        await line.finish(response(200, completion(line, served, None)))

    return fault


def refusal() -> Fault:
    """A model that declines to answer."""

    async def fault(served: Served, line: Line) -> None:
        await line.finish(response(200, completion(line, served, None, refusal="I cannot help with this photograph.")))

    return fault


def truncated_json() -> Fault:
    """Half of a completion's document in a response that is whole."""

    async def fault(served: Served, line: Line) -> None:
        document = _good_document(served, line)
        await line.finish(response(200, document[: len(document) // 2]))

    return fault


def cut_body() -> Fault:
    """Less of a good answer than its Content-Length says; then the connection is closed."""

    async def fault(served: Served, line: Line) -> None:
        await line.send(response(200, _good_document(served, line))[:-40])

    return fault


def closed() -> Fault:
    """A connection that is closed before any byte of the answer."""

    async def fault(served: Served, line: Line) -> None:
        return

    return fault


def reset() -> Fault:
    """A connection that is reset (RST) before any byte of the answer."""

    async def fault(served: Served, line: Line) -> None:
        line.reset()

    return fault


def silent(seconds: float) -> Fault:
    """Nothing for so long; then the connection is closed."""

    async def fault(served: Served, line: Line) -> None:
        await line.pause(seconds)

    return fault


def delayed(fault: Fault, seconds: float) -> Fault:
    """Another fault, so much later."""

    async def late(served: Served, line: Line) -> None:
        await line.pause(seconds)
        await fault(served, line)

    return late


def held(fault: Fault, until: Callable[[], bool]) -> Fault:
    """Another fault, once something is so."""

    async def waiting(served: Served, line: Line) -> None:
        while not until():
            await line.pause(0.002)
        await fault(served, line)

    return waiting


def then_closed(fault: Fault) -> Fault:
    """Another fault, after which the connection is closed unannounced, as servers close those that are idle."""

    async def last(served: Served, line: Line) -> None:
        await fault(served, line)
        line.stays_open = False

    return last


def slow_drip(seconds_per_byte: float) -> Fault:
    """The headers of a good answer, then its body a byte at a time."""

    async def fault(served: Served, line: Line) -> None:
        head, _, body = response(200, _good_document(served, line)).partition(b"\r\n\r\n")
        await line.send(head + b"\r\n\r\n")
        for place in range(len(body) - 1):
            await line.pause(seconds_per_byte)
            await line.send(body[place : place + 1])
        await line.pause(seconds_per_byte)
        await line.finish(body[-1:])

    return fault


def huge(megabytes: int) -> Fault:
    """A completion whose content has that size, chunked, so that no header tells."""

    async def fault(served: Served, line: Line) -> None:
        start, _, end = completion(line, served, _MARK).partition(_MARK.encode())
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        await line.send(head + _chunk(start))
        piece = _chunk(b"a" * _PIECE)
        for _ in range(megabytes * 2**20 // _PIECE):
            await line.send(piece)
        await line.finish(_chunk(end) + _chunk(b""))

    return fault


def gzip_bomb(megabytes: int) -> Fault:
    """A completion whose content has that size when it is unpacked, and a thousandth of it on the way."""
    return _fixed(response(200, _bomb(megabytes), headers={"Content-Encoding": "gzip"}))


def invalid_utf8() -> Fault:
    """A good answer but for bytes in its content that are not UTF-8."""

    async def fault(served: Served, line: Line) -> None:
        document = _good_document(served, line)
        await line.finish(response(200, document.replace(_MARK.encode(), b" m\xffrk\xc3( ", 1)))

    return fault


def raw_control_characters() -> Fault:
    """A good answer with TAB and 0x1C unescaped in its content's strings; the response itself is sound JSON."""

    async def fault(served: Served, line: Line) -> None:
        text = cue_text(invented_cues(served.image, served.cues)).replace(_MARK, "\tmarked\x1c")
        await line.finish(response(200, completion(line, served, text)))

    return fault


def _fixed(answer: bytes) -> Fault:
    """Answer every request with the same bytes."""

    async def fault(served: Served, line: Line) -> None:
        await line.finish(answer)

    return fault


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _document(model: str, choices: list[dict[str, Any]], usage: dict[str, int] | None) -> bytes:
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": model}
    return _json({**head, "choices": choices, "usage": usage})


def _good_document(served: Served, line: Line) -> bytes:
    return completion(line, served, cue_text(invented_cues(served.image, served.cues)))


def _chunk(data: bytes) -> bytes:
    """Return one chunk of a chunked body; the empty one is the last."""
    return b"%x\r\n%b\r\n" % (len(data), data)


@cache
def _bomb(megabytes: int) -> bytes:
    """Pack a completion piece by piece: it never is in memory."""
    choice = {"index": 0, "message": {"role": "assistant", "content": _MARK}, "finish_reason": "stop"}
    start, _, end = _document(_MODEL, [choice], None).partition(_MARK.encode())
    pack = zlib.compressobj(wbits=31)  # 31: gzip
    packed = [pack.compress(start)]
    packed += [pack.compress(b"a" * 2**20) for _ in range(megabytes)]
    return b"".join([*packed, pack.compress(end), pack.flush()])


class FaultyServer:
    """What a test sees of the server: tells it what to answer next, and looks at what was asked."""

    def __init__(self, *faults: Fault, default: Fault | None = None) -> None:
        self.endpoint = ""
        self.default = default or good()
        self.models = [_MODEL]
        self.models_fault: Fault | None = None  # answers GET /v1/models in place of the list
        self.requests: list[Served] = []  # chat completions
        self.others: list[Served] = []  # whatever else was asked
        self.completed = 0  # chat completions whose answer was sent in full, whatever it said
        self.most_at_once = 0  # chat completions in flight
        self._in_flight = 0
        self._script = deque(faults)
        self._conversations: set[asyncio.Task[None]] = set()
        self._mistakes: list[BaseException] = []

    def script(self, *faults: Fault) -> None:
        """Set the next answers, in the order in which requests arrive; after them `default` answers."""
        self._script = deque(faults)

    async def run(self, listening: socket.socket, stop: asyncio.Event) -> None:
        """Answer until `stop`, then hang up on everyone; raises what went wrong within a fault."""
        loop = asyncio.get_running_loop()
        listening.setblocking(False)
        loop.add_reader(listening, self._accept, listening)
        await stop.wait()
        loop.remove_reader(listening)
        for conversation in self._conversations:
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)
        if self._mistakes:
            raise self._mistakes[0]

    def received(self, served: Served) -> None:
        """Take note of a chat completion that is asked for."""
        self.requests.append(served)

    def answered(self, served: Served) -> None:
        """Take note of an answer that has been sent in full."""

    def _accept(self, listening: socket.socket) -> None:
        """Take one connection; by hand, because asyncio's servers lose those that come while they end."""
        with suppress(BlockingIOError, ConnectionError):
            connection, _ = listening.accept()
            connection.setblocking(False)
            conversation = asyncio.get_running_loop().create_task(self._converse(connection))
            self._conversations.add(conversation)
            conversation.add_done_callback(lambda ended: self._parted(ended, connection))

    def _parted(self, conversation: asyncio.Task[None], connection: socket.socket) -> None:
        connection.close()  # still open if the conversation was cancelled before it began
        self._conversations.discard(conversation)
        if not conversation.cancelled() and (mistake := conversation.exception()):
            self._mistakes.append(mistake)

    async def _converse(self, connection: socket.socket) -> None:
        """Answer one request after another until either side hangs up."""
        loop, reader = asyncio.get_running_loop(), _Reader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection)
        transport.set_write_buffer_limits(high=0)  # drain() then waits until all is sent
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        try:
            while await self._answer(await _receive(reader), reader, writer):
                pass
            writer.close()
            await writer.wait_closed()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client has left
        finally:
            transport.abort()

    async def _answer(self, served: Served, reader: _Reader, writer: asyncio.StreamWriter) -> bool:
        """Answer a request; returns whether the connection is kept for another one."""
        model = self.models[0] if self.models else "none"
        if (served.method, served.path) == ("POST", "/v1/chat/completions"):
            line: Line = _ChatLine(reader, writer, model, served, self)
            self.received(served)
            script = self._script  # the test may set another one meanwhile
            fault = script.popleft() if script else self.default
        else:
            line = Line(reader, writer, model)
            self.others.append(served)
            fault = self._other(served)
        try:
            await fault(served, line)
        finally:
            line.ending()
        return line.stays_open and served.headers.get("connection", "").lower() != "close"

    def _other(self, served: Served) -> Fault:
        """Return how to answer what is no chat completion."""
        if (served.method, served.path) == ("GET", "/health"):
            return _fixed(response(200, b""))
        if (served.method, served.path) != ("GET", "/v1/models"):
            return status(404, "Not Found")
        models = [{"id": model, "object": "model", "created": 0, "owned_by": "tests"} for model in self.models]
        return self.models_fault or _fixed(response(200, _json({"object": "list", "data": models})))


class _ChatLine(Line):
    """The way back of a chat completion, which is counted."""

    def __init__(
        self, reader: _Reader, writer: asyncio.StreamWriter, model: str, served: Served, server: FaultyServer
    ) -> None:
        super().__init__(reader, writer, model)
        self._served = served
        self._server = server
        self._in_flight = True
        server._in_flight += 1
        server.most_at_once = max(server.most_at_once, server._in_flight)

    def ending(self, *, whole: bool = False) -> None:
        self._server._in_flight -= self._in_flight
        self._in_flight = False
        self._server.completed += whole

    def ended(self) -> None:
        self._server.answered(self._served)


async def _receive(reader: _Reader) -> Served:
    """Read one request; its body must come with a Content-Length."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head[:-4].split("\r\n")
    method, path, _ = first.split(" ")
    fields = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in fields}
    if "transfer-encoding" in headers:
        raise ValueError("This server reads no chunked requests.")
    raw = await reader.readexactly(int(headers.get("content-length", "0")))
    return Served(method, path, headers, raw, time.monotonic())


@contextmanager
def serve(*faults: Fault, default: Fault | None = None) -> Iterator[FaultyServer]:
    """Run a server in a thread for as long as the context lasts; `faults` are its first answers."""
    server = FaultyServer(*faults, default=default)
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    with socket.create_server((_HOST, 0), backlog=1024) as listening, ThreadPoolExecutor(1, "faulty-server") as thread:
        server.endpoint = f"http://{_HOST}:{listening.getsockname()[1]}/v1"
        running = thread.submit(_run, loop, server, listening, stop)
        try:
            yield server
        finally:
            loop.call_soon_threadsafe(stop.set)
            running.result()


def _run(loop: asyncio.AbstractEventLoop, server: FaultyServer, listening: socket.socket, stop: asyncio.Event) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(server.run(listening, stop))


class _LoggingServer(FaultyServer):
    """Keeps no request in memory; a file gets a line for each of them, and one for each answer."""

    def __init__(self, latency: float, log: Path | None) -> None:
        super().__init__(default=delayed(good(), latency) if latency else good())
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644) if log else None

    def received(self, served: Served) -> None:
        self._write("received", served)

    def answered(self, served: Served) -> None:
        self._write("answered", served)

    def _write(self, event: str, served: Served) -> None:
        """Write a line at once: several processes may append to the file, and any may be killed."""
        if self._log is not None:
            os.write(self._log, f"{event} {served.image}\n".encode())


async def _run_alone(server: FaultyServer, port: int) -> None:
    """Serve until the process is told to end."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with socket.create_server((_HOST, port), backlog=1024) as listening:
        sys.stdout.write(f"ready {listening.getsockname()[1]}\n")
        sys.stdout.flush()
        await server.run(listening, stop)


def main() -> None:
    """Run the server in a process of its own."""
    parser = argparse.ArgumentParser(description="Answers chat completions with good cues, on this machine only.")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free (it is printed)")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that each answer takes")
    parser.add_argument("--log", type=Path, help="file that gets a line a request and a line an answer")
    options = parser.parse_args()
    asyncio.run(_run_alone(_LoggingServer(options.latency, options.log), options.port))


if __name__ == "__main__":
    main()
