"""Cues computed from the pixels alone: colours, the outline against the sky, plants, the order of lines.

They tell places apart far less than a sign does. Only what stands still is described, and each
phrase is made from coarse measurements, so that the same place in other light, or from a step aside, often gives the
same words.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image

from ..arrays import Floats
from ..packages import import_extra
from ..records import RawCue
from .colour_names import balanced_lab, main_colours, name_colours
from .skyline import find_skyline, sky_border

ALGORITHM = "image statistics/2"  # recorded with every description: change it with anything that changes a phrase
# The score of the first cue; a sign whose letters take 3 % of the height scores 0.5. Beside a sign the pixels should
# hardly count: on the demo town, this value raised Recall@1 after re-ranking from 140 to 150 of 192, against 0.2.
IMAGE_CUE_SCORE = 0.002

_LONGER_SIDE = 192
_SHORTEST_SIDE = 16
_LEFT, _CENTRE, _RIGHT = (0.0, 0.4), (1 / 3, 2 / 3), (0.6, 1.0)
_EYE_LEVEL = (0.15, 0.65)  # where walls are, as shares of the height


@dataclass(frozen=True)
class MeasuredImage:
    """The measurements that phrases are made from, of an image with 192 pixels along its longer side."""

    lab: Floats  # [H, W, 3]
    skyline: Floats  # [W], share of the height that is sky
    gradient: Floats  # [2, H, W], along x and y, of grey with unit variance

    @cached_property
    def named(self) -> Floats:
        """Index of each pixel's colour name, `[H, W]`."""
        return name_colours(self.lab)

    @cached_property
    def sky(self) -> Floats:
        """Mask of the sky, `[H, W]`."""
        mask: Floats = self.rows < self.skyline
        return mask

    @cached_property
    def plants(self) -> Floats:
        """Mask of leaves and grass, `[H, W]`."""
        cv2: Any = import_extra("cv2", "embedded")
        lightness, green_red, blue_yellow = np.moveaxis(self.lab, -1, 0)
        leafy = (green_red < -6) & (green_red < -0.3 * blue_yellow) & (blue_yellow > 4) & (lightness < 80) & ~self.sky
        mask: Floats = cv2.medianBlur(leafy.astype(np.uint8), 5) > 0
        return mask

    @property
    def rows(self) -> Floats:
        """Height of each row `[H, 1]`, 0 at the top and below 1 at the bottom."""
        shares: Floats = np.arange(self.lab.shape[0])[:, None] / self.lab.shape[0]
        return shares

    @property
    def columns(self) -> Floats:
        """Position of each column `[W]`, 0 at the left and below 1 at the right."""
        shares: Floats = np.arange(self.lab.shape[1]) / self.lab.shape[1]
        return shares

    def area(self, across: tuple[float, float] = (0, 1), down: tuple[float, float] = (0, 1)) -> Floats:
        """Mask of a rectangle given in shares of width and height, `[H, W]`."""
        x, y = self.columns, self.rows
        return (x >= across[0]) & (x < across[1]) & (y >= down[0]) & (y < down[1])

    def colours(self, mask: Floats) -> str:
        """Name the one or two main colours of what is neither sky nor plant."""
        return main_colours(self.lab, self.named, mask & ~self.sky & ~self.plants)

    def sky_share(self) -> tuple[float, float, float]:
        """Median height of the sky in the left, middle and right third."""
        left, middle, right = (float(np.median(part)) for part in np.array_split(self.skyline, 3))
        return left, middle, right

    def plant_share(self, across: tuple[float, float]) -> float:
        """Share of a vertical strip that is covered by plants."""
        return float((self.plants & self.area(down=(0, 0.85)))[:, self.area(across)[0]].mean())


def measure(image: Image.Image) -> MeasuredImage:
    """Measure an upright RGB image."""
    cv2: Any = import_extra("cv2", "embedded")
    scale = _LONGER_SIDE / max(image.size)
    size = tuple(max(_SHORTEST_SIDE, round(side * scale)) for side in image.size)
    rgb = np.asarray(image.resize((size[0], size[1]), Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR))
    border = sky_border(rgb)
    lab = balanced_lab(rgb, np.arange(rgb.shape[0])[:, None] >= border)
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    gray = (gray - gray.mean()) / max(float(gray.std()), 4.0)
    gradient = np.stack([cv2.Sobel(gray, cv2.CV_32F, *axis) / 8 for axis in ((1, 0), (0, 1))])
    return MeasuredImage(lab=lab, skyline=find_skyline(border, lab), gradient=gradient)


def image_cues(image: Image.Image) -> list[RawCue]:
    """Describe an upright RGB image in ten different phrases; those that tell places apart best come first."""
    measured = measure(image)
    return [RawCue(text=describe(measured), score=IMAGE_CUE_SCORE * trust) for describe, trust in _PHRASES]


def _graded(value: float, *steps: tuple[float, str], otherwise: str) -> str:
    return next((word for limit, word in steps if value < limit), otherwise)


def _height(sky: float) -> str:
    return _graded(sky, (0.06, "towering"), (0.22, "tall"), (0.4, "mid-height"), otherwise="low")


def _front(measured: MeasuredImage, sky: float, across: tuple[float, float], where: str) -> str:
    colours = measured.colours(measured.area(across, _EYE_LEVEL))
    green = _graded(measured.plant_share(across), (0.04, ""), (0.15, " with bushes"), otherwise=" behind trees")
    return f"{_height(sky)} {colours} building {where}{green}"


def _sides(measured: MeasuredImage) -> str:
    left, _, right = measured.sky_share()
    return f"{_front(measured, left, _LEFT, 'on the left')}, {_front(measured, right, _RIGHT, 'on the right')}"


def _straight_ahead(measured: MeasuredImage) -> str:
    return _front(measured, measured.sky_share()[1], _CENTRE, "straight ahead")


def _outline(measured: MeasuredImage) -> str:
    left, middle, right = measured.sky_share()
    walls = measured.colours(measured.area(down=(0.2, 0.65)))
    if measured.skyline.mean() < 0.03:
        return f"{walls} walls up to the top edge"
    if middle > max(left, right) + 0.08:
        shape = "roofline opening in the middle between two rows of buildings"
    elif middle < min(left, right) - 0.08:
        shape = "roofline peaking in the middle"
    elif abs(left - right) > 0.08:
        shape = f"roofline stepping down to the {'right' if right > left else 'left'}"
    else:
        shape = "level roofline"
    amount = _graded(float(measured.skyline.mean()), (0.15, "a little"), (0.33, "some"), otherwise="much")
    return f"{walls} walls, {shape}, {amount} sky above"


def _foreground(measured: MeasuredImage) -> str:
    ground = measured.colours(measured.area((0.1, 0.9), (0.75, 1)))
    places = (_LEFT, "on the left"), (_CENTRE, "in the middle"), (_RIGHT, "on the right")
    green = [
        f"{'bushes' if share < 0.12 else 'trees'} {where}"
        for across, where in places
        if (share := measured.plant_share(across)) >= 0.03
    ]
    return f"{ground} ground, {' and '.join(green) or 'hardly a plant'}"


def _roofs(measured: MeasuredImage) -> str:
    below = measured.rows - np.minimum(measured.skyline, 0.9)
    return f"{measured.colours((below >= 0.01) & (below < 0.12))} roofs"


def _roof_heights(measured: MeasuredImage) -> str:
    left, middle, right = map(_height, measured.sky_share())
    between = "open sky" if middle == "low" else f"{middle} roofs"
    return f"{left} roofs on the left, {right} roofs on the right, {between} between"


def _lines(measured: MeasuredImage) -> str:
    along_x, along_y = np.abs(measured.gradient[:, ~measured.sky & ~measured.plants]).sum(axis=1)
    balance = float(np.log2((along_x + 1) / (along_y + 1)))
    return _graded(
        balance,
        (-0.2, "mostly level lines, long ledges and cornices"),
        (0.4, "upright and level lines in balance"),
        otherwise="mostly upright lines, tall windows and posts",
    )


def _texture(measured: MeasuredImage) -> str:
    walls = measured.area(down=(0, 0.75)) & ~measured.sky
    edges = float((np.hypot(*measured.gradient[:, walls]) > 0.15).mean()) if walls.any() else 0.0
    return (
        _graded(edges, (0.2, "bare"), (0.4, "plain"), (0.46, "finely divided"), otherwise="richly divided") + " fronts"
    )


def _raggedness(measured: MeasuredImage) -> str:
    travel = float(np.abs(np.diff(measured.skyline)).sum())
    word = _graded(travel, (0.4, "smooth"), (0.8, "varied"), (1.0, "broken"), otherwise="jagged")
    return f"{word} line of roofs against the sky"


def _divisions(measured: MeasuredImage) -> str:
    top, bottom = (round(share * measured.lab.shape[0]) for share in (0.25, 0.65))
    solid = ~measured.sky & ~measured.plants
    profile = (np.abs(measured.gradient[0]) * solid)[top:bottom].sum(axis=0)
    profile = np.convolve(np.pad(profile, 4, mode="edge"), np.hanning(11)[1:-1] / 5, mode="valid")
    peaks = (profile[1:-1] > profile[:-2]) & (profile[1:-1] >= profile[2:]) & (profile[1:-1] > 1.15 * profile.mean())
    count = _graded(
        int(peaks.sum()), (3, "one or two"), (7, "a few"), (10, "about eight"), (14, "a dozen"), otherwise="very many"
    )
    return f"{count} upright divisions side by side"


_PHRASES: tuple[tuple[Callable[[MeasuredImage], str], float], ...] = (
    (_sides, 1.0),
    (_outline, 1.0),
    (_foreground, 1.0),
    (_roofs, 0.5),
    (_straight_ahead, 0.5),
    (_roof_heights, 0.5),
    (_lines, 0.25),
    (_texture, 0.25),
    (_raggedness, 0.25),
    (_divisions, 0.25),
)
