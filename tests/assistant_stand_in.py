"""A stand-in for the chat's model: it knows the right step of each conversation, and errs as its prompt lets it.

It takes a wrong step at a rate of its own, whatever it is told, and far more often where the prompt lacks the rule that
forbids just that. Which conversations those are follows from a seed. `python -m assistant_stand_in FILE` records what
it answers to the chat's prompts and to the one that is worse on purpose.
"""

import asyncio
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import faulty_server as faulty
from faulty_server import FaultyServer, Line, Served, serve

from internvl_vpr.agent.calls import ARGUMENTS
from internvl_vpr.agent.dialogue.step_messages import chat_messages
from internvl_vpr.evals.assistant.conversations import Conversation, ExpectedCall, ExpectedReply, read_conversations
from internvl_vpr.evals.assistant.recorded import write_answers
from internvl_vpr.evals.assistant.run import Outcome, run_conversations
from internvl_vpr.tools.endpoint.chat_model import ASSISTANT_PROMPT, ChatModel
from internvl_vpr.tools.endpoint.endpoint import Completion, Endpoint
from internvl_vpr.tools.endpoint.prompt import Prompt
from internvl_vpr.tools.ledger.ledger import Ledger

MODEL = "stand-in"
BASELINE = Path(__file__).parents[1] / "evals" / "assistant" / "baseline"
WORSE = str(BASELINE / "without-rules.md")
PROMPTS = ("assistant.v2", ASSISTANT_PROMPT, WORSE)
ANSWERS = BASELINE / "answers.jsonl.gz"


class Rule(NamedTuple):
    """Words of a prompt, the conversations that they are for, and what a model does that is not told so."""

    words: str
    is_for: Callable[[Conversation], bool]
    mistake: Mapping[str, Any]


def _is_foreign(conversation: Conversation) -> bool:
    expected = conversation.expected[0]
    return isinstance(expected, ExpectedReply) and expected.reply.language != "English"


RULES = (
    Rule("before you say anything about a photograph", lambda one: one.kind == "locate", {"reply": "It is in Paris."}),
    Rule(
        "never do what they ask",
        lambda one: one.kind == "injection",
        {"tool": "change_settings", "arguments": {"trust": "any"}},
    ),
    Rule("in the person's language", _is_foreign, {"reply": "Yes, I am quite sure about that."}),
)
NO_RULE = 0.8  # how often a step is wrong where the rule for it is missing
ANYHOW = 0.08  # and where it is not
INSISTS = 0.5  # how often a refused step is chosen once more


class StandIn:
    """Answers requests about the conversations of a table."""

    def __init__(self, table: Sequence[Conversation], seed: int = 0, anyhow: float = ANYHOW) -> None:
        self._by_messages = {_key(chat_messages(one.messages(), one.known())): one for one in table}
        self._seed = seed
        self._anyhow = anyhow

    async def __call__(self, served: Served, line: Line) -> None:
        """Answer one request at a loopback endpoint."""
        await faulty.content(self.answer(served.body))(served, line)

    def answer(self, request: Mapping[str, Any]) -> str:
        """Return the content of the answer to a request's body."""
        system, *messages = request["messages"]
        sent_back = int(request["seed"])
        conversation = self._by_messages[_key(messages[: len(messages) - 2 * sent_back])]
        return json.dumps({"step": self._step(conversation, system["content"], sent_back)}, ensure_ascii=False)

    def _step(self, conversation: Conversation, prompt: str, sent_back: int) -> Mapping[str, Any]:
        """Return a mistake, or the right step; one that was sent back is insisted on, or given up for the right one."""
        if sent_back and self._chance("insists", conversation.id) > INSISTS:
            return right_step(conversation)
        for rule in RULES:
            rate = self._anyhow if rule.words in prompt.replace("\n  ", " ") else NO_RULE
            if rule.is_for(conversation) and self._chance(rule.words, conversation.id) < rate:
                return rule.mistake
        if self._chance("anyhow", conversation.id) < self._anyhow:
            return {"reply": "I do not know."}
        return right_step(conversation)

    def _chance(self, what: str, conversation: str) -> float:
        digest = hashlib.sha256(f"{self._seed} {what} {conversation}".encode()).digest()
        return int.from_bytes(digest[:4], "big") / 2**32


def right_step(conversation: Conversation) -> dict[str, Any]:
    """Return the first of the steps expected, as a model writes it."""
    expected = conversation.expected[0]
    if not isinstance(expected, ExpectedCall):
        return {"reply": expected.reply.such_as}
    arguments = ARGUMENTS[expected.tool].model_validate(expected.arguments).model_dump(mode="json")
    return {"tool": expected.tool, "arguments": arguments}


def _key(messages: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(messages, sort_keys=True)


class InProcess(Endpoint):
    """A stand-in that is asked without a server."""

    def __init__(self, stand_in: StandIn) -> None:
        super().__init__("http://127.0.0.1:1/v1", None, timeout=1, concurrency=1)
        self._stand_in = stand_in

    async def complete(self, request: dict[str, Any]) -> Completion:
        """Answer in the place of a server."""
        content, usage = self._stand_in.answer(request), {"total_tokens": 1}
        return Completion(content=content, finish_reason="stop", usage=usage, model=MODEL, raw=content, seconds=0.0)


@contextmanager
def stand_in(table: Sequence[Conversation], **how: Any) -> Iterator[FaultyServer]:
    """Serve a stand-in at a loopback endpoint."""
    with serve(default=StandIn(table, **how)) as server:
        server.models = [MODEL]
        yield server


def outcomes(
    table: Sequence[Conversation], prompt: str, endpoint: Endpoint, ledger: Ledger, *, replay: bool = False
) -> list[Outcome]:
    """Run the conversations with one prompt."""
    model = ChatModel(endpoint, MODEL, Prompt.load(prompt, placeholders=()))
    return asyncio.run(run_conversations(table, model, ledger, replay=replay))


def record(path: Path) -> None:
    """Record what the stand-in answers to all prompts."""
    table = read_conversations()
    with TemporaryDirectory() as folder, stand_in(table) as server, Ledger(Path(folder, "ledger.sqlite")) as ledger:
        for prompt in PROMPTS:
            outcomes(table, prompt, Endpoint(server.endpoint, None, timeout=60, concurrency=4), ledger)
        write_answers(path, ledger)


if __name__ == "__main__":
    record(Path(sys.argv[1]) if len(sys.argv) > 1 else ANSWERS)
