"""The localization graph: its edges, and nothing else."""

from collections.abc import Awaitable, Callable
from typing import Any

from langgraph.graph import END, START, StateGraph

from . import nodes
from .context import Context
from .state import Answered, Query, State

Node = Callable[..., Awaitable[Any]]


def as_it_is(node: Node) -> Node:
    """Leave a node as it is."""
    return node


def build_graph(
    wrap: Callable[[Node], Node] = as_it_is, context_schema: type[Context] | None = Context
) -> StateGraph[State, Any, Query, Answered]:
    """Photo → coarse retrieval → descriptions → scores → geometry → threshold → answer.

    The photo's own description needs no candidates, and is made beside the retrieval.
    `wrap` is put around every node, for callers whose runs get their context in another way than as an argument.
    """
    return (
        StateGraph(State, context_schema=context_schema, input_schema=Query, output_schema=Answered)
        .add_node("coarse_retrieve", wrap(nodes.retrieve))
        .add_node("describe_query", wrap(nodes.describe_query))
        .add_node("recall_descriptions", wrap(nodes.recall))
        .add_node("describe_image", wrap(nodes.describe))
        .add_node("score_candidates", wrap(nodes.score))
        .add_node("verify_geometry", wrap(nodes.verify))
        .add_node("apply_threshold", wrap(nodes.decide))
        .add_edge(START, "coarse_retrieve")
        .add_edge(START, "describe_query")
        .add_edge(["coarse_retrieve", "describe_query"], "recall_descriptions")
        .add_conditional_edges("recall_descriptions", nodes.each_image, ["describe_image", "score_candidates"])
        .add_edge("describe_image", "score_candidates")
        .add_edge("score_candidates", "verify_geometry")
        .add_edge("verify_geometry", "apply_threshold")
        .add_edge("apply_threshold", END)
    )


graph = build_graph().compile(name="localize")
