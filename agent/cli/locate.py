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
from ..console.streams import stderr, stdout, warn, write_json
from .flags import CONTEXT_FLAGS, PATH, PLACES, flags

if TYPE_CHECKING:
    from internvl_vpr.tools.progress import Progress
    from internvl_vpr.tools.records import Answer

    from ..localizer.context import Context

UNKNOWN = 3
_SIDE = 1024  # pixels of a photograph that are kept for a picture of matches


@click.command()
@click.argument("photo", type=PATH)
@PLACES
@click.option("--json", "form", flag_value="json", help="Print one JSON object.")
@click.option("--jsonl", "form", flag_value="jsonl", help="Print one JSON object per event; the answer is the last.")
@click.option("--replay", is_flag=True, help="Read every description from the ledger; a missing one is an error.")
@click.option("--why", is_flag=True, help="Show all that stands behind the answer: scores, cues, runners-up.")
@click.option(
    "--matches", type=PATH, metavar="FILE.png", help="Draw the photo and its best match with the points that fit."
)
@flags(*CONTEXT_FLAGS)
def locate(
    photo: Path,
    places: Path,
    form: str | None,
    replay: bool,
    why: bool,
    matches: Path | None,
    config: Path | None,
    **given: Any,
) -> int:
    """Say where PHOTO was taken, and why; - reads it from standard input.

    The exit code is 3 when the place is unknown: PHOTO is probably not in the map.
    """
    from internvl_vpr.tools.errors import UsageError

    from ..localizer.context import open_context
    from ..localizer.run import locate as run_locate
    from ..settings import advise_rebuild

    if matches is not None and matches.suffix.lower() != ".png":
        raise UsageError(f"The matches cannot be drawn as {str(matches)!r}: name a file that ends in .png.")
    if matches is not None and not matches.parent.is_dir():
        raise UsageError(f"The folder of {str(matches)!r} does not exist: name another file.")

    if replay:
        os.environ["HF_HUB_OFFLINE"] = "1"  # weights that are not at hand are not fetched either
    opened = open_context(places, file=config, replay=replay, **given)
    with opened as context, _readable(photo) as path, _progress(form) as on_progress:
        answer = interruptible.run(run_locate(path, context, on_progress))
        if matches is not None:
            _draw_matches(answer, context, matches)
    answer = answer.model_copy(update={"photo": photo})  # not where standard input was kept meanwhile
    _print_answer(answer, form, why=why)
    if advice := advise_rebuild(given, index=context.index.settings, file=config):
        warn(advice)
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


def _draw_matches(answer: "Answer", context: "Context", out: Path) -> None:
    """Write the picture of the photo and its best match, or say why there is none."""
    from internvl_vpr.tools.errors import UsageError
    from internvl_vpr.tools.page.matches import draw_matches
    from internvl_vpr.tools.photo.photo import load_image, open_photo

    from ..localizer.matched_points import matched_points

    points = matched_points(answer, context) if answer.candidates else ()
    if not points:
        warn("No picture of matches was written: no points of the photo fit another one.")
        return
    paths = (answer.photo, answer.candidates[0].path)
    pictures = [load_image(open_photo(path, read_position=False), _SIDE) for path in paths]
    try:
        draw_matches(pictures[0], pictures[1], points).save(out, "PNG")
    except OSError as error:
        raise UsageError(
            f"The matches {str(out)!r} cannot be written ({error.strerror}): name another file."
        ) from error


def _print_answer(answer: "Answer", form: str | None, *, why: bool) -> None:
    if form == "json":
        write_json(answer.model_dump(mode="json"))
        return
    if form == "jsonl":
        write_json({"version": 1, "type": "answer", "answer": answer.model_dump(mode="json")}, None)
        return
    from ..view.answer import show_answer

    stdout().print(show_answer(answer, why=why))
