"""What a person sees of a conversation: each event as it comes, answers on one console, everything else on another."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from langchain_core.messages import AIMessage, ToolMessage
from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from internvl_vpr.tools.records import Answer
from internvl_vpr.tools.text.foreign import visible

from ..console.picture_protocol import choose_images
from ..console.safe_text import safe_text
from ..dialogue.conversation import Called, Event, Progressed, Replied, Returned
from ..rules.find_paths import find_paths
from ..settings import Images
from ..view.artifact import PointsOf, show_artifact
from ..view.results import show_in_a_line, tell_in_a_line
from ..view.stages import Stage, Stages, show_stages, tell_stage, tell_stages

_PLAIN_SECONDS = 5.0  # between two lines about one stage, where lines cannot be drawn over


class Screen:
    """Draws a conversation's events as tables and pictures or, when `plain`, as sentences that are only appended."""

    def __init__(
        self,
        answers: Console,
        remarks: Console,
        *,
        plain: bool,
        images: Images,
        points_of: PointsOf = lambda _answer, _rank: (),
    ) -> None:
        self._points_of = points_of
        self._answers = answers
        self._remarks = remarks
        self.plain = plain
        self.images = images
        self.session = ""
        self._stages = Stages()
        self._live: Live | None = None
        self._began = 0.0
        self._said: dict[str, float] = {}
        self._shown = False  # whether a result of this turn was
        self._located = 0  # photos, in this turn
        self._several = False  # whether this turn's question names more than one file

    @contextmanager
    def turn(self, question: str) -> Iterator[None]:
        """Draw what happens within as one turn; its progress is removed at the end, whatever ended it.

        Of several photos, each is told in one line.
        """
        self._began, self._shown, self._located = time.monotonic(), False, 0
        self._several = len({found.path for found in find_paths(question) if found.exists}) > 1
        self._stages, self._said = Stages(), {}
        try:
            yield
        finally:
            self._settle()

    def see(self, event: Event) -> None:
        """Draw an event."""
        match event:
            case Called():
                self._stages = Stages()
            case Progressed():
                self._progress(event)
            case Returned():
                self._settle()
                self._result(event.message)
            case Replied():
                self._settle()
                self._reply(event.message)

    def remark(self, text: str, style: str = "dim") -> None:
        """Say something that is no answer."""
        self._remarks.print(safe_text(text, style))

    def show(self, renderable: RenderableType, text: str) -> None:
        """Show something that was asked for; where plain, in words."""
        if self.plain:
            self._answers.print(Text(f"{visible(text)}\n"))  # a blank line, so that the end of it is heard
        else:
            self._answers.print(renderable)

    def _progress(self, event: Progressed) -> None:
        stage = self._stages.see(event.call, event.stage, event.done, event.total, event.detail, event.seconds)
        if not self._remarks.is_terminal:
            return
        if self.plain:
            self._append(stage)
        elif self._live is None:
            self._live = Live(
                console=self._remarks, get_renderable=self._drawn, refresh_per_second=8, transient=True
            )  # fmt: skip
            self._live.start()

    def _drawn(self) -> RenderableType:
        return show_stages(self._stages, time.monotonic() - self._began)

    def _append(self, stage: Stage) -> None:
        """Say how far a stage is in a line of its own: when it begins and ends, and now and then between."""
        now = time.monotonic()
        if stage.is_done or now - self._said.get(stage.name, -_PLAIN_SECONDS) >= _PLAIN_SECONDS:
            self._said[stage.name] = now
            self.remark(tell_stage(stage), "")

    def _settle(self) -> None:
        """Remove the progress, and leave one line about what was done."""
        if self._live is not None:
            self._live.stop()
            self._live = None
            if self._stages.stages:
                self.remark(tell_stages(self._stages.stages))
            self._stages = Stages()

    def _result(self, message: ToolMessage) -> None:
        self._shown = True
        if message.status == "error":
            self.remark(message.text, "yellow")
            return
        if isinstance(message.artifact, Answer) and self._several:
            self._located += 1
            number, answer = self._located, message.artifact
            self.show(show_in_a_line(number, answer), tell_in_a_line(number, answer))
            return
        images = choose_images(self.images, self._answers)
        drawn = "" if self.plain else show_artifact(message, images, self._answers.width, self._points_of)
        self.show(drawn, message.text)

    def _reply(self, message: AIMessage) -> None:
        about: Mapping[str, Any] = message.response_metadata
        by_rules = about.get("by") == "rules"
        for remark in about.get("remarks", ()) if by_rules else ():  # else the second choice was a good one
            self.remark(f"The assistant's model could not be followed, so the rules answer: {remark}", "yellow")
        if not (by_rules and self._shown):  # the rules repeat what was shown
            self.show(safe_text(message.text), message.text)
