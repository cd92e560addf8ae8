"""A photo and one candidate to a judgement whether they show the same place: read back, or asked for and recorded.

This is the baseline that the paper argues against, "Tell me where you are": the model sees both photographs together,
so each pair costs a request.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from .errors import PhotoError, StepMissing
from .ledger.ledger import Ledger, keep
from .ledger.model_steps import ModelAnswer, ModelStep, recall_model_steps, record_model_step
from .photo.photo import open_unchanged
from .records import Candidate, JudgedPair, Judgement, Photo, Score


class Judge(Protocol):
    """What judges pairs of photographs: both in, a judgement as JSON out."""

    @property
    def id(self) -> str:
        """What it is, including everything that changes its answers; it is part of each step's key."""

    def attempts(self, query: Photo, candidate: Photo) -> AsyncGenerator[ModelAnswer, None]:
        """Yield attempts at a `Judgement`, as JSON; the last one stands.

        Each is recorded before the next one is asked for. Only the last can be without an error. Raises
        `PhotoError` or another `VprError`.
        """


class ReplayJudge:
    """Stands in for a judge when nothing may be asked: what the ledger lacks is an error."""

    def __init__(self, judge: Judge) -> None:
        self.id = judge.id

    async def attempts(self, query: Photo, candidate: Photo) -> AsyncGenerator[ModelAnswer, None]:
        """Raise `StepMissing`."""
        raise StepMissing(
            f"The ledger holds no judgement of {str(query.path)!r} and {str(candidate.path)!r} by {self.id}: "
            "ask without --replay first, or name another with --ledger."
        )
        yield  # an asynchronous generator, as the others are


class ImageFile(NamedTuple):
    """An image file, and the SHA-256 that its bytes must have."""

    path: Path
    digest: str


def pair_step(query: str, candidate: str, judge: Judge) -> ModelStep:
    """Return what decides a judgement: the digests of both images, the query's first, and the judge."""
    return ModelStep(
        kind="judge_pair", asked=hashlib.sha256(f"{query}\n{candidate}".encode()).hexdigest(), model=judge.id
    )


async def judge_pair(
    query: ImageFile, candidate: ImageFile, judge: Judge, ledger: Ledger, deadline: float | None = None
) -> JudgedPair:
    """Ask whether two image files show the same place.

    A pair that cannot be judged, in `deadline` seconds if it is given, has no judgement but a reason. Every attempt is
    on the disk before the next one begins, and a step that is under way elsewhere is waited for. Raises what concerns
    every pair: `EndpointUnreachable`, `EndpointRefused`, `LedgerError`.
    """
    step = pair_step(query.digest, candidate.digest, judge)
    recall = partial(recall_judgements, query.digest, [candidate.digest], judge, ledger)
    made: list[ModelAnswer] = []
    reason: str | None = None
    try:
        async with asyncio.timeout(deadline), ledger.turn(step):
            if known := await asyncio.to_thread(recall):
                return known[candidate.digest]
            photos = [await asyncio.to_thread(open_unchanged, *image) for image in (query, candidate)]
            async with aclosing(judge.attempts(*photos)) as attempts:
                async for attempt in attempts:
                    made.append(attempt)
                    await keep(partial(record_model_step, ledger, step, len(made), attempt))
    except PhotoError as error:
        reason = str(error)
    except TimeoutError:
        reason = "it was not judged within the time that an answer may take"
    # What the ledger now holds: another process may have been first, and then its judgement stands.
    found = (await asyncio.to_thread(recall)).get(candidate.digest)
    if found is None:
        reason = reason or (made[-1].error if made else None) or "the judge made no attempt"
        await asyncio.to_thread(ledger.record_failure, step, reason)
        found = _judged(query.digest, candidate.digest, judge, failure=reason)
    usage = sum((Counter(attempt.usage) for attempt in made), Counter[str]())
    return found.model_copy(update={"recorded": False, "attempts": len(made), "usage": dict(usage)})


def recall_judgements(
    query: str, candidates: Iterable[str], judge: Judge, ledger: Ledger, *, failures: bool = False
) -> dict[str, JudgedPair]:
    """Return the recorded judgement of a query and each of the candidates that has one, by the candidate's digest.

    With `failures`, a pair whose attempts all failed is there too, and says why: a replay repeats that. Raises
    `LedgerError`.
    """
    steps = {pair_step(query, candidate, judge): candidate for candidate in candidates}
    answers = recall_model_steps(ledger, steps)
    failed = ledger.recall_failures(step for step in steps if step not in answers) if failures else {}
    return {
        candidate: _judged(query, candidate, judge, answer=_parsed(answers.get(step), ledger), failure=failed.get(step))
        for step, candidate in steps.items()
        if step in answers or step in failed
    }


def _parsed(answer: ModelAnswer | None, ledger: Ledger) -> Judgement | None:
    return ledger.parsed(Judgement.model_validate_json, answer.answer) if answer else None


def _judged(
    query: str, candidate: str, judge: Judge, answer: Judgement | None = None, failure: str | None = None
) -> JudgedPair:
    return JudgedPair(
        query=query, candidate=candidate, judge=judge.id, judgement=answer, recorded=True, failure=failure
    )  # fmt: skip


def score_judgements(candidates: Sequence[Candidate], judged: Mapping[str, JudgedPair]) -> list[Score]:
    """Score candidates by what was said of them, one score each, in their order; None where nothing was.

    S is the confidence, from 0 to 1, that a candidate shows the same place, and below zero that it shows another.
    """
    said = [pair.judgement if (pair := judged.get(candidate.digest)) else None for candidate in candidates]
    return [
        Score(reference=candidate.reference, score=one.score if one else None, matches=(), judgement=one)
        for candidate, one in zip(candidates, said, strict=True)
    ]
