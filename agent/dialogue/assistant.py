"""The assistant: a graph of messages, in which a chat node and a tool node take turns."""

from collections.abc import Callable
from typing import Any

from langgraph.graph import START, StateGraph

from ..localizer.context import Context
from ..localizer.graph import Node, as_it_is
from . import nodes
from .state import DialogueState, Messages, Told

STEP_LIMIT = 2 * nodes.MOST_ROUNDS + 3  # a last resort: the nodes stop before it


def build_assistant(
    wrap: Callable[[Node], Node] = as_it_is, context_schema: type[Context] | None = Context
) -> StateGraph[DialogueState, Any, Messages, Told]:
    """A person's message → chat → tools → chat → … → a reply; `wrap` is put around both nodes."""
    return (
        StateGraph(DialogueState, context_schema=context_schema, input_schema=Messages, output_schema=Told)
        .add_node("chat", wrap(nodes.chat))
        .add_node("tools", wrap(nodes.use_tools))
        .add_edge(START, "chat")
        .add_conditional_edges("chat", nodes.after_chat)
        .add_edge("tools", "chat")
    )


assistant = build_assistant().compile(name="assistant").with_config(recursion_limit=STEP_LIMIT)
