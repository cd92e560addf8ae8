"""Every conversation's next step with one prompt, through the code that chooses it in a chat."""

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from internvl_vpr.agent.dialogue.next_step import CHOICES, NoStep, next_step
from internvl_vpr.tools.endpoint.chat_model import ChatModel
from internvl_vpr.tools.endpoint.faults import CallFailed
from internvl_vpr.tools.errors import LedgerError
from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.records import Record

from .conversations import Conversation, write_files
from .judging import in_words, what_is_wrong


class Outcome(Record):
    """What became of one conversation: the step taken, and why it is wrong, if it is.

    `sent_back` counts the choices that were refused. `unanswered`: the endpoint gave no answer, so nothing can be
    said. `tokens` are those spent now.
    """

    id: str
    kind: str
    step: str
    wrong: str
    sent_back: int
    unanswered: bool
    tokens: int

    @property
    def right(self) -> bool:
        """Whether the step is one of those expected."""
        return not self.wrong


async def run_conversations(
    conversations: Sequence[Conversation], model: ChatModel, ledger: Ledger, *, replay: bool = False
) -> list[Outcome]:
    """Return what becomes of each conversation, in their order; nothing that is recorded is asked again.

    Paths are looked up in a folder that is made for it, and left again. Raises `LedgerError`, and `StepMissing` for a
    replay of what is not recorded.
    """
    with TemporaryDirectory() as folder:
        write_files(Path(folder), conversations)
        with contextlib.chdir(folder):
            tasks = [asyncio.ensure_future(_outcome(one, model, ledger, replay=replay)) for one in conversations]
            try:
                return list(await asyncio.gather(*tasks))
            except LedgerError:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                raise


async def _outcome(conversation: Conversation, model: ChatModel, ledger: Ledger, *, replay: bool) -> Outcome:
    about = {"id": conversation.id, "kind": conversation.kind}
    try:
        step = await next_step(conversation.messages(), conversation.known(), model, ledger, replay=replay)
    except NoStep as none:
        unanswered = isinstance(none.__cause__, CallFailed)
        tokens = none.usage.get("total_tokens", 0)
        sent_back = len(none.raw) if unanswered else CHOICES
        return Outcome(
            **about, step="none", wrong=none.reason, sent_back=sent_back, unanswered=unanswered, tokens=tokens
        )
    return Outcome(
        **about,
        step=in_words(step),
        wrong=what_is_wrong(step, conversation),
        sent_back=len(step.remarks),
        unanswered=False,
        tokens=step.usage.get("total_tokens", 0),
    )
