"""The command `locate`: one photograph, one answer."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from ..console import interruptible
from ..console.streams import stderr, stdout, write_json
from .flags import CONTEXT_FLAGS, PATH, PLACES, flags

if TYPE_CHECKING:
    from internvl_vpr.tools.progress import Progress
    from internvl_vpr.tools.records import Answer

UNKNOWN = 3


@click.command()
@click.argument("photo", type=PATH)
@PLACES
@click.option("--json", "form", flag_value="json", help="Print one JSON object.")
@click.option("--jsonl", "form", flag_value="jsonl", help="Print one JSON object per event; the answer is the last.")
@click.option("--replay", is_flag=True, help="Read every description from the ledger; a missing one is an error.")
@flags(*CONTEXT_FLAGS)
def locate(photo: Path, places: Path, form: str | None, replay: bool, config: Path | None, **given: Any) -> int:
    """Say where PHOTO was taken, and why; - reads it from standard input."""
    from ..localizer.context import open_context
    from ..localizer.run import locate as run_locate

    if replay:
        os.environ["HF_HUB_OFFLINE"] = "1"  # weights that are not at hand are not fetched either
    opened = open_context(places, file=config, replay=replay, **given)
    with opened as context, _readable(photo) as path, _progress(form) as on_progress:
        answer = interruptible.run(run_locate(path, context, on_progress))
    answer = answer.model_copy(update={"photo": photo})  # not where standard input was kept meanwhile
    _print_answer(answer, form)
    return 0 if answer.status == "located" else UNKNOWN


@contextmanager
def _readable(photo: Path) -> Iterator[Path]:
    """Yield the path of a photo; standard input is kept in a file for as long as it is needed."""
    if str(photo) != "-":
        yield photo
        return
    from internvl_vpr.tools.photo.photo import MAX_BYTES

    with TemporaryDirectory(prefix="internvl-vpr-") as folder:
        path = Path(folder) / "standard-input"
        path.write_bytes(sys.stdin.buffer.read(MAX_BYTES + 1))  # one byte more is refused as too large
        yield path


@contextmanager
def _progress(form: str | None) -> Iterator["Progress"]:
    """Progress for people on stderr, or as lines of JSON on stdout."""
    if form == "jsonl":
        yield lambda stage, done, total, detail="": write_json(
            {"version": 1, "type": "progress", "stage": stage, "done": done, "total": total, "detail": detail}, None
        )
        return
    from ..console.progress import progress_bars

    with progress_bars(stderr()) as on_progress:
        yield on_progress


def _print_answer(answer: "Answer", form: str | None) -> None:
    if form == "json":
        write_json(answer.model_dump(mode="json"))
        return
    if form == "jsonl":
        write_json({"version": 1, "type": "answer", "answer": answer.model_dump(mode="json")}, None)
        return
    from ..view.answer import show_answer

    stdout().print(show_answer(answer))
