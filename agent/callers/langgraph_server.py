"""The two graphs for a LangGraph server, whose callers have no context to give: it is opened from the environment.

`langgraph.json` names them. INTERNVL_VPR_PLACES is the folder of the index; all other settings are as everywhere.
Whoever reaches the server can name any photograph that it can read: it is for programs of one person's machine.
"""

import asyncio
import atexit
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import ExitStack, aclosing
from threading import Lock
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.graph.state import CompiledStateGraph
from langgraph_sdk import Auth

from internvl_vpr.tools.errors import UsageError, VprError
from internvl_vpr.tools.text.foreign import visible

from ..dialogue.assistant import assistant as bare_assistant
from ..localizer.context import Context, open_context
from ..localizer.graph import graph
from ..settings import PREFIX

PLACES = f"{PREFIX}PLACES"


class NotAnswered(RuntimeError):
    """A `VprError` for the server's callers; of an exception of another kind, they are not shown the message."""


class _Opened:
    """The context of the process: opened at the first run, shared by all, closed at the end."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._closing = ExitStack()
        self._context: Context | None = None

    def get(self) -> Context:
        """Return the context; blocks while it is opened, and raises what `open_context` does, at the next run again."""
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


_opened = _Opened()
atexit.register(_opened.close)


class _Served(CompiledStateGraph[Any, None, Any, Any]):
    """A compiled graph whose runs are given the process's context; everything else is as in the graph itself."""

    async def astream(
        self,
        input: Any,  # noqa: A002  LangGraph's own name for it
        config: RunnableConfig | None = None,
        **options: Any,
    ) -> AsyncIterator[Any]:
        """Stream a run as the graph does; a caller's context is not taken. Raises `NotAnswered`."""
        try:
            options["context"] = await asyncio.to_thread(_opened.get)
            parts = cast("AsyncGenerator[Any]", super().astream(input, config, **options))
            async with aclosing(parts):
                async for part in parts:
                    yield part
        except VprError as error:
            raise NotAnswered(visible(str(error))) from error


def _serve(compiled: CompiledStateGraph[Any, Context, Any, Any]) -> _Served:
    # Without a context's schema: live objects have none, and no caller may set them.
    return _Served(**{**vars(compiled), "context_schema": None})


programs_only = Auth()


@programs_only.authenticate
async def _refuse_pages(headers: dict[bytes, bytes]) -> str:
    """Let programs in; a page that a person happens to visit could otherwise ask about photographs, or add to the map.

    Browsers name the origin in every request of a page that does more than read.
    """
    if b"origin" in headers:
        raise Auth.exceptions.HTTPException(403, "This server is for programs: web pages may not use it.")
    return "program"


localize = _serve(graph)
assistant = _serve(bare_assistant)
