"""The command by which a map checks itself."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from internvl_vpr.tools.text.foreign import visible

from ..console.streams import stderr
from .flags import COMMON_FLAGS, INDEX_FLAGS, PLACES, VERIFY_FLAG, flags

if TYPE_CHECKING:
    from internvl_vpr.tools.index.calibration import MapCheck


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
    from internvl_vpr.tools.check_map import check_map
    from internvl_vpr.tools.index.calibration import write_check

    from ..console.progress import progress_bars
    from ..localizer.context import open_checking

    with open_checking(places, file=config, **given) as opened, progress_bars(stderr()) as on_progress:
        check = check_map(
            opened.index,
            opened.backbone,
            opened.verifier,
            k=opened.settings.verify_k,
            seconds=seconds,
            on_progress=on_progress,
        )
        write_check(places, check)
    _show(check, places)
    return 0


def _show(check: "MapCheck", places: Path) -> None:
    """Say on stdout what the check found."""
    sys.stdout.write(f"{check.asked} photos of {visible(str(places))} were asked, each with itself left out.\n")
    if check.alone:
        sys.stdout.write(f"{check.alone} were not asked: no other photo shows their place.\n")
    for grade, tally in check.grades.items():
        if tally.answers and grade != "unknown":
            sys.stdout.write(f"{grade}: {tally.right} of {tally.answers} right\n")
    limit = f"An answer is confirmed from {check.limits.sure} points on"
    why = " (the default: too few answers to measure it here)" if check.is_default else ", as measured here"
    sys.stdout.write(f"{limit}{why}.\n")
