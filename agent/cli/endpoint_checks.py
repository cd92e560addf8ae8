"""The doctor's checks of the vision-language endpoint: what it offers, and whether that works."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from langchain_core.messages import HumanMessage

from internvl_vpr.tools.describers.vision_model import VisionModel
from internvl_vpr.tools.endpoint.chat_model import ChatModel
from internvl_vpr.tools.endpoint.checks import enforces_schema, is_bounded, longest_blank, sees_images, sign_image
from internvl_vpr.tools.endpoint.endpoint import Endpoint
from internvl_vpr.tools.endpoint.faults import CallFailed
from internvl_vpr.tools.endpoint.prompt import Prompt
from internvl_vpr.tools.errors import EndpointRefused, EndpointUnreachable, UsageError, VprError
from internvl_vpr.tools.photo.photo import open_photo
from internvl_vpr.tools.records import Attempt, Exchange, Photo, asked_and_answered

from ..calls import Known
from ..dialogue.next_step import NoStep, next_step
from ..localizer.context import open_chat_model, open_endpoint, open_judge
from ..settings import Settings
from .local_checks import Finding

_CHECK = "check --model, OPENAI_API_KEY, and the address, which usually ends in /v1"
_FAILED = "the server failed over this request: see its own log"
_START = "start a server as docs/endpoint.md says, or name it with --endpoint"
_CONSTRAIN = "use a server that constrains JSON (docs/endpoint.md has the commands); without that, answers fail often"
_SHOW = "load the model's vision part too (llama-server: --mmproj), or serve a vision-language model"
_RULES = "the chat falls back on its rules; --assistant rules always uses them"
_BOUND = (
    "bound it, or an answer may never end: vLLM --structured-outputs-config "
    '\'{"backend":"xgrammar","disable_any_whitespace":true}\', SGLang --constrained-json-disable-any-whitespace'
)


async def endpoint_findings(settings: Settings) -> AsyncIterator[Finding]:
    """Check the endpoint; after a failure that makes further checks pointless, stop."""
    try:
        endpoint = open_endpoint(settings, concurrency=2)
        stage_2 = _judgement(settings) if settings.reranker == "judge" else _description(settings, endpoint)
    except UsageError as error:
        yield Finding(name="endpoint", status="failure", says=str(error), exit_code=error.exit_code)
        return
    offered = await _offered(endpoint, settings.model)
    yield offered
    if offered.status == "failure":
        return
    for name, check in (("schema", _schema), ("images", _images), ("white space", _blanks)):
        finding = await _asked(name, check, endpoint, settings.model)
        yield finding
        if finding.exit_code == EndpointRefused.exit_code:
            return
    yield await stage_2()
    if settings.asks_model:
        yield await _chosen_step(open_chat_model(settings))


async def _offered(endpoint: Endpoint, model: str) -> Finding:
    try:
        names = await endpoint.models()
    except CallFailed as failure:
        says = f"{endpoint.url}: {failure.reason}"
        if failure.fault == "unreachable":
            code = EndpointUnreachable.exit_code
            return Finding(name="endpoint", status="failure", says=says, advice=_START, exit_code=code)
        if failure.fault == "refused":
            return Finding(
                name="endpoint", status="failure", says=says, advice=_CHECK, exit_code=EndpointRefused.exit_code
            )
        return Finding(name="endpoint", status="warning", says=says, advice="its models cannot be listed; continuing")
    says = f"{endpoint.url} offers {', '.join(names) or 'no model by name'}"
    if model in names:
        return Finding(name="endpoint", status="ok", says=says)
    return Finding(name="endpoint", status="warning", says=says, advice=f"it does not name {model!r}: see --model")


_Check = Callable[[Endpoint, str], Awaitable[Finding]]


async def _asked(name: str, check: _Check, endpoint: Endpoint, model: str) -> Finding:
    try:
        return await check(endpoint, model)
    except CallFailed as failure:
        refused = failure.fault == "refused"
        return Finding(
            name=name, status="failure", says=failure.reason, advice=_CHECK if refused else _FAILED,
            exit_code=EndpointRefused.exit_code if refused else 1,
        )  # fmt: skip


async def _schema(endpoint: Endpoint, model: str) -> Finding:
    if await enforces_schema(endpoint, model):
        return Finding(name="schema", status="ok", says="enforced")
    return Finding(name="schema", status="failure", says="ignored: it answered something else", advice=_CONSTRAIN)


async def _images(endpoint: Endpoint, model: str) -> Finding:
    without, with_image = await sees_images(endpoint, model)
    says = f"{without} prompt tokens without an image, {with_image} with one"
    if with_image > without:
        return Finding(name="images", status="ok", says=says)
    if not without and not with_image:
        return Finding(name="images", status="warning", says="it reports no token counts, so this cannot be checked")
    return Finding(name="images", status="failure", says=f"they do not reach the model: {says}", advice=_SHOW)


async def _blanks(endpoint: Endpoint, model: str) -> Finding:
    blank = await longest_blank(endpoint, model)
    says = f"at most {blank} blanks in a row were let through"
    bounded = is_bounded(blank)
    return Finding(
        name="white space", status="ok" if bounded else "warning", says=says, advice="" if bounded else _BOUND
    )


_Tried = TypeVar("_Tried", bound=Exchange)
_Stage2 = Callable[[], Awaitable[Finding]]


def _description(settings: Settings, endpoint: Endpoint) -> _Stage2:
    """Return the check that has a sign described; raises `UsageError` for a prompt that cannot be read."""
    model = VisionModel(endpoint, settings.model, Prompt.load(settings.prompt), image_side=settings.image_side)

    def told(attempt: Attempt) -> str:
        return "; ".join(f"{cue.text} ({cue.score})" for cue in attempt.cues)

    return lambda: _timed("description", lambda photo: model.attempts(photo, settings.n), told)


def _judgement(settings: Settings) -> _Stage2:
    """Return the check that has a sign compared with itself."""
    judge = open_judge(settings)
    return lambda: _timed("judgement", lambda photo: judge.attempts(photo, photo), lambda attempt: attempt.answer)


async def _timed(name: str, ask: Callable[[Photo], AsyncIterator[_Tried]], tell: Callable[[_Tried], str]) -> Finding:
    """Ask about a drawn sign, through all that a photograph goes through."""
    start = time.monotonic()
    try:
        with TemporaryDirectory() as folder:
            photo = await asyncio.to_thread(_sign, Path(folder))
            attempts = [attempt async for attempt in ask(photo)]
    except VprError as error:
        return Finding(name=name, status="failure", says=str(error), exit_code=error.exit_code)
    seconds, last = time.monotonic() - start, attempts[-1]
    if last.error is not None:
        says = f"none after {len(attempts)} attempts and {seconds:.1f} s: {last.error}"
        advice = _CONSTRAIN if last.finish_reason else _FAILED
        return Finding(name=name, status="failure", says=says, advice=advice)
    tokens = asked_and_answered(last.usage)
    says = f"{seconds:.1f} s, {tokens} tokens, attempt {len(attempts)}: {tell(last)}"
    return Finding(name=name, status="ok" if len(attempts) == 1 else "warning", says=says)


def _sign(folder: Path) -> Photo:
    path = folder / "sign.jpg"
    path.write_bytes(sign_image().data)
    return open_photo(path, read_position=False)


async def _chosen_step(model: ChatModel) -> Finding:
    """Have the model choose the step for a question that one tool answers."""
    try:
        step = await next_step([HumanMessage("What does the map hold?")], Known(), model)
    except NoStep as failure:
        return Finding(name="chat", status="warning", says=failure.reason, advice=_RULES)
    chosen = ", ".join(call.name for call in step.calls) or "a reply"
    after = f" after: {step.remarks[0]}" if step.remarks else ""
    right = chosen == "map_summary" and not step.remarks
    advice = "" if right else f"the model chooses poorly: {_RULES}"
    return Finding(name="chat", status="ok" if right else "warning", says=f"chose {chosen}{after}", advice=advice)
