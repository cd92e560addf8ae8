"""Verifying the best candidates until one place is beyond doubt; and the order that follows."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import count

from internvl_vpr.tools.answer import UNCALIBRATED_TAU
from internvl_vpr.tools.apply_threshold import apply_threshold
from internvl_vpr.tools.describers.signs_in_cues import is_named_by_sign, texts_on_signs
from internvl_vpr.tools.grade import order_by_evidence
from internvl_vpr.tools.records import Candidate, Description, Geometry, Photo, RankedCandidate, Score, Verification
from internvl_vpr.tools.verify_candidates import (
    AT_A_TIME,
    MOST_VERIFIED,
    distinct_images,
    is_enough,
    worth_verifying,
)
from internvl_vpr.tools.verify_geometry import recorded_verification

from .context import Context
from .state import Told

STAGE = "verifying"


async def verify_candidates(
    photo: Photo, candidates: Sequence[Candidate], given: Context, tell: Callable[[Told], None] = lambda _: None
) -> dict[str, Verification]:
    """Verify the candidates of a photo that are worth it; by digest, without those that cannot be read.

    A quick look at `verify_k` distinct images chooses at most eight, those first that words speak for (retained, with a
    τ above −1). It ends with them, or when one place is beyond doubt. With `verify` off nothing is verified.
    `tell` is given how far it has come. Raises `LedgerError`, and `StepMissing` when a replay lacks a pair.
    """
    verifier = given.verifier
    if verifier is None or given.settings.verify == "off":
        return {}

    looked_at = distinct_images(candidates, given.settings.verify_k)
    seen, total = count(), len(looked_at) + MOST_VERIFIED

    async def look(candidate: Candidate, *, quick: bool) -> Verification | None:
        found = await asyncio.to_thread(
            recorded_verification, photo, candidate, verifier, given.ledger, quick=quick, replay=given.replay
        )
        tell(_progress(next(seen), total))
        return found

    tell(_progress(next(seen), total))
    quick = _readable(looked_at, await _all_of(look(one, quick=True) for one in looked_at))
    inliers = {candidate.digest: found for candidate, found in quick}
    chosen = worth_verifying(looked_at, inliers, _named(candidates, given.settings.tau))
    total = len(looked_at) + len(chosen)
    pairs: list[tuple[Candidate, Verification]] = []
    for start in range(0, len(chosen), AT_A_TIME):
        if is_enough(pairs):
            break
        together = chosen[start : start + AT_A_TIME]
        pairs += _readable(together, await _all_of(look(one, quick=False) for one in together))
    done = len(looked_at) + len(pairs)
    tell(_progress(done, done))
    return {one.digest: found.model_copy(update={"quick": inliers[one.digest].inliers}) for one, found in pairs}


async def _all_of(looks: Iterable[Awaitable[Verification | None]]) -> list[Verification | None]:
    """Wait for all; neither the results nor the error that is raised depend on which is first."""
    outcomes = await asyncio.gather(*looks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]


def _readable(
    candidates: Sequence[Candidate], found: Sequence[Verification | None]
) -> list[tuple[Candidate, Verification]]:
    return [(candidate, one) for candidate, one in zip(candidates, found, strict=True) if one is not None]


def _named(candidates: Sequence[Candidate], tau: float) -> set[str]:
    """Return the digests of candidates that words speak for: scored above a τ that means something."""
    scored = [one for one in candidates if isinstance(one, RankedCandidate)]
    return {one.digest for one in scored if one.retained and tau > UNCALIBRATED_TAU}


def _progress(done: int, total: int) -> Told:
    return Told(stage=STAGE, done=done, total=total)


def rank_candidates(
    candidates: Sequence[Candidate],
    scores: Sequence[Score],
    verified: Mapping[str, Geometry],
    given: Context,
    query: Description | None = None,
) -> list[RankedCandidate]:
    """Put the candidates in the answer's order: that of Eq. 10, and with `verify` rank that of the evidence.

    `query` is the photo's description: a candidate in which one of its signs was read, too, is `named`.
    """
    settings = given.settings
    ranked = apply_threshold(candidates, scores, settings.tau, settings.below_tau)
    if settings.verify == "off":
        return ranked
    signs = texts_on_signs(query.cues, query.describer) if query else []
    known = [
        one.model_copy(
            update={"named": is_named_by_sign(signs, one.matches), "geometry": _counts(verified.get(one.digest))}
        )
        for one in ranked
    ]
    return order_by_evidence(known) if settings.verify == "rank" else known


def _counts(found: Geometry | None) -> Geometry | None:
    """Leave out the points, which an answer does not keep."""
    return None if found is None else Geometry(matches=found.matches, inliers=found.inliers, quick=found.quick)
