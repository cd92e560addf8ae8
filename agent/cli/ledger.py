"""The commands that look into a ledger: show, export, stats."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from internvl_vpr.tools.errors import UsageError

from ..console.streams import stdout, write_json
from .flags import PATH, flags

if TYPE_CHECKING:
    from internvl_vpr.tools.ledger.ledger import Ledger
    from internvl_vpr.tools.ledger.model_report import ModelAttempt
    from internvl_vpr.tools.ledger.report import RecordedAttempt

_WHICH = (
    click.option("--places", type=PATH, metavar="DIR", help="Folder of the index whose ledger it is."),
    click.option("--ledger", "file", type=PATH, metavar="FILE", help="The ledger's file."),
)
_IMAGE = click.option("--image", metavar="PHOTO|DIGEST", help="Only this image: a file, or its digest's beginning.")


@click.group()
def ledger() -> None:
    """Look into the record of what models were asked: descriptions, steps of the chat, judged pairs."""


@ledger.command()
@flags(*_WHICH, _IMAGE)
@click.option("--newest", type=click.IntRange(1), default=20, show_default=True, help="How many attempts.")
@click.option("--raw", is_flag=True, help="Also show each answer verbatim.")
def show(places: Path | None, file: Path | None, image: str | None, newest: int, raw: bool) -> int:
    """Show the newest attempts: what was asked of whom, and what came of it."""
    from ..view.ledger import show_attempt, show_model_attempt

    with _opened(places, file) as opened:
        described, others = _attempts(opened, image, newest)
        shown = [(one.made, show_attempt(one, raw=raw)) for one in described]
        shown += [(one.made, show_model_attempt(one, raw=raw)) for one in others]
    for _, part in sorted(shown, key=lambda one: one[0])[-newest:]:
        stdout().print(part)
    return 0


@ledger.command()
@flags(*_WHICH, _IMAGE)
def export(places: Path | None, file: Path | None, image: str | None) -> int:
    """Print every attempt as one JSON object a line: descriptions, then other steps, in the order they were made."""
    with _opened(places, file) as opened:
        described, others = _attempts(opened, image)
        for attempt in chain(described, others):
            write_json(attempt.model_dump(mode="json"), indent=None)
    return 0


@ledger.command()
@flags(*_WHICH)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def stats(places: Path | None, file: Path | None, as_json: bool) -> int:
    """Show figures for each describer, and for other steps of a model: attempts, errors, tokens, latency."""
    from internvl_vpr.tools.ledger.model_report import model_stats
    from internvl_vpr.tools.ledger.report import stats as count

    from ..view.ledger import show_stats

    with _opened(places, file) as opened:
        figures, others = count(opened), model_stats(opened)
    if as_json:
        write_json([each.model_dump(mode="json") for each in (*figures, *others)])
    else:
        stdout().print(show_stats(figures, others))
    return 0


def _attempts(
    opened: "Ledger", image: str | None, newest: int | None = None
) -> "tuple[Iterator[RecordedAttempt], Iterator[ModelAttempt]]":
    """Return the attempts at descriptions, and at other steps, which are about no image."""
    from internvl_vpr.tools.ledger.model_report import model_rows
    from internvl_vpr.tools.ledger.report import attempts

    described = attempts(opened, image=_digest(image), newest=newest)
    return described, model_rows(opened, newest=newest) if image is None else iter(())


@contextmanager
def _opened(places: Path | None, file: Path | None) -> "Iterator[Ledger]":
    """Open the ledger that is named, or the settings', or the index's own."""
    from internvl_vpr.tools.ledger.report import open_existing

    from ..localizer.context import LEDGER_FILE
    from ..settings import resolve_settings

    named = file or resolve_settings({}).ledger or (places / LEDGER_FILE if places else None)
    if named is None:
        raise UsageError("No ledger is named: name its index with --places, or its file with --ledger.")
    with open_existing(named) as opened:
        yield opened


def _digest(image: str | None) -> str:
    """Turn what names an image into the beginning of its digest."""
    from internvl_vpr.tools.photo.photo import open_photo

    if image is None:
        return ""
    if Path(image).exists():
        return open_photo(Path(image), read_position=False).digest
    if not re.fullmatch("[0-9a-fA-F]{1,64}", image):
        raise UsageError(
            f"There is no photo {image!r}, and it is not the beginning of a digest: name a photo or a digest."
        )
    return image.lower()
