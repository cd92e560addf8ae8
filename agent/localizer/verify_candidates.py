"""Verifying the best candidates, a few at a time, until one place is beyond doubt; and the order that follows."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from internvl_vpr.tools.apply_threshold import apply_threshold
from internvl_vpr.tools.grade import is_beyond_doubt, order_by_evidence
from internvl_vpr.tools.records import Candidate, Geometry, Photo, RankedCandidate, Score, Verification
from internvl_vpr.tools.verify_geometry import recorded_verification

from .context import Context
from .state import Told

STAGE = "verifying"
_AT_A_TIME = 4  # candidates between two looks at whether one is beyond doubt


async def verify_candidates(
    photo: Photo, candidates: Sequence[Candidate], given: Context, tell: Callable[[Told], None] = lambda _: None
) -> dict[str, Verification]:
    """Verify the first candidates with a photo, in their order; by digest, without those that cannot be read.

    It ends after `verify_k` distinct images, or when one place is beyond doubt. With `verify` off nothing is verified.
    `tell` is given how far it has come. Raises `LedgerError`, and `StepMissing` when a replay lacks a pair.
    """
    verifier, settings = given.verifier, given.settings
    verified: dict[str, Verification] = {}
    if verifier is None or settings.verify == "off":
        return verified
    distinct = {candidate.digest: candidate for candidate in reversed(candidates)}
    chosen = list(reversed(distinct.values()))[: settings.verify_k]
    pairs: list[tuple[Candidate, Geometry]] = []
    for done, candidate in enumerate(chosen):
        if done % _AT_A_TIME == 0 and is_beyond_doubt(pairs, given.limits):
            tell(_progress(done, done))
            break
        tell(_progress(done, len(chosen)))
        found = await asyncio.to_thread(
            recorded_verification, photo, candidate, verifier, given.ledger, replay=given.replay
        )
        if found is not None:
            verified[candidate.digest] = found
            pairs.append((candidate, found))
    else:
        tell(_progress(len(chosen), len(chosen)))
    return verified


def _progress(done: int, total: int) -> Told:
    return Told(stage=STAGE, done=done, total=total)


def rank_candidates(
    candidates: Sequence[Candidate], scores: Sequence[Score], verified: Mapping[str, Geometry], given: Context
) -> list[RankedCandidate]:
    """Put the candidates in the answer's order: that of Eq. 10, and with `verify` rank that of the evidence."""
    settings = given.settings
    ranked = [
        candidate.model_copy(update={"geometry": _counts(verified.get(candidate.digest))})
        for candidate in apply_threshold(candidates, scores, settings.tau, settings.below_tau)
    ]
    return order_by_evidence(ranked, given.limits, settings.tau) if settings.verify == "rank" else ranked


def _counts(found: Geometry | None) -> Geometry | None:
    """Leave out the points, which an answer does not keep."""
    return None if found is None else Geometry(matches=found.matches, inliers=found.inliers)
