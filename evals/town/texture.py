"""Surfaces of the demo town as pixels: masonry, plaster, boards, tiles, clouds.

All are `[H, W, 3]` float32, 0–255.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.float32]
Colour = tuple[int, int, int]


def tint(colour: Colour, factor: float) -> Colour:
    """Return the colour made lighter (factor > 1) or darker, clipped to 0–255."""
    red, green, blue = (max(0, min(255, round(channel * factor))) for channel in colour)
    return red, green, blue


def fractal(rng: np.random.Generator, height: int, width: int, cell: float, octaves: int = 3) -> Pixels:
    """Return cloud-like noise `[height, width]`, roughly within ±1; the coarsest grid has `cell` pixels."""
    small = (max(2, height // 4), max(2, width // 4))  # nothing in it is finer than that
    total = np.zeros(small, dtype=np.float32)
    weight, cell = 0.6, cell / 4
    for _ in range(octaves):
        grid = (max(2, round(small[0] / cell) + 1), max(2, round(small[1] / cell) + 1))
        total += weight * _stretched(rng.uniform(-1, 1, grid).astype(np.float32), small)
        weight, cell = weight / 1.8, max(1.0, cell / 2.2)
    return _stretched(total, (height, width))


def _stretched(values: Pixels, shape: tuple[int, int]) -> Pixels:
    return np.asarray(Image.fromarray(values).resize(shape[::-1], Image.Resampling.BICUBIC))


def courses(
    rng: np.random.Generator,
    shape: tuple[int, int],
    colour: Colour,
    *,
    course: float,
    length: float,
    joint: float,
    spread: float,
) -> Pixels:
    """Return rows of blocks of different tones: bricks, ashlar, slabs.

    A block is `length` by `course` pixels; its tone deviates by `spread`, and joints have the tone `joint`.
    """
    return _colour(rng, _bond(rng, shape, course, length, joint, spread), colour, 0.035)


def plaster(rng: np.random.Generator, shape: tuple[int, int], colour: Colour) -> Pixels:
    """Return rendered wall: patches, rain streaks and grain."""
    tone = 1 + 0.07 * fractal(rng, *shape, cell=90)
    tone *= 1 + 0.035 * fractal(rng, 2, shape[1], cell=9, octaves=2)[:1]
    return _colour(rng, tone, colour, 0.03)


def boards(rng: np.random.Generator, shape: tuple[int, int], colour: Colour, *, board: float) -> Pixels:
    """Return overlapping horizontal boards, each `board` pixels high."""
    rows = np.arange(shape[0], dtype=np.float32) / board
    tone = 1.05 - 0.16 * (rows % 1)
    tone[rows % 1 < 1.2 / board] = 0.66
    tone *= rng.normal(1, 0.03, int(rows[-1]) + 1).astype(np.float32)[rows.astype(np.intp)]
    return _colour(rng, np.repeat(tone[:, None], shape[1], axis=1), colour, 0.03)


def tiles(rng: np.random.Generator, shape: tuple[int, int], colour: Colour, *, tile: float) -> Pixels:
    """Return a roof of tiles, `tile` pixels high, darker towards each lower edge."""
    tone = _bond(rng, shape, tile, tile * 0.9, 0.62, 0.085)
    tone *= (1.08 - 0.28 * (np.arange(shape[0], dtype=np.float32) / tile % 1))[:, None]
    return _colour(rng, tone, colour, 0.035)


def _bond(
    rng: np.random.Generator, shape: tuple[int, int], course: float, length: float, joint: float, spread: float
) -> Pixels:
    """Return the tones `[H, W]` of blocks in running bond."""
    height, width = shape
    rows = np.arange(height, dtype=np.float32) / course
    count = int(rows[-1]) + 1
    tone = np.empty(shape, dtype=np.float32)
    for odd in (0, 1):
        along = np.arange(width, dtype=np.float32) / length + odd / 2
        blocks = rng.normal(1, spread, (count, int(along[-1]) + 1)).astype(np.float32)
        lines = blocks[:, along.astype(np.intp)]
        lines[:, along % 1 < 1 / length] = joint
        chosen = rows.astype(np.intp) % 2 == odd
        tone[chosen] = lines[rows[chosen].astype(np.intp)]
    tone[rows % 1 < 1 / course] = joint
    return tone


def _colour(rng: np.random.Generator, tone: Pixels, colour: Colour, grain: float) -> Pixels:
    """Return tones `[H, W]` with some grain as a surface `[H, W, 3]` of a colour."""
    height, width = tone.shape
    sheet = _grain()
    top, left = rng.integers(sheet.shape[0] - height), rng.integers(sheet.shape[1] - width)
    tone = tone * (1 + np.float32(grain) * sheet[top : top + height, left : left + width])
    return np.asarray(tone[..., None] * np.array(colour, dtype=np.float32))


@cache
def _grain() -> Pixels:
    """Return one sheet of white noise that all surfaces are cut from, for new noise is slow to draw."""
    return np.random.default_rng(0).standard_normal((1024, 2048), dtype=np.float32)


def to_image(surface: Pixels) -> Image.Image:
    """Return a surface as a picture, clipped to 0–255."""
    return Image.fromarray(np.clip(surface, 0, 255).astype(np.uint8))
