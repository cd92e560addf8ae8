"""The codebook `C [S, D]`: centres found by spherical k-means, as unit vectors or as plain means, and its digest."""

import hashlib
from typing import Literal

import numpy as np

from ..arrays import Floats
from ..errors import PlaceIndexError

_ITERATIONS = 25
# How far from 1 the length of a unit centre may be: more than rounding can make it.
_UNIT = 1e-3

Centers = Literal["unit", "mean"]


def train_codebook(descriptors: Floats, clusters: int, seed: int, kind: Centers = "unit") -> Floats:
    """Cluster unit descriptors `[n, D]` into `clusters` centres `[S, D]` float32, none of them dead.

    Spherical k-means by FAISS, seeded. A `unit` centre is the direction of its descriptors' mean, a `mean` centre that
    mean itself, which is shorter than 1: AnyLoc's k-means keeps it so. Raises `PlaceIndexError` when there are fewer
    distinct descriptors than clusters.
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
    centers = _revive(_unit(np.asarray(means.centroids)), descriptors)
    return centers if kind == "unit" else _means(descriptors, centers)


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


def _means(descriptors: Floats, centers: Floats) -> Floats:
    """Return the mean of the descriptors nearest to each unit centre, `[S, D]` float32, summed in float64."""
    nearest = (descriptors @ centers.T).argmax(axis=1)
    sums = np.zeros(centers.shape)
    for cluster in range(len(centers)):
        sums[cluster] = descriptors[nearest == cluster].sum(axis=0, dtype=np.float64)
    counts = np.bincount(nearest, minlength=len(centers))
    return (sums / counts[:, None]).astype(np.float32)


def kind_of(centers: Floats) -> Centers | None:
    """Say what centres `[S, D]` are by their lengths: all 1, or none above it; None for anything else, such as NaN."""
    lengths = np.linalg.norm(centers.astype(np.float64), axis=1)
    if (np.abs(lengths - 1) <= _UNIT).all():
        return "unit"
    return "mean" if (lengths <= 1 + _UNIT).all() else None


def directions(centers: Floats) -> Floats:
    """Return centres `[S, D]` as unit vectors, which they may be already; a zero centre stays zero."""
    if kind_of(centers) == "unit":
        return centers
    lengths = np.linalg.norm(centers, axis=1, keepdims=True)
    found: Floats = centers / np.where(lengths > 0, lengths, 1)
    return found


def _unit(centers: Floats) -> Floats:
    return centers / np.linalg.norm(centers, axis=1, keepdims=True)  # type: ignore[no-any-return]


def sample_rows(descriptors: Floats, rows: int, rng: np.random.Generator) -> Floats:
    """Take at most `rows` of the descriptors `[M, D]`, without replacement."""
    return descriptors[np.sort(rng.permutation(len(descriptors))[:rows])]


def codebook_digest(centers: Floats) -> str:
    """SHA-256 of shape and values, little-endian float32."""
    header = f"{centers.shape[0]}x{centers.shape[1]}:".encode()
    return hashlib.sha256(header + centers.astype("<f4").tobytes()).hexdigest()
