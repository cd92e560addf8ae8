"""The demo town: generated photos of places that do not exist, with all that makes places hard to tell apart.

A third of the places stand in groups of three or four whose facades differ only in their signs; two of three such
groups can be told apart by reading. Each place is asked for at night, behind obstacles and as it was long ago.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from internvl_vpr.tools.disk.whole_file import write_whole
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.progress import Progress, silent

from .files import MANIFEST, photo_bytes, photo_name, read_manifest, record, write_manifest
from .photo import Condition, Shot
from .plan import Place, Plan, plan_town
from .street import forget

__all__ = ["MANIFEST", "Town", "build_town"]

GENERATOR, VERSION = "internvl-vpr demo town", 1
VIEWS = 3
MOST_PLACES, MOST_VIEWS, WORKERS = 400, 20, 4
QUERIES: tuple[Condition, ...] = ("night", "occlusion", "long_ago")


@dataclass(frozen=True)
class Town:
    """The folders of a demo town; `queries` holds one folder for `night`, `occlusion` and `long_ago` each."""

    folder: Path
    database: Path
    queries: dict[str, Path]
    unknown: Path


def build_town(
    folder: Path, *, seed: int = 0, places: int = 64, views: int = VIEWS, on_progress: Progress = silent
) -> Town:
    """Write the photos of a demo town into a folder, 480 x 360 JPEG, and return where they are.

    The database shows each place in `views` views; each set of queries shows each place once; a quarter as many
    photos are of places outside the town. The same settings give the same pixels. Files that are already there are
    kept, so that an interrupted build is completed; `on_progress` is told photos drawn and photos in all.

    Raises `UsageError` for settings out of range, and for a folder that holds anything but this very town.
    """
    _check(seed, places, views)
    settings = {"generator": GENERATOR, "version": VERSION, "seed": seed, "places": places, "views": views}
    town = Town(folder, folder / "database", {name: folder / f"queries_{name}" for name in QUERIES}, folder / "unknown")
    manifest = read_manifest(folder, settings)
    listed: dict[str, Any] = manifest.get("files", {}) if manifest else {}
    if listed and all(_is_there(folder / name, entry) for name, entry in listed.items()):
        return town
    try:
        _build(town, settings, listed, on_progress)
    except OSError as error:
        raise UsageError(
            f"The demo town cannot be written to {str(folder)!r} ({error.strerror}): choose another folder."
        ) from error
    return town


def shots_of(plan: Plan, views: int) -> Iterator[tuple[str, Shot]]:
    """Yield the folder and the shot of each photo of a town, those of one place together."""
    for place in plan.places:
        for view in range(views):
            yield "database", Shot(plan.seed, place, "day", view, views)
        for condition in QUERIES:
            yield f"queries_{condition}", Shot(plan.seed, place, condition)
    for place in plan.unknown:
        yield "unknown", Shot(plan.seed, place, "day")


def _check(seed: int, places: int, views: int) -> None:
    if seed < 0:
        raise UsageError(f"The seed of a demo town is 0 or more, not {seed}.")
    if not 1 <= places <= MOST_PLACES:
        raise UsageError(f"A demo town has 1 to {MOST_PLACES} places, not {places}.")
    if not 1 <= views <= MOST_VIEWS:
        raise UsageError(f"A demo town shows each place in 1 to {MOST_VIEWS} views, not {views}.")


def _is_there(path: Path, entry: dict[str, Any] | None) -> bool:
    """Return whether a file is there, and has its size if that is known; a full check would read all of it."""
    if not path.is_file():
        return False
    size = path.stat().st_size
    return size > 0 if entry is None else bool(size == entry["bytes"])


def _build(town: Town, settings: dict[str, Any], listed: dict[str, Any], on_progress: Progress) -> None:
    for path in (town.database, *town.queries.values(), town.unknown):
        path.mkdir(parents=True, exist_ok=True)
    plan = plan_town(settings["seed"], settings["places"])
    rows = [_describe(place) for place in (*plan.places, *plan.unknown)]
    if not listed:
        write_manifest(town.folder, {**settings, "described": rows, "files": {}})
    shots = {f"{folder}/{photo_name(shot)}": shot for folder, shot in shots_of(plan, settings["views"])}
    missing = {name: shot for name, shot in shots.items() if not _is_there(town.folder / name, listed.get(name))}

    def report(taken: int) -> None:
        on_progress("drawing the town", len(shots) - len(missing) + taken, len(shots))

    _take(town.folder, missing, report)
    files = {name: record(town.folder / name) for name in sorted(shots)}
    write_manifest(town.folder, {**settings, "described": rows, "files": files})


def _describe(place: Place) -> dict[str, Any]:
    """Return what an evaluation may want to know about a place, as the manifest tells it."""
    return {
        "place": place.name,
        "easting": round(place.easting, 2),
        "northing": round(place.northing, 2),
        "signs": [sign.text.replace("\n", " ") for sign in place.scene.signs],
        "signs_long_ago": [sign.text.replace("\n", " ") for sign in place.former.signs],
        "look_alikes": place.look_alikes,
    }


def _take(folder: Path, shots: dict[str, Shot], report: Callable[[int], None]) -> None:
    """Take photos and write them; one worker takes all of one place, which is drawn only once."""
    by_place: dict[str, list[str]] = {}
    for name, shot in shots.items():
        by_place.setdefault(shot.place.name, []).append(name)

    def take_all(names: list[str]) -> int:
        for name in names:
            write_whole(folder / name, photo_bytes(shots[name]))
        return len(names)

    executor = ThreadPoolExecutor(min(WORKERS, os.cpu_count() or 1))
    try:
        taken = 0
        for future in as_completed([executor.submit(take_all, names) for names in by_place.values()]):
            taken += future.result()
            report(taken)
    finally:
        executor.shutdown(cancel_futures=True)
        forget()
