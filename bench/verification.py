"""One verified pair of photographs: LighterGlue against mutual nearest neighbours, the inliers of both by MAGSAC++."""

from collections.abc import Iterator

import numpy as np

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.features.keypoints import Keypoints
from internvl_vpr.tools.features.lighterglue import LighterGlue
from internvl_vpr.tools.verify_geometry import verification

from .side_by_side import SideBySide
from .vectors import unit_rows

SIZE = (640, 480)
_DIMENSION = 64


def comparisons() -> Iterator[SideBySide]:
    """Yield a pair of 512 and one of 1,024 keypoints, half of which are the same points, moved and a little changed."""
    glue = LighterGlue(device="cpu")
    for count in (512, 1024):
        a, b = _pair(np.random.default_rng(count), count)

        def by_glue(a: Keypoints = a, b: Keypoints = b) -> object:
            return verification(a, b, glue.match(a, b))

        def by_nearest(a: Keypoints = a, b: Keypoints = b) -> object:
            return verification(a, b, mutual_nearest(a.descriptors, b.descriptors))

        yield SideBySide(f"A pair of {count:,} keypoints", by_glue, "mutual nearest", by_nearest, at_most=15)


def mutual_nearest(a: Floats, b: Floats) -> Floats:
    """Match the rows `[N, d]` of `a` and `b` that are each other's nearest."""
    cosines = a @ b.T
    best = cosines.argmax(axis=1)
    kept = np.flatnonzero(cosines.argmax(axis=0)[best] == np.arange(len(a)))
    return np.stack([kept, best[kept]], axis=1)


def _pair(rng: np.random.Generator, count: int) -> tuple[Keypoints, Keypoints]:
    points = rng.uniform((0, 0), SIZE, (count, 2))
    rows = unit_rows(rng, count, _DIMENSION)
    moved = 0.9 * points + (30, 20)
    moved[::2] = rng.uniform((0, 0), SIZE, (len(moved[::2]), 2))
    changed = rows + 0.02 * rng.normal(size=rows.shape)
    changed[::2] = unit_rows(rng, len(changed[::2]), _DIMENSION)
    changed /= np.linalg.norm(changed, axis=1, keepdims=True)
    a, b = ((one.astype(np.float32), other.astype(np.float32)) for one, other in ((points, rows), (moved, changed)))
    return Keypoints(a[0], SIZE, a[1]), Keypoints(b[0], SIZE, b[1])
