"""The localization graph: its edges, and nothing else."""

from langgraph.graph import END, START, StateGraph

from . import nodes
from .context import Context
from .state import Answered, Query, State


def build_graph() -> StateGraph[State, Context, Query, Answered]:
    """Photo → coarse retrieval → descriptions → scores → threshold → answer."""
    return (
        StateGraph(State, context_schema=Context, input_schema=Query, output_schema=Answered)
        .add_node("coarse_retrieve", nodes.retrieve)
        .add_node("recall_descriptions", nodes.recall)
        .add_node("describe_image", nodes.describe)
        .add_node("score_candidates", nodes.score)
        .add_node("apply_threshold", nodes.decide)
        .add_edge(START, "coarse_retrieve")
        .add_edge("coarse_retrieve", "recall_descriptions")
        .add_conditional_edges("recall_descriptions", nodes.each_image, ["describe_image", "score_candidates"])
        .add_edge("describe_image", "score_candidates")
        .add_edge("score_candidates", "apply_threshold")
        .add_edge("apply_threshold", END)
    )


graph = build_graph().compile(name="localize")
