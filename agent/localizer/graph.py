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
    """Photo → coarse retrieval → descriptions, or judgements → scores → geometry → threshold → answer.

    The photo's own description needs no candidates, and is made beside the retrieval. With the judge nothing is
    described: it sees the photo with each of the first candidates.
    `wrap` is put around every node and every choice between them, for callers whose runs get their context in another
    way than as an argument.
    """
    return (
        StateGraph(State, context_schema=context_schema, input_schema=Query, output_schema=Answered)
        .add_node("coarse_retrieve", wrap(nodes.retrieve))
        .add_node("describe_query", wrap(nodes.describe_query))
        .add_node("recall_descriptions", wrap(nodes.recall))
        .add_node("describe_image", wrap(nodes.describe))
        .add_node("recall_judgements", wrap(nodes.recall_pairs))
        .add_node("judge_pair", wrap(nodes.judge))
        .add_node("score_candidates", wrap(nodes.score))
        .add_node("verify_geometry", wrap(nodes.verify))
        .add_node("apply_threshold", wrap(nodes.decide))
        .add_conditional_edges(START, wrap(nodes.first_steps), ["coarse_retrieve", "describe_query"])
        .add_conditional_edges(
            "coarse_retrieve", wrap(nodes.cues_or_judge), ["recall_descriptions", "recall_judgements"]
        )
        .add_edge("describe_query", "recall_descriptions")
        .add_conditional_edges("recall_descriptions", nodes.each_image, ["describe_image", "score_candidates"])
        .add_edge("describe_image", "score_candidates")
        .add_conditional_edges("recall_judgements", wrap(nodes.each_pair), ["judge_pair", "score_candidates"])
        .add_edge("judge_pair", "score_candidates")
        .add_edge("score_candidates", "verify_geometry")
        .add_edge("verify_geometry", "apply_threshold")
        .add_edge("apply_threshold", END)
    )


graph = build_graph().compile(name="localize")
