"""The stand-in as an OpenAI-compatible server on this machine, for as long as a command runs."""

import base64
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from .album import Album
from .answers import Answer, Asked, answer

VERSION = 1  # change it with anything that changes an answer: recorded answers of another version are not used
MODEL = f"demo-town-stand-in-{VERSION}"

_HOST = "127.0.0.1"
_DATA = "data:image/jpeg;base64,"
_LARGEST = 64 * 2**20  # bytes of a request
_IMAGE_TOKENS = 3328  # of 12 tiles and a thumbnail, 256 each, as InternVL3 sees a photo of 4 : 3
_LETTERS = 4  # a token


class _CannotAnswer(ValueError):
    """A request that no photograph of the town can answer; the message says why."""


@dataclass(frozen=True)
class _Question:
    """A request, as far as the stand-in looks at it: which photograph, and what is asked about it."""

    image: bytes
    asked: Asked

    @classmethod
    def read(cls, body: Any) -> "_Question":
        """Take a question out of a request's body; raises `_CannotAnswer`."""
        try:
            parts = [part for message in body["messages"] for part in _parts(message["content"])]
            text = "\n\n".join(part["text"] for part in parts if part["type"] == "text")
            urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
            n = int(body["response_format"]["json_schema"]["schema"]["properties"]["cues"]["minItems"])
            pictures = [base64.b64decode(url.removeprefix(_DATA), validate=True) for url in urls]
            decoding = int(body.get("seed", 0))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise _CannotAnswer("only cues of a JPEG image can be asked for") from error
        if len(pictures) != 1:
            raise _CannotAnswer("one image is expected")
        return cls(pictures[0], Asked(text, n, decoding))


def _parts(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


@contextmanager
def serve_stand_in(open_album: Callable[[], Album], seed: int = 0) -> Iterator[str]:
    """Serve the stand-in while the context lasts, and yield its endpoint, such as `http://127.0.0.1:40123/v1`.

    The album is opened with the first request.
    """
    server = _Server((_HOST, 0), _handler(_once(open_album), seed))
    serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="stand-in")
    serving.start()
    try:
        yield f"http://{_HOST}:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # as many connect at once

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong, unless the client has left, as it does at Ctrl-C."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _once(open_album: Callable[[], Album]) -> Callable[[], Album]:
    """Return what opens the album for the first of several threads, and returns it to all of them."""
    lock, opened = Lock(), lru_cache(maxsize=1)(open_album)

    def album() -> Album:
        with lock:
            return opened()

    return album


def _handler(album: Callable[[], Album], seed: int) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 2**16  # head and body are sent together: a second small packet would wait for the first

        def do_GET(self) -> None:
            model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "demo town"}
            self._send(200, {"object": "list", "data": [model]})

        def do_POST(self) -> None:
            try:
                question = _Question.read(self._body())
                shot = album().find(question.image)
                if shot is None:
                    raise _CannotAnswer("the stand-in knows only the photographs of the demo town")
                self._send(200, _completion(question.asked, answer(shot, question.asked, seed)))
            except (_CannotAnswer, OSError) as error:
                self._send(400, {"error": {"message": str(error), "type": "invalid_request_error", "code": 400}})

        def _body(self) -> Any:
            length = int(self.headers.get("Content-Length", "0"))
            if not 0 < length <= _LARGEST:
                raise _CannotAnswer("a request with a body is expected")
            try:
                return json.loads(self.rfile.read(length))
            except ValueError as error:
                raise _CannotAnswer("the request is not JSON") from error

        def _send(self, status: int, document: dict[str, Any]) -> None:
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:  # on standard error, which belongs to the command
            return

    return Handler


def _completion(asked: Asked, said: Answer) -> dict[str, Any]:
    """Return a chat completion's document; no clock and no number decides any of it."""
    prompt, words = _IMAGE_TOKENS + len(asked.prompt) // _LETTERS, len(said.content) // _LETTERS
    message = {"role": "assistant", "content": said.content}
    return {
        "id": "chatcmpl-stand-in",
        "object": "chat.completion",
        "created": 0,
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": said.finish_reason}],
        "usage": {"prompt_tokens": prompt, "completion_tokens": words, "total_tokens": prompt + words},
    }
