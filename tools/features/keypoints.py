"""XFeat's keypoints: where a photograph has corners that are found again, and a descriptor of each."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from ..arrays import Floats
from .xfeat import XFEAT_DIMENSION, XFEAT_WEIGHTS, XFeatNetwork, fit_image, shows_structure


@dataclass(frozen=True)
class Keypoints:
    """The keypoints of one image, best first."""

    points: Floats
    """`[N, 2]` float32: x, y in pixels of the scaled image."""
    size: tuple[int, int]
    """Width and height of the scaled image, in pixels."""
    descriptors: Floats
    """`[N, 64]` float32, unit rows."""

    def __len__(self) -> int:
        return len(self.points)


class KeypointExtractor:
    """XFeat's detector: strict maxima of its heat map in 5 × 5 pixels, ranked by heat times reliability."""

    def __init__(self, longer_side: int = 640, most: int = 1024, *, device: str = "auto") -> None:
        """Keep the best `most` keypoints; raises `PackageMissing`, `WeightsError`, or `UsageError` for the device."""
        self.longer_side = longer_side
        self.most = most
        self._network = XFeatNetwork(device)

    @property
    def id(self) -> str:
        """Weights, image size and number of keypoints, such as `xfeat-keypoints/0123456789ab/640px/1024`."""
        return f"xfeat-keypoints/{XFEAT_WEIGHTS.short}/{self.longer_side}px/{self.most}"

    def extract(self, image: Image.Image) -> Keypoints:
        """Find the keypoints of an upright RGB image; there is none where nothing is seen."""
        pixels = fit_image(image, self.longer_side)
        size = (pixels.shape[1], pixels.shape[0])
        if not shows_structure(pixels):
            return Keypoints(np.empty((0, 2), np.float32), size, np.empty((0, XFEAT_DIMENSION), np.float32))
        with self._network.running(pixels[None]) as (detector, tensor):
            (found,) = detector.detectAndCompute(tensor, top_k=self.most)
            return Keypoints(_floats(found["keypoints"]), size, _floats(found["descriptors"]))


def _floats(tensor: Any) -> Floats:
    values: Floats = tensor.float().cpu().numpy()
    return values
