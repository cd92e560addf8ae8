"""What the five steps take from a model and tell it: a handle in, a few lines out, whatever K is."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import Field

from internvl_vpr.tools.records import Cue, Judgement, Record, Score
from internvl_vpr.tools.summaries import FEW, MOST, AnswerSummary

from ..calls import LocatePhoto
from .steps import Localization, StepName

_NONE: Mapping[int, Any] = MappingProxyType({})
Listed = Annotated[int, Field(ge=0, le=MOST, description="how many candidates of the final list to return")]


class PhotoToLocate(LocatePhoto):
    """What `locate_photo` takes."""

    candidates: Listed = FEW


class PhotoPath(Record):
    """What `coarse_retrieve` takes."""

    photo: str = Field(min_length=1, description="path of an image file")


class Handle(Record):
    """What a step takes."""

    run: str = Field(description="from the result of coarse_retrieve")


class ImageOfRun(Handle):
    """What `describe_image` takes."""

    image: int | None = Field(
        None, ge=0, description="coarse rank of one candidate, 0 for the photo; left out: all that are not described"
    )


class ToDecide(Handle):
    """What `apply_threshold` takes."""

    candidates: Listed = FEW


class StepDone(Record):
    """What each step returns first: which run and step it was, and which step to call next."""

    run: str = Field(description="what the next step takes")
    step: StepName
    next: StepName | None = Field(description="None when the run has ended")


class BestCandidate(Record):
    """A candidate as far as it is known."""

    coarse_rank: int
    reference: str
    coarse_similarity: float
    score: float | None = Field(None, description="S, by cues (Eq. 9) or by a model's judgement")
    judgement: Judgement | None = Field(None, description="what a model said of the photo and this candidate")
    inliers: int | None = None


class Retrieved(StepDone):
    """What `coarse_retrieve` returns."""

    photo: Path
    candidates: int = Field(description="how many there are")
    best: tuple[BestCandidate, ...] = Field(description="the first of them, most alike first")


class DescribedImages(StepDone):
    """What `describe_image` returns."""

    described: int = Field(description="images of this run that have cues")
    failed: int = Field(description="images that could not be described")
    missing: int = Field(description="images that are still to be described")
    image: int = Field(description="whose cues follow: a candidate's coarse rank, 0 for the photo")
    cues: tuple[Cue, ...]
    failure: str | None = Field(description="why there are no cues")


class ScoredCandidates(StepDone):
    """What `score_candidates` returns."""

    scored: int = Field(description="candidates that have a score")
    best: tuple[BestCandidate, ...] = Field(description="highest score first")


class VerifiedCandidates(StepDone):
    """What `verify_geometry` returns."""

    verified: int = Field(description="candidates that were verified")
    best: tuple[BestCandidate, ...] = Field(description="most inliers first")


class Located(StepDone, AnswerSummary):
    """What `apply_threshold` returns: the answer."""


def step_done(run: Localization, step: StepName) -> dict[str, Any]:
    """Return the fields of `StepDone`."""
    return {"run": run.run, "step": step, "next": run.next}


def best_few(
    run: Localization,
    places: Sequence[int],
    scores: Mapping[int, Score] = _NONE,
    inliers: Mapping[int, int] = _NONE,
) -> tuple[BestCandidate, ...]:
    """Name the first few candidates of an order, which is given by their places in the coarse one."""
    return tuple(
        BestCandidate(
            coarse_rank=run.candidates[place].coarse_rank,
            reference=run.candidates[place].reference,
            coarse_similarity=run.candidates[place].coarse_similarity,
            score=scores[place].score if place in scores else None,
            judgement=scores[place].judgement if place in scores else None,
            inliers=inliers.get(place),
        )
        for place in places[:FEW]
    )


def described_images(run: Localization, image: int) -> DescribedImages:
    """Say how far the descriptions of a run have come, with the cues of one image, which is described."""
    of = run.descriptions[run.image_at(image).digest]
    failed = sum(description.failure is not None for description in run.descriptions.values())
    return DescribedImages(
        **step_done(run, "describe_image"),
        described=len(run.descriptions) - failed,
        failed=failed,
        missing=len(run.missing()),
        image=image,
        cues=of.cues,
        failure=of.failure,
    )
