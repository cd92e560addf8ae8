"""What a conversation's events are given to: a screen, or lines of JSON for programs."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from langchain_core.messages import AIMessage, ToolMessage
from rich.console import RenderableType

from internvl_vpr.tools.records import Answer, Record

from ..console.streams import warn
from ..dialogue.conversation import Called, Event, Progressed, Replied, Returned

VERSION = 1  # of the JSON: changed when a reader would have to change

Write = Callable[[dict[str, Any]], None]


class Output(Protocol):
    """Shows a conversation's events as they come."""

    session: str

    def turn(self, question: str, /) -> AbstractContextManager[None]:
        """Return a context manager in which all that happens belongs to one question."""

    def see(self, event: Event) -> None:
        """Take an event."""

    def remark(self, text: str, style: str = "dim", /) -> None:
        """Take something that is no answer, such as why there is none."""

    def show(self, renderable: RenderableType, text: str, /) -> None:
        """Take something that was asked for, drawn and in words."""


class JsonOutput:
    """Writes one object a question: what was done, what was found, what is said."""

    def __init__(self, write: Write) -> None:
        self.session = ""
        self._write = write
        self._turn: dict[str, Any] | None = None
        self._began = 0.0

    @contextmanager
    def turn(self, question: str) -> Iterator[None]:
        """Gather what happens within, and write it at the end, whatever ended it."""
        self._began = time.monotonic()
        self._turn = {
            "version": VERSION, "session": self.session, "question": question, "reply": "", "by": None,
            "steps": [], "answers": [], "remarks": [],
        }  # fmt: skip
        try:
            yield
        finally:
            self._write({**self._turn, "seconds": round(time.monotonic() - self._began, 3)})
            self._turn = None

    def see(self, event: Event) -> None:
        """Take an event into the turn's object; progress is no part of it."""
        if self._turn is None:
            return
        match event:
            case Called():
                self._turn["steps"].append({"tool": event.name, "arguments": dict(event.arguments)})
            case Returned():
                self._turn["steps"][-1] |= result_of(event.message)
                if isinstance(event.message.artifact, Answer):
                    self._turn["answers"].append(event.message.artifact.model_dump(mode="json"))
            case Replied():
                self._turn |= reply_of(event.message)
                self._turn["remarks"] += event.message.response_metadata.get("remarks", ())

    def remark(self, text: str, _style: str = "dim") -> None:
        """Take a remark into the turn's object; outside of turns, say it on stderr."""
        if self._turn is None:
            warn(text)
        else:
            self._turn["remarks"].append(text)

    def show(self, _renderable: RenderableType, text: str) -> None:
        """Take what is shown into the turn's reply."""
        if self._turn is not None:
            self._turn["reply"] = f"{self._turn['reply']}\n{text}".strip()


class JsonLinesOutput:
    """Writes one object an event, as it happens."""

    def __init__(self, write: Write) -> None:
        self.session = ""
        self._write = write

    @contextmanager
    def turn(self, question: str) -> Iterator[None]:
        """Write that a question was asked, and that its turn ended."""
        self._emit("question", text=question)
        try:
            yield
        finally:
            self._emit("end")

    def see(self, event: Event) -> None:
        """Write an event."""
        match event:
            case Called():
                self._emit("called", tool=event.name, arguments=dict(event.arguments))
            case Progressed():
                about = {"stage": event.stage, "done": event.done, "total": event.total, "detail": event.detail}
                self._emit("progress", tool=event.tool, **about, seconds=round(event.seconds, 3))
            case Returned():
                self._emit("returned", tool=event.message.name, **result_of(event.message))
            case Replied():
                remarks = event.message.response_metadata.get("remarks", ())
                self._emit("replied", **reply_of(event.message), remarks=list(remarks), seconds=round(event.seconds, 3))

    def remark(self, text: str, _style: str = "dim") -> None:
        """Write a remark."""
        self._emit("remark", text=text)

    def show(self, _renderable: RenderableType, text: str) -> None:
        """Write what was asked for."""
        self._emit("shown", text=text)

    def _emit(self, type: str, **about: Any) -> None:  # noqa: A002 - the field's name
        self._write({"version": VERSION, "session": self.session, "type": type, **about})


def result_of(message: ToolMessage) -> dict[str, Any]:
    """Return a tool's result as JSON: whether it succeeded, what it says, and its record."""
    artifact = message.artifact
    result = artifact.model_dump(mode="json") if isinstance(artifact, Record) else None
    return {"status": message.status, "says": message.text, "result": result}


def reply_of(message: AIMessage) -> dict[str, Any]:
    """Return a reply as JSON, with who found the words and the tokens it took."""
    about = message.response_metadata
    return {"reply": message.text, "by": about.get("by"), "tokens": about.get("usage", {})}
