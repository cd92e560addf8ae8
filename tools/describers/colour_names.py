"""Colours made comparable under different light, and the everyday words for them."""

from typing import Any

import numpy as np

from ..arrays import Floats
from ..packages import import_extra

PALETTE: dict[str, tuple[int, int, int]] = {
    "white": (236, 235, 232),
    "light grey": (200, 200, 200),
    "grey": (150, 150, 148),
    "slate grey": (108, 118, 130),
    "charcoal": (62, 62, 64),
    "black": (22, 22, 24),
    "cream": (240, 228, 200),
    "beige": (214, 192, 160),
    "tan": (178, 148, 112),
    "brown": (112, 78, 54),
    "dark brown": (64, 46, 38),
    "terracotta": (192, 104, 74),
    "brick red": (154, 84, 68),
    "red": (184, 32, 38),
    "pink": (216, 150, 150),
    "orange": (226, 132, 52),
    "mustard yellow": (200, 156, 54),
    "ochre": (150, 118, 58),
    "pale yellow": (240, 222, 146),
    "olive": (110, 110, 62),
    "green": (72, 122, 62),
    "dark green": (40, 64, 42),
    "pale green": (172, 200, 164),
    "teal": (44, 120, 120),
    "light blue": (160, 190, 220),
    "blue": (62, 102, 172),
    "navy blue": (36, 46, 86),
    "purple": (122, 88, 150),
}
_WORDS = tuple(PALETTE)

_MINKOWSKI = 6  # the norm that Finlayson and Trezzi found best
_LEVEL = 180.0  # of 255; the light is scaled to this
_MOST_TINT = 1.2  # a stronger tint belongs to the place, not to the light
_MOST_EXPOSURE = 1.8
_LIGHTNESS_WEIGHT = 0.5  # shade moves L* more than a* and b*
_SHADOW = 18.0  # L*; darker pixels are windows and shadows of unknown colour
_GREY_CHROMA = 25.0  # a pixel of this chroma counts twice: people name colourful things first


def balanced_lab(rgb: Floats, solid: Floats) -> Floats:
    """Turn 8-bit RGB `[H, W, 3]` into CIELAB `[H, W, 3]` with the light's tint and exposure taken out.

    The light is estimated by shades of grey (Finlayson and Trezzi 2004) over the mask `solid [H, W]`,
    which leaves out the sky: its blue is not a tint. The light is brought to an even grey, within limits.
    """
    pixels = rgb[solid].astype(np.float64)  # [n, 3]
    lit = pixels[(pixels.max(axis=1) > 8) & (pixels.max(axis=1) < 252)] if len(pixels) else pixels
    if not len(lit):
        return to_lab(rgb)
    light = np.maximum((lit**_MINKOWSKI).mean(axis=0) ** (1 / _MINKOWSKI), 1)
    tint = np.clip(light.mean() / light, 1 / _MOST_TINT, _MOST_TINT)
    exposure = np.clip(_LEVEL / light.mean(), 1 / _MOST_EXPOSURE, _MOST_EXPOSURE)
    return to_lab(np.clip(rgb * tint * exposure, 0, 255))


def to_lab(rgb: Floats) -> Floats:
    """Turn sRGB values in 0–255 `[H, W, 3]` into CIELAB `[H, W, 3]` float32, L* in 0–100."""
    cv2: Any = import_extra("cv2", "embedded")
    lab: Floats = cv2.cvtColor((rgb / 255).astype(np.float32), cv2.COLOR_RGB2LAB)
    return lab


def name_colours(lab: Floats) -> Floats:
    """Return the index of the palette's nearest colour for each pixel of `[H, W, 3]`, as `[H, W]`."""
    weights = np.array([_LIGHTNESS_WEIGHT, 1, 1], np.float32)
    anchors = to_lab(np.array([list(PALETTE.values())]))[0]  # [colours, 3]
    # The square of the pixel itself is the same for every anchor.
    distances = ((anchors**2) * weights).sum(axis=1) - 2 * (lab @ (anchors * weights).T)
    nearest: Floats = distances.argmin(axis=-1)
    return nearest


def main_colours(lab: Floats, named: Floats, mask: Floats, share: float = 0.18) -> str:
    """Name the most frequent colour within `mask [H, W]`, and the second where its share is at least `share`."""
    lit = mask & (lab[..., 0] > _SHADOW)
    chosen = lit if lit.any() else mask
    if not chosen.any():
        chosen = np.ones_like(mask)
    weights = 1 + np.hypot(lab[chosen][:, 1], lab[chosen][:, 2]) / _GREY_CHROMA
    counts = np.bincount(named[chosen], weights=weights, minlength=len(_WORDS))
    first, second = np.argsort(-counts, kind="stable")[:2]
    pair = counts[second] >= share * counts.sum()
    return f"{_WORDS[first]} and {_WORDS[second]}" if pair else _WORDS[first]
