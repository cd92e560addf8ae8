"""The command that runs benchmark splits."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from internvl_vpr.agent.cli.flags import CONTEXT_FLAGS, PATH, PLACES, flags
from internvl_vpr.agent.console import interruptible
from internvl_vpr.agent.console.streams import stderr, stdout, warn

if TYPE_CHECKING:
    from ..runs.measure import RunOptions
    from ..splits.split import Where

SPLIT_FLAGS = (
    click.option("--root", type=PATH, metavar="DIR", help="Folder of the data set; for a town, where it is drawn."),
    click.option("--radius", type=float, metavar="M", help="Metres within which a reference is right; default: 25."),
    click.option(
        "--plane", is_flag=True, help="Take names' metres as they stand, whatever their zone, as the field's code does."
    ),
    click.option("--unknown", type=PATH, metavar="DIR", help="Photos of places that no reference shows."),
    click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N queries."),
    click.option("--town-seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of a town-* split."),
    click.option(
        "--town-places", type=click.IntRange(1), default=64, show_default=True, help="Places of a town-* split."
    ),
)


@click.command("run")
@click.argument("splits", nargs=-1, required=True, metavar="SPLIT...")
@PLACES
@click.option(
    "--out", type=PATH, required=True, metavar="RUN", help="Folder of the run, or of a folder for each split."
)
@flags(*SPLIT_FLAGS, *CONTEXT_FLAGS)
def run(splits: tuple[str, ...], places: Path, out: Path, **given: Any) -> int:
    """Locate the queries of each SPLIT and measure recall; a run that was stopped is resumed.

    Splits: sf-xl-night, sf-xl-occlusion, amstertime, folder, pairs, town-night, town-occlusion, town-long-ago.
    """
    from internvl_vpr.agent.console.progress import progress_bars

    from ..runs.measure import measure
    from ..runs.view import show_run
    from ..splits.layouts import open_split

    with progress_bars(stderr()) as on_progress:
        where, session = split_options(places, given, on_progress)
        for name in splits:
            folder = out / name if len(splits) > 1 else out
            made, skipped = interruptible.run(measure(open_split(name, where), session, folder))
            for one in skipped:
                warn(f"skipped: {one.reason}")
            stdout().print(show_run(made))
            stdout().print()
    return 0


def split_options(places: Path, given: dict[str, Any], on_progress: Any) -> "tuple[Where, RunOptions]":
    """Remove the flags of splits from those given, and return them with the options that the others make."""
    from ..runs.measure import RunOptions

    where = split_place(given, on_progress)
    config, limit = given.pop("config"), given.pop("limit")
    return where, RunOptions(places, given, config, limit, on_progress)


def split_place(given: dict[str, Any], on_progress: Any) -> "Where":
    """Remove the flags that say where a split is and how it is read, and return what they say."""
    from ..splits.split import TownSize, Where

    town, radius = TownSize(given.pop("town_seed"), given.pop("town_places")), given.pop("radius")
    where = Where(given.pop("root"), given.pop("unknown"), town, on_progress, plane=given.pop("plane"))
    return where if radius is None else replace(where, radius=radius)
