"""Descriptions to scores: each query cue's best match in a candidate, and their weighted sum (Eqs. 8–9).

Both are rounded to five decimals here, in `best_matches` and `weighted_sum`, before anything compares them.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from .arrays import Floats, rounded
from .records import Candidate, CueMatch, Description, Score


def score_candidates(
    query: Description,
    candidates: Sequence[Candidate],
    descriptions: Mapping[str, Description],
    embeddings: Mapping[str, Floats],
) -> list[Score]:
    """Score candidates by how well their cues match the query's; one score each, in their order.

    `descriptions` are looked up by the candidates' digests, `embeddings` (unit vectors `[d]`, Eq. 7) by
    phrase. A candidate without cues gets the score None, and so do all when the query has none. Scores and cosines
    are rounded to five decimals.
    """
    phrases = [_phrases(descriptions.get(candidate.digest)) for candidate in candidates]
    described = [j for j, texts in enumerate(phrases) if texts and query.cues]
    scores = [Score(reference=candidate.reference, score=None, matches=()) for candidate in candidates]
    if not described:
        return scores
    queries = np.stack([embeddings[cue.text] for cue in query.cues])  # [N, d]
    weights = np.array([cue.weight for cue in query.cues])  # [N]
    stacks = [np.stack([embeddings[text] for text in phrases[j]]) for j in described]
    cosines, best = best_matches(queries, stacks)
    totals = weighted_sum(weights, cosines)
    for column, j in enumerate(described):
        matches = tuple(
            CueMatch(cue=cue.text, weight=cue.weight, matched=phrases[j][best[i, column]], cosine=cosines[i, column])
            for i, cue in enumerate(query.cues)
        )
        scores[j] = Score(reference=candidates[j].reference, score=totals[column], matches=matches)
    return scores


def similarity(query_embeddings: Floats, query_weights: Floats, candidate_embeddings: Sequence[Floats]) -> Floats:
    """Return `S [K]` (Eqs. 8–9) of K candidates for a query, in float64 and not rounded.

    `query_embeddings [N, d]` and each candidate's `[N_j, d]` have unit rows, `query_weights [N]` sum to
    one, N ≥ 1 and every N_j ≥ 1. Raises `ValueError` for shapes that do not fit.
    """
    cosines, starts = _cosines(query_embeddings, candidate_embeddings)
    return _weighted_sum(query_weights, _best(cosines, starts)[0])


def best_matches(query_embeddings: Floats, candidate_embeddings: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Return `s [N, K]`, the cosine of each query cue's best match in each candidate, and which it is (Eq. 8).

    Cosines are rounded to five decimals first, and then the first of equally good matches is taken, so that neither
    depends on the processor.
    """
    cosines, starts = _cosines(query_embeddings, candidate_embeddings)
    return _best(rounded(cosines), starts)


def weighted_sum(weights: Floats, cosines: Floats) -> Floats:
    """Return `S [K]` (Eq. 9), rounded to five decimals, for weights `α [N]` and best cosines `s [N, K]`."""
    return rounded(_weighted_sum(weights, cosines))


def _cosines(query_embeddings: Floats, candidate_embeddings: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Return all cosines `[N, Σ N_j]` in float64, and where each candidate's columns begin `[K]`.

    Equal phrases give equal cosines to the last bit, wherever they stand: a matrix product would round by position,
    and ties would be decided by that.
    """
    lengths = [len(embeddings) for embeddings in candidate_embeddings]
    if query_embeddings.ndim != 2 or not len(query_embeddings) or 0 in lengths:
        raise ValueError("the query and every candidate need one cue at least")
    if not lengths:
        return np.empty((len(query_embeddings), 0)), np.empty(0, dtype=np.intp)
    everything = np.concatenate(list(candidate_embeddings)).astype(np.float64)  # [Σ N_j, d]
    cosines = np.einsum("id,jd->ij", query_embeddings.astype(np.float64), everything)
    # Unit float32 rows are unit to 1e-7 only, and S > 1 must not pass τ = 1.
    return np.clip(cosines, -1, 1), np.cumsum([0, *lengths[:-1]])


def _best(cosines: Floats, starts: Floats) -> tuple[Floats, Floats]:
    """Return the largest cosine within each candidate, and the first place it has there, both `[N, K]`."""
    if not len(starts):
        return cosines, cosines.astype(np.intp)
    parts = np.split(cosines, starts[1:], axis=1)
    best = np.stack([part.argmax(axis=1) for part in parts], axis=1)
    return np.take_along_axis(cosines, best + starts, axis=1), best


def _weighted_sum(weights: Floats, cosines: Floats) -> Floats:
    if weights.shape != cosines.shape[:1]:
        raise ValueError(f"{weights.shape} weights do not fit {cosines.shape[0]} query cues")
    totals: Floats = np.zeros(cosines.shape[1])
    for weight, row in zip(weights, cosines, strict=True):  # always in this order, however many candidates there are
        totals += weight * row
    return totals


def _phrases(description: Description | None) -> list[str]:
    return [cue.text for cue in description.cues] if description else []
