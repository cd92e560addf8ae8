"""The steps of a run as they happen: what is done with its time, what is under way with its rate and time left."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ..console.safe_text import safe_text

_BAR = 24  # cells
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

# What a stage is called once it is done.
_DONE = {
    "retrieving": "retrieved",
    "describing": "described",
    "comparing": "compared",
    "comparing pairs": "compared",
    "verifying": "verified",
}
# What a stage that can be read back makes, and of what.
_MAKES = {"describing": ("descriptions", "images"), "comparing pairs": ("judgements", "pairs")}


@dataclass
class Stage:
    """One stage of a run: how far it is, when it began and when something was last heard of it; seconds."""

    name: str
    began: float
    done: int = 0
    total: int = 1
    detail: str = ""
    at_first: int = 0  # done when it began: read back, not made
    heard: float = 0.0

    @property
    def is_done(self) -> bool:
        """Whether nothing is left of it."""
        return self.done >= self.total

    def rate(self) -> float | None:
        """Return the steps a second since it began; None before there is one."""
        made, took = self.done - self.at_first, self.heard - self.began
        return made / took if made > 0 and took > 0 else None

    def left(self) -> float | None:
        """Return the seconds that are left at this rate."""
        rate = self.rate()
        return None if rate is None or self.is_done else (self.total - self.done) / rate


@dataclass
class Stages:
    """The stages of a run in the order they began; a stage of another call is another one."""

    stages: list[Stage] = field(default_factory=list)
    _under_way: dict[tuple[str, str], Stage] = field(default_factory=dict)

    def see(self, call: str, stage: str, done: int, total: int, detail: str, seconds: float) -> Stage:
        """Take what a run reports, and return its stage."""
        seen = self._under_way.get((call, stage))
        if seen is not None and done < seen.done:  # it begins again: another photo of the same call
            self._under_way = {key: one for key, one in self._under_way.items() if key[0] != call}
            seen = None
        if seen is None:
            seen = self._under_way[call, stage] = Stage(stage, seconds, at_first=done)
            self.stages.append(seen)
        seen.done, seen.total, seen.detail, seen.heard = done, total, detail, seconds
        return seen


def show_stages(stages: Stages, seconds: float) -> RenderableType:
    """Show each stage on a line; the one under way with a bar."""
    return Group(*(_line(stage, seconds) for stage in stages.stages))


def _line(stage: Stage, seconds: float) -> RenderableType:
    line = Table.grid(padding=(0, 1))
    took = max((stage.heard if stage.is_done else seconds) - stage.began, 0.0)
    if stage.is_done:
        line.add_row(Text("✓", "green"), Text(tell_stage(stage), "dim"))
        return line
    spin = Text(_SPINNER[int(seconds * 10) % len(_SPINNER)], "cyan")
    if stage.total <= 1:
        line.add_row(spin, safe_text(stage.name), Text(f"{took:.1f} s", "dim"))
        return line
    bar = ProgressBar(total=stage.total, completed=stage.done, width=_BAR)
    line.add_row(spin, safe_text(stage.name), bar, Text(tell_pace(stage), "dim"))
    return line


def tell_stage(stage: Stage) -> str:
    """Say in words how far a stage is."""
    if not stage.is_done:
        return f"{stage.name} {tell_pace(stage)}" if stage.total > 1 else f"{stage.name} …"
    name = _DONE.get(stage.name, f"{stage.name}: done,")
    made, of = _MAKES.get(stage.name, ("", ""))
    if made and stage.at_first == stage.total:
        return f"read back {stage.total} {made}"
    count = f" {stage.total - stage.at_first} {of}" if made else ""
    recorded = f", {stage.at_first} read back," if made and stage.at_first else ""
    detail = f" ({stage.detail})" if stage.detail else ""
    return f"{name}{count}{recorded}{detail} in {max(stage.heard - stage.began, 0.0):.1f} s"


def tell_pace(stage: Stage) -> str:
    """Say how far a stage is, how fast it goes, and how long it will take."""
    words = [f"{stage.done} of {stage.total}"]
    if stage.at_first:
        words.append(f"{stage.at_first} read back")
    if (rate := stage.rate()) is not None:
        words.append(f"{rate:.1f}/s")
    if (left := stage.left()) is not None:
        words.append(f"{_duration(left)} left")
    return ", ".join(words)


def tell_stages(stages: Iterable[Stage]) -> str:
    """Say in one line what a run's steps took."""
    return " · ".join(tell_stage(stage) for stage in stages)


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
