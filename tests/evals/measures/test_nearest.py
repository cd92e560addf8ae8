"""The nearest rows by L2 distance are those of a plain search, however the files are cut into blocks."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from internvl_vpr.evals.measures import nearest
from internvl_vpr.tools.features import descriptor_file
from internvl_vpr.tools.features.descriptor_file import DescriptorFile


def plain(queries: np.ndarray, database: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    squares = np.square(queries.astype(np.float64)[:, None] - database.astype(np.float64)).sum(-1)
    rows = np.argsort(squares, axis=1, kind="stable")[:, :k]
    return rows, np.take_along_axis(squares, rows, axis=1)


@given(
    sizes=st.tuples(st.integers(1, 9), st.integers(1, 60), st.integers(1, 5), st.integers(1, 12)),
    rows_at_once=st.integers(1, 20),
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([1e-3, 1.0, 1e4]),
)
@settings(max_examples=60)
def test_blocks_give_what_a_plain_search_gives(
    sizes: tuple[int, int, int, int], rows_at_once: int, seed: int, scale: float
) -> None:
    """Whole numbers of a small range: many rows are equally near, and some are equal."""
    asked, references, dimension, k = sizes
    rng = np.random.default_rng(seed)
    queries, database = (
        (rng.integers(-2, 3, (count, dimension)) * scale).astype(np.float32) for count in (asked, references)
    )
    order = rng.permutation(asked).tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(descriptor_file, "_BLOCK_BYTES", 8 * dimension * rows_at_once)
        patch.setattr(nearest, "_PAGE_BYTES", 8 * dimension * 7)
        patch.setattr(nearest, "_QUERIES", 4)
        found = nearest.nearest_rows(
            DescriptorFile(Path("q"), queries), DescriptorFile(Path("d"), database), k, order
        )  # fmt: skip
    rows, squares = plain(queries[order], database, k)
    np.testing.assert_array_equal(found[0], rows)
    np.testing.assert_allclose(found[1], squares, rtol=1e-12)
