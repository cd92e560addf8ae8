"""One run of the localization graph, with progress."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import var_child_runnable_config

from internvl_vpr.tools.progress import Progress, silent
from internvl_vpr.tools.records import Answer, Candidate, Description, JudgedPair, Photo, Score, Verification

from .context import Context
from .graph import graph
from .nodes import images_of, pairs_of
from .state import Query, Told

JUDGING = "comparing pairs"  # the stage of the judge

# What a run inside a node of another graph takes over from that graph. The checkpointer is not among it: it would store
# every step of every localization in the conversation.
_INHERITED = ("callbacks", "max_concurrency", "metadata", "tags")


@dataclass(frozen=True)
class Trace:
    """What every stage of a run found; candidates and scores are in the coarse order, and seconds are by stage.

    `verified` has the matched points, by digest; `judged` has what the judge said, by the candidate's digest.
    """

    candidates: Sequence[Candidate]
    descriptions: Mapping[str, Description]
    scores: Sequence[Score]
    verified: Mapping[str, Verification]
    answer: Answer
    seconds: Mapping[str, float]
    judged: Mapping[str, JudgedPair] = field(default_factory=dict)


async def locate(photo: Path | str, context: Context, on_progress: Progress = silent) -> Answer:
    """Say where a photo was taken; raises a `VprError` as the graph does."""
    return (await trace(photo, context, on_progress)).answer


async def trace(photo: Path | str, context: Context, on_progress: Progress = silent) -> Trace:
    """Locate a photo and return what every stage found; raises a `VprError` as the graph does."""
    watch = _Watch(on_progress, context)
    with _on_its_own() as config:
        async for kind, update in graph.astream(
            Query(photo=os.fspath(photo)), config, context=context, stream_mode=["updates", "custom"]
        ):
            if kind == "custom":
                watch.hear(cast("Told", update))
                continue
            for node, written in cast("dict[str, Any]", update).items():
                watch.see(node, written)
    return watch.trace()


@contextmanager
def _on_its_own() -> Iterator[RunnableConfig]:
    """Keep a graph from becoming part of the graph that it is called in; yields the configuration that both share."""
    around: Mapping[str, Any] = var_child_runnable_config.get() or {}
    token = var_child_runnable_config.set(None)
    try:
        yield cast("RunnableConfig", {key: around[key] for key in _INHERITED if key in around})
    finally:
        var_child_runnable_config.reset(token)


class _Watch:
    """What a run has written so far, and how long each stage has taken."""

    def __init__(self, on_progress: Progress, context: Context) -> None:
        self._on_progress = on_progress
        self._context = context
        self._written: dict[str, Any] = {}
        self._descriptions: dict[str, Description] = {}
        self._judged: dict[str, JudgedPair] = {}
        self._images = self._pairs = 0
        self._retrieved = False
        stages = ["retrieving", JUDGING if context.judge else "describing", "comparing", "verifying"]
        self._seconds = dict.fromkeys(stages, 0.0)
        self._started = self._since = time.monotonic()
        on_progress("retrieving", 0, 1)

    def hear(self, told: Told) -> None:
        """Take in what verification tells, which begins when there are candidates."""
        self._passed("verifying" if self._retrieved else "retrieving")
        self._report_retrieved()
        self._on_progress(**told)

    def see(self, node: str, written: Mapping[str, Any]) -> None:
        """Take in what a node wrote."""
        if node == "coarse_retrieve":
            self._passed("verifying" if self._retrieved else "retrieving")
            self._report_retrieved()
            self._written |= written
            self._begin_stage_2(written["query"], written["candidates"])
        elif node in ("describe_query", "recall_descriptions", "describe_image"):
            self._passed("describing")
            found = written["descriptions"]
            self._descriptions |= found.value if node == "describe_query" else found
            if node != "describe_query":
                self._report_described()
        elif node in ("recall_judgements", "judge_pair"):
            self._passed(JUDGING)
            found = written["judged"]
            self._judged |= found.value if node == "recall_judgements" else found
            if self._pairs:
                self._on_progress(JUDGING, len(self._judged), self._pairs)
        else:
            self._passed("verifying" if node == "verify_geometry" else "comparing")
            self._written |= written
            if node == "apply_threshold" and not self._context.judge:
                self._on_progress("comparing", 1, 1)

    def _begin_stage_2(self, query: Photo, candidates: Sequence[Candidate]) -> None:
        if self._context.judge:
            self._pairs = len(pairs_of(candidates, self._context))
            return
        self._images = len(images_of({"query": query, "candidates": list(candidates)}))
        self._report_described()  # the photo itself may still be described, which can take long

    def trace(self) -> Trace:
        """Return what the run found."""
        return Trace(
            candidates=self._written["candidates"],
            descriptions=self._descriptions,
            scores=self._written["scores"],
            verified=self._written["verified"],
            answer=self._written["answer"],
            judged=self._judged,
            seconds={**self._seconds, "total": time.monotonic() - self._started},
        )

    def _passed(self, stage: str) -> None:
        now = time.monotonic()
        self._seconds[stage] += now - self._since
        self._since = now

    def _report_retrieved(self) -> None:
        if not self._retrieved:
            self._retrieved = True
            self._on_progress("retrieving", 1, 1)

    def _report_described(self) -> None:
        self._on_progress("describing", len(self._descriptions), self._images)
        if len(self._descriptions) == self._images:
            self._on_progress("comparing", 0, 1)  # said now, because the sentence encoder may have to be loaded
