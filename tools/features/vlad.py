"""VLAD: the codebook, and local descriptors aggregated into one vector (Eqs. 1–4)."""

import math

import numpy as np

from ..arrays import Floats
from .codebook import directions

# A block whose mean residual is shorter than this holds rounding errors of the float32 sums, not a direction:
# up to 1.5e-5 was measured for 15,000 descriptors that all equal their centre.
_ZERO_RESIDUAL = 3e-5


def aggregate(descriptors: Floats, centers: Floats, kappa: float) -> Floats:
    """Turn local descriptors `X [M, D]`, unit rows, and centres `C [S, D]` into `v [S·D]`, float32.

    Centres are unit vectors, or means of such: then Eq. 1 takes their directions, and Eq. 2 the means themselves, as
    AnyLoc does. Eqs. 1–4; `kappa` is κ > 0, or `math.inf` for hard assignment. The residuals are summed as
    `AᵀX − diag(Aᵀ1) C`, so that no `[M, S, D]` array is built. A zero block stays zero, and so does
    the whole vector when there is no descriptor.

    Raises `ValueError` for shapes that do not fit, κ ≤ 0, or values that are not finite.
    """
    if descriptors.ndim != 2 or centers.ndim != 2 or descriptors.shape[1] != centers.shape[1]:
        raise ValueError(f"{descriptors.shape} and {centers.shape} are not [M, D] and [S, D]")
    weights = _weights_up_to_scale(descriptors, centers, kappa)  # [M, S]
    mass = weights.sum(axis=0, dtype=np.float64)  # [S]
    sums = (weights.T @ descriptors).astype(np.float64)  # [S, D]
    residuals = sums - mass[:, None] * centers  # Eq. 2
    if not np.isfinite(residuals).all():
        raise ValueError("descriptors or centers hold values that are not finite")
    norms = np.linalg.norm(residuals, axis=1)
    norms[norms <= _ZERO_RESIDUAL * mass] = np.inf
    blocks = residuals / norms[:, None]  # Eq. 3
    length = np.linalg.norm(blocks)
    if length > 0:
        blocks /= length  # Eq. 4
    vector: Floats = blocks.astype(np.float32).ravel()
    return vector


def log_weights(descriptors: Floats, centers: Floats, kappa: float) -> Floats:
    """Return log `a [M, S]` of Eq. 1; for infinite κ it is 0 at the nearest centre and −inf elsewhere."""
    if not kappa > 0:
        raise ValueError(f"kappa must be above 0, not {kappa}")
    cosines: Floats = descriptors @ directions(centers).T
    if math.isinf(kappa):
        hard: Floats = np.full_like(cosines, -np.inf)
        hard[np.arange(len(hard)), cosines.argmax(axis=1)] = 0
        return hard
    cosines -= cosines.max(axis=1, keepdims=True)  # softmax is unchanged, and exp cannot overflow
    cosines *= kappa
    cosines -= np.log(np.exp(cosines).sum(axis=1, keepdims=True))
    return cosines


def _weights_up_to_scale(descriptors: Floats, centers: Floats, kappa: float) -> Floats:
    """Weights `[M, S]` of Eq. 1, each column divided by its largest.

    Eq. 3 takes a column's scale away again, and so a centre that is far from every descriptor gets its
    direction exactly, where the weights themselves would underflow.
    """
    weights = log_weights(descriptors, centers, kappa)
    largest = weights.max(axis=0, initial=-np.inf)
    weights -= np.where(np.isneginf(largest), 0, largest)
    return np.exp(weights, out=weights)
