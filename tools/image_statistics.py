"""A describer that sees colours, outlines and plants, and reads no sign: what the signs are worth shows beside it."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator

from .image_cues import ALGORITHM, image_cues
from .packages import import_extra
from .photo import load_image
from .records import Attempt, Photo

_LONGER_SIDE = 1024  # pixels, as for the signage reader, whose statistics are the same then


class ImageStatistics:
    """Describes a photo by image statistics alone; raises `PackageMissing` without the extra `embedded`."""

    id = ALGORITHM

    def __init__(self) -> None:
        import_extra("cv2", "embedded")

    async def attempts(self, photo: Photo, n: int) -> AsyncGenerator[Attempt, None]:
        """Yield the `n` cues that tell places apart best, once; raises `PhotoError`."""
        yield await asyncio.to_thread(_describe, photo, n)


def _describe(photo: Photo, n: int) -> Attempt:
    start = time.monotonic()
    cues = image_cues(load_image(photo, longer_side=_LONGER_SIDE))[:n]
    raw = json.dumps({"statistics": [cue.text for cue in cues]})
    return Attempt(cues=tuple(cues), raw=raw, latency=time.monotonic() - start)
