"""A map's check of itself: when it is due, and what is said of answers that cannot use one."""

import time
from contextlib import closing
from pathlib import Path
from typing import Any

from internvl_vpr.tools.check_map import check_map
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.index.calibration import MapCheck, read_check, write_check
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.progress import Progress, silent

from ..settings import Settings, resolve_settings
from .context import open_checking, open_verifier, state_of_check

AFTER_INDEX = 30.0  # seconds that a check takes at most at the end of a build


def check_and_keep(
    places: Path,
    *,
    most: int | None = None,
    seconds: float | None = None,
    settings: Settings | None = None,
    file: Path | None = None,
    on_progress: Progress = silent,
    **flags: Any,
) -> MapCheck:
    """Let the map in a folder check itself, by `most` photos and for so many seconds, and keep what it found there.

    Raises what `open_checking` and `check_map` do, and `UsageError` where no photo has a position.
    """
    with open_checking(places, settings=settings, file=file, **flags) as opened:
        if not opened.index.extent().positioned:
            raise UsageError(
                "No photo of this map has a position, so it cannot check itself: give it some with index --positions."
            )
        check = check_map(
            opened.index,
            opened.backbone,
            opened.verifier,
            k=opened.settings.verify_k,
            most=most,
            seconds=seconds,
            on_progress=on_progress if seconds is None else _in_time(on_progress, seconds),
        )
        write_check(places, check)
    return check


def is_due(places: Path, *, settings: Settings | None = None, file: Path | None = None, **flags: Any) -> bool:
    """Whether a map has no check that its answers can use, though it could have one: none, a stale, another's.

    It is not due with `verify` off, nor on a map whose photos have no positions. Raises what `open_verifier` does.
    """
    with closing(PlaceIndex.open(places)) as index:
        resolved = settings or resolve_settings(flags, file=file, index=index.settings)
        with open_verifier(places, resolved) as verifier:
            return bool(state_of_check(read_check(places), index, verifier).problem)


def _in_time(on_progress: Progress, seconds: float) -> Progress:
    """Return progress towards what can be done in so many seconds, so that the time left that it shows is right."""
    started = time.monotonic()

    def told(stage: str, done: int, total: int, detail: str = "") -> None:
        passed = time.monotonic() - started
        within = total if not done else min(total, max(done, round(done * seconds / max(passed, 1e-3))))
        on_progress(stage, done, within, detail)

    return told
