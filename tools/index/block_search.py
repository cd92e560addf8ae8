"""Eq. 5 over the FAISS files of an index: the images whose vectors are most like the query's.

FAISS finds them with float32 sums, whose last digits depend on the processor. What is told and compared is the sum
in float64, rounded to five decimals: there processors differ in the sixteenth digit only.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from ..arrays import Floats, rounded

# Two images this close in float32 may be equal to five decimals: 1e-5, and what the sums are off by at most.
_CLOSE = 2e-5
_BEYOND = 16  # images that are looked at beyond the K-th, for a start
_PAGE_BYTES = 16 * 2**20  # of vectors in float64 at once


class _Near(NamedTuple):
    """An image of a block: its place there, its id, and FAISS's similarity."""

    block: int
    place: int
    image: int
    similarity: float


def nearest_images(blocks: Sequence[Any], vector: Floats, k: int) -> list[tuple[int, float]]:
    """Return ids and similarities (Eq. 5) of the `k` nearest images, and of all that are as near as the last of them.

    `blocks` are `IndexIDMap`s, `vector [S·D]` has unit length. Similarities are rounded to five decimals; those of
    blocks that hold codes instead of vectors are FAISS's own.
    """
    query = np.ascontiguousarray(vector[None], dtype=np.float32)
    near = [one for number in range(len(blocks)) for one in _near(blocks[number], number, query, k)]
    least = _kth([one.similarity for one in near], k) - _CLOSE
    chosen = [one for one in near if one.similarity >= least]
    images: list[int] = []
    similarities: list[float] = []
    for number, group in groupby(chosen, key=lambda one: one.block):
        members = list(group)
        images += [one.image for one in members]
        similarities += rounded(_similarities(blocks[number], members, vector)).tolist()
    least = _kth(similarities, k)
    return [pair for pair in zip(images, similarities, strict=True) if pair[1] >= least]


def _kth(similarities: Sequence[float], k: int) -> float:
    """Return the k-th largest, or the least of fewer."""
    return sorted(similarities, reverse=True)[:k][-1]


def _near(block: Any, number: int, query: Floats, k: int) -> Iterator[_Near]:
    """Yield the nearest of one block, as many beyond the k-th as might be equal to it."""
    import faiss

    asked = k
    while True:
        asked = min(asked + _BEYOND, block.ntotal)
        similarities, places = (found[0] for found in block.index.search(query, asked))
        if asked == block.ntotal or similarities[-1] < similarities[k - 1] - _CLOSE:
            break
        asked *= 2
    ids = faiss.vector_to_array(block.id_map)
    for place, similarity in zip(places.tolist(), similarities.tolist(), strict=True):
        if place >= 0:
            yield _Near(number, place, int(ids[place]), similarity)


def _similarities(block: Any, members: Sequence[_Near], vector: Floats) -> Floats:
    """Return the similarities of some images of a block: in float64 where it holds the vectors themselves."""
    import faiss

    vectors = faiss.downcast_index(block.index)
    if not isinstance(vectors, faiss.IndexFlat):
        return np.array([one.similarity for one in members])
    query = vector.astype(np.float64)
    places = np.array([one.place for one in members])
    step = max(1, _PAGE_BYTES // (8 * len(vector)))
    pages = [
        # Equal vectors get equal sums to the last bit, which a matrix product does not promise.
        np.einsum("jd,d->j", vectors.reconstruct_batch(places[start : start + step]).astype(np.float64), query)
        for start in range(0, len(places), step)
    ]
    return np.concatenate(pages)
