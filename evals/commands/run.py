"""The command that runs benchmark splits."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from internvl_vpr.agent.cli.flags import CONTEXT_FLAGS, PATH, PLACES, flags
from internvl_vpr.agent.console import interruptible
from internvl_vpr.agent.console.streams import stderr, stdout, warn

if TYPE_CHECKING:
    from ..runs.session import Session
    from ..splits.split import Where

SPLIT_FLAGS = (
    click.option("--root", type=PATH, metavar="DIR", help="Folder of the data set; of a town, where it is drawn."),
    click.option("--radius", type=float, default=25.0, show_default=True, metavar="M", help="Positives, inclusive."),
    click.option("--unknown", type=PATH, metavar="DIR", help="Photos of places that no reference shows."),
    click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N queries."),
    click.option("--town-seed", type=click.IntRange(0), default=0, show_default=True, help="Of town-* splits."),
    click.option("--town-places", type=click.IntRange(1), default=64, show_default=True, help="Of town-* splits."),
)


@click.command("run")
@click.argument("splits", nargs=-1, required=True, metavar="SPLIT...")
@PLACES
@click.option("--out", type=PATH, required=True, metavar="RUN", help="Folder of the run; a folder each for several.")
@flags(*SPLIT_FLAGS, *CONTEXT_FLAGS)
def run(splits: tuple[str, ...], places: Path, out: Path, **given: Any) -> int:
    """Locate the queries of each SPLIT and measure recall; a run that was stopped is gone on with.

    Splits: sf-xl-night, sf-xl-occlusion, amstertime, folder, pairs, town-night, town-occlusion, town-long-ago.
    """
    from internvl_vpr.agent.console.progress import progress_bars

    from ..runs.session import measure
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


def split_options(places: Path, given: dict[str, Any], on_progress: Any) -> "tuple[Where, Session]":
    """Take the flags of splits out of those given, and return them with the session that the others make."""
    from ..runs.session import Session
    from ..splits.split import TownSize, Where

    town = TownSize(given.pop("town_seed"), given.pop("town_places"))
    where = Where(given.pop("root"), given.pop("radius"), given.pop("unknown"), town, on_progress)
    config, limit = given.pop("config"), given.pop("limit")
    return where, Session(places, given, config, limit, on_progress)
