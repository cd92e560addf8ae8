"""The localization graph within a caller's own: as one of its nodes, called in a node, and as a tool of its agent."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from internvl_vpr.agent import Context, graph, locate_photo_tool
from internvl_vpr.agent.localizer.run import locate
from internvl_vpr.tools.records import Answer

THREAD: RunnableConfig = {"configurable": {"thread_id": "1"}}
CallersGraph = CompiledStateGraph[Any, Any, Any, Any]


class Trip(TypedDict):
    """A caller's state: it shares `photo` and `answer` with the localization graph, and has a key of its own."""

    photo: str
    answer: Answer
    caption: str


class Caption(TypedDict):
    caption: str


class Found(TypedDict):
    answer: Answer


def write_caption(state: Trip) -> Caption:
    return {"caption": f"taken at {state['answer'].reference}"}


async def ask(state: Trip, runtime: Runtime[Context]) -> Found:
    result = await graph.ainvoke({"photo": state["photo"]}, context=runtime.context)
    return {"answer": result["answer"]}


def build_trip(node: Any) -> CallersGraph:
    """A caller's graph, in which ours is a node or is called in one."""
    return (
        StateGraph(Trip, context_schema=Context)
        .add_node("locate", node)
        .add_node("write_caption", write_caption)
        .add_edge(START, "locate")
        .add_edge("locate", "write_caption")
        .add_edge("write_caption", END)
        .compile(checkpointer=InMemorySaver())
    )


@pytest.mark.parametrize("node", [pytest.param(graph, id="as a node"), pytest.param(ask, id="called in a node")])
def test_a_caller_s_graph_gets_the_answer_and_keeps_it_in_its_own_thread(
    node: Any, photo: str, context: Context, expected: Answer
) -> None:
    trip = build_trip(node)
    told = asyncio.run(trip.ainvoke({"photo": photo}, THREAD, context=context))
    assert told["answer"].model_dump_json() == expected.model_dump_json()
    assert told["caption"] == f"taken at {expected.reference}"
    kept = asyncio.run(trip.aget_state(THREAD))
    assert kept.values == told
    assert kept.next == ()


def test_a_thread_of_the_caller_s_takes_one_photo_after_another(town: Path, photo: str, context: Context) -> None:
    trip = build_trip(graph)
    asyncio.run(trip.ainvoke({"photo": photo}, THREAD, context=context))
    other = str(next((town / "photos").glob("*@6@*")))
    told = asyncio.run(trip.ainvoke({"photo": other}, THREAD, context=context))
    assert told["answer"].digest == asyncio.run(locate(other, context)).digest
    assert told["answer"].reference == Path(other).name


def test_our_nodes_are_drawn_and_streamed_within_the_caller_s(photo: str, context: Context) -> None:
    trip = build_trip(graph)
    assert {"locate:coarse_retrieve", "locate:apply_threshold"} <= set(trip.get_graph(xray=True).nodes)

    async def seen() -> list[tuple[bool, str]]:
        parts = trip.astream({"photo": photo}, THREAD, context=context, stream_mode="updates", subgraphs=True)
        return [(bool(within), name) async for within, update in parts for name in update]

    steps = asyncio.run(seen())
    assert steps[0] == (True, "coarse_retrieve")
    assert (True, "describe_image") in steps
    assert steps[-3:] == [(True, "apply_threshold"), (False, "locate"), (False, "write_caption")]


class ScriptedModel:
    """Stands for a caller's model, which asks for the tool and then says what it returned."""

    def answer(self, state: MessagesState) -> dict[str, list[AIMessage]]:
        latest = state["messages"][-1]
        if isinstance(latest, HumanMessage):
            call = ToolCall(name="locate_photo", args={"photo": latest.text}, id="1", type="tool_call")
            return {"messages": [AIMessage("", tool_calls=[call])]}
        return {"messages": [AIMessage(Answer.model_validate_json(latest.text).reference or "nowhere I know")]}


def test_a_caller_s_agent_uses_the_tool_and_keeps_its_record(photo: str, context: Context, expected: Answer) -> None:
    saver = InMemorySaver()
    agent = (
        StateGraph(MessagesState)
        .add_node("model", ScriptedModel().answer)
        .add_node("tools", ToolNode([locate_photo_tool(context)]))
        .add_edge(START, "model")
        .add_conditional_edges("model", tools_condition)
        .add_edge("tools", "model")
        .compile(checkpointer=saver)
    )
    told = asyncio.run(agent.ainvoke({"messages": [HumanMessage(photo)]}, THREAD))["messages"]
    assert isinstance(told[2], ToolMessage)
    assert (told[2].content, told[2].artifact) == (expected.model_dump_json(), expected)
    assert told[3].content == expected.reference
    # The tool's own steps are no part of the caller's conversation.
    assert {one.config["configurable"]["checkpoint_ns"] for one in saver.list(None)} == {""}
