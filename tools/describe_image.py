"""One image to weighted cues (Eq. 6): read back from the ledger, or asked of the describer and recorded."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from .errors import PhotoError
from .ledger import Ledger, Step
from .photo import open_photo
from .records import Cue, Description, Photo, RawCue, Reply


class Describer(Protocol):
    """What stage 2 needs of a describer: photo in, N cues with scores out."""

    @property
    def id(self) -> str:
        """What it honestly is, with everything that changes its answers; it is part of each step's key."""

    async def describe(self, photo: Photo, n: int) -> Reply:
        """Name at most `n` location-identifiable cues with scores; raises `PhotoError` or `VprError`."""


async def describe_image(path: Path, digest: str, n: int, describer: Describer, ledger: Ledger) -> Description:
    """Turn one image file into its description; `digest` is what the file's bytes must hash to.

    A file that cannot be used any more gives a description without cues that says why; nothing is
    invented. The step is on the disk before this returns, and one that is under way is waited for.
    """
    step = Step(image=digest, describer=describer.id, n=n)
    async with ledger.turn(step):
        cues = await asyncio.to_thread(_recall, step, ledger)
        if cues is not None:
            return _description(step, cues, recorded=True)
        start = time.monotonic()
        try:
            photo = await asyncio.to_thread(_placeless_photo, path, digest)
            reply = await describer.describe(photo, n)
        except PhotoError as error:
            return Description(digest=digest, describer=describer.id, cues=(), recorded=False, failure=str(error))
        latency = time.monotonic() - start
        cues = await asyncio.to_thread(_record, step, reply, latency, ledger)
    return _description(step, cues, recorded=False)


def recall_descriptions(digests: Iterable[str], n: int, describer: Describer, ledger: Ledger) -> dict[str, Description]:
    """Return the recorded description of each of the images that has one, by digest."""
    steps = [Step(image=digest, describer=describer.id, n=n) for digest in dict.fromkeys(digests)]
    return {step.image: _description(step, cues, recorded=True) for step, cues in ledger.recall(steps).items()}


def _description(step: Step, cues: tuple[Cue, ...], *, recorded: bool) -> Description:
    return Description(digest=step.image, describer=step.describer, cues=cues, recorded=recorded)


def _recall(step: Step, ledger: Ledger) -> tuple[Cue, ...] | None:
    return ledger.recall([step]).get(step)


def _record(step: Step, reply: Reply, latency: float, ledger: Ledger) -> tuple[Cue, ...]:
    """Write a reply, and return what the ledger now holds: another process may have been first."""
    ledger.record(step, reply, normalize_scores(reply.cues), latency)
    return ledger.recall([step])[step]


def normalize_scores(cues: Sequence[RawCue]) -> tuple[Cue, ...]:
    """Give each cue its weight α with Σ α = 1 (Eq. 6); scores that are all zero become uniform."""
    total = sum(cue.score for cue in cues)
    return tuple(
        Cue(text=cue.text, score=cue.score, weight=cue.score / total if total > 0 else 1 / len(cues)) for cue in cues
    )


def _placeless_photo(path: Path, digest: str) -> Photo:
    """Open the image as the describer may see it: without its position."""
    photo = open_photo(path, read_position=False)
    if photo.digest != digest:
        raise PhotoError(f"The photo {str(path)!r} has changed since it was indexed: run index again.")
    return photo
