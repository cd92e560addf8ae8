"""How far long work is."""

from typing import Protocol


class Progress(Protocol):
    """Told the name of a stage, the steps done, the steps in all, and what else is worth a word."""

    def __call__(self, stage: str, done: int, total: int, detail: str = "") -> None:
        """Show it."""


def silent(stage: str, done: int, total: int, detail: str = "") -> None:
    """Progress that nobody watches."""
