"""The commands that make a map: index, codebook, describe."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from internvl_vpr.tools.text.foreign import visible

from ..console import interruptible
from ..console.streams import stderr, warn
from .flags import COMMON_FLAGS, DESCRIBER_FLAGS, ENDPOINT_FLAGS, INDEX_FLAGS, PATH, PLACES, VERIFY_FLAG, flags

if TYPE_CHECKING:
    from internvl_vpr.tools.index.build import BuildReport

    from ..localizer.describe_all import DescribeReport


@click.command()
@click.argument("photos", type=PATH)
@PLACES
@click.option(
    "--positions", type=PATH, metavar="CSV", help="Positions: file,latitude,longitude or file,easting,northing[,zone]."
)
@click.option("--prune", is_flag=True, help="Drop photos of this folder that are gone.")
@click.option("--forget", type=PATH, multiple=True, metavar="DIR", help="Drop all photos of a folder that was indexed.")
@click.option("--codebook", type=PATH, metavar="FILE", help="Codebook to use instead of training one.")
@click.option("--no-check", is_flag=True, help="Do not let the map check itself, which takes about 30 s at most.")
@flags(*COMMON_FLAGS, VERIFY_FLAG, *INDEX_FLAGS)
def index(
    photos: Path,
    places: Path,
    positions: Path | None,
    prune: bool,
    forget: tuple[Path, ...],
    codebook: Path | None,
    no_check: bool,
    config: Path | None,
    **given: Any,
) -> int:
    """Build or update the index of the photographs below PHOTOS; only what is new is computed.

    At the end the map checks itself: some of its photos are asked where they were taken, each with itself left out.
    """
    from internvl_vpr.tools.index.build import update_index
    from internvl_vpr.tools.index.codebook_file import read_codebook_file
    from internvl_vpr.tools.photo.position import read_positions

    from ..console.progress import progress_bars
    from ..settings import advise_rebuild, resolve_settings, settings_of_index

    if codebook is not None:
        file = read_codebook_file(codebook)
        own = {"clusters": len(file.centers), "centers": file.kind}
        given |= {name: value for name, value in own.items() if given[name] is None}
    there = settings_of_index(places)
    settings = resolve_settings(given, file=config, index=there)
    with progress_bars(stderr()) as on_progress:
        report = update_index(
            photos,
            places,
            settings.index_settings(there),
            positions=read_positions(positions) if positions else None,
            prune=prune,
            forget=forget,
            codebook=codebook,
            device=settings.device,
            dtype=settings.dtype,
            on_progress=on_progress,
        )
    _show_build(report, places)
    if advice := advise_rebuild(given, index=there, file=config):
        warn(advice)
    if settings.verify != "off" and not no_check:
        _check(places, again=report.computed > 0 or report.pruned > 0, config=config, given=given)
    sys.stdout.write(f"Next: internvl-vpr locate PHOTO --places {visible(str(places))}\n")
    return 0


@click.command()
@click.argument("file", type=PATH)
@PLACES
def codebook(file: Path, places: Path) -> int:
    """Write the codebook of an index to FILE, for `index --codebook` on other photographs."""
    from internvl_vpr.tools.index.codebook_file import export_codebook

    export_codebook(places, file)
    return 0


@click.command()
@PLACES
@click.option("--limit", type=click.IntRange(1), metavar="IMAGES", help="Describe at most this many images now.")
@flags(*COMMON_FLAGS, VERIFY_FLAG, *DESCRIBER_FLAGS, *ENDPOINT_FLAGS)
def describe(places: Path, limit: int | None, config: Path | None, **given: Any) -> int:
    """Describe every image of the index ahead of time, so that a query costs one request.

    The keypoints that geometric verification needs are computed ahead of time, too. You can stop it at any time: the
    next run continues where it stopped. Exit code 1 when an image could not be described.
    """
    from ..console.progress import progress_bars
    from ..localizer.context import open_describing
    from ..localizer.describe_all import describe_all

    with open_describing(places, file=config, **given) as opened, progress_bars(stderr()) as on_progress:
        report = interruptible.run(describe_all(opened, limit=limit, on_progress=on_progress))
    _show_descriptions(report)
    return 1 if report.failed else 0


def _show_build(report: "BuildReport", places: Path) -> None:
    """Say what was skipped and why on stderr, and what the index holds on stdout."""
    for skipped in report.skipped:
        warn(f"skipped: {skipped.reason}")
    for name in report.unmatched:
        warn(f"no such photo: {name!r}, named in the table of positions")
    sys.stdout.write(
        f"{report.photos} photos in {visible(str(places))}: {report.computed} images computed now, "
        f"{report.pruned} photos pruned, {len(report.skipped)} files skipped\n"
    )
    if without := _without_position(places):
        warn(f"{without} of {report.photos} photos have no position: --positions names a table with them.")
    hint = "Photos are described when a question first needs them; internvl-vpr describe does it ahead of time."
    stderr().print(hint, style="dim")
    sys.stdout.flush()  # before the check, which may be interrupted


def _check(places: Path, *, again: bool, config: Path | None, given: Mapping[str, Any]) -> None:
    """Let a map check itself when it is due or wanted `again`, and say in a line what it found, or why it could not.

    A map is of use without a check, so that a check that fails is told and is no failure of the command.
    """
    from internvl_vpr.tools.errors import VprError

    from ..console.progress import progress_bars
    from ..localizer.map_check import AFTER_INDEX, check_and_keep, is_due
    from ..words.check import NO_POSITION, tell_check

    positioned = _positioned_images(places)
    if not positioned:
        sys.stdout.write(f"{NO_POSITION}\n")
        return
    whole = f"internvl-vpr calibrate --places {places}"
    try:
        if not again and not is_due(places, file=config, **given):
            return
        with progress_bars(stderr()) as on_progress:
            check = check_and_keep(places, seconds=AFTER_INDEX, file=config, on_progress=on_progress, **given)
    except VprError as error:
        warn(f"The map could not check itself: {error}")
        return
    except KeyboardInterrupt:
        warn(f"The map is whole. Only its check was interrupted: {whole} does it later.")
        raise
    sys.stdout.write(f"{tell_check(check)}\n")
    if check.asked + check.alone < positioned:
        warn(f"There was time for {check.asked} photos: {whole} asks all {positioned}.")


def _positioned_images(places: Path) -> int:
    """Count the distinct images of an index that have a position."""
    from internvl_vpr.tools.index.place_index import PlaceIndex

    index = PlaceIndex.open(places)
    try:
        return sum(image.position is not None for image in index.images())
    finally:
        index.close()


def _without_position(places: Path) -> int:
    from internvl_vpr.tools.index.place_index import PlaceIndex

    index = PlaceIndex.open(places)
    try:
        extent = index.extent()
    finally:
        index.close()
    return len(index) - extent.positioned


def _show_descriptions(report: "DescribeReport") -> None:
    """Say what could not be described and why on stderr, and what was done and spent on stdout."""
    for failed in report.failed:
        warn(f"not described: {str(failed.path)!r}: {failed.reason}")
    steps = report.steps
    tokens = "".join(f", {count:,} {kind.replace('_', ' ')}" for kind, count in sorted(steps.tokens.items()))
    sys.stdout.write(
        f"{report.images} images: {steps.made} described now, {steps.recorded} read back, {steps.failed} not "
        f"described, {report.left} left; {steps.attempts} attempts{tokens}\n"
    )
    if (keypoints := report.keypoints) is not None:
        full = "; there is no room for more" if keypoints.left and keypoints.full else ""
        sys.stdout.write(
            f"keypoints for comparing photos: {keypoints.computed} images computed now, {keypoints.kept} kept from "
            f"before, {keypoints.left} left{full}\n"
        )
