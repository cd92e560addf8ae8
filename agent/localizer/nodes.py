"""The graph's nodes in the order in which it runs them: one short async function for each tool."""

import asyncio
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from langgraph.runtime import Runtime
from langgraph.types import Overwrite, Send

from internvl_vpr.tools import apply_threshold, coarse_retrieve, describe_image, judge_pair, score_candidates
from internvl_vpr.tools.answer import Findings, compose_answer
from internvl_vpr.tools.errors import PositionError, UsageError
from internvl_vpr.tools.features.sentences import embed_phrases, load_ahead
from internvl_vpr.tools.photo.photo import open_photo
from internvl_vpr.tools.records import Answer, Candidate, Description, Photo, Position
from internvl_vpr.tools.verify_candidates import distinct_images

from .context import Context, state_of_check
from .state import (
    Answered,
    Described,
    FirstDescription,
    FirstJudgements,
    Image,
    Judged,
    NewDescriptions,
    NewJudgement,
    NewPhoto,
    NewScores,
    NewVerifications,
    Query,
    QueryDescribed,
    Retrieved,
    Scored,
    ToDescribe,
    ToJudge,
    ToScore,
    Verified,
)
from .verify_candidates import rank_candidates, verify_candidates


async def first_steps(_: Query, runtime: Runtime[Context]) -> list[str]:
    """Begin with stage 1, and beside it with the photo's own description; the judge needs none."""
    return ["coarse_retrieve"] if context_of(runtime).judge else ["coarse_retrieve", "describe_query"]


async def cues_or_judge(_: Retrieved, runtime: Runtime[Context]) -> str:
    """Go on to cues, or to the judge."""
    return "recall_judgements" if context_of(runtime).judge else "recall_descriptions"


async def retrieve(state: Query, runtime: Runtime[Context]) -> NewPhoto:
    """From the photo to K candidates, Eqs. 1–5, none of them itself; the photo's own position is not read.

    While the photo is described, candidates are verified in their coarse order; `verify` reads back what it needs.
    """
    given = context_of(runtime)
    photo = await asyncio.to_thread(open_photo, Path(state["photo"]), read_position=False)
    candidates = await asyncio.to_thread(candidates_of, photo, given)
    if not given.replay:
        await verify_candidates(photo, candidates, given, runtime.stream_writer)
    return {"query": photo, "candidates": candidates}


def candidates_of(photo: Photo, given: Context) -> list[Candidate]:
    """Return the candidates of a photo, read back from the ledger where it has them."""
    return coarse_retrieve.recorded_candidates(
        *(photo, given.settings.k, given.index, given.backbone, given.ledger),
        dtype=given.settings.dtype,
        replay=given.replay,
    )


async def describe_query(state: Query, runtime: Runtime[Context]) -> FirstDescription:
    """From the photo to its cues, Eq. 6, beside stage 1; descriptions from the thread's earlier run are dropped."""
    given = context_of(runtime)
    n, seconds = given.settings.n, given.settings.deadline
    photo = await asyncio.to_thread(open_photo, Path(state["photo"]), read_position=False)
    found: dict[str, Description] = {}
    began = time.monotonic()
    if not given.replay and not await _recalled([photo.digest], given):
        load_ahead(given.encoder)  # a new image brings new phrases
        found[photo.digest] = await describe_image.describe_image(
            photo.path, photo.digest, n, given.describer, given.ledger, seconds
        )
    return {
        "descriptions": Overwrite(found),
        "judged": Overwrite({}),
        "seconds": max(0.0, began + seconds - time.monotonic()),
    }


async def recall(state: QueryDescribed, runtime: Runtime[Context]) -> NewDescriptions:
    """Read back every description that the ledger has."""
    given = context_of(runtime)
    digests = [image["digest"] for image in images_of(state) if image["digest"] not in state["descriptions"]]
    recorded = await _recalled(digests, given)
    if len(recorded) < len(digests) and not given.replay:
        load_ahead(given.encoder)
    return {"descriptions": recorded}


async def _recalled(digests: Sequence[str], given: Context) -> dict[str, Description]:
    return await asyncio.to_thread(
        describe_image.recall_descriptions,
        *(digests, given.settings.n, given.describer, given.ledger),
        failures=given.replay,
    )


def each_image(state: Described) -> list[Send] | str:
    """Start a step for each distinct image that needs a description; go on to the scores if none does."""
    missing = [image for image in images_of(state) if image["digest"] not in state["descriptions"]]
    return [
        Send("describe_image", ToDescribe(**image, seconds=state["seconds"])) for image in missing
    ] or "score_candidates"


async def describe(state: ToDescribe, runtime: Runtime[Context]) -> NewDescriptions:
    """From one image to its cues, Eq. 6."""
    given = context_of(runtime)
    left = _seconds_left(runtime, state["seconds"])
    description = await describe_image.describe_image(
        Path(state["path"]), state["digest"], given.settings.n, given.describer, given.ledger, left
    )
    return {"descriptions": {state["digest"]: description}}


async def recall_pairs(state: Retrieved, runtime: Runtime[Context]) -> FirstJudgements:
    """Read back every judgement that the ledger has; those from the thread's earlier run are dropped."""
    given = context_of(runtime)
    digests = [candidate.digest for candidate in pairs_of(state["candidates"], given)]
    found = await asyncio.to_thread(
        judge_pair.recall_judgements,
        *(state["query"].digest, digests, judge_of(given), given.ledger),
        failures=given.replay,
    )
    return {"descriptions": Overwrite({}), "judged": Overwrite(found)}


async def each_pair(state: Judged, runtime: Runtime[Context]) -> list[Send] | str:
    """Start a step for each pair that needs a judgement; go on to the scores if none does."""
    query = Image(path=str(state["query"].path), digest=state["query"].digest)
    pairs = pairs_of(state["candidates"], context_of(runtime))
    return [
        Send("judge_pair", ToJudge(path=str(one.path), digest=one.digest, query=query))
        for one in pairs
        if one.digest not in state["judged"]
    ] or "score_candidates"


async def judge(state: ToJudge, runtime: Runtime[Context]) -> NewJudgement:
    """From the photo and one candidate to what the model says of them."""
    given = context_of(runtime)
    query, candidate = (
        judge_pair.ImageFile(Path(image["path"]), image["digest"]) for image in (state["query"], state)
    )  # fmt: skip
    left = _seconds_left(runtime, given.settings.deadline)
    found = await judge_pair.judge_pair(query, candidate, judge_of(given), given.ledger, left)
    return {"judged": {candidate.digest: found}}


def pairs_of(candidates: Sequence[Candidate], given: Context) -> list[Candidate]:
    """Return the candidates that the judge compares with the photo: the first of stage 1, copies of an image once."""
    return distinct_images(candidates, given.settings.judge_k)


def judge_of(given: Context) -> judge_pair.Judge:
    """Return the context's judge; raises `UsageError` where it has none."""
    if given.judge is None:
        raise UsageError("There is no judge in this context: open it with reranker='judge'.")
    return given.judge


async def score(state: ToScore, runtime: Runtime[Context]) -> NewScores:
    """From descriptions to scores, Eqs. 7–9, or from judgements."""
    given = context_of(runtime)
    if given.judge is not None:
        return {"scores": judge_pair.score_judgements(state["candidates"], state["judged"])}
    descriptions = state["descriptions"]
    phrases = [cue.text for description in descriptions.values() for cue in description.cues]
    embeddings = await asyncio.to_thread(embed_phrases, phrases, given.encoder, given.ledger)
    query = descriptions[state["query"].digest]
    return {"scores": score_candidates.score_candidates(query, state["candidates"], descriptions, embeddings)}


async def verify(state: Scored, runtime: Runtime[Context]) -> NewVerifications:
    """From the best candidates to the geometry that they have in common with the photo, most of it read back."""
    given = context_of(runtime)
    ranked = apply_threshold.apply_threshold(
        state["candidates"], state["scores"], given.settings.tau, given.settings.below_tau
    )
    return {"verified": await verify_candidates(state["query"], ranked, given)}


async def decide(state: Verified, runtime: Runtime[Context]) -> Answered:
    """From scores and geometry to the answer; the photo's own position is read only now, to be reported."""
    given = context_of(runtime)
    settings = given.settings
    ranked = rank_candidates(
        state["candidates"], state["scores"], state["verified"], given, state["descriptions"].get(state["query"].digest)
    )
    # A map may grow while a chat is open.
    check, problem = state_of_check(given.check, given.index, given.verifier) if given.check else (None, "")
    found = Findings(
        query=state["query"],
        query_position=await asyncio.to_thread(_own_position, state["query"].path),
        descriptions=state["descriptions"],
        judged=state["judged"] if given.judge else None,
        retrieved=len(state["candidates"]),
        ranked=tuple(ranked),
        tau=settings.tau,
        below_tau=settings.below_tau,
        settings=given.resolved(),
        verify=settings.verify if given.verifier else "off",
        limits=given.limits,
        check=check,
        check_problem=problem or given.check_problem,
        calibration=given.calibration,
        index=given.index.manifest.checksum,
        copies=tuple(await asyncio.to_thread(given.index.copies, state["query"].digest)),
    )
    return {"answer": await asyncio.to_thread(_as_recorded, compose_answer(found), given)}


def _as_recorded(answer: Answer, given: Context) -> Answer:
    """Record the steps that an answer took; a replay repeats the recorded ones."""
    about = f"{given.index.manifest.checksum} {json.dumps(answer.settings, sort_keys=True)}"
    key = f"{answer.digest}/{hashlib.sha256(about.encode()).hexdigest()}"
    if not given.replay:
        given.ledger.record_answer(key, answer.steps)
        return answer
    steps = given.ledger.recall_answer(key)
    return answer.model_copy(update={"steps": steps}) if steps else answer


def images_of(state: Retrieved | NewPhoto) -> list[Image]:
    """The distinct images of a run, the query's first; copies of an image count once."""
    photos: list[Photo | Candidate] = [state["query"], *state["candidates"]]
    distinct = {photo.digest: Image(path=str(photo.path), digest=photo.digest) for photo in reversed(photos)}
    return list(reversed(distinct.values()))


def _own_position(path: Path) -> Position | None:
    try:
        return open_photo(path).position
    except PositionError:
        return None  # a malformed file name gives no position, and no answer depends on it


def context_of(runtime: Runtime[Context]) -> Context:
    """Return the run's context; raises `UsageError` if the caller gave none, which LangGraph passes on as None."""
    given: Context | None = runtime.context
    if given is None:
        raise UsageError("The graph needs a context: call it with context=..., from open_context(PLACES).")
    return given


def _seconds_left(runtime: Runtime[Context], seconds: float) -> float:
    """Return how many of the seconds are left that the parallel tasks of a step have together."""
    info = runtime.execution_info
    return _DEADLINES.remaining(info.checkpoint_id, seconds) if info else seconds


class Deadlines:
    """Remembers when each step of a run began, under the id that the step's parallel tasks share."""

    def __init__(self, most: int = 1024) -> None:
        self._began: OrderedDict[str, float] = OrderedDict()
        self._most = most  # steps that are remembered; the oldest are forgotten

    def remaining(self, step: str, seconds: float) -> float:
        """Return how many of a step's seconds are left; the first call for a step starts its time."""
        began = self._began.setdefault(step, time.monotonic())
        while len(self._began) > self._most:
            self._began.popitem(last=False)
        return max(0.0, began + seconds - time.monotonic())


_DEADLINES = Deadlines()
