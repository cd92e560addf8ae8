"""The localization graph, what a run of it is given, and the command line around it.

`graph`, `Context`, `open_context` and `langchain_tools` are imported when they are first asked for, so
that the command line answers `--help` at once.
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .context import Context, open_context
    from .graph import graph
    from .langchain_tools import langchain_tools

__all__ = ["Context", "graph", "langchain_tools", "open_context"]

_HOMES = {"Context": ".context", "graph": ".graph", "langchain_tools": ".langchain_tools", "open_context": ".context"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name], __name__), name)


class _Package(ModuleType):
    """The import system binds a submodule's name here; `graph` and `langchain_tools` are the objects' names."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _HOMES and isinstance(value, ModuleType):
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
