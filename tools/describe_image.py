"""One image to weighted cues (Eq. 6): read back from the ledger, or asked of the describer and recorded."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Protocol

from .errors import PhotoError, StepMissing
from .ledger.ledger import Ledger, Step, keep
from .photo.photo import open_unchanged
from .records import Attempt, Cue, Description, Photo, RawCue


class Describer(Protocol):
    """What stage 2 needs of a describer: photo in, N cues with scores out."""

    @property
    def id(self) -> str:
        """What it is, including everything that changes its answers; it is part of each step's key."""

    def attempts(self, photo: Photo, n: int) -> AsyncGenerator[Attempt, None]:
        """Yield attempts at naming `n` location-identifiable cues with scores; the last one stands.

        Each is recorded before the next one is asked for. Only the last can be without an error. Raises
        `PhotoError` or another `VprError`.
        """


class Replay:
    """Stands in for a describer when nothing may be asked: what the ledger lacks is an error."""

    def __init__(self, describer: Describer) -> None:
        self.id = describer.id

    async def attempts(self, photo: Photo, n: int) -> AsyncGenerator[Attempt, None]:
        """Raise `StepMissing`."""
        raise StepMissing(
            f"The ledger holds no description of {str(photo.path)!r} in {n} cues by {self.id}: "
            "ask without --replay first, or name another with --ledger."
        )
        yield  # an asynchronous generator, as the others are


async def describe_image(
    path: Path, digest: str, n: int, describer: Describer, ledger: Ledger, deadline: float | None = None
) -> Description:
    """Turn one image file into its description; `digest` is what the file's bytes must hash to.

    An image that cannot be described, in `deadline` seconds if it is given, gets a description without
    cues that says why. Every attempt is on the disk before the next one begins, and a step that is under way
    elsewhere is waited for. Raises what concerns every image: `EndpointUnreachable`,
    `EndpointRefused`, `LedgerError`.
    """
    step = Step(image=digest, describer=describer.id, n=n)
    made: list[Attempt] = []
    reason: str | None = None
    try:
        async with asyncio.timeout(deadline), ledger.turn(step):
            if known := await asyncio.to_thread(recall_descriptions, [digest], n, describer, ledger):
                return known[digest]
            photo = await asyncio.to_thread(open_unchanged, path, digest)
            async with aclosing(describer.attempts(photo, n)) as attempts:
                async for attempt in attempts:
                    made.append(attempt)
                    cues = normalize_scores(attempt.cues) if attempt.error is None else ()
                    await keep(partial(ledger.record, step, len(made), attempt, cues))
    except PhotoError as error:
        reason = str(error)
    except TimeoutError:
        reason = "it was not described within the time that an answer may take"
    return await asyncio.to_thread(_outcome, step, made, reason, ledger)


def recall_descriptions(
    digests: Iterable[str], n: int, describer: Describer, ledger: Ledger, *, failures: bool = False
) -> dict[str, Description]:
    """Return the recorded description of each of the images that has one, by digest.

    With `failures`, an image whose attempts all failed has one too, which says why: a replay repeats that.
    """
    steps = [Step(image=digest, describer=describer.id, n=n) for digest in dict.fromkeys(digests)]
    return _recall(steps, ledger, failures=failures)


def given_up(digests: Sequence[str], n: int, describer: Describer, ledger: Ledger) -> set[str]:
    """Return those of the images that could not be described the last time."""
    steps = [Step(image=digest, describer=describer.id, n=n) for digest in digests]
    return {step.image for step in ledger.recall_failures(steps)}


def _recall(steps: Sequence[Step], ledger: Ledger, *, failures: bool) -> dict[str, Description]:
    described = ledger.recall(steps)
    failed = ledger.recall_failures(step for step in steps if step not in described) if failures else {}
    # In the order of the steps, as a live run has them: an answer names the first that failed.
    return {
        step.image: _description(step, described.get(step, ()), failed.get(step))
        for step in steps
        if step in described or step in failed
    }


def normalize_scores(cues: Sequence[RawCue]) -> tuple[Cue, ...]:
    """Give each cue its weight α with Σ α = 1 (Eq. 6); scores that are all zero become uniform."""
    total = sum(cue.score for cue in cues)
    return tuple(
        Cue(text=cue.text, score=cue.score, weight=cue.score / total if total > 0 else 1 / len(cues)) for cue in cues
    )


def _description(step: Step, cues: tuple[Cue, ...], failure: str | None = None) -> Description:
    return Description(digest=step.image, describer=step.describer, cues=cues, recorded=True, failure=failure)


def _outcome(step: Step, made: Sequence[Attempt], reason: str | None, ledger: Ledger) -> Description:
    """Return what the ledger now holds: another process may have been first, and then its cues stand."""
    found = _recall([step], ledger, failures=False).get(step.image)
    if found is None:
        reason = reason or (made[-1].error if made else None) or "the describer made no attempt"
        ledger.record_failure(step, reason)
        found = _description(step, (), reason)
    usage = sum((Counter(attempt.usage) for attempt in made), Counter[str]())
    return found.model_copy(update={"recorded": False, "attempts": len(made), "usage": dict(usage)})
