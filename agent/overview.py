"""Several located photos at a glance, after each of them was shown."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ..tools.records import Answer
from .tell_certainty import verdict
from .tell_words import coordinates, quoted
from .view_parts import TABLE, Shortened


def show_overview(answers: Sequence[Answer]) -> RenderableType:
    """Show where each photo was taken, one a row."""
    table = Table(title=Text("all of them", "bold"), **TABLE)
    table.add_column("", justify="right", no_wrap=True)
    for heading in ("photo", "place", "verdict"):
        table.add_column(heading)
    for number, answer in enumerate(answers, start=1):
        style = "green" if answer.decided_by == "cues" else "yellow"
        table.add_row(
            str(number), Shortened(answer.photo.name), coordinates(answer.position), Text(verdict(answer), style)
        )
    return table


def tell_overview(answers: Sequence[Answer]) -> str:
    """Say where each photo was taken, one a line."""
    lines = (
        f"{number}. {quoted(answer.photo.name)}: {coordinates(answer.position)}, {verdict(answer)}."
        for number, answer in enumerate(answers, start=1)
    )
    return "\n".join(["All of them:", *lines])
