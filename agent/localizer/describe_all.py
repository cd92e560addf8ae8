"""Preparing every image of an index in advance: its description, and the keypoints that verification needs."""

import asyncio
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from pydantic import Field

from internvl_vpr.tools.answer import count_steps
from internvl_vpr.tools.describe_image import describe_image, given_up, recall_descriptions
from internvl_vpr.tools.errors import NotDescribed, PhotoError
from internvl_vpr.tools.progress import Progress, silent
from internvl_vpr.tools.records import Candidate, Description, Record, Steps, asked_and_answered
from internvl_vpr.tools.verify_geometry import Verifier

from .context import Describing
from .workers import run_workers

STAGE = "describing"
PREPARING = "preparing keypoints"
# After this many failures in a row, the describer is at fault and not the photographs.
_FAILURES_IN_A_ROW = 20
_PAGE = 512  # images looked up in the ledger at once


class Undescribed(Record):
    """An image that could not be described, and why."""

    path: Path
    reason: str


class PrepareReport(Record):
    """Keypoints of the images in the index: computed now, kept from before, and how many images have none kept.

    `full` says that the file holds no more, so that the others are computed when a question needs them.
    """

    computed: int
    kept: int
    left: int
    full: bool


class DescribeReport(Record):
    """What a run did: the images in the index, those left over, the steps it took, and what failed."""

    images: int
    left: int
    steps: Steps
    failed: tuple[Undescribed, ...]
    keypoints: PrepareReport | None = Field(None, description="None where geometry is not verified")


async def describe_all(
    given: Describing, *, limit: int | None = None, on_progress: Progress = silent
) -> DescribeReport:
    """Describe the images of the index that have no description in the ledger, at most `limit` of them.

    Then the keypoints are computed of those, at most `limit`, that have none yet, as far as there is room.
    Raises `NotDescribed` after twenty failures in a row, and what `describe_image` raises. Everything described until
    then is kept, and the next run continues from there.
    """
    images = sum(1 for _ in given.index.images())
    missing = sum(1 for _ in _undescribed(given))
    run = _Run(given, images, images - missing, on_progress)
    chosen = islice(run.in_good_order(), limit)
    await run_workers(lambda: run.work(chosen), given.settings.concurrency)
    keypoints = None
    if given.verifier is not None:
        keypoints = await _prepare(given.verifier, given, images, limit, on_progress)
    return DescribeReport(
        images=images, left=images - run.done, steps=run.steps, failed=tuple(run.failed), keypoints=keypoints
    )


async def _prepare(
    verifier: Verifier, given: Describing, images: int, limit: int | None, on_progress: Progress
) -> PrepareReport:
    """Compute the keypoints that are not kept yet; an image that cannot be read is left to the question about it."""
    computed = kept = failed = 0
    everything = given.index.images()
    stopped = False
    while page := list(islice(everything, _PAGE)):
        known = await asyncio.to_thread(verifier.prepared, page)
        kept += len(known)
        for image in page:
            stopped = stopped or computed + failed == limit or not verifier.has_room
            if stopped or image.digest in known:
                continue
            on_progress(PREPARING, computed + kept + failed, images)
            try:
                await asyncio.to_thread(verifier.keypoints, image)
                computed += 1
            except PhotoError:
                failed += 1
    left = images - computed - kept
    on_progress(PREPARING, images - left, images)
    return PrepareReport(computed=computed, kept=kept, left=left, full=not verifier.has_room)


def _undescribed(given: Describing) -> Iterator[Candidate]:
    """Yield each image of the index that has no description, looked up page by page."""
    images = given.index.images()
    while page := list(islice(images, _PAGE)):
        digests = [image.digest for image in page]
        known = recall_descriptions(digests, given.settings.n, given.describer, given.ledger)
        yield from (image for image in page if image.digest not in known)


class _Run:
    """The state of one run, shared by its workers."""

    def __init__(self, given: Describing, images: int, recorded: int, on_progress: Progress) -> None:
        self.failed: list[Undescribed] = []
        self.steps = Steps(made=0, recorded=recorded)
        self._given = given
        self._images = images
        self._on_progress = on_progress
        self._started = time.monotonic()
        self._in_a_row = 0

    def in_good_order(self) -> Iterator[Candidate]:
        """Yield the images to describe; those that an earlier run gave up come last, so that they hold up no others."""
        given = self._given
        later: list[Candidate] = []
        missing = _undescribed(given)
        while page := list(islice(missing, _PAGE)):
            failed = given_up([image.digest for image in page], given.settings.n, given.describer, given.ledger)
            later += [image for image in page if image.digest in failed]
            yield from (image for image in page if image.digest not in failed)
        yield from later

    @property
    def done(self) -> int:
        """How many images have been dealt with, by this run or an earlier one."""
        return self.steps.made + self.steps.recorded + self.steps.failed

    async def work(self, images: Iterator[Candidate]) -> None:
        """Describe one image after another until none is left."""
        given = self._given
        for image in images:
            description = await describe_image(
                image.path, image.digest, given.settings.n, given.describer, given.ledger
            )
            self._add(description)
            if description.failure is None:
                self._in_a_row = 0
                continue
            self.failed.append(Undescribed(path=image.path, reason=description.failure))
            self._in_a_row += bool(description.attempts)  # a photo that cannot be read says nothing about the describer
            if self._in_a_row >= _FAILURES_IN_A_ROW:
                raise NotDescribed(
                    f"{self._in_a_row} images in a row could not be described, the last because "
                    f"{description.failure.rstrip('.')}: fix that and run the same command again."
                )

    def _add(self, description: Description) -> None:
        """Count the steps of a description, and report progress."""
        new, old = count_steps([description]), self.steps
        tokens = {kind: old.tokens.get(kind, 0) + new.tokens.get(kind, 0) for kind in old.tokens | new.tokens}
        self.steps = Steps(
            **{name: getattr(old, name) + getattr(new, name) for name in ("made", "recorded", "failed", "attempts")},
            tokens=tokens,
        )
        self._show()

    def _show(self) -> None:
        steps = self.steps
        rate = steps.made / max(time.monotonic() - self._started, 1e-3)
        spent = asked_and_answered(steps.tokens)
        detail = f"{rate:.1f}/s  {spent:,} tokens" if steps.made else ""
        self._on_progress(STAGE, self.done, self._images, detail)
