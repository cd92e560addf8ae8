"""The photographs of a drawn town, found again by their look: another encoder, or another processor, changes bytes."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from internvl_vpr.tools.arrays import Floats

from ..town.files import photo_name
from ..town.photo import Shot
from ..town.plan import plan_town
from ..town.town import VIEWS, shots_of

_SIDE = 16  # pixels of a thumbnail
_NEAR = 4.0  # levels of grey, root mean square: encoding anew changes 0.3, and no two photos are closer than 15


class Found(NamedTuple):
    """The photograph that is most like an image, and how far they are apart: levels of grey, root mean square."""

    shot: Shot
    distance: float


class Album:
    """Knows which shot of a town an image shows."""

    def __init__(self, shots: Sequence[Shot], thumbnails: Floats) -> None:
        self._shots = shots
        self._thumbnails = thumbnails  # [photos, 256]

    @classmethod
    def open(cls, folder: Path, *, seed: int, places: int) -> "Album":
        """Read the photographs of the town in a folder, which must be drawn there in full."""
        taken = list(shots_of(plan_town(seed, places), VIEWS))
        paths = [folder / name / photo_name(shot) for name, shot in taken]
        return cls([shot for _, shot in taken], np.stack([thumbnail(path.read_bytes()) for path in paths]))

    def find(self, image: bytes) -> Shot | None:
        """Return the shot that an image file shows; None for anything but a photograph of this town."""
        found = self.nearest(image)
        return found.shot if found.distance <= _NEAR else None

    def nearest(self, image: bytes) -> Found:
        """Return the shot that is most like an image; raises `OSError` for bytes that are no image."""
        distances = np.sqrt(((self._thumbnails - thumbnail(image)) ** 2).mean(axis=1))
        best = int(distances.argmin())
        return Found(self._shots[best], float(distances[best]))


def thumbnail(image: bytes) -> Floats:
    """Return an image as 16 × 16 levels of grey `[256]`."""
    with Image.open(io.BytesIO(image)) as opened:
        small = opened.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32).ravel()
