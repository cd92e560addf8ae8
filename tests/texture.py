"""Photographs of nothing in particular: seeded textures that SIFT can tell apart."""

from pathlib import Path

import numpy as np
from PIL import Image


def texture(seed: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
    """Draw a seeded pattern of soft blobs and bars, RGB, `size` in pixels (width, height)."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    fine = Image.fromarray(rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)).resize(size, Image.Resampling.NEAREST)
    return Image.blend(coarse, fine, 0.5)


def write_textures(folder: Path, seeds: range) -> None:
    """Write one PNG a seed, named by position as the field does: seeds are 100 m apart."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        texture(seed).save(folder / f"@{500_000 + 100 * seed}@5000000@33@T@@@{seed}@@@@@@@@.png")
