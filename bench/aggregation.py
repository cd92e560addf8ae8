"""Eqs. 1–4 against the residual tensor `[M, S, D]`, and against the matrix products alone."""

import math
from collections.abc import Iterator
from functools import partial

import numpy as np
import torch

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.features.vlad import aggregate, log_weights

from .side_by_side import SideBySide
from .vectors import unit_rows

# Patches of 14 pixels in a square of 322, in 476 x 630, and in a photo whose longer side is 1024.
PATCHES = (529, 1530, 3942)
D = 1536
S = 32


def comparisons() -> Iterator[SideBySide]:
    """Yield hard and soft assignment for each number of patches, after checking that all agree."""
    rng = np.random.default_rng(0)
    centers = unit_rows(rng, S, D)
    for patches in PATCHES:
        descriptors = unit_rows(rng, patches, D)
        for kappa in (math.inf, 30.0):
            what = f"Eqs. 1–4, {'hard' if math.isinf(kappa) else f'κ = {kappa:g}'}, M = {patches}"
            ours = partial(aggregate, descriptors, centers, kappa)
            residuals = partial(by_residual_tensor, descriptors, centers, kappa)
            np.testing.assert_allclose(ours(), residuals(), atol=1e-5)
            yield SideBySide(what, ours, "residual tensor", residuals, at_most=1 / 5)
            products = partial(matrix_products, descriptors, centers, np.exp(log_weights(descriptors, centers, kappa)))
            yield SideBySide(what, ours, "bare products", products, at_most=2)


def by_residual_tensor(descriptors: Floats, centers: Floats, kappa: float) -> Floats:
    """Compute Eqs. 1–4 as AnyLoc's class does it: all residuals first; its soft sum, put right to Eq. 2."""
    x, c = torch.from_numpy(descriptors), torch.from_numpy(centers)
    cosines = x @ c.T
    residuals = x[:, None] - c  # [M, S, D]
    if math.isinf(kappa):
        labels = cosines.argmax(dim=1)
        blocks = torch.stack([residuals[labels == s, s].sum(dim=0) for s in range(len(c))])
    else:
        blocks = (torch.softmax(kappa * cosines, dim=1)[:, :, None] * residuals).sum(dim=0)
    blocks = torch.nn.functional.normalize(blocks, dim=1)
    vector: Floats = torch.nn.functional.normalize(blocks.flatten(), dim=0).numpy()
    return vector


def matrix_products(descriptors: Floats, centers: Floats, assignment: Floats) -> tuple[Floats, Floats]:
    """Compute `X Cᵀ`, which Eq. 1 cannot do without, and Eq. 2 as `AᵀX − diag(Aᵀ1) C`; nothing else."""
    cosines = descriptors @ centers.T
    sums = assignment.T @ descriptors
    return cosines, sums - assignment.sum(axis=0)[:, None] * centers
