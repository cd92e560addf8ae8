"""Eqs. 8–9 against two plain loops."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.score_candidates import similarity

from .side_by_side import SideBySide
from .vectors import unit_rows

K = 100
N = 3
D = 384


def comparisons() -> Iterator[SideBySide]:
    """Yield the scores of K candidates with N cues each, after checking that both ways agree."""
    rng = np.random.default_rng(0)
    queries = unit_rows(rng, N, D)
    weights = np.array([0.5, 0.3, 0.2])
    candidates = [unit_rows(rng, N, D) for _ in range(K)]
    ours = partial(similarity, queries, weights, candidates)
    loops = partial(by_loops, queries, weights, candidates)
    np.testing.assert_allclose(ours(), loops(), atol=1e-6)
    yield SideBySide(f"Eqs. 8–9, K = {K}, N = {N}", ours, "two loops", loops, at_most=1)


def by_loops(queries: Floats, weights: Floats, candidates: Sequence[Floats]) -> Floats:
    """Return `S [K]`: for each candidate and each query cue, the best of the candidate's cues."""
    scores = np.zeros(len(candidates))
    for j, candidate in enumerate(candidates):
        for weight, query in zip(weights, queries, strict=True):
            scores[j] += weight * max(float(query @ cue) for cue in candidate)
    return scores
