"""The chat: a line is a slash command of the terminal, or a message to the assistant."""

from collections.abc import Sequence
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import Self

from langchain_core.messages import AnyMessage, HumanMessage

from internvl_vpr.tools.disk.process_locks import ProcessLocks
from internvl_vpr.tools.errors import SessionError, UsageError
from internvl_vpr.tools.records import Answer

from ..calls import Known
from ..dialogue.conversation import Conversation, Event, Replied, Returned, unanswered
from ..dialogue.session_file import choose_session, kept_sessions
from ..dialogue.sessions import Session, Sessions, new_session, open_sessions
from ..dialogue.state import known
from ..localizer.context import Context
from ..words.phrases import counted
from .output import Output

UNKNOWN = 3


class Chat:
    """A conversation, where its events go, and what the terminal's own commands need; `code` is the last exit code.

    Use it as an asynchronous context manager; entering it raises `UsageError` or `SessionError` when the conversation
    to continue cannot be opened. `sessions` is None where conversations are not kept.
    """

    def __init__(
        self, context: Context, output: Output, *, kept_in: Path | None = None, continued: str | None = None
    ) -> None:
        self.context = context
        self.output = output
        self.code = 0
        self.sessions: Sessions | None = None
        self.conversation = Conversation(context, new_session())
        self.known = Known()
        self.was_asked = False
        self.session_ids: Sequence[str] = ()
        self._kept_in = kept_in
        self._continued = continued
        self._locks = ProcessLocks(kept_in) if kept_in is not None else None
        self._claimed: str | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        if self._kept_in is not None:
            try:
                self.sessions = await self._stack.enter_async_context(open_sessions(self._kept_in))
                self.session_ids = kept_sessions(self._kept_in)
            except SessionError as error:
                if self._continued is not None:
                    raise
                self.output.remark(f"{error} Until then, this conversation is not kept.", "yellow")
        try:
            await self.go_on(new_session() if self._continued is None else self.chosen(self._continued))
        except BaseException:
            await self.__aexit__()  # nobody else will close what was opened
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._locks is not None:
            if self._claimed is not None:
                self._locks.release(self._claimed)
            self._locks.close()
        await self._stack.aclose()

    def chosen(self, wanted: str) -> str:
        """Return the id of the conversation whose id begins like this, or of the latest for ""; raises `UsageError`."""
        if self.sessions is None:
            raise UsageError("Conversations are not kept here, so there is none to continue.")
        return choose_session(self.session_ids, wanted)

    async def go_on(self, session: str) -> None:
        """Continue a conversation, or begin one; raises `SessionError` for one that is damaged."""
        self._claim(session)
        conversation = Conversation(self.context, session, self.sessions)
        messages = await conversation.messages()
        questions = sum(isinstance(message, HumanMessage) for message in messages)
        self.conversation = conversation
        self.output.session = session
        self.known = known(await conversation.answers())
        self.was_asked = questions > 0
        if questions:
            self.output.remark(f"Continuing {session} after {counted(questions, 'question')}.")
        if unanswered(messages):
            self.output.remark("The last question has no answer yet: /retry asks it again.")

    def _claim(self, session: str) -> None:
        """Claim a conversation and release the former one; raises `UsageError` when another chat has it open."""
        if self.sessions is None or self._locks is None or session == self._claimed:
            return
        try:
            free = self._locks.acquire(session)
        except OSError:
            return  # where no claim can be written, nobody else's can be seen
        if not free:
            raise UsageError(
                f"The conversation {session!r} is open in another chat: end that one, or start a new conversation."
            )
        if self._claimed is not None:
            self._locks.release(self._claimed)
        self._claimed = session

    async def listed(self, most: int) -> Sequence[Session]:
        """Return at most so many of the kept conversations, the latest first."""
        return await self.sessions.listed(most) if self.sessions else ()

    async def messages_of(self, session: str) -> Sequence[AnyMessage]:
        """Return the messages of a kept conversation."""
        return await Conversation(self.context, session, self.sessions).messages()

    async def ask(self, question: str) -> None:
        """Ask the assistant; when the conversation can no longer be kept, go on without keeping it."""
        self.code = 0
        self.was_asked = True
        try:
            await self._ask(question)
        except SessionError as error:
            if self.sessions is None:
                raise
            self.output.remark(f"{error} This conversation is not kept any more.", "yellow")
            self.sessions = None
            self.conversation = await self.conversation.unkept()
            await self._ask(question)

    async def _ask(self, question: str) -> None:
        async with aclosing(self.conversation.ask(question)) as events:
            async for event in events:
                self._judge(event)
                self.output.see(event)

    async def latest(self) -> Answer:
        """Return the latest answer; raises `UsageError` when nothing was located yet."""
        answers = await self.conversation.answers()
        if not answers:
            raise UsageError("No photograph was located yet: name one first.")
        return answers[-1]

    def _judge(self, event: Event) -> None:
        """Keep the exit code that an event means."""
        if isinstance(event, Returned) and event.message.status == "error":
            self.code = int(event.message.additional_kwargs.get("exit_code", 1))
        elif isinstance(event, Returned) and isinstance(event.message.artifact, Answer):
            self.code = 0 if event.message.artifact.status == "located" else UNKNOWN
        elif isinstance(event, Replied) and event.message.response_metadata.get("problem"):
            self.code = UsageError.exit_code
