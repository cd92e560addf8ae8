"""A model's choices for one step: read back from the ledger where the same was asked before, or asked and recorded."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Generic, NamedTuple, TypeVar

from internvl_vpr.tools.endpoint.chat_model import ChatModel, digest_of
from internvl_vpr.tools.endpoint.endpoint import Completion, parse_completion
from internvl_vpr.tools.endpoint.faults import CallFailed
from internvl_vpr.tools.endpoint.json_answer import UnusableAnswer
from internvl_vpr.tools.errors import StepMissing
from internvl_vpr.tools.ledger.ledger import Ledger, keep
from internvl_vpr.tools.ledger.model_steps import ModelAnswer, ModelStep, model_attempts, record_model_step

from .step_messages import ChatMessage
from .step_schema import step_schema

_Step = TypeVar("_Step")
_ANSWERED = "answered by"  # only in the record of a request that got an answer


class Choice(NamedTuple, Generic[_Step]):
    """An answer of the model: the step in it, or why it was refused, and whether it was read back."""

    completion: Completion
    step: _Step | None
    refusal: str
    recorded: bool


class RecordedChoices:
    """The choices for the step that begins with one request; without a ledger, each is asked for and none is kept.

    Every answer is on the disk before it is used. An answer that is read back goes through the same checks as a new
    one, because what they look at (files, say) may have changed. With `replay`, nothing is asked.
    """

    def __init__(self, model: ChatModel, ledger: Ledger | None, step: ModelStep, *, replay: bool) -> None:
        self._model = model
        self._ledger = ledger
        self._step = step
        self._replay = replay
        self._known: list[ModelAnswer] = []

    @classmethod
    @asynccontextmanager
    async def open(
        cls, model: ChatModel, asked: Sequence[ChatMessage], ledger: Ledger | None, *, replay: bool = False
    ) -> AsyncIterator["RecordedChoices"]:
        """Wait while the same step is under way elsewhere, and read what is recorded; raises `LedgerError`."""
        step = ModelStep(kind="assistant", asked=digest_of(asked), model=model.id(step_schema()))
        choices = cls(model, ledger, step, replay=replay)
        if ledger is None:
            yield choices
            return
        async with ledger.turn(step):
            choices._known = await asyncio.to_thread(model_attempts, ledger, step)
            yield choices

    async def choose(
        self, asked: Sequence[ChatMessage], unusable: int, take: Callable[[Completion], _Step]
    ) -> Choice[_Step]:
        """Return the answer to messages after so many unusable ones; `take` checks it, or raises `UnusableAnswer`.

        Raises `CallFailed`, `LedgerError`, and `StepMissing` where nothing may be asked and nothing is recorded.
        """
        request = self._model.request(asked, step_schema(), unusable)
        about = self._model.recorded(request)
        if (known := self._recall(about)) is not None:
            step, refusal = await asyncio.to_thread(_judged, known, take)
            return Choice(known, step, refusal, recorded=True)
        try:
            completion = await self._model.endpoint.complete(request)
        except CallFailed as failure:
            failed = ModelAnswer(error=failure.reason, raw=failure.raw, request=about, latency=failure.seconds)
            await keep(lambda: self._write(unusable, failed))
            raise
        return await keep(lambda: self._keep(completion, about, unusable, take))

    def _recall(self, about: dict[str, str]) -> Completion | None:
        """Return the recorded answer to a request; a replay repeats a failure too, and raises `StepMissing`."""
        same = [one for one in self._known if _is_about(one, about)]
        for one in same:
            if _ANSWERED in one.request:
                return parse_completion(one.raw.encode(), one.latency)
        if same and self._replay:
            raise CallFailed("away", str(same[-1].error))
        if self._replay:
            raise StepMissing(
                f"The ledger holds no step of the assistant for this question by the model {self._model.model!r} with "
                f"the prompt {self._model.prompt.name}: "
                "ask without --replay first, or name another with --ledger."
            )
        return None

    def _keep(
        self, completion: Completion, about: dict[str, str], unusable: int, take: Callable[[Completion], _Step]
    ) -> Choice[_Step]:
        """Check an answer and write it down together with what the checks said."""
        step, refusal = _judged(completion, take)
        answer = ModelAnswer(
            answer="" if step is None else json.dumps(json.loads(completion.content, strict=False), ensure_ascii=False),
            error=refusal or None,
            raw=completion.raw,
            request={**about, _ANSWERED: completion.model},
            usage=completion.usage,
            finish_reason=completion.finish_reason,
            latency=completion.seconds,
        )
        self._write(unusable, answer)
        return Choice(completion, step, refusal, recorded=False)

    def _write(self, unusable: int, answer: ModelAnswer) -> None:
        if self._ledger is not None:
            record_model_step(self._ledger, self._step, unusable + 1, answer)


def _is_about(known: ModelAnswer, about: dict[str, str]) -> bool:
    """Whether an answer is one to this request; which server gave it does not count."""
    return all(known.request.get(name) == value for name, value in about.items() if name != "endpoint")


def _judged(completion: Completion, take: Callable[[Completion], _Step]) -> tuple[_Step | None, str]:
    try:
        return take(completion), ""
    except UnusableAnswer as error:
        return None, str(error) or "the answer cannot be used"
