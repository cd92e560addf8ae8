"""How far long work is."""

from typing import Protocol


class Progress(Protocol):
    """Told the name of a stage, the steps done and the steps in all."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show it."""


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""
