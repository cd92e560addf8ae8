"""The command that writes an index, and photographs located in it, as one page."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from internvl_vpr.tools.text.foreign import visible

from ..console import interruptible
from ..console.streams import stderr, stdout
from .flags import CONTEXT_FLAGS, PATH, flags

if TYPE_CHECKING:
    from internvl_vpr.tools.progress import Progress
    from internvl_vpr.tools.records import Answer

    from ..localizer.context import Context


@click.command("map")
@click.argument("places", type=PATH, metavar="DIR")
@click.option("--out", type=PATH, metavar="FILE.html", help="The page; default: DIR's name, in this folder.")
@click.option("--photo", "photos", type=PATH, multiple=True, help="A photograph to locate and draw; can be repeated.")
@click.option("--force", is_flag=True, help="Also replace a file that is not a map.")
@flags(*CONTEXT_FLAGS)
def map_command(
    places: Path, out: Path | None, photos: tuple[Path, ...], force: bool, config: Path | None, **given: Any
) -> int:
    """Write the index in DIR as one page of HTML that needs no network and no script.

    The other options say how photographs are located.
    """
    from ..map.page import check_writable, write_map

    page = out or Path(f"{places.resolve().name or 'map'}.html")
    check_writable(page, force=force)  # before anything is located
    if photos:
        from ..localizer.context import open_context
        from ..localizer.matched_points import matched_points

        with open_context(places, file=config, **given) as context:
            answers = _located(photos, context)
            write_map(context.index, answers, page, points_of=partial(matched_points, given=context), force=force)
    else:
        from internvl_vpr.tools.index.place_index import PlaceIndex

        index = PlaceIndex.open(places)
        try:
            write_map(index, (), page, force=force)
        finally:
            index.close()
    stdout().print(f"{visible(str(page))}, {page.stat().st_size / 2**20:.1f} MiB")
    return 0


def _located(photos: Sequence[Path], context: "Context") -> list["Answer"]:
    from ..console.progress import progress_bars

    with progress_bars(stderr()) as on_progress:
        return interruptible.run(_locate_all(photos, context, on_progress))


async def _locate_all(photos: Sequence[Path], context: "Context", on_progress: "Progress") -> list["Answer"]:
    from ..localizer.run import locate

    return [await locate(photo, context, on_progress) for photo in photos]
