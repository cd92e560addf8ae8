"""Several located photographs, verified against each other: which of them show one place."""

import asyncio
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from internvl_vpr.tools.compare_places import PlaceComparison, compare_places
from internvl_vpr.tools.photo.photo import open_photo
from internvl_vpr.tools.progress import Progress, silent
from internvl_vpr.tools.records import Answer, Verification
from internvl_vpr.tools.verify_geometry import recorded_verification

from .context import Context
from .verify_candidates import STAGE


async def compare_photos(
    files: Sequence[Path | str], answers: Sequence[Answer], given: Context, on_progress: Progress = silent
) -> PlaceComparison:
    """Compare photographs by their files and the answers about them, which are in the same order.

    With `verify` off they are compared by signs and answers alone. Raises `PhotoError`, `LedgerError`, and
    `StepMissing` when a replay lacks a pair.
    """
    verified: dict[tuple[int, int], Verification] = {}
    verifier = given.verifier
    if verifier is not None and given.settings.verify != "off":
        photos = [await asyncio.to_thread(open_photo, Path(file), read_position=False) for file in files]
        pairs = [pair for pair in combinations(range(len(photos)), 2) if len({photos[i].digest for i in pair}) == 2]
        for done, (first, second) in enumerate(pairs):
            on_progress(STAGE, done, len(pairs))
            found = await asyncio.to_thread(
                recorded_verification,
                *(photos[first], photos[second], verifier, given.ledger),
                replay=given.replay,
            )
            if found is not None:
                verified[first, second] = found
        on_progress(STAGE, len(pairs), len(pairs))
    return compare_places(answers, verified, given.limits)
