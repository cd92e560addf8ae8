"""The two graphs for a LangGraph server, whose callers have no context to give: it is opened from the environment.

`langgraph.json` names them. INTERNVL_VPR_PLACES is the folder of the index; all other settings are found as usual.
Whoever reaches the server can name any photograph that the server can read, so keep it to programs on your own machine.
"""

import asyncio
import atexit
import os
from contextlib import ExitStack
from functools import wraps
from threading import Lock
from typing import Any

from langgraph.runtime import Runtime
from langgraph_sdk import Auth

from internvl_vpr.tools.errors import UsageError, VprError
from internvl_vpr.tools.text.foreign import visible

from ..dialogue.assistant import STEP_LIMIT, build_assistant
from ..localizer.context import Context, open_context
from ..localizer.graph import Node, build_graph
from ..settings import PREFIX

PLACES = f"{PREFIX}PLACES"


class NotAnswered(RuntimeError):
    """A `VprError` as the server's callers see it; of other exceptions the server hides the message."""


class ProcessContext:
    """The one context of this process: opened at the first run, shared by all runs, closed at the end."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._closing = ExitStack()
        self._context: Context | None = None

    def get(self) -> Context:
        """Return the context; the first call opens it, and the others wait. Raises what `open_context` raises."""
        with self._lock:
            if self._context is None:
                self._context = self._closing.enter_context(open_context(_places()))
            return self._context

    def close(self) -> None:
        """Close what was opened."""
        with self._lock:
            self._context = None
            self._closing.close()


def _places() -> str:
    places = os.environ.get(PLACES)
    if not places:
        raise UsageError(f"The server does not know which map to use: set {PLACES} to the folder of an index.")
    return places


_process = ProcessContext()
atexit.register(_process.close)


def with_process_context(node: Node) -> Node:
    """Return a node that runs with the context of this process, and raises `NotAnswered` instead of a `VprError`."""

    @wraps(node)
    async def run(state: Any, runtime: Runtime[Any]) -> Any:
        try:
            context = await asyncio.to_thread(_process.get)
            return await node(state, runtime.override(context=context))
        except VprError as error:
            raise NotAnswered(visible(str(error))) from error

    return run


programs_only = Auth()


@programs_only.authenticate
async def _refuse_pages(headers: dict[bytes, bytes]) -> str:
    """Let programs in, and no web pages: a page could otherwise ask about photographs, or add some to the map.

    Browsers name the origin in every request of a page that does more than read.
    """
    if b"origin" in headers:
        raise Auth.exceptions.HTTPException(403, "This server is for programs: web pages may not use it.")
    return "program"


# No schema of a context: it holds live objects, which have none, and callers must not set them.
localize = build_graph(with_process_context, context_schema=None).compile(name="localize")
assistant = (
    build_assistant(with_process_context, context_schema=None)
    .compile(name="assistant")
    .with_config(recursion_limit=STEP_LIMIT)
)
