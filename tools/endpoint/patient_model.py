"""A model at an endpoint that is asked again, within bounds, until its answer can be used."""

import asyncio
import hashlib
import random
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from ..errors import EndpointRefused, EndpointUnreachable
from ..photo.jpeg import Jpeg
from ..records import Exchange, Record
from .endpoint import Completion, Endpoint
from .faults import CallFailed
from .json_answer import UnusableAnswer, schema_digest
from .slots import Slots

# Of the whole process: images that are encoded and wait for their request.
PREPARED = Slots()

_Value = TypeVar("_Value")


class Decoding(NamedTuple):
    """How one answer is sampled."""

    temperature: float
    seed: int
    max_tokens: int

    @classmethod
    def after(cls, unusable: int, tokens: int) -> "Decoding":
        """Return how to decode after so many unusable answers: greedily at first, then more freely and longer."""
        return cls(temperature=0.2 * unusable, seed=unusable, max_tokens=tokens * 2**unusable)


def decoding_in_words() -> str:
    """Name what decides how answers are sampled, for the id of what asks."""
    tried = (Decoding.after(unusable, 1) for unusable in range(Patience().answers))
    return "; ".join(f"T {one.temperature:g} seed {one.seed}" for one in tried)


class Patience(Record):
    """How often a request is repeated, and the pauses between; seconds."""

    answers: int = 3  # that may be unusable, each decoded differently
    faults: int = 4  # times that the same request is sent again because the endpoint was busy or away
    first_pause: float = 0.5
    longest_pause: float = 8.0
    longest_wait: float = 60.0  # that a server may ask for


PATIENT = Patience()


@dataclass(frozen=True)
class Question(Generic[_Value]):
    """What is asked of a model, and how its answer is read.

    The answer must follow the JSON `schema`, which the server knows as `name`; the first one may have so many `tokens`.
    `parse` takes the value out of its text, or raises `UnusableAnswer`. `about` is recorded with each attempt, and has
    digests in place of contents.
    """

    messages: Sequence[Mapping[str, Any]]
    name: str
    schema: Mapping[str, Any]
    tokens: int
    parse: Callable[[str], _Value]
    about: Mapping[str, str]


@dataclass(frozen=True)
class Reply(Generic[_Value]):
    """One attempt at an answer; `value` is None where the exchange's `error` says why there is none."""

    exchange: Exchange
    value: _Value | None = None


class PatientModel:
    """Asks questions of one model. After an unusable answer it asks again, decoded differently.

    `instead` completes the sentence that says what to do when the endpoint does not answer.
    """

    def __init__(self, endpoint: Endpoint, model: str, *, patience: Patience = PATIENT, instead: str) -> None:
        self.endpoint = endpoint
        self.model = model
        self._patience = patience
        self._instead = instead

    async def ask(self, question: Question[_Value]) -> AsyncGenerator[Reply[_Value], None]:
        """Yield one reply a request, the last one with a value or the reason why there is none.

        Raises `EndpointRefused` when no request can succeed with these settings, and `EndpointUnreachable` when the
        endpoint does not answer.
        """
        unusable = faults = 0
        while True:
            reply, failure = await self._ask(question, Decoding.after(unusable, question.tokens))
            yield reply
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

    async def _ask(self, question: Question[_Value], decoding: Decoding) -> tuple[Reply[_Value], CallFailed | None]:
        """Send one request; returns the attempt as it is recorded, and what failed, if anything did."""
        asked = self._asked(question, decoding)
        try:
            completion = await self.endpoint.complete(self.request(question, decoding))
        except CallFailed as failure:
            failed = Exchange(error=failure.reason, raw=failure.raw, request=asked, latency=failure.seconds)
            return Reply(failed), failure
        exchange = Exchange(
            raw=completion.raw,
            usage=completion.usage,
            finish_reason=completion.finish_reason,
            request={**asked, "answered by": completion.model},
            latency=completion.seconds,
        )
        try:
            return Reply(exchange, question.parse(_whole(completion))), None
        except UnusableAnswer as error:
            return Reply(exchange.model_copy(update={"error": str(error)})), CallFailed("answer", str(error))

    def request(self, question: Question[_Value], decoding: Decoding | None = None) -> dict[str, Any]:
        """Return the body of the request for a question; by default, of the first attempt."""
        schema = {"name": question.name, "strict": True, "schema": question.schema}
        return {
            "model": self.model,
            "messages": question.messages,
            "response_format": {"type": "json_schema", "json_schema": schema},
            **(decoding or Decoding.after(0, question.tokens))._asdict(),
        }

    def _asked(self, question: Question[_Value], decoding: Decoding) -> dict[str, str]:
        """Return what is recorded of a request: all but the key, and digests instead of contents."""
        return {
            "endpoint": self.endpoint.url,
            "model": self.model,
            **question.about,
            "schema": schema_digest(question.schema),
            **{name: f"{value:g}" for name, value in decoding._asdict().items()},
        }

    def _raise_if_hopeless(self, failure: CallFailed, faults: int) -> None:
        """Raise a failure that concerns every question, not only this one."""
        if failure.fault == "refused":
            raise EndpointRefused(
                f"The endpoint {self.endpoint.url} refuses requests for the model {self.model!r} ({failure.reason}): "
                "check --endpoint, --model and OPENAI_API_KEY, or run internvl-vpr doctor."
            )
        if failure.fault == "unreachable" and faults >= self._patience.faults:
            raise EndpointUnreachable(
                f"The endpoint {self.endpoint.url} does not answer ({failure.reason}): "
                f"start it, name another with --endpoint, or {self._instead}."
            )

    def _pause(self, failure: CallFailed, failures: int) -> float | None:
        """Return the seconds to wait before the next request, or None when the server asks for too many."""
        patience = self._patience
        if failure.wait is not None:
            return failure.wait if failure.wait <= patience.longest_wait else None
        pause = min(patience.longest_pause, patience.first_pause * 2.0 ** (failures - 1))
        return pause * random.uniform(0.5, 1.0)  # noqa: S311 - so that requests which failed together are not repeated together


def picture(image: Jpeg) -> dict[str, Any]:
    """Return the part of a message that is an image."""
    return {"type": "image_url", "image_url": {"url": image.url}}


def closing_part(closing: str) -> list[dict[str, Any]]:
    """Return the text that ends a message, as its last part; nothing where a prompt has none."""
    return [{"type": "text", "text": closing}] if closing else []


def messages_digest(*parts: str) -> str:
    """Return the SHA-256 of what was sent: its texts, and the digests of its images, in their order."""
    return hashlib.sha256("\n".join(part for part in parts if part).encode()).hexdigest()


def _whole(completion: Completion) -> str:
    """Return the text of a completion that ended by itself; raises `UnusableAnswer`."""
    if completion.finish_reason != "stop":
        raise UnusableAnswer(f"the answer did not end by itself (finish_reason {completion.finish_reason!r})")
    if not completion.content:
        raise UnusableAnswer("the answer is empty")
    return completion.content
