"""A finished run scored again with another N, K, τ, weights or fusion; no image is described for it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import numpy as np

from internvl_vpr.tools.apply_threshold import BelowTau
from internvl_vpr.tools.arrays import Floats, rounded
from internvl_vpr.tools.describe_image import normalize_scores
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.features.sentences import SentenceEncoder, embed_phrases, open_encoder
from internvl_vpr.tools.grade import order_by_evidence
from internvl_vpr.tools.records import Cue, Geometry, Position, RankedCandidate
from internvl_vpr.tools.score_candidates import best_matches, weighted_sum

from ..runs.folder import Run, ledger_of
from ..runs.records import Result, RunInfo, Shortlisted

Weights = Literal["alpha", "uniform", "shuffled", "symmetric"]


@dataclass(frozen=True)
class Rescoring:
    """What a run is scored again with; raises `UsageError` for values out of range.

    `n` takes the first cues of each image, in the describer's order. `weights`: `alpha` is Eq. 9, `uniform` counts
    the query's cues alike, `shuffled` permutes its weights, `symmetric` is half Eq. 9 and half the candidate's
    β-weighted best matches in the query. `fusion` is w of `(1 − w) S + w · similarity` (Eq. 5), which orders the
    retained; S alone decides whether a candidate is retained (Eq. 10). With `geometry` the inliers
    that the run recorded count in the order, as with `verify` rank.
    """

    n: int
    k: int
    tau: float
    below_tau: BelowTau = "fallback"
    weights: Weights = "alpha"
    fusion: float = 0.0
    geometry: bool = False

    def __post_init__(self) -> None:
        if self.n < 1 or self.k < 1:
            raise UsageError(f"N and K are 1 or more, not {self.n} and {self.k}.")
        if not 0 <= self.fusion <= 1:
            raise UsageError(f"A fusion is between 0 (S alone) and 1 (similarity alone), not {self.fusion:g}.")

    @classmethod
    def of_run(cls, info: RunInfo) -> Self:
        """Return what a run was scored with."""
        settings = info.settings
        below_tau: BelowTau = "strict" if settings["below_tau"] == "strict" else "fallback"
        return cls(
            n=int(settings["n"] or 1),
            k=int(settings["k"] or 1),
            tau=float(settings["tau"] or 0.0),
            below_tau=below_tau,
            geometry=settings.get("verify") == "rank",
        )


@dataclass(frozen=True)
class Rescored:
    """A query scored again: its final order as coarse ranks from 1, of which `retained` are above τ.

    `rank` is the 1-based one of the first positive, None where none is in it. `confidence` is the largest S, None
    where there is none, and `right` whether the candidate with it (of equal ones the first in stage 1) is a positive.
    """

    ranking: tuple[int, ...]
    retained: int
    rank: int | None
    confidence: float | None
    right: bool


class Rescorer:
    """A run with the embeddings of everything that was said, `[d]` by phrase."""

    def __init__(self, run: Run, embeddings: dict[str, Floats]) -> None:
        self.run = run
        self.own = Rescoring.of_run(run.info)
        self._embeddings = embeddings
        self._positive = [_positive(result) for result in run.results]
        self._scores: dict[tuple[int, Weights], list[Floats]] = {}

    def rescore(self, asked: Rescoring) -> list[Rescored]:
        """Score every query again (Eqs. 8–10); one each, in the order of the run's results.

        Geometry is the run's own: a candidate that it did not verify counts as not verified. Raises `UsageError` for
        `geometry` where the run recorded none.
        """
        if self.run.info.limits is None and asked.geometry:
            raise UsageError(
                f"The run in {str(self.run.folder)!r} has no geometry on record, so its answers cannot be ordered by "
                "it: run the split again with --verify rank."
            )
        places = {digest: one.position for digest, one in self.run.descriptions.items()}
        return [
            _ranked(result, scores, positive, asked, places)
            for result, scores, positive in zip(self.run.results, self.scores(asked), self._positive, strict=True)
        ]

    def scores(self, asked: Rescoring) -> list[Floats]:
        """Return S `[K]` of each query's shortlist, NaN where the query or the candidate has no cues."""
        key = (asked.n, asked.weights)
        if key not in self._scores:
            said = {digest: one.cues[: asked.n] for digest, one in self.run.descriptions.items()}
            cues = {digest: normalize_scores(prefix) for digest, prefix in said.items() if prefix}
            vectors = {
                digest: np.stack([self._embeddings[cue.text] for cue in one]) for digest, one in cues.items()
            }  # [N, d] each
            self._scores[key] = [_scores(result, cues, vectors, asked.weights) for result in self.run.results]
        return self._scores[key]

    def differing(self) -> list[str]:
        """Name the queries whose ranking, scored again with the run's own settings, differs from the run's own."""
        pairs = zip(self.run.results, self.rescore(self.own), strict=True)
        return [
            result.query
            for result, found in pairs
            if (found.ranking, found.retained) != (result.ranking, result.retained)
        ]


def open_rescorer(run: Run, encoder: SentenceEncoder | None = None) -> Rescorer:
    """Take the embeddings of a run's phrases from its ledger, where that still is, and embed the others.

    Raises `RunUnfinished`, `UsageError` for a run that was made with another encoder or did not record the geometry
    that ordered it, and what the encoder and the ledger raise.
    """
    run.scored_or_raise()
    if Rescoring.of_run(run.info).geometry and run.info.limits is None:
        raise UsageError(
            f"The run in {str(run.folder)!r} was ordered by geometry before that was recorded, so it cannot be scored "
            "again: make the run again."
        )
    encoder = encoder or open_encoder(str(run.info.settings["encoder"]))
    made_with = run.info.settings.get("encoder_id", encoder.id)
    if made_with != encoder.id:
        raise UsageError(
            f"The run in {str(run.folder)!r} was made with the encoder {made_with!r}, and this one is {encoder.id!r}: "
            "make the run again."
        )
    phrases = [cue.text for one in run.descriptions.values() for cue in one.cues]
    with ledger_of(run) as ledger:
        return Rescorer(run, embed_phrases(phrases, encoder, ledger))


def _positive(result: Result) -> Floats:
    """Which of the shortlist are positives `[K]`."""
    positives = set(result.positives)
    return np.array([one.reference in positives for one in result.shortlist], dtype=bool)


def _scores(result: Result, cues: dict[str, tuple[Cue, ...]], vectors: dict[str, Floats], weights: Weights) -> Floats:
    """S `[K]` of a query's shortlist (Eqs. 8–9), NaN where there is none."""
    scores = np.full(len(result.shortlist), np.nan)
    digests = [one.digest for one in result.shortlist]
    described = [j for j, digest in enumerate(digests) if digest in cues]
    if result.digest not in cues or not described:
        return scores
    query, stacks = vectors[result.digest], [vectors[digests[j]] for j in described]
    alpha = np.array([cue.weight for cue in cues[result.digest]])  # [N]
    found = weighted_sum(_dealt(alpha, weights, result), best_matches(query, stacks)[0])
    if weights == "symmetric":
        beta = np.array([cue.weight for j in described for cue in cues[digests[j]]])  # [Σ N_j]
        found = rounded((found + _backward(query, stacks, beta)) / 2)
    scores[described] = found
    return scores


def _backward(query: Floats, stacks: Sequence[Floats], beta: Floats) -> Floats:
    """Each candidate's own β-weighted best matches in the query: Eqs. 8–9 the other way round."""
    cosines = best_matches(np.concatenate(stacks), [query])[0][:, 0]  # [Σ N_j]
    starts = np.cumsum([0, *(len(stack) for stack in stacks[:-1])])
    sums: Floats = np.add.reduceat(beta * cosines, starts)
    return sums


def _dealt(alpha: Floats, weights: Weights, result: Result) -> Floats:
    """The weights `[N]` of the query's cues."""
    if weights == "uniform":
        return np.full(len(alpha), 1 / len(alpha))
    if weights == "shuffled":
        return alpha[_shuffle(f"{result.outside}\n{result.query}", len(alpha))]
    return alpha


def _shuffle(seed: str, count: int) -> list[int]:
    """A permutation that is the same on every machine and with every version of every library."""
    return sorted(range(count), key=lambda i: hashlib.sha256(f"{seed}\n{i}".encode()).digest())


_Places = Mapping[str, Position | None]  # of references, by digest


def _ranked(result: Result, scores: Floats, positive: Floats, asked: Rescoring, places: _Places) -> Rescored:
    scores, positive = scores[: asked.k], positive[: asked.k]
    similarity = np.array([one.similarity for one in result.shortlist[: asked.k]])
    fused = rounded((1 - asked.fusion) * scores + asked.fusion * similarity) if asked.fusion else scores
    order, retained = order_by(scores, fused, asked.tau, asked.below_tau)
    if asked.geometry:
        listed = _listed(result, fused, order, retained, places)
        order = np.array([one.coarse_rank - 1 for one in order_by_evidence(listed)], dtype=np.intp)
    placed = np.array([one.placed for one in result.shortlist[: asked.k]], dtype=bool)
    order = order[np.argsort(~placed[order], kind="stable")]  # as an answer has it: they cannot say where it is
    hits = np.flatnonzero(positive[order])
    first = None if np.isnan(scores).all() else int(np.nanargmax(scores))
    return Rescored(
        ranking=tuple((order + 1).tolist()),
        retained=retained,
        rank=int(hits[0]) + 1 if len(hits) else None,
        confidence=None if first is None else float(scores[first]),
        right=first is not None and bool(positive[first]),
    )


def _listed(result: Result, key: Floats, order: Floats, retained: int, places: _Places) -> list[RankedCandidate]:
    """Return a list in the order of Eq. 10 with the geometry that the run recorded."""
    return [
        _candidate(result.shortlist[place], place, rank, key[place], rank <= retained, places)
        for rank, place in enumerate(order.tolist(), start=1)
    ]


def _geometry(one: Shortlisted) -> Geometry | None:
    return None if one.inliers is None else Geometry(matches=one.inliers, inliers=one.inliers, quick=one.quick or 0)


def _candidate(one: Shortlisted, place: int, rank: int, key: float, retained: bool, places: _Places) -> RankedCandidate:
    return RankedCandidate(
        reference=one.reference,
        path=Path(one.reference),
        digest=one.digest,
        position=places.get(one.digest) if one.placed else None,
        coarse_rank=place + 1,
        coarse_similarity=one.similarity or 0.0,
        rank=rank,
        score=None if np.isnan(key) else float(key),
        retained=retained,
        matches=(),
        named=one.named,
        geometry=_geometry(one),
    )


def order_by(scores: Floats, key: Floats, tau: float, below_tau: BelowTau) -> tuple[Floats, int]:
    """Return the final order, as places in the coarse one from 0, and how many of it are retained (Eq. 10).

    `scores [K]` are S in the coarse order, NaN where there is none; the retained, `S > τ`, are sorted by `key [K]`
    descending, and everything else is as `apply_threshold` has it.
    """
    above = scores > tau
    retained, held_back = np.flatnonzero(above), np.flatnonzero(~above)
    retained = retained[np.argsort(-key[retained], kind="stable")]  # equal ones stay in their coarse order
    if below_tau == "strict" and not np.isnan(scores).all():
        held_back = held_back[np.isnan(scores[held_back])] if len(retained) else held_back[:0]
    return np.concatenate([retained, held_back]), len(retained)


def query_ranks(found: Sequence[Rescored], run: Run) -> list[int | None]:
    """Return the ranks of the queries that count for recall; those from outside the map do not."""
    return [one.rank for one, result in zip(found, run.results, strict=True) if not result.outside]
