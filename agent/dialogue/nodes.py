"""The assistant's two nodes: one decides what to do next, and the other does it."""

import asyncio
from collections.abc import Sequence
from contextvars import copy_context
from typing import Any, Literal
from uuid import uuid4

from langchain_core.messages import AIMessage, AnyMessage, ToolCall, ToolMessage
from langgraph.runtime import Runtime

from internvl_vpr.tools.errors import VprError
from internvl_vpr.tools.progress import Progress

from ..calls import MOST_PHOTOS, Call, Understood
from ..localizer.context import Context
from ..localizer.nodes import context_of
from ..rules.understand import understand
from .artifacts import kind_of
from .next_step import NextStep, NoStep, next_step
from .state import ChatStep, DialogueState, ToolStep, known, question_of, results_of, rounds_of, turn_of
from .tools import Given, ToolResult, use_tool, with_changes

MOST_CHOICES = 8  # that a model makes in one turn
MOST_ROUNDS = MOST_PHOTOS + MOST_CHOICES  # of chat and tools in one turn


async def chat(state: DialogueState, runtime: Runtime[Context]) -> ChatStep:
    """Decide the next step of a turn: the next tool of the plan, a new choice, or the reply that ends it."""
    turn = turn_of(state["messages"])
    if state["plan"] and turn:
        return _call(state["plan"])
    if rounds_of(turn) >= MOST_ROUNDS:
        return _reply("I stop here: this question takes too many steps. Ask for less at once.", by="rules")
    context = context_of(runtime)
    if context.assistant is None:
        return await _by_rules(state)
    if (failure := _fallen_back(turn)) is not None:
        return await _by_rules(state, failure)
    if rounds_of(turn) >= MOST_CHOICES:
        return await _by_rules(state, f"the model took {MOST_CHOICES} steps without giving a reply")
    try:
        asked = state["messages"], known(state["answers"]), context.assistant
        return _by_model(await next_step(*asked, context.ledger, replay=context.replay))
    except NoStep as none:
        return await _by_rules(state, none.reason, usage=none.usage, raw=list(none.raw))


def _fallen_back(turn: Sequence[AnyMessage]) -> str | None:
    """Return why the rules have replaced the model in this turn, or None if they have not."""
    by_rules = (message for message in turn if message.response_metadata.get("by") == "rules")
    return next(("; ".join(message.response_metadata["remarks"]) for message in by_rules), None)


def _by_model(step: NextStep) -> ChatStep:
    about = {"by": "model", "usage": step.usage, "raw": list(step.raw), "remarks": list(step.remarks)}
    if step.calls:
        return _call([_tool_call(call) for call in step.calls], **about)
    return _reply(step.reply, **about)


async def _by_rules(state: DialogueState, failure: str = "", **spent: Any) -> ChatStep:
    """Go by the rules: first call the tools that the message asks for, and at the end reply with what these say."""
    about = {"by": "rules", "remarks": [failure] if failure else [], **spent}
    results = results_of(turn_of(state["messages"]))
    if results:
        return _reply("\n\n".join(result.text for result in results), **about)
    # In a thread: paths are looked up on disk.
    understood: Understood = await asyncio.to_thread(
        understand, question_of(state["messages"]), known(state["answers"])
    )
    if understood.calls:
        return _call([_tool_call(call) for call in understood.calls], **about)
    return _reply(understood.reply, **about, problem=understood.problem)


def _tool_call(call: Call) -> ToolCall:
    return ToolCall(name=call.name, args=call.arguments, id=uuid4().hex, type="tool_call")


def _call(plan: Sequence[ToolCall], **about: Any) -> ChatStep:
    message = AIMessage(content="", tool_calls=[plan[0]], response_metadata=about)
    return {"messages": [message], "plan": list(plan[1:])}


def _reply(text: str, **about: Any) -> ChatStep:
    return {"messages": [AIMessage(content=text, response_metadata=about)], "plan": []}


async def use_tools(state: DialogueState, runtime: Runtime[Context]) -> ToolStep:
    """Use the tool that the latest message calls; a problem that a person can solve is a result as well."""
    call, context = _latest_call(state), context_of(runtime)
    given = Given(
        context=with_changes(context, state["settings"]),
        answers=state["answers"],
        changed=state["settings"],
        on_progress=_reported(runtime, call),
    )
    try:
        await asyncio.to_thread(context.index.reload)  # another process may have added photos
        found = await use_tool(Call(name=call["name"], arguments=call["args"]), given)
    except VprError as error:
        return {"messages": [_failed(call, error)], "answers": [], "settings": {}}
    return {"messages": [_returned(call, found)], "answers": found.answers, "settings": found.settings}


def _failed(call: ToolCall, error: VprError) -> ToolMessage:
    about = {"exit_code": error.exit_code}
    return ToolMessage(
        content=str(error),
        name=call["name"],
        tool_call_id=str(call["id"]),
        status="error",
        additional_kwargs=about,
    )


def _returned(call: ToolCall, found: ToolResult) -> ToolMessage:
    about = {
        "record": kind_of(found.artifact),
        "about": call["args"].get("about"),
        "spent": [answer.steps.model_dump() for answer in found.answers],
    }
    return ToolMessage(
        content=found.content,
        name=call["name"],
        tool_call_id=str(call["id"]),
        artifact=found.artifact,
        additional_kwargs=about,
    )


def after_chat(state: DialogueState) -> Literal["tools", "__end__"]:
    """Go on with the tools after a call, and end the turn after a reply."""
    latest = state["messages"][-1]
    return "tools" if isinstance(latest, AIMessage) and latest.tool_calls else "__end__"


def _latest_call(state: DialogueState) -> ToolCall:
    latest = state["messages"][-1]
    if not isinstance(latest, AIMessage) or not latest.tool_calls:
        raise TypeError("the latest message calls no tool")
    return latest.tool_calls[0]


def _reported(runtime: Runtime[Context], call: ToolCall) -> Progress:
    """Return what sends progress to the graph's `custom` stream, also from another thread or from an inner graph."""
    here = copy_context()  # from which LangGraph knows whose stream it is

    def on_progress(stage: str, done: int, total: int, detail: str = "") -> None:
        about = {"tool": call["name"], "call": call["id"]}
        part = {**about, "stage": stage, "done": done, "total": total, "detail": detail}
        here.copy().run(runtime.stream_writer, part)

    return on_progress
