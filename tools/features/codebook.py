"""The codebook `C [S, D]`: unit centres found by spherical k-means, and its digest."""

import hashlib

import numpy as np

from ..arrays import Floats
from ..errors import PlaceIndexError

_ITERATIONS = 25


def train_codebook(descriptors: Floats, clusters: int, seed: int) -> Floats:
    """Cluster unit descriptors `[n, D]` into `clusters` unit centres `[S, D]` float32, none of them dead.

    Spherical k-means by FAISS, seeded. Raises `PlaceIndexError` when there are fewer distinct
    descriptors than clusters.
    """
    import faiss

    if len(descriptors) < clusters:
        raise PlaceIndexError(
            f"The photos give {len(descriptors)} local descriptors, too few for {clusters} clusters: "
            "add photos or ask for fewer clusters."
        )
    means = faiss.Kmeans(
        descriptors.shape[1], clusters, niter=_ITERATIONS, seed=seed, spherical=True,
        min_points_per_centroid=1, max_points_per_centroid=len(descriptors),
    )  # fmt: skip
    means.train(np.ascontiguousarray(descriptors, dtype=np.float32))
    return _revive(_unit(np.asarray(means.centroids)), descriptors)


def _revive(centers: Floats, descriptors: Floats) -> Floats:
    """Move each centre that is nearest to no descriptor onto the descriptor that is furthest from its own centre."""
    for _ in range(len(centers)):
        cosines = descriptors @ centers.T
        nearest = cosines.argmax(axis=1)
        dead = np.flatnonzero(np.bincount(nearest, minlength=len(centers)) == 0)
        if len(dead) == 0:
            return centers
        centers[dead[0]] = descriptors[cosines.max(axis=1).argmin()]
    raise PlaceIndexError(
        f"The photos give too few distinct local descriptors for {len(centers)} clusters: "
        "add photos or ask for fewer clusters."
    )


def _unit(centers: Floats) -> Floats:
    return centers / np.linalg.norm(centers, axis=1, keepdims=True)  # type: ignore[no-any-return]


def sample_rows(descriptors: Floats, rows: int, rng: np.random.Generator) -> Floats:
    """Take at most `rows` of the descriptors `[M, D]`, without replacement."""
    return descriptors[np.sort(rng.permutation(len(descriptors))[:rows])]


def codebook_digest(centers: Floats) -> str:
    """SHA-256 of shape and values, little-endian float32."""
    header = f"{centers.shape[0]}x{centers.shape[1]}:".encode()
    return hashlib.sha256(header + centers.astype("<f4").tobytes()).hexdigest()
