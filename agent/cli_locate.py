"""The commands that ask a map once: locate, and the demo."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from . import interruptible
from .cli_flags import CONTEXT_FLAGS, PATH, PLACES, flags
from .cli_output import stderr, stdout, write_json

if TYPE_CHECKING:
    from ..tools.progress import Progress
    from ..tools.records import Answer

UNKNOWN = 3


@click.command()
@click.argument("photo", type=PATH)
@PLACES
@click.option("--json", "form", flag_value="json", help="Print one JSON object.")
@click.option("--jsonl", "form", flag_value="jsonl", help="Print one JSON object an event, the answer the last one.")
@click.option("--replay", is_flag=True, help="Read every description from the ledger; a missing one is an error.")
@flags(*CONTEXT_FLAGS)
def locate(photo: Path, places: Path, form: str | None, replay: bool, config: Path | None, **given: Any) -> int:
    """Say where PHOTO was taken, and why; - reads it from standard input."""
    from .context import open_context
    from .run import locate as run_locate

    if replay:
        os.environ["HF_HUB_OFFLINE"] = "1"  # weights that are not at hand are not fetched either
    opened = open_context(places, file=config, replay=replay, **given)
    with opened as context, _readable(photo) as path, _progress(form) as on_progress:
        answer = interruptible.run(run_locate(path, context, on_progress))
    answer = answer.model_copy(update={"photo": photo})  # not where standard input was kept meanwhile
    _print_answer(answer, form)
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


@contextmanager
def _readable(photo: Path) -> Iterator[Path]:
    """Yield the path of a photo; what comes from standard input is a file for as long as it is needed."""
    if str(photo) != "-":
        yield photo
        return
    from ..tools.photo import MAX_BYTES

    with TemporaryDirectory(prefix="internvl-vpr-") as folder:
        path = Path(folder) / "standard-input"
        path.write_bytes(sys.stdin.buffer.read(MAX_BYTES + 1))  # one more is refused as too large
        yield path


@contextmanager
def _progress(form: str | None) -> Iterator["Progress"]:
    """Progress for people on stderr, or as lines of JSON on stdout."""
    if form == "jsonl":
        yield lambda stage, done, total, detail="": write_json(
            {"version": 1, "type": "progress", "stage": stage, "done": done, "total": total, "detail": detail}, None
        )
        return
    from .progress import progress_bars

    with progress_bars(stderr()) as on_progress:
        yield on_progress


def _print_answer(answer: "Answer", form: str | None) -> None:
    if form == "json":
        write_json(answer.model_dump(mode="json"))
        return
    if form == "jsonl":
        write_json({"version": 1, "type": "answer", "answer": answer.model_dump(mode="json")}, None)
        return
    from .view import show_answer

    stdout().print(show_answer(answer))
