"""Where the sky meets the roofs."""

from typing import Any

import numpy as np

from ..arrays import Floats
from ..packages import import_extra

_THRESHOLDS = np.geomspace(12, 400, 16)  # gradient magnitudes of 8-bit grey, Sobel 3 × 3
_SKY_WEIGHT = 2.0  # γ of the paper
_MIN_PIXELS = 20  # fewer have no meaningful covariance
_WIRE = np.ones((5, 5), np.uint8)  # thinner than this are wires and poles
_LOWEST_SKY = 0.65  # as a share of the height


def find_skyline(border: Floats, lab: Floats) -> Floats:
    """Return per column the share of the height that is sky, `[W]` in 0–1, 0 where there is none.

    `border [W]` is that of `sky_border`, `lab [H, W, 3]` the image in balanced CIELAB. What has no colour
    of a sky is taken out, and blue sky below clouds is added.
    """
    cv2: Any = import_extra("cv2", "embedded")
    lightness, green_red, blue_yellow = np.moveaxis(lab, -1, 0)
    height = lab.shape[0]
    rows = np.arange(height)[:, None]
    wall = (lightness < 35) | (blue_yellow > 10) | (green_red > 14)
    without_wires = cv2.morphologyEx(wall.astype(np.uint8), cv2.MORPH_OPEN, _WIRE)
    sky = (rows < border) & (np.cumsum(without_wires, axis=0) == 0)
    blue = (blue_yellow < -12) & (green_red < 8) & (lightness > 45) & (rows < _LOWEST_SKY * height)
    skyline: Floats = _smooth(_below_clouds(cv2, sky, blue)) / height
    return skyline


def sky_border(rgb: Floats) -> Floats:
    """Return per column the first row below the smooth upper part of an 8-bit image `[H, W, 3]`, as `[W]`.

    It is the row whose gradient exceeds the threshold that parts sky and ground best, by Shen and Wang,
    "Sky Region Detection in a Single Image for Autonomous Ground Robot Navigation" (2013).
    """
    cv2: Any = import_extra("cv2", "embedded")
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    without_wires = cv2.morphologyEx(gray, cv2.MORPH_CLOSE, _WIRE)
    blurred = cv2.GaussianBlur(without_wires, (0, 0), 1.2).astype(np.float32)
    gradient = np.hypot(cv2.Sobel(blurred, cv2.CV_32F, 1, 0), cv2.Sobel(blurred, cv2.CV_32F, 0, 1))
    rows = np.arange(gray.shape[0])[:, None]
    best_energy, best_border = -1.0, np.zeros(gray.shape[1], np.intp)
    for threshold in _THRESHOLDS:
        over = gradient > threshold
        border = np.where(over.any(axis=0), over.argmax(axis=0), gray.shape[0])
        sky = rows < border
        if min(sky.sum(), (~sky).sum()) < _MIN_PIXELS:
            continue
        energy = _energy(rgb[sky], rgb[~sky])
        if energy > best_energy:
            best_energy, best_border = energy, border
    return best_border


def _energy(sky: Floats, ground: Floats) -> float:
    """J of Shen and Wang: high where both regions `[n, 3]` are of one colour each, the sky above all."""
    spread_sky, spread_ground = (
        np.maximum(np.linalg.eigvalsh(np.cov(region, rowvar=False)), 1e-3) for region in (sky, ground)
    )
    determinants = _SKY_WEIGHT * spread_sky.prod() + spread_ground.prod()
    return float(1 / (determinants + _SKY_WEIGHT * spread_sky[-1] + spread_ground[-1]))


def _below_clouds(cv2: Any, sky: Floats, blue: Floats) -> Floats:
    """Return the first row `[W]` below the sky and the blue regions that touch it, clouds between included."""
    count, regions = cv2.connectedComponents((blue | sky).astype(np.uint8))
    touching = np.zeros(count, bool)
    touching[np.unique(regions[cv2.dilate(sky.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0])] = True
    touching[0] = False
    joined = touching[regions]
    return np.where(joined.any(axis=0), sky.shape[0] - joined[::-1].argmax(axis=0), 0)


def _smooth(border: Floats) -> Floats:
    """Median over neighbouring columns, which takes out poles."""
    width = max(3, len(border) // 32 * 2 + 1)
    padded = np.pad(border, width // 2, mode="edge")
    medians: Floats = np.median(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)
    return medians
