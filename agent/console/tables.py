"""The look that all tables in the terminal share."""

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from .safe_text import safe_text


def styled_table(title: str = "", **more: Any) -> Table:
    """Return an empty table: a rule below the headings, no border, the title and caption on the left.

    The title may hold foreign text; `more` are further arguments of `rich.table.Table`.
    """
    look: dict[str, Any] = {"box": SIMPLE_HEAD, "show_edge": False, "pad_edge": False, "padding": (0, 1, 0, 0)}
    return Table(
        title=safe_text(title, "bold") if title else None,
        **{**look, "title_justify": "left", "caption_justify": "left", **more},
    )


def labelled_table() -> Table:
    """Return an empty table of two columns without headings: dim labels, and what belongs to them."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    return table
