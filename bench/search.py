"""Eq. 5 through the index on disk, against a matrix product and a partial sort in memory."""

import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import faiss
import numpy as np

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.index.files import IndexSettings
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.index.seal import seal
from internvl_vpr.tools.index.store import BuildStore
from internvl_vpr.tools.records import Photo

from .side_by_side import SideBySide
from .vectors import unit_rows

PHOTOS = 10_000
CLUSTERS, D = 8, 512
DIMENSION = CLUSTERS * D
QUERIES = 32
K = 100


def comparisons() -> Iterator[SideBySide]:
    """Yield one query, a batch query by query, and a batch at once, after checking that all agree."""
    rng = np.random.default_rng(0)
    vectors = unit_rows(rng, PHOTOS, DIMENSION)
    queries = unit_rows(rng, QUERIES, DIMENSION)
    yield from _through_the_index(vectors, queries, unit_rows(rng, CLUSTERS, D))
    flat = faiss.index_factory(DIMENSION, IndexSettings().index_factory, faiss.METRIC_INNER_PRODUCT)
    flat.add(vectors)
    yield SideBySide(
        f"Eq. 5, {QUERIES} queries, FAISS",
        lambda: flat.search(queries, K),
        "product, sort",
        partial(search_by_product, vectors, queries),
        at_most=2,
    )


def _through_the_index(vectors: Floats, queries: Floats, centers: Floats) -> Iterator[SideBySide]:
    by_product = partial(search_by_product, vectors, queries)
    with TemporaryDirectory() as folder:
        write_index(Path(folder), vectors, centers)
        index = PlaceIndex.open(Path(folder))
        found = [[candidate.reference for candidate in index.search(query, K)] for query in queries]
        assert found == [[_reference(i) for i in row] for row in by_rounded_product(vectors, queries)]  # noqa: S101
        yield SideBySide(
            "Eq. 5, one query",
            lambda: index.search(queries[0], K),
            "product, sort",
            partial(search_by_product, vectors, queries[:1]),
            at_most=2,
        )
        yield SideBySide(
            f"Eq. 5, {QUERIES} queries in turn",
            lambda: [index.search(query, K) for query in queries],
            "product, sort",
            by_product,
            at_most=None,
        )
        index.close()


def write_index(folder: Path, vectors: Floats, centers: Floats) -> None:
    """Make an index on disk of photos that have these vectors."""
    with BuildStore(folder) as store:
        with store.batch():
            for number, vector in enumerate(vectors):
                digest = hashlib.sha256(vector.tobytes()).hexdigest()
                photo = Photo(path=folder / _reference(number), digest=digest, width=1, height=1)
                store.put_photo(str(folder), _reference(number), photo, (0, 0), 1)
                store.put_vector(digest, vector)
        seal(folder, store, IndexSettings(clusters=len(centers)), centers)


def search_by_product(vectors: Floats, queries: Floats) -> Floats:
    """Return the numbers `[Q, K]` of the best vectors, best first."""
    similarities = queries @ vectors.T
    best = np.argpartition(-similarities, K, axis=1)[:, :K]
    order = np.argsort(-np.take_along_axis(similarities, best, axis=1), axis=1)
    return np.take_along_axis(best, order, axis=1)


def by_rounded_product(vectors: Floats, queries: Floats) -> Floats:
    """Return the numbers `[Q, K]` of the best vectors to five decimals; of equal ones the first by name."""
    similarities = np.round(queries.astype(np.float64) @ vectors.T.astype(np.float64), 5)
    return np.argsort(-similarities, axis=1, kind="stable")[:, :K]


def _reference(number: int) -> str:
    return f"{number:05}.jpg"
