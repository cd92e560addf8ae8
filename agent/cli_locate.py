"""The commands that ask a map: locate, chat, and the demo."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import interruptible
from .cli_flags import CONTEXT_FLAGS, PATH, PLACES, flags
from .cli_output import stderr, stdout, write_json

if TYPE_CHECKING:
    from ..tools.records import Answer

UNKNOWN = 3


@click.command()
@click.argument("photo", type=PATH)
@PLACES
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--replay", is_flag=True, help="Read every description from the ledger; a missing one is an error.")
@flags(*CONTEXT_FLAGS)
def locate(photo: Path, places: Path, as_json: bool, replay: bool, config: Path | None, **given: Any) -> int:
    """Say where PHOTO was taken, and why."""
    from .context import open_context
    from .progress import progress_bars
    from .run import locate as run_locate

    if replay:
        os.environ["HF_HUB_OFFLINE"] = "1"  # weights that are not at hand are not fetched either
    opened = open_context(places, file=config, replay=replay, **given)
    with opened as context, progress_bars(stderr()) as on_progress:
        answer = interruptible.run(run_locate(photo, context, on_progress))
    _print_answer(answer, as_json=as_json)
    return 0 if answer.status == "located" else UNKNOWN


@click.command()
@click.option(
    "--folder", type=PATH, default=Path("demo-town"), show_default=True, metavar="DIR", help="Where the town is kept."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the town.")
@click.option("--size", type=click.IntRange(8), default=64, show_default=True, help="Places in the town.")
def demo(folder: Path, seed: int, size: int) -> int:
    """Generate a small town, index it, locate three photographs, and measure recall on all queries."""
    from ..evals.demo import run_demo
    from .progress import progress_bars

    with progress_bars(stderr()) as on_progress:
        result = interruptible.run(run_demo(folder, seed=seed, places=size, on_progress=on_progress))
    for part in result:
        stdout().print(part)
    return 0


@click.command()
@PLACES
@flags(*CONTEXT_FLAGS)
def chat(places: Path, config: Path | None, **given: Any) -> int:
    """Ask about one photograph after another; each line names one."""
    from .chat import chat as run_chat
    from .context import open_context

    with open_context(places, file=config, **given) as context:
        run_chat(context, _lines(), stdout(), stderr())
    return 0


def _lines() -> Iterator[str]:
    """What is typed or piped in; the prompt goes to stderr, and only to a person."""
    while True:
        if sys.stdin.isatty():
            sys.stderr.write("> ")
            sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            return
        yield line


def _print_answer(answer: "Answer", *, as_json: bool) -> None:
    if as_json:
        write_json(answer.model_dump(mode="json"))
        return
    from .view import show_answer

    stdout().print(show_answer(answer))
