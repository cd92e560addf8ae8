"""Each step of the graph as a typed LangChain tool, for callers who want the steps one by one.

A tool's result is what the next one takes: `coarse_retrieve` → `describe_image` (the photo, then each
candidate) → `score_candidates` → `apply_threshold`. The content is JSON, the artifact the record.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, Field

from ..tools import apply_threshold, coarse_retrieve, describe_image, score_candidates
from ..tools.photo import open_photo
from ..tools.records import Candidate, Description, RankedCandidate, Record, Score
from ..tools.sentences import embed_phrases
from .context import Context


class PhotoPath(Record):
    """What `coarse_retrieve` and `describe_image` take."""

    photo: str = Field(description="path of an image file")


class Candidates(Record):
    """What `coarse_retrieve` returns, best first."""

    candidates: tuple[Candidate, ...]


class ToScore(Record):
    """What `score_candidates` takes."""

    query: Description = Field(description="the description of the photo to locate")
    candidates: tuple[Candidate, ...] = Field(description="from coarse_retrieve")
    descriptions: tuple[Description, ...] = Field(description="of the candidates, from describe_image, in any order")


class Scores(Record):
    """What `score_candidates` returns, in the candidates' order."""

    scores: tuple[Score, ...]


class ToRank(Record):
    """What `apply_threshold` takes."""

    candidates: tuple[Candidate, ...] = Field(description="from coarse_retrieve")
    scores: tuple[Score, ...] = Field(description="from score_candidates")


class Ranking(Record):
    """What `apply_threshold` returns, best first."""

    candidates: tuple[RankedCandidate, ...]


def langchain_tools(context: Context) -> list[BaseTool]:
    """Return the four tools, bound to a context; `metadata["result_schema"]` is each result's JSON Schema."""
    settings = context.settings

    async def retrieve(photo: str) -> Candidates:
        """Find the photos of the index that look most like a photo (Eqs. 1-5)."""
        opened = await asyncio.to_thread(open_photo, Path(photo), read_position=False)
        found = await asyncio.to_thread(
            coarse_retrieve.coarse_retrieve, opened, settings.k, context.index, context.backbone
        )
        return Candidates(candidates=tuple(found))

    async def describe(photo: str) -> Description:
        """Name the location-identifiable cues of a photo, with normalised weights (Eq. 6)."""
        digest = (await asyncio.to_thread(open_photo, Path(photo), read_position=False)).digest
        return await describe_image.describe_image(
            Path(photo), digest, settings.n, context.describer, context.ledger, settings.deadline
        )

    async def score(
        query: Description, candidates: tuple[Candidate, ...], descriptions: tuple[Description, ...]
    ) -> Scores:
        """Score candidates by how well their cues match the query's (Eqs. 7-9)."""
        phrases = [cue.text for description in (query, *descriptions) for cue in description.cues]
        embeddings = await asyncio.to_thread(embed_phrases, phrases, context.encoder, context.ledger)
        by_digest = {description.digest: description for description in descriptions}
        scores = score_candidates.score_candidates(query, candidates, by_digest, embeddings)
        return Scores(scores=tuple(scores))

    async def rank(candidates: tuple[Candidate, ...], scores: tuple[Score, ...]) -> Ranking:
        """Sort candidates by score and retain those above the threshold (Eq. 10)."""
        ranked = apply_threshold.apply_threshold(candidates, scores, settings.tau, settings.below_tau)
        return Ranking(candidates=tuple(ranked))

    return [
        _tool("coarse_retrieve", retrieve, PhotoPath, Candidates),
        _tool("describe_image", describe, PhotoPath, Description),
        _tool("score_candidates", score, ToScore, Scores),
        _tool("apply_threshold", rank, ToRank, Ranking),
    ]


def _tool(
    name: str, step: Callable[..., Awaitable[Record]], arguments: type[BaseModel], result: type[BaseModel]
) -> BaseTool:
    async def call(**given: Any) -> tuple[str, Record]:
        found = await step(**given)
        return found.model_dump_json(), found

    return StructuredTool.from_function(
        coroutine=call,
        name=name,
        description=step.__doc__,
        args_schema=arguments,
        response_format="content_and_artifact",
        metadata={"result_schema": result.model_json_schema()},
    )
