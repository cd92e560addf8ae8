"""The nearest rows by L2 distance, exactly, over descriptors that need not fit the memory."""

from collections.abc import Sequence

import numpy as np

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.features.descriptor_file import DescriptorFile
from internvl_vpr.tools.progress import Progress, silent

_QUERY_BYTES = 256 * 2**20  # of queries in float64 that are compared at once
_PAGE_BYTES = 32 * 2**20  # of differences at once
_QUERIES = 1024
# Beyond what rounding can make of |y|² − 2 x·y in float64, relative to |x|² + |y|²: about 2 D · 1.1e-16.
_SLACK = 1e-10


def nearest_rows(
    queries: DescriptorFile, database: DescriptorFile, k: int, asked: Sequence[int], on_progress: Progress = silent
) -> tuple[Floats, Floats]:
    """Return, for the queries with the numbers `asked`, the `k` nearest rows and their squared L2 distances, `[Q, k]`.

    The nearest comes first, and of equally near rows the one that comes first in the file, as an exact flat L2 index
    has it. There are fewer than `k` where the database has fewer. Distances are computed in float64. The database is
    read in blocks, once for every thousand queries or so. Raises `UsageError` for values that are not finite.
    """
    step = max(1, min(_QUERIES, _QUERY_BYTES // (8 * queries.dimension)))
    rows, distances = [], []
    for first in range(0, len(asked), step):
        near = _Nearest(queries.take(asked[first : first + step]), k)
        for start, block in database.blocks():
            near.see(start, block)
            on_progress("searching", start + len(block), len(database), f"queries from {first + 1} of {len(asked)}")
        rows += near.rows
        distances += near.distances
    return np.stack(rows), np.stack(distances)


class _Nearest:
    """For each of some queries `[Q, D]`, the nearest rows of all that were seen, in order, and their distances."""

    def __init__(self, queries: Floats, k: int) -> None:
        self.queries = queries
        self.rows = [np.empty(0, np.int64) for _ in queries]
        self.distances = [np.empty(0) for _ in queries]
        self._k = k
        self._lengths = np.einsum("qd,qd->q", queries, queries)  # |x|²

    def see(self, start: int, block: Floats) -> None:
        """Compare a block of rows `[B, D]` of which the first has the number `start`."""
        asked, near = self._candidates(block)
        exact = self._distances(asked, near, block)
        first = np.searchsorted(asked, np.arange(len(self.queries) + 1))
        for query in np.unique(asked).tolist():
            span = slice(first[query], first[query + 1])
            distances = np.concatenate([self.distances[query], exact[span]])
            rows = np.concatenate([self.rows[query], start + near[span]])
            best = np.argsort(distances, kind="stable")[: self._k]  # earlier rows come first, so ties keep their order
            self.distances[query], self.rows[query] = distances[best], rows[best]

    def _candidates(self, block: Floats) -> tuple[Floats, Floats]:
        """Return the pairs of a query and a row of the block that can be among the nearest, by query."""
        squares = np.einsum("bd,bd->b", block, block)
        rough = squares - 2 * self.queries @ block.T  # |x − y|² − |x|²
        limit = np.array([found[-1] if len(found) == self._k else np.inf for found in self.distances]) - self._lengths
        if len(block) > self._k and np.isinf(limit).any():
            limit = np.minimum(limit, np.partition(rough, self._k - 1, axis=1)[:, self._k - 1])
        slack = _SLACK * (self._lengths + squares.max())
        asked, near = np.nonzero(rough <= (limit + slack)[:, None])
        return asked, near

    def _distances(self, asked: Floats, near: Floats, block: Floats) -> Floats:
        """Return each pair's squared distance: equal rows have equal ones, which a matrix product does not promise."""
        found = np.empty(len(asked))
        step = max(1, _PAGE_BYTES // (8 * block.shape[1]))
        for first in range(0, len(asked), step):
            page = slice(first, first + step)
            apart = block[near[page]] - self.queries[asked[page]]
            found[page] = np.einsum("pd,pd->p", apart, apart)
        return found
