"""A vision-language model behind an OpenAI-compatible endpoint as a describer: one image a request (Eq. 6)."""

import asyncio
import hashlib
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import cache, cached_property
from typing import Any, NamedTuple

from ..endpoint.endpoint import Completion, Endpoint
from ..endpoint.faults import CallFailed
from ..endpoint.json_answer import UnusableAnswer
from ..endpoint.prompt import Prompt
from ..endpoint.slots import Slots
from ..errors import EndpointRefused, EndpointUnreachable
from ..photo.jpeg import Jpeg, encode_photo, encoding
from ..records import Attempt, Photo, RawCue, Record
from .cue_answer import cue_schema, parse_cues, schema_digest

ALGORITHM = "vlm/1"  # recorded with every description: change it with anything that changes what is asked

_QUESTION = "Here is the photograph."


class Decoding(NamedTuple):
    """How one answer is sampled."""

    temperature: float
    seed: int
    max_tokens: int


class Patience(Record):
    """How often a request is repeated, and the pauses between; seconds."""

    answers: int = 3  # that may be unusable, each decoded differently
    faults: int = 4  # times that the same request is sent again because the endpoint was busy or away
    first_pause: float = 0.5
    longest_pause: float = 8.0
    longest_wait: float = 60.0  # that a server may ask for


PATIENT = Patience()
_PREPARED = Slots()


class VisionModel:
    """Describes a photo by asking a vision-language model for exactly N cues under a JSON schema.

    After an unusable answer it asks again, with another temperature, seed and token budget. An attempt that
    stays unusable has an error instead of cues; nothing is invented in its place.
    """

    def __init__(
        self, endpoint: Endpoint, model: str, prompt: Prompt, *, image_side: int = 1344, patience: Patience = PATIENT
    ) -> None:
        self.endpoint = endpoint
        self._model = model
        self._prompt = prompt
        self._image_side = image_side
        self._patience = patience

    @cached_property
    def id(self) -> str:
        """Model, prompt, schema, image encoding and decoding: everything but the server that changes the answers."""
        schema = _schema_digest(1)[:12]
        decoding = "; ".join(f"T {d.temperature:g} seed {d.seed}" for d in map(self._decoding, (0, 1, 2), (1, 1, 1)))
        prompt = f"{self._prompt.name} {self._prompt.digest[:12]}"
        return f"{ALGORITHM} ({self._model}, {prompt}, schema {schema}, {encoding(self._image_side)}, {decoding})"

    async def attempts(self, photo: Photo, n: int) -> AsyncGenerator[Attempt, None]:
        """Yield one attempt a request, the last one with cues or the reason why there are none.

        Raises `PhotoError` for a photo that cannot be decoded, `EndpointRefused` when no request can succeed with
        these settings, and `EndpointUnreachable` when the endpoint does not answer.
        """
        # Memory holds as many images as there are requests at once, and as many again that come next.
        async with _PREPARED.slot(2 * self.endpoint.concurrency):
            image = await asyncio.to_thread(encode_photo, photo, self._image_side)
            async with aclosing(self.attempts_at(image, n)) as attempts:
                async for attempt in attempts:
                    yield attempt

    async def attempts_at(self, image: Jpeg, n: int) -> AsyncGenerator[Attempt, None]:
        """Yield what `attempts` does, for an image that is already encoded."""
        unusable = faults = 0
        while True:
            attempt, failure = await self._ask(image, n, self._decoding(unusable, n))
            yield attempt
            if failure is None:
                return
            self._raise_if_hopeless(failure, faults)
            if failure.fault in ("unreachable", "away"):
                faults += 1
            else:
                unusable += 1
            if failure.fault == "request" or unusable >= self._patience.answers or faults > self._patience.faults:
                return
            if failure.fault != "answer" or failure.wait is not None:
                pause = self._pause(failure, faults + unusable)
                if pause is None:
                    return
                await asyncio.sleep(pause)

    async def _ask(self, image: Jpeg, n: int, decoding: Decoding) -> tuple[Attempt, CallFailed | None]:
        """Send one request; returns the attempt as it is recorded, and what failed, if anything did."""
        request = self.request(image, n, decoding)
        asked = self._asked(image, n, decoding)
        try:
            completion = await self.endpoint.complete(request)
        except CallFailed as failure:
            return Attempt(error=failure.reason, raw=failure.raw, request=asked, latency=failure.seconds), failure
        answered = {
            "raw": completion.raw, "usage": completion.usage, "finish_reason": completion.finish_reason,
            "request": {**asked, "answered by": completion.model}, "latency": completion.seconds,
        }  # fmt: skip
        try:
            return Attempt(cues=_checked(completion, n), **answered), None
        except UnusableAnswer as error:
            return Attempt(error=str(error), **answered), CallFailed("answer", str(error))

    def request(self, image: Jpeg, n: int, decoding: Decoding | None = None) -> dict[str, Any]:
        """Return the body of the request for an image; by default, of the first attempt."""
        schema = {"name": "cues", "strict": True, "schema": _schema(n)}
        return {
            "model": self._model,
            "messages": self._messages(image.url, n),
            "response_format": {"type": "json_schema", "json_schema": schema},
            **(decoding or self._decoding(0, n))._asdict(),
        }

    def _messages(self, image_url: str, n: int) -> list[dict[str, Any]]:
        """The constant instruction first, so that servers can share it between images; then the image, then text."""
        picture = {"type": "image_url", "image_url": {"url": image_url}}
        return [
            {"role": "system", "content": self._prompt.render(n)},
            {"role": "user", "content": [picture, {"type": "text", "text": _QUESTION}]},
        ]

    def _asked(self, image: Jpeg, n: int, decoding: Decoding) -> dict[str, str]:
        """Return what is recorded of a request: all but the key, and a digest instead of the pixels."""
        messages = "\n".join((self._prompt.render(n), image.digest, _QUESTION))
        return {
            "endpoint": self.endpoint.url,
            "model": self._model,
            "prompt": f"{self._prompt.name} {self._prompt.digest}",
            "messages": hashlib.sha256(messages.encode()).hexdigest(),
            "image": f"{image.digest} ({encoding(self._image_side)}, {len(image.data)} bytes)",
            "schema": _schema_digest(n),
            **{name: f"{value:g}" for name, value in decoding._asdict().items()},
        }

    def _decoding(self, unusable: int, n: int) -> Decoding:
        """Return how to decode after so many unusable answers: greedily at first, then more freely and longer."""
        return Decoding(temperature=0.2 * unusable, seed=unusable, max_tokens=(100 * n + 50) * 2**unusable)

    def _raise_if_hopeless(self, failure: CallFailed, faults: int) -> None:
        """Raise a failure that concerns every image, not only this one."""
        if failure.fault == "refused":
            raise EndpointRefused(
                f"The endpoint {self.endpoint.url} refuses requests for the model {self._model!r} ({failure.reason}): "
                "check --endpoint, --model and OPENAI_API_KEY, or run internvl-vpr doctor."
            )
        if failure.fault == "unreachable" and faults >= self._patience.faults:
            raise EndpointUnreachable(
                f"The endpoint {self.endpoint.url} does not answer ({failure.reason}): "
                "start it, name another with --endpoint, or use --describer signage."
            )

    def _pause(self, failure: CallFailed, failures: int) -> float | None:
        """Return the seconds to wait before the next request, or None when the server asks for too many."""
        patience = self._patience
        if failure.wait is not None:
            return failure.wait if failure.wait <= patience.longest_wait else None
        pause = min(patience.longest_pause, patience.first_pause * 2.0 ** (failures - 1))
        return pause * random.uniform(0.5, 1.0)  # noqa: S311 - so that requests which failed together are not repeated together


@cache
def _schema(n: int) -> dict[str, Any]:
    return cue_schema(n)


@cache
def _schema_digest(n: int) -> str:
    return schema_digest(_schema(n))


def _checked(completion: Completion, n: int) -> tuple[RawCue, ...]:
    """Take the cues out of a completion; raises `UnusableAnswer`."""
    if completion.finish_reason != "stop":
        raise UnusableAnswer(f"the answer did not end by itself (finish_reason {completion.finish_reason!r})")
    if not completion.content:
        raise UnusableAnswer("the answer is empty")
    return parse_cues(completion.content, n)
