"""The localization graph, the assistant around it, what a run of them is given, and the command line.

What `__all__` names is imported when it is first asked for, so that the command line answers `--help` at once.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .callers.langchain import langchain_tools, locate_photo_tool
    from .dialogue.assistant import assistant, build_assistant
    from .localizer.context import Context, open_context
    from .localizer.graph import build_graph, graph
    from .localizer.state import record_serializer

__all__ = [
    "Context",
    "assistant",
    "build_assistant",
    "build_graph",
    "graph",
    "langchain_tools",
    "locate_photo_tool",
    "open_context",
    "record_serializer",
]

_HOMES = {
    "Context": ".localizer.context",
    "assistant": ".dialogue.assistant",
    "build_assistant": ".dialogue.assistant",
    "build_graph": ".localizer.graph",
    "graph": ".localizer.graph",
    "langchain_tools": ".callers.langchain",
    "locate_photo_tool": ".callers.langchain",
    "open_context": ".localizer.context",
    "record_serializer": ".localizer.state",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name], __name__), name)
