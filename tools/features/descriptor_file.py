"""Global descriptors that another method computed, as VPR-methods-evaluation saves them: one row an image."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..arrays import Floats
from ..errors import UsageError

DATABASE_FILE, QUERIES_FILE = "database_descriptors.npy", "queries_descriptors.npy"

_BLOCK_BYTES = 64 * 2**20  # of rows in float64 that are in memory at once
_MAX_DIMENSION = 2**20


@dataclass(frozen=True)
class DescriptorFile:
    """Descriptors `[n, D]` in a file, float16 or float32, of which only what is looked at is in memory."""

    path: Path
    rows: Floats

    @property
    def dimension(self) -> int:
        """D, the length of one descriptor."""
        return int(self.rows.shape[1])

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, numbers: Sequence[int] | range) -> Floats:
        """Return rows by number, from 0, as float64 `[n, D]`; raises `UsageError` where one is not finite."""
        rows: Floats = np.asarray(self.rows[np.asarray(numbers, np.int64)], np.float64)
        finite = np.isfinite(rows).all(axis=1)
        if not finite.all():
            raise UsageError(
                f"Row {numbers[int(finite.argmin())]} (from 0) of {str(self.path)!r} holds numbers that are not "
                "finite: extract the descriptors again."
            )
        return rows

    def blocks(self, most: int = 4096) -> Iterator[tuple[int, Floats]]:
        """Yield all rows as `take` does, at most so many at a time, each time with the number of the first."""
        step = max(1, min(most, _BLOCK_BYTES // (8 * self.dimension)))
        for first in range(0, len(self), step):
            yield first, self.take(range(first, min(first + step, len(self))))


def open_descriptors(path: Path) -> DescriptorFile:
    """Open a file of descriptors without reading them; raises `UsageError` that says what is wrong with it."""
    try:
        rows = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no {path.name} in {str(path.parent)!r}: name the folder that VPR-methods-evaluation wrote "
            "with --save_descriptors."
        ) from error
    except (OSError, ValueError, EOFError, SyntaxError) as error:  # also for pickles, which are not read
        raise _unusable(path, "it is not a whole .npy file of numbers") from error
    if not isinstance(rows, np.ndarray):
        raise _unusable(path, "it holds several arrays")
    if rows.ndim != 2 or rows.dtype.kind != "f" or rows.dtype.itemsize not in (2, 4):
        raise _unusable(path, f"it holds {rows.dtype} {list(rows.shape)}, not float16 or float32 [n, D]")
    if 0 in rows.shape or rows.shape[1] > _MAX_DIMENSION:
        raise _unusable(path, f"its shape is {list(rows.shape)}")
    return DescriptorFile(path, rows)


def open_both(folder: Path) -> tuple[DescriptorFile, DescriptorFile]:
    """Open the descriptors of queries and database in a folder; raises `UsageError`, also for two lengths D."""
    queries, database = open_descriptors(folder / QUERIES_FILE), open_descriptors(folder / DATABASE_FILE)
    if queries.dimension != database.dimension:
        raise UsageError(
            f"The descriptors in {str(folder)!r} are of two methods, {queries.dimension} numbers a query and "
            f"{database.dimension} a reference: extract both with one."
        )
    return queries, database


def check_rows(file: DescriptorFile, names: Sequence[str], folder: Path) -> None:
    """Raise `UsageError` unless a file has one row for each of a folder's images, which `field_images` names."""
    if len(file) != len(names):
        raise UsageError(
            f"The file {str(file.path)!r} has {len(file):,} rows, and {str(folder)!r} has {len(names):,} images "
            "(.jpg, .jpeg and .png, or its list): extract the descriptors of this folder."
        )


def _unusable(path: Path, reason: str) -> UsageError:
    return UsageError(
        f"The descriptors {str(path)!r} cannot be used ({reason}): save float16 or float32 [n, D] with numpy.save."
    )
