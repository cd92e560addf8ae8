"""How far a long task has come."""

from typing import Protocol


class Progress(Protocol):
    """Called with the name of a stage, how many of its steps are done, how many there are, and a detail to show."""

    def __call__(self, stage: str, done: int, total: int, detail: str = "") -> None:
        """Take note of it."""


def silent(stage: str, done: int, total: int, detail: str = "") -> None:
    """Report progress to nobody."""
