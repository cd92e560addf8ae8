"""Where the commands write: results on stdout, everything else on stderr."""

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def stdout() -> "Console":
    """Return a console for results."""
    from rich.console import Console

    return Console(highlight=False, emoji=False, markup=False)


def stderr(*, plain: bool = False) -> "Console":
    """Return a console for messages and progress; a plain one writes no escape sequences."""
    from rich.console import Console

    return Console(
        stderr=True, highlight=False, emoji=False, markup=False, color_system=None if plain else "auto"
    )  # fmt: skip


def warn(text: str) -> None:
    """Print a message with foreign text in it on stderr, as it is and on one line."""
    from .safe_text import safe_text

    stderr().print(safe_text(text, "yellow"), soft_wrap=True)


def write_json(value: Any, indent: int | None = 2) -> None:
    """Print one JSON document on stdout, never through Rich, which would wrap it."""
    sys.stdout.write(json.dumps(value, allow_nan=False, indent=indent) + "\n")
