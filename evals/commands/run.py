"""The command that runs benchmark splits."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from internvl_vpr.agent.cli.flags import CONTEXT_FLAGS, PATH, PLACES, flags
from internvl_vpr.agent.console import interruptible
from internvl_vpr.agent.console.streams import stderr, stdout, warn
from internvl_vpr.tools.errors import UsageError

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
STAND_IN = click.option(
    "--stand-in", is_flag=True, help="Let a script answer in the place of a vision-language model; town-* only."
)


@click.command("run")
@click.argument("splits", nargs=-1, required=True, metavar="SPLIT...")
@PLACES
@click.option(
    "--out", type=PATH, required=True, metavar="RUN", help="Folder of the run, or of a folder for each split."
)
@flags(*SPLIT_FLAGS, STAND_IN, *CONTEXT_FLAGS)
def run(splits: tuple[str, ...], places: Path, out: Path, **given: Any) -> int:
    """Locate the queries of each SPLIT and measure recall; a run that was stopped is resumed.

    Splits: sf-xl-night, sf-xl-occlusion, amstertime, folder, pairs, town-night, town-occlusion, town-long-ago.
    """
    from internvl_vpr.agent.console.progress import progress_bars

    from ..runs.measure import measure
    from ..runs.view import show_run
    from ..splits.layouts import open_split

    with progress_bars(stderr()) as on_progress, split_options(splits, places, given, on_progress) as (where, session):
        if advice := session.advice():
            warn(advice)
        for name in splits:
            folder = out / name if len(splits) > 1 else out
            made, skipped = interruptible.run(measure(open_split(name, where), session, folder))
            for one in skipped:
                warn(f"skipped: {one.reason}")
            stdout().print(show_run(made))
            stdout().print()
    return 0


@contextmanager
def split_options(
    splits: Sequence[str], places: Path, given: dict[str, Any], on_progress: Any
) -> "Iterator[tuple[Where, RunOptions]]":
    """Remove the flags of splits from those given, and yield them with the options that the others make.

    With `--stand-in` its server runs meanwhile; raises `UsageError` where that cannot know the photographs.
    """
    from ..runs.measure import RunOptions

    where = split_place(given, on_progress)
    config, limit = given.pop("config"), given.pop("limit")
    with ExitStack() as stack:
        if given.pop("stand_in"):
            given |= stack.enter_context(_stand_in(splits, where))
        yield where, RunOptions(places, given, config, limit, on_progress)


def split_place(given: dict[str, Any], on_progress: Any) -> "Where":
    """Remove the flags that say where a split is and how it is read, and return what they say."""
    from ..splits.split import TownSize, Where

    town, radius = TownSize(given.pop("town_seed"), given.pop("town_places")), given.pop("radius")
    where = Where(given.pop("root"), given.pop("unknown"), town, on_progress, plane=given.pop("plane"))
    return where if radius is None else replace(where, radius=radius)


@contextmanager
def _stand_in(splits: Sequence[str], where: "Where") -> Iterator[dict[str, Any]]:
    """Serve the stand-in for a town's photographs, and yield the settings that ask it."""
    from ..splits.layouts import town_root
    from ..stand_in.album import Album
    from ..stand_in.server import MODEL, serve_stand_in

    if others := [name for name in splits if not name.startswith("town-")]:
        raise UsageError(f"The stand-in knows only the demo town, and not {others[0]!r}: leave out --stand-in.")
    with serve_stand_in(
        lambda: Album.open(town_root(where), seed=where.town.seed, places=where.town.places)
    ) as endpoint:
        yield {"describer": "vlm", "endpoint": endpoint, "model": MODEL}
