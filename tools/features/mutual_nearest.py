"""Mutual nearest neighbours: which keypoints of two photographs are most like each other."""

import numpy as np
from numpy.typing import NDArray

from ..packages import import_extra
from .keypoints import Keypoints
from .one_thread import one_torch_thread

LEAST_COSINE = 0.82  # as in XFeat's own matching


class MutualNearest:
    """Pairs keypoints that are each other's nearest, and nearly enough alike; a quick look beside LighterGlue."""

    @property
    def id(self) -> str:
        """Name and threshold."""
        return f"mutual-nearest/{LEAST_COSINE:g}"

    def match(self, a: Keypoints, b: Keypoints) -> NDArray[np.intp]:
        """Match two images' keypoints; returns `[n, 2]`, rows of `a` with rows of `b`, each at most once."""
        import torch

        if len(a) == 0 or len(b) == 0:
            return np.empty((0, 2), np.intp)
        match_mnn = import_extra("kornia.feature", "embedded").match_mnn
        with one_torch_thread():  # several pairs run at once
            distances, pairs = match_mnn(torch.from_numpy(a.descriptors), torch.from_numpy(b.descriptors))
        # Of unit vectors, |a − b|² = 2 − 2 a·b.
        alike = (distances.flatten() ** 2 < 2 - 2 * LEAST_COSINE).numpy()
        found: NDArray[np.intp] = pairs.numpy()[alike].astype(np.intp)
        return found
