"""The assistant: a graph of messages, in which a chat node and a tool node take turns."""

from langgraph.graph import START, StateGraph

from ..localizer.context import Context
from . import nodes
from .state import Conversation, Messages, Told


def build_assistant() -> StateGraph[Conversation, Context, Messages, Told]:
    """A person's message → chat → tools → chat → … → a reply."""
    return (
        StateGraph(Conversation, context_schema=Context, input_schema=Messages, output_schema=Told)
        .add_node("chat", nodes.chat)
        .add_node("tools", nodes.use_tools)
        .add_edge(START, "chat")
        .add_conditional_edges("chat", nodes.after_chat)
        .add_edge("tools", "chat")
    )


STEP_LIMIT = 2 * nodes.MOST_ROUNDS + 3  # the nodes stop before; this is the last resort

assistant = build_assistant().compile(name="assistant").with_config(recursion_limit=STEP_LIMIT)
