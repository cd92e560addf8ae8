"""The assistant's tools: each takes typed arguments, and returns a record and sentences that say what is in it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any

from pydantic import ValidationError

from internvl_vpr.tools import compare_places as comparing
from internvl_vpr.tools import explain_match as explaining
from internvl_vpr.tools import map_summary as summarizing
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.index.build import update_index
from internvl_vpr.tools.progress import Progress, silent
from internvl_vpr.tools.records import Answer, Record
from internvl_vpr.tools.text.foreign import shown

from .. import words
from ..calls import (
    ARGUMENTS,
    Call,
    ChangeSettings,
    ComparePlaces,
    ExplainMatch,
    IndexPhotos,
    LocatePhoto,
    ShowCandidate,
    SummarizeMap,
    ToolName,
)
from ..localizer.compare_photos import compare_photos
from ..localizer.context import Context
from ..localizer.run import locate
from ..settings import Settings
from .artifacts import CandidateShown, MapExtended, SettingsShown


@dataclass(frozen=True)
class Given:
    """What a tool is given: the context with the conversation's settings, and the answers so far."""

    context: Context
    answers: Sequence[Answer] = ()
    changed: Mapping[str, Any] = field(default_factory=dict)
    on_progress: Progress = silent

    @property
    def latest(self) -> Answer:
        """The answer that "it" means; raises `UsageError` if nothing has been located yet."""
        if not self.answers:
            raise UsageError("No photograph has been located yet: name one first.")
        return self.answers[-1]

    def answer_about(self, photo: str | None) -> Answer:
        """The latest answer, or the latest about one photograph; raises `UsageError` if there is none yet."""
        if photo is None:
            return self.latest
        for answer in reversed(self.answers):
            if answer.photo == Path(photo):
                return answer
        raise UsageError(f"{shown(photo)} has not been located yet: ask where it was taken first.")


@dataclass(frozen=True)
class ToolResult:
    """What a tool returns: a record, the sentences that tell it, and the answers and settings that are kept."""

    content: str
    artifact: Record
    answers: list[Answer] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)


async def use_tool(call: Call, given: Given) -> ToolResult:
    """Use the tool that a call names; raises `UsageError` for invalid arguments, and the tool's own `VprError`s."""
    try:
        arguments = ARGUMENTS[call.name].model_validate(call.arguments)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(
            f"The tool {call.name} does not take these arguments: {first['msg']} ({first['loc']})."
        ) from None
    return await _TOOLS[call.name](arguments, given)


def with_changes(context: Context, changed: Mapping[str, Any]) -> Context:
    """Return a context with the settings that a conversation changed; raises `UsageError` for an invalid one.

    A calibration is valid for one τ and the settings it was made with, so it is dropped when one of them changes.
    """
    if not changed:
        return context
    settings = _changed_settings(context.settings, changed)
    former = context.settings
    holds = (settings.tau, settings.k, settings.n) == (former.tau, former.k, former.n)
    return replace(context, settings=settings, calibration=context.calibration if holds else None)


def _changed_settings(settings: Settings, changed: Mapping[str, Any]) -> Settings:
    try:
        checked = ChangeSettings.model_validate(changed)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"The setting {str(first['loc'][0])!r} cannot have this value: {first['msg']}.") from None
    return settings.model_copy(update=checked.model_dump(exclude_none=True))


async def _locate_photo(asked: LocatePhoto, given: Given) -> ToolResult:
    answer = await locate(asked.photo, given.context, given.on_progress)
    return ToolResult(words.tell_answer(answer), answer, answers=[answer])


async def _explain_match(asked: ExplainMatch, given: Given) -> ToolResult:
    explanation = explaining.explain_match(given.answer_about(asked.photo), asked.rank)
    return ToolResult(words.tell_explanation(explanation, asked.about), explanation)


async def _compare_places(asked: ComparePlaces, given: Given) -> ToolResult:
    if asked.ranks:
        first, second = asked.ranks if len(asked.ranks) == 2 else (1, *asked.ranks)
        two = comparing.compare_candidates(given.answer_about(asked.photo), first, second)
        return ToolResult(words.tell_candidates_compared(two), two)
    if len(asked.photos) < 2:
        raise UsageError("A comparison needs two photographs, or two candidates of one answer: name them.")
    answers = [await locate(photo, given.context, given.on_progress) for photo in asked.photos]
    comparison = await compare_photos(asked.photos, answers, given.context, given.on_progress)
    return ToolResult(words.tell_comparison(comparison), comparison, answers=answers)


async def _show_candidate(asked: ShowCandidate, given: Given) -> ToolResult:
    answer = given.answer_about(asked.photo)
    content = words.tell_candidates(answer) if asked.rank is None else words.tell_candidate(answer, asked.rank)
    return ToolResult(content, CandidateShown(answer=answer, rank=asked.rank))


async def _change_settings(asked: ChangeSettings, given: Given) -> ToolResult:
    new = asked.model_dump(exclude_none=True)
    if asked.trust == "stricter":
        new["trust"] = stricter(given.context.settings.trust)
    changed = {**given.changed, **new}
    settings = with_changes(given.context, changed).settings
    shown = SettingsShown(settings=settings.model_dump(mode="json", exclude={"ledger"}), changed=changed)
    return ToolResult(words.tell_settings(settings, changed, new, given.context.settings), shown, settings=new)


_STRICTER: dict[str, str] = {"any": "likely", "likely": "confirmed", "confirmed": "confirmed"}


def stricter(trust: str | float) -> str | float:
    """Return what is trusted one step further up, never further down: of a share, what is left to 1 is halved."""
    return _STRICTER[trust] if isinstance(trust, str) else min(round((1 + trust) / 2, 4), max(trust, 0.99))


async def _index_photos(asked: IndexPhotos, given: Given) -> ToolResult:
    index = given.context.index
    folder = Path(asked.folder).expanduser()
    with _while_wanted(given.on_progress) as on_progress:
        report = await asyncio.to_thread(
            update_index,
            *(folder, index.folder, index.settings),
            device=given.context.settings.device,
            dtype=given.context.settings.dtype,
            on_progress=on_progress,
        )
    await asyncio.to_thread(index.reload)
    summary = await asyncio.to_thread(summarizing.map_summary, index)
    extended = MapExtended(
        folder=str(folder),
        computed=report.computed,
        skipped=tuple(skipped.reason for skipped in report.skipped),
        summary=summary,
    )
    return ToolResult(words.tell_build(report, summary), extended)


class _GivenUp(Exception):
    """Nobody is waiting any more; the next build continues from what was built so far."""


@contextmanager
def _while_wanted(on_progress: Progress) -> Iterator[Progress]:
    """Yield a progress that, after an error such as a cancellation, ends the thread that still reports to it."""
    given_up = Event()

    def reported(stage: str, done: int, total: int, detail: str = "") -> None:
        if given_up.is_set():
            raise _GivenUp
        on_progress(stage, done, total, detail)

    try:
        yield reported
    except BaseException:
        given_up.set()
        raise


async def _map_summary(_asked: SummarizeMap, given: Given) -> ToolResult:
    summary = await asyncio.to_thread(summarizing.map_summary, given.context.index)
    return ToolResult(words.tell_map(summary), summary)


_TOOLS: dict[ToolName, Callable[[Any, Given], Awaitable[ToolResult]]] = {
    "locate_photo": _locate_photo,
    "explain_match": _explain_match,
    "compare_places": _compare_places,
    "show_candidate": _show_candidate,
    "change_settings": _change_settings,
    "index_photos": _index_photos,
    "map_summary": _map_summary,
}
