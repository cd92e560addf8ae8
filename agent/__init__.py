"""The localization graph, the assistant around it, what a run of them is given, and the command line.

What `__all__` names is imported when it is first asked for, so that the command line answers `--help` at once.
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .assistant import assistant, build_assistant
    from .context import Context, open_context
    from .graph import build_graph, graph
    from .langchain_tools import langchain_tools
    from .locate_tool import locate_photo_tool
    from .record_serializer import record_serializer

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
    "Context": ".context",
    "assistant": ".assistant",
    "build_assistant": ".assistant",
    "build_graph": ".graph",
    "graph": ".graph",
    "langchain_tools": ".langchain_tools",
    "locate_photo_tool": ".locate_tool",
    "open_context": ".context",
    "record_serializer": ".record_serializer",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name], __name__), name)


class _Package(ModuleType):
    """The import system binds a submodule's name here; `graph` and some others are the objects' names."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _HOMES and isinstance(value, ModuleType):
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
