"""Localizations that a caller takes step by step: each is known by a handle, and what its steps found is kept here.

A caller names the run and the step, and nothing else is taken from it: so no model can change what a step found.
The steps are those of the graph, and the answer is the graph's, to the byte.
"""

import asyncio
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, cast

from langgraph.runtime import Runtime

from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.photo.photo import open_photo
from internvl_vpr.tools.records import Answer, Candidate, Description, JudgedPair, Photo, Score, Verification

from ..localizer import nodes
from ..localizer.context import Context
from ..localizer.state import Image, Judged, QueryDescribed, Retrieved, Scored, ToDescribe, ToScore, Verified
from ..localizer.workers import run_workers

MOST_RUNS = 64  # that are kept

StepName = Literal["coarse_retrieve", "describe_image", "score_candidates", "verify_geometry", "apply_threshold"]


class Localization:
    """One localization: what its steps have found so far, and which step is next; None after the last one."""

    def __init__(self, run: str, query: Photo, candidates: Sequence[Candidate], given: Context) -> None:
        self.run = run
        self.query = query
        self.candidates = candidates
        self.descriptions: dict[str, Description] = {}
        self._found: dict[str, Any] = {"photo": str(query.path), "query": query, "candidates": list(candidates)}
        self._given = given

    @property
    def next(self) -> StepName | None:
        """The step that the run has come to."""
        if self.missing():
            return "describe_image"
        if "scores" not in self._found:
            return "score_candidates"
        if "verified" not in self._found and self._verifies:
            return "verify_geometry"
        return None if "answer" in self._found else "apply_threshold"

    def missing(self) -> list[Image]:
        """The distinct images that have no description yet, the photo's first; the judge needs none."""
        if self._given.judge is not None:
            return []
        return [image for image in self._images() if image["digest"] not in self.descriptions]

    async def describe(self, image: int | None = None) -> None:
        """Describe the candidate of a coarse rank, the photo for rank 0, or whatever is missing."""
        if self._given.judge is not None:
            raise UsageError(f"With the judge nothing is described: call {self.next or 'coarse_retrieve'}.")
        if image is None:
            self._begin("describe_image")
            wanted = self.missing()
        else:
            digest = self.image_at(image).digest
            wanted = [one for one in self.missing() if one["digest"] == digest]
        if not wanted:
            return
        known = {**self._found, "descriptions": self.descriptions, "seconds": self._given.settings.deadline}
        self._keep((await nodes.recall(cast("QueryDescribed", known), self._runtime()))["descriptions"])
        left = iter([one for one in wanted if one["digest"] not in self.descriptions])

        async def work() -> None:
            for one in left:
                step = ToDescribe(**one, seconds=self._given.settings.deadline)
                self._keep((await nodes.describe(step, self._runtime()))["descriptions"])

        await run_workers(work, len(wanted))

    def image_at(self, rank: int) -> Photo | Candidate:
        """Return the candidate of a coarse rank, the photo for 0; raises `UsageError` for a rank that there is not."""
        if rank <= len(self.candidates):
            return self.candidates[rank - 1] if rank else self.query
        raise UsageError(
            f"The run {self.run} has no candidate {rank}: name a rank up to {len(self.candidates)}, or leave image out."
        )

    async def score(self) -> list[Score]:
        """Score the candidates, Eqs. 7–9, or by the judge's words; returns the scores in the coarse order."""
        self._begin("score_candidates")
        if self._given.judge is not None:
            self._found.setdefault("judged", await self._judge())
        self._found |= await nodes.score(cast("ToScore", self._state()), self._runtime())
        return cast("list[Score]", self._found["scores"])

    async def verify(self) -> dict[str, Verification]:
        """Verify the best candidates; returns what was found by digest."""
        if not self._verifies:
            raise UsageError(f"Geometry is off with these settings: call {self.next or 'coarse_retrieve'}.")
        self._begin("verify_geometry")
        self._found |= await nodes.verify(cast("Scored", self._state()), self._runtime())
        return cast("dict[str, Verification]", self._found["verified"])

    async def decide(self) -> Answer:
        """Make the answer, Eq. 10."""
        self._begin("apply_threshold")
        state = {"verified": {}, **self._state()}
        self._found |= await nodes.decide(cast("Verified", state), self._runtime())
        return cast("Answer", self._found["answer"])

    async def _judge(self) -> dict[str, JudgedPair]:
        """Judge the pairs; returns what became of them by the candidate's digest, in the graph's order."""
        recorded = (await nodes.recall_pairs(cast("Retrieved", self._found), self._runtime()))["judged"].value
        found: dict[str, JudgedPair] = dict(recorded)
        missing = await nodes.each_pair(cast("Judged", {**self._found, "judged": recorded}), self._runtime())
        pairs = iter([] if isinstance(missing, str) else missing)

        async def work() -> None:
            for pair in pairs:
                found.update((await nodes.judge(pair.arg, self._runtime()))["judged"])

        await run_workers(work, self._given.settings.judge_k)
        return {one.digest: found[one.digest] for one in nodes.pairs_of(self.candidates, self._given)}

    @property
    def _verifies(self) -> bool:
        return self._given.verifier is not None and self._given.settings.verify != "off"

    def _begin(self, step: StepName) -> None:
        """Raise `UsageError` unless a step is the next one."""
        if self.next is None:
            raise UsageError(f"The run {self.run} has ended with its answer: call coarse_retrieve to open another.")
        if self.next != step:
            raise UsageError(f"{step} is not the next step of run {self.run}: call {self.next}.")

    def _images(self) -> list[Image]:
        return nodes.images_of({"query": self.query, "candidates": list(self.candidates)})

    def _keep(self, found: dict[str, Description]) -> None:
        for digest, description in found.items():
            self.descriptions.setdefault(digest, description)

    def _state(self) -> dict[str, Any]:
        """What the graph would know, its descriptions in the graph's order."""
        if self._given.judge is not None:
            return {**self._found, "descriptions": {}}
        ordered = {image["digest"]: self.descriptions[image["digest"]] for image in self._images()}
        return {**self._found, "descriptions": ordered, "judged": {}}

    def _runtime(self) -> Runtime[Context]:
        return Runtime(context=self._given)


class Localizations:
    """The localizations of one context, by their handles; the latest `MOST_RUNS` are kept."""

    def __init__(self, given: Context) -> None:
        self._given = given
        self._runs: OrderedDict[str, Localization] = OrderedDict()
        self._opened = 0
        self._lock = threading.Lock()

    async def open(self, photo: str) -> Localization:
        """Retrieve a photo's candidates, Eqs. 1–5, and open a run with them; raises `PhotoError`."""
        query = await asyncio.to_thread(open_photo, Path(photo), read_position=False)
        candidates = await asyncio.to_thread(nodes.candidates_of, query, self._given)
        with self._lock:
            self._opened += 1
            about = f"{self._opened} {query.digest} {self._given.index.manifest.checksum}"  # one map's is no other's
            run = f"r-{hashlib.sha256(about.encode()).hexdigest()[:8]}"
            found = self._runs[run] = Localization(run, query, candidates, self._given)
            while len(self._runs) > MOST_RUNS:
                self._runs.popitem(last=False)
        return found

    def find(self, run: str) -> Localization:
        """Return the run of a handle; raises `UsageError`."""
        with self._lock:
            found = self._runs.get(run)
        if found is None:
            raise UsageError(
                f"There is no run {run[:20]!r}: call coarse_retrieve with the photo, and take the run from its result. "
                f"The latest {MOST_RUNS} runs are kept."
            )
        return found
