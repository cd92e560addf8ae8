"""The command by which a map checks itself."""

import sys
from pathlib import Path
from typing import Any

import click

from ..console.streams import stderr
from .flags import COMMON_FLAGS, INDEX_FLAGS, PLACES, VERIFY_FLAG, flags


@click.command()
@PLACES
@click.option(
    "--seconds", type=click.FloatRange(1), metavar="N", help="Stop after this time; without it every photo is asked."
)
@flags(*COMMON_FLAGS, VERIFY_FLAG, *INDEX_FLAGS)
def calibrate(places: Path, seconds: float | None, config: Path | None, **given: Any) -> int:
    """Ask each photo of the map where it was taken, with itself left out, and count how often that is right.

    No label is needed. From then on an answer says how many such answers were right on this map.
    """
    from ..console.progress import progress_bars
    from ..localizer.map_check import check_and_keep
    from ..words.check import tell_whole_check

    with progress_bars(stderr()) as on_progress:
        check = check_and_keep(places, seconds=seconds, file=config, on_progress=on_progress, **given)
    sys.stdout.writelines(f"{line}\n" for line in tell_whole_check(check))
    return 0
