"""Folders shaped like the benchmarks, of generated photos, run through `eval run`: what time and memory it takes.

    python -m bench.shapes amstertime DIR      1,231 pairs
    python -m bench.shapes sf-xl DIR           466 queries and 20,000 tiny references, named by a list

Recall means nothing here: the photos are seeded patterns.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

PAIRS = 1_231
QUERIES, REFERENCES = 466, 20_000
FAMILIAR = 43  # every 43rd reference has a query
SPACING = 60  # metres
MOST_MEMORY = 4 * 2**30


def pattern(seed: int, side: int) -> Image.Image:
    """Draw a seeded pattern of blobs and bars, `side` pixels wide and three quarters as high."""
    rng = np.random.default_rng(seed)
    size = (side, 3 * side // 4)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    fine = Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)).resize(size, Image.Resampling.NEAREST)
    return Image.blend(coarse, fine, 0.5)


def aged(image: Image.Image) -> Image.Image:
    """Return the same place another day: greyish, darker, softer, a step aside."""
    width, height = image.size
    aside = image.crop((width // 20, 0, width, height)).resize(image.size)
    return ImageEnhance.Brightness(ImageEnhance.Color(aside).enhance(0.3)).enhance(0.7).filter(ImageFilter.BoxBlur(1))


def _write(job: tuple[Path, int, int, bool]) -> None:
    path, seed, side, old = job
    if not path.exists():
        image = pattern(seed, side)
        (aged(image) if old else image).save(path, quality=85)


def amstertime(folder: Path) -> Iterable[tuple[Path, int, int, bool]]:
    """Name the photos of a folder laid out as AmsterTime is published."""
    for number in range(1, PAIRS + 1):
        yield folder / "new" / f"{number:04d}.png", number, 320, False
        yield folder / "old" / f"{number:04d}.jpg", number, 320, True


def sf_xl(folder: Path) -> Iterable[tuple[Path, int, int, bool]]:
    """Name the photos of a folder laid out as SF-XL's test, and write the list of its database."""
    base = folder / "processed" / "test"
    names = [_at_name(number) for number in range(REFERENCES)]
    base.mkdir(parents=True, exist_ok=True)
    (base / "database_images_paths.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    for number, name in enumerate(names):
        yield base / "database" / name, number, 128, False
    for number in range(QUERIES):
        yield base / "queries_night" / _at_name(number * FAMILIAR % REFERENCES, aside=8), number * FAMILIAR, 128, True


def _at_name(number: int, aside: int = 0) -> str:
    row, column = divmod(number, 200)
    easting, northing = 540_000 + SPACING * column + aside, 4_170_000 + SPACING * row
    return f"@{easting:010.2f}@{northing:010.2f}@10@S@@@{number:06d}@@@@@@@@.jpg"


def main(shape: str, folder: Path) -> int:
    """Write the photos that are not there yet, run the split in a process of its own, and print what it took."""
    jobs = list(amstertime(folder / "photos") if shape == "amstertime" else sf_xl(folder / "photos"))
    for parent in {job[0].parent for job in jobs}:
        parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as pool:
        list(pool.map(_write, jobs, chunksize=64))
    split = "amstertime" if shape == "amstertime" else "sf-xl-night"
    command = [sys.executable, "-m", "internvl_vpr.agent", "eval", "run", split, "--root", str(folder / "photos")]
    command += ["--places", str(folder / "places"), "--out", str(folder / "run")]
    started = time.monotonic()
    process = subprocess.Popen(command)  # noqa: S603 - our own command
    _, status, usage = os.wait4(process.pid, 0)
    peak = usage.ru_maxrss * 1024
    sys.stdout.write(f"{split}: {time.monotonic() - started:.0f} s, peak memory {peak / 2**20:,.0f} MiB\n")
    return os.waitstatus_to_exitcode(status) or int(peak > MOST_MEMORY)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
