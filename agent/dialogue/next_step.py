"""The assistant's next step, chosen by a model: one tool or a reply, checked by code before anything happens."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from langchain_core.messages import AnyMessage, HumanMessage, ToolMessage
from pydantic import Field

from internvl_vpr.tools.endpoint.chat_model import ChatModel
from internvl_vpr.tools.endpoint.endpoint import Completion
from internvl_vpr.tools.endpoint.faults import CallFailed
from internvl_vpr.tools.endpoint.json_answer import UnusableAnswer
from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.records import Record

from ..calls import Call, Known
from ..grounding.deeds import claimed_deed
from ..grounding.reply import ungrounded
from ..rules.find_paths import is_photo_name
from .recorded_choices import Choice, RecordedChoices
from .state import question_of
from .step_guards import paths_in, permitted
from .step_messages import chat_messages, refused, turns_of
from .step_schema import parse_step

CHOICES = 2  # the first, and one more when that cannot be taken
_MOST_KEPT = 20_000  # characters of an answer, verbatim
_MOST_NAMED = 3  # ungrounded things that a problem names

_DECIMAL = re.compile(r"\d[.,]\d")


class NextStep(Record):
    """What is done next: tools, one after another, or a reply.

    `remarks` say what was wrong with a first choice, `usage` counts the tokens of all requests that were sent now, and
    `raw` has every answer of the model, verbatim.
    """

    calls: tuple[Call, ...] = ()
    reply: str = ""
    usage: dict[str, int] = Field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()


class NoStep(Exception):
    """The model gave no usable step, or no answer at all; `reason` is a clause that says why."""

    def __init__(self, reason: str, usage: Mapping[str, int], raw: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.usage = dict(usage)
        self.raw = tuple(raw)


async def next_step(
    messages: Sequence[AnyMessage],
    known: Known,
    model: ChatModel,
    ledger: Ledger | None = None,
    *,
    replay: bool = False,
) -> NextStep:
    """Return the step that a model chooses for a conversation whose latest question has no reply yet.

    A choice that cannot be used is sent back once, with the reason. With a ledger, every answer is recorded before it
    is used, and read back when the same is asked again; with `replay`, nothing is asked. Raises `NoStep` when the
    second choice cannot be used either, or when the endpoint gives no answer; `LedgerError`; and `StepMissing` for a
    replay of what is not recorded.
    """
    asked = chat_messages(messages, known)
    if not asked:
        raise NoStep("no question was asked", {})
    spent = _Spent()
    async with RecordedChoices.open(model, asked, ledger, replay=replay) as choices:
        for unusable in range(CHOICES):
            try:
                choice = await choices.choose(asked, unusable, lambda one: _taken(one, messages, known))
            except CallFailed as failure:
                raise NoStep(f"the model did not answer: {failure.reason}", spent.usage, spent.raw) from failure
            spent.add(choice)
            if choice.step is not None:
                remarks = tuple(spent.remarks)
                usage = dict(spent.usage)
                return choice.step.model_copy(update={"usage": usage, "remarks": remarks, "raw": tuple(spent.raw)})
            asked = [*asked, *refused(choice.completion.content, choice.refusal)]
    raise NoStep(f"the model chose no usable step: {spent.remarks[-1]}", spent.usage, spent.raw)


class _Spent:
    """What the choices for one step took, and what was wrong with them."""

    def __init__(self) -> None:
        self.usage = Counter[str]()
        self.raw: list[str] = []
        self.remarks: list[str] = []

    def add(self, choice: Choice[NextStep]) -> None:
        """Count a choice; one that was read back took nothing."""
        if not choice.recorded:
            self.usage.update(choice.completion.usage)
        self.raw.append(choice.completion.raw[:_MOST_KEPT])
        if choice.refusal:
            self.remarks.append(choice.refusal)


def _taken(completion: Completion, messages: Sequence[AnyMessage], known: Known) -> NextStep:
    """Turn an answer into a step that is allowed; raises `UnusableAnswer`."""
    if completion.finish_reason != "stop":
        raise UnusableAnswer(f"the answer did not end properly (finish_reason {completion.finish_reason!r})")
    chosen = parse_step(completion.content)
    if isinstance(chosen, Call):
        return NextStep(calls=permitted(chosen, messages, known))
    _check_reply(chosen, messages, known)
    return NextStep(reply=chosen)


def _check_reply(reply: str, messages: Sequence[AnyMessage], known: Known) -> None:
    """Raise `UnusableAnswer` for a reply that states what no tool told it, or claims a deed that no tool did."""
    recent = [message for turn in turns_of(messages) for message in turn]
    results = [message for message in recent if isinstance(message, ToolMessage)]
    said = [message.text for message in recent if isinstance(message, HumanMessage)]
    if unknown := ungrounded(reply, [_as_source(result) for result in results], said):
        named = ", ".join(json.dumps(one, ensure_ascii=False)[:80] for one in unknown[:_MOST_NAMED])
        raise UnusableAnswer(f"the reply states what is in no result: {named}")
    done = {result.name for result in results if result.status != "error"}
    if (deed := claimed_deed(reply, done)) is not None:
        raise UnusableAnswer(f"the reply claims something that no tool did: {deed!r}")
    if _DECIMAL.search(reply) and (photo := _not_located(question_of(messages), known)):
        raise UnusableAnswer(
            f"{json.dumps(photo, ensure_ascii=False)[:200]} has not been located yet: use locate_photo"
        )


def _as_source(result: ToolMessage) -> str:
    """Return the text of a result; an error may have foreign text anywhere, so all of it is put in quotes."""
    return json.dumps(result.text, ensure_ascii=False) if result.status == "error" else result.text


def _not_located(question: str, known: Known) -> str | None:
    """Return a photo that the latest message names and that no tool has looked at."""
    photos = (found.path for found in paths_in(question) if found.exists and is_photo_name(found.path))
    return next((photo for photo in photos if photo not in known.photos), None)
