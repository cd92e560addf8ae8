"""One request to an OpenAI-compatible endpoint: bounded in time, size and number, and every failure named."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from pydantic import SecretStr

from ..errors import UsageError
from ..records import Record
from .faults import CONNECT_SECONDS, CallFailed, connection_failure, sound, status_failure
from .slots import Slots

if TYPE_CHECKING:
    from openai import AsyncOpenAI


class Completion(Record):
    """What came back: the message, why it ended, the tokens counted, all of it verbatim, and the seconds it took."""

    content: str
    finish_reason: str | None
    usage: dict[str, int]
    model: str
    raw: str
    seconds: float


class Endpoint:
    """An OpenAI-compatible server at a URL such as `http://127.0.0.1:8000/v1`.

    No request starts while `concurrency` are under way in the whole process. Connections live while requests
    are under way, and no longer. Raises `UsageError` for a URL or a key that cannot be used; no error and
    no result repeats the key.
    """

    def __init__(self, url: str, api_key: SecretStr | None, *, timeout: float, concurrency: int) -> None:
        self.url = check_endpoint_url(url)
        self._key = _checked_key(api_key)
        self._timeout = timeout
        self.concurrency = concurrency
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, _SharedClient] = WeakKeyDictionary()

    async def complete(self, request: dict[str, Any]) -> Completion:
        """Send one chat completion request and return what came back; raises `CallFailed`."""
        start = time.monotonic()
        try:
            async with _SLOTS.slot(self.concurrency), self._client() as client:
                start = time.monotonic()  # the time in the queue is not the request's
                # Not chat.completions.create: it checks the types of every parameter, which takes longer than sending
                # the request, and it returns an object that no longer shows what is wrong with an answer.
                body = await self._bounded(client.post("/chat/completions", body=request, cast_to=_response_type()))
            return parse_completion(body, time.monotonic() - start)
        except CallFailed as failure:
            failure.seconds = time.monotonic() - start
            raise

    async def models(self) -> list[str]:
        """Return the names of the models that the server offers; raises `CallFailed`."""
        async with _SLOTS.slot(self.concurrency), self._client() as client:
            answer = _json(await self._bounded(client.get("/models", cast_to=_response_type())))
        entries = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(entries, list):
            raise CallFailed("answer", "the endpoint's answer is not a list of models")
        return [str(entry["id"]) for entry in entries if isinstance(entry, dict) and "id" in entry]

    async def _bounded(self, call: Any) -> bytes:
        """Await a call within the time limit, remove the key from its answer, and name what went wrong."""
        try:
            return self._without_key(await self._answer(call))
        except CallFailed as failure:
            reason, raw = (self._without_key(text.encode()).decode() for text in (failure.reason, failure.raw))
            raise CallFailed(failure.fault, reason, wait=failure.wait, raw=raw) from failure.__cause__

    async def _answer(self, call: Any) -> bytes:
        import openai

        try:
            async with asyncio.timeout(self._timeout):
                response = await call
        except TimeoutError as error:
            raise CallFailed("answer", f"the endpoint gave no whole answer within {self._timeout:g} s") from error
        except openai.APIStatusError as error:
            raise status_failure(error) from error
        except openai.APIConnectionError as error:
            raise connection_failure(error) from error
        return bytes(response.content)

    def _without_key(self, answer: bytes) -> bytes:
        """Replace the key, which a server may repeat in its answer."""
        return answer.replace(self._key.get_secret_value().encode(), b"[key]") if self._key else answer

    @asynccontextmanager
    async def _client(self) -> AsyncIterator["AsyncOpenAI"]:
        """Lend the event loop's client; its last user closes it."""
        loop = asyncio.get_running_loop()
        shared = self._clients.get(loop) or self._clients.setdefault(loop, _SharedClient(self._open()))
        shared.users += 1
        try:
            yield shared.client
        finally:
            shared.users -= 1
            if shared.users == 0:
                del self._clients[loop]
                await shared.client.close()

    def _open(self) -> "AsyncOpenAI":
        import httpx2
        import openai

        from .bounded_answer import bound_answer

        http = openai.DefaultAioHttpClient(  # takes half the time of the default one for a request
            event_hooks={"response": [bound_answer]},
            follow_redirects=False,
            trust_env=not self._is_this_machine,  # no proxy stands between this machine and itself
            verify=self._tls,
            limits=httpx2.Limits(max_connections=self.concurrency, max_keepalive_connections=self.concurrency),
        )
        key = self._key.get_secret_value() if self._key else "none"  # the library requires one
        return openai.AsyncOpenAI(
            base_url=self.url, api_key=key, max_retries=0, http_client=http,
            timeout=openai.Timeout(self._timeout, connect=CONNECT_SECONDS),
            default_headers={"Accept-Encoding": "identity"},
        )  # fmt: skip

    @cached_property
    def _tls(self) -> Any:
        """What TLS trusts; made once, because it takes longer than a request."""
        import httpx2

        return httpx2.create_ssl_context() if urlsplit(self.url).scheme == "https" else False

    @property
    def _is_this_machine(self) -> bool:
        return urlsplit(self.url).hostname in ("localhost", "127.0.0.1", "::1")


def _checked_key(key: SecretStr | None) -> SecretStr | None:
    text = key.get_secret_value().strip() if key else ""
    if not all("!" <= character <= "~" for character in text):
        raise UsageError("The endpoint's key holds a character that no key can hold: check OPENAI_API_KEY.")
    return SecretStr(text) if text else None


class _SharedClient:
    """A client with the number of those who use it."""

    def __init__(self, client: "AsyncOpenAI") -> None:
        self.client = client
        self.users = 0


_SLOTS = Slots()  # of the whole process


@cache
def _response_type() -> Any:
    import httpx2

    return httpx2.Response


def _json(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise CallFailed("answer", "the endpoint's answer is not JSON", raw=body.decode("utf-8", "replace")) from error


def parse_completion(body: bytes, seconds: float) -> Completion:
    """Take the first choice out of a completion, in which anything else may be missing; raises `CallFailed`."""
    answer, raw = _json(body), body.decode("utf-8")
    try:
        choice = answer["choices"][0]
        content, finish_reason = choice["message"].get("content"), choice.get("finish_reason")
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise CallFailed("answer", "the endpoint's answer holds no message", raw=raw) from error
    usage = answer.get("usage")
    counts = usage.items() if isinstance(usage, dict) else ()
    return Completion(
        content=content if isinstance(content, str) else "",
        finish_reason=sound(finish_reason) if isinstance(finish_reason, str) else None,
        usage={str(kind): count for kind, count in counts if type(count) is int and count >= 0},
        model=sound(str(answer.get("model", ""))),
        raw=raw,
        seconds=seconds,
    )


def check_endpoint_url(url: str) -> str:
    """Return an endpoint's address without a slash at its end; raises `UsageError`, which repeats no key in it."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if "@" in url or "?" in url or "#" in url:
        raise UsageError("The endpoint must be an address alone, without key or query: put the key in OPENAI_API_KEY.")
    if not usable:
        raise UsageError(f"The endpoint {url!r} is not an address: write one such as http://127.0.0.1:8000/v1.")
    return url.rstrip("/")
