"""Where the sky meets the roofs."""

from typing import Any

import numpy as np

from .arrays import Floats
from .packages import import_extra

_THRESHOLDS = np.geomspace(12, 400, 16)  # gradient magnitudes of 8-bit grey, Sobel 3 × 3
_SKY_WEIGHT = 2.0  # γ of the paper
_MIN_PIXELS = 20  # fewer have no meaningful covariance
_MIN_SKY_SHARE = 0.6  # of a column's pixels above the border that must look like sky
_LOWEST_SKY = 0.65  # as a share of the height


def find_skyline(rgb: Floats, lab: Floats) -> Floats:
    """Return per column the share of the height that is sky, `[W]` in 0–1, 0 where there is none.

    `rgb [H, W, 3]` is 8-bit, `lab [H, W, 3]` its balanced CIELAB. The border is that of Shen and Wang,
    "Sky Region Detection in a Single Image for Autonomous Ground Robot Navigation" (2013); then columns
    of wall colour are taken out, and blue sky below clouds is added.
    """
    cv2: Any = import_extra("cv2", "embedded")
    border = _energy_border(cv2, rgb)
    lightness, green_red, blue_yellow = np.moveaxis(lab, -1, 0)
    rows = np.arange(rgb.shape[0])[:, None]
    plausible = (lightness > 35) & (blue_yellow < 10) & (green_red < 14)
    above = rows < border
    shares = (plausible & above).sum(axis=0) / np.maximum(above.sum(axis=0), 1)
    border = np.where(shares > _MIN_SKY_SHARE, border, 0)
    blue = (blue_yellow < -12) & (green_red < 8) & (lightness > 45) & (rows < _LOWEST_SKY * rgb.shape[0])
    skyline: Floats = _smooth(_below_clouds(cv2, rows < border, blue)) / rgb.shape[0]
    return skyline


def _energy_border(cv2: Any, rgb: Floats) -> Floats:
    """Return the first row `[W]` whose gradient exceeds the threshold that parts sky and ground best."""
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    without_wires = cv2.morphologyEx(gray, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
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
