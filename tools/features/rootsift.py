"""RootSIFT on a grid: local descriptors without any weights."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np
from PIL import Image
from pydantic import Field

from ..arrays import Floats
from ..packages import import_extra
from ..records import Record

# How far a SIFT patch reaches from its centre, in units of a keypoint's size.
_PATCH_RADIUS = 3.0


class RootSiftSettings(Record):
    """Where SIFT looks: every `step` pixels, at each of the `sizes` (OpenCV keypoint diameters, pixels).

    A patch is about six sizes wide. The values were chosen by measurement.
    """

    name: Literal["rootsift"] = "rootsift"
    longer_side: int = Field(240, ge=64)
    step: int = Field(8, ge=2)
    sizes: tuple[float, ...] = (4.0, 8.0)

    @property
    def id(self) -> str:
        """Name and grid, such as `rootsift/240px/step8/sizes4,8`."""
        sizes = ",".join(f"{size:g}" for size in self.sizes)
        return f"rootsift/{self.longer_side}px/step{self.step}/sizes{sizes}"


class RootSift:
    """RootSIFT on a dense multi-scale grid: SIFT, L1-normalised, square root (Arandjelović and Zisserman 2012).

    Upright, because street photographs are, and because the direction of gravity tells places apart.
    """

    dimension = 128
    batch_size = 1  # it runs in several threads instead

    def __init__(self, settings: RootSiftSettings) -> None:
        self.settings = settings
        self._cv2: Any = import_extra("cv2", "embedded")

    @property
    def id(self) -> str:
        """Name and grid, such as `rootsift/240px/step8/sizes4,8`."""
        return self.settings.id

    @property
    def longer_side(self) -> int:
        """Pixels along the longer side at which the grid is laid."""
        return self.settings.longer_side

    @cached_property
    def _sift(self) -> Any:
        return self._cv2.SIFT_create()

    def extract(self, image: Image.Image) -> Floats:
        """Turn an image into RootSIFT descriptors `[M, 128]`; patches without any gradient are left out."""
        gray = np.asarray(image.convert("L"))
        keypoints = [
            self._cv2.KeyPoint(x, y, size, 0.0)
            for size in self.settings.sizes
            for y in _centres(gray.shape[0], size, self.settings.step)
            for x in _centres(gray.shape[1], size, self.settings.step)
        ]
        if not keypoints:
            return np.empty((0, self.dimension), np.float32)
        _, descriptors = self._sift.compute(gray, keypoints)
        totals = descriptors.sum(axis=1, keepdims=True)
        seen = totals[:, 0] > 0
        roots: Floats = np.sqrt(descriptors[seen] / totals[seen])
        return roots

    def extract_batch(self, images: Sequence[Image.Image]) -> list[Floats]:
        """Turn images into RootSIFT descriptors, `[M, 128]` each."""
        return [self.extract(image) for image in images]


def _centres(length: int, size: float, step: int) -> list[float]:
    """Grid coordinates along one side, such that every patch lies within the image; pixels."""
    margin = _PATCH_RADIUS * size
    return [float(c) for c in np.arange(margin, length - margin + 1e-6, step)]
