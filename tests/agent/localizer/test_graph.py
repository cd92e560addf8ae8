"""The localization graph, with a scripted describer: from photo to answer, and within a caller's own graph."""

import asyncio
import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from langgraph.pregel import Pregel
from langgraph.runtime import Runtime
from places import name_of, with_describer, with_settings
from scripted import ScriptedDescriber, UnreachableDescriber
from typing_extensions import TypedDict

from internvl_vpr.agent import Context, assistant, graph, locate_photo_tool
from internvl_vpr.agent.localizer.graph import build_graph
from internvl_vpr.agent.localizer.run import locate
from internvl_vpr.agent.localizer.state import Query
from internvl_vpr.tools.errors import EndpointUnreachable, PhotoError, UsageError
from internvl_vpr.tools.photo.photo import open_photo
from internvl_vpr.tools.photo.position import tell_position
from internvl_vpr.tools.records import Answer
from internvl_vpr.tools.summaries import AnswerSummary


def run(photo: Path, context: Context) -> Answer:
    return asyncio.run(locate(photo, context))


def test_without_a_cue_that_decides_the_coarse_order_stands(town: Path, context: Context) -> None:
    query = ScriptedDescriber({"query.png": [("a thing that nobody else has", 1.0)]})
    answer = run(town / "query.png", with_describer(context, query))
    assert (answer.status, answer.decided_by, answer.reference) == ("located", "coarse order", name_of(3))
    assert [candidate.coarse_rank for candidate in answer.candidates] == [1, 2, 3, 4, 5]
    assert not any(candidate.retained for candidate in answer.candidates)
    assert any("the coarse order stands" in note for note in answer.notes)


@pytest.mark.parametrize(
    "changes",
    [{"tau": 0.4}, {"below_tau": "strict"}, {"deadline": 599.0}],
    ids=["tau", "below tau", "deadline"],
)
def test_what_an_answer_took_is_repeated_for_the_same_settings_only(
    town: Path, context: Context, changes: dict[str, object]
) -> None:
    live = run(town / "query.png", context)
    assert (live.steps.made, live.steps.recorded) == (6, 0)
    replayed = dataclasses.replace(context, replay=True)
    assert run(town / "query.png", replayed) == live
    others = run(town / "query.png", with_settings(replayed, **changes))
    assert (others.steps.made, others.steps.recorded) == (0, 6)


def test_a_shared_sign_outranks_the_coarse_order(town: Path, context: Context) -> None:
    coarse = run(town / "query.png", context)
    third = coarse.candidates[2].reference
    script = {"query.png": [("sign 'Löwe'", 9.0), ("a roof", 1.0)], third: [("a door", 1.0), ("sign 'Löwe'", 3.0)]}
    describer = ScriptedDescriber(script)
    describer.id = "scripted/2"
    answer = run(town / "query.png", with_describer(context, describer))
    assert (answer.decided_by, answer.reference) == ("cues", third)
    first = answer.candidates[0]
    assert (first.rank, first.coarse_rank, first.retained) == (1, 3, True)
    assert first.score == pytest.approx(0.9, abs=0.1)
    assert (first.matches[0].cue, first.matches[0].matched) == ("sign 'Löwe'", "sign 'Löwe'")
    assert first.matches[0].weight == pytest.approx(0.9)
    assert answer.position is not None
    assert answer.position.easting == 500_000 + 100 * int(third.split("@")[7])


def test_strict_says_unknown_when_nothing_is_above_tau(town: Path, context: Context) -> None:
    strict = with_settings(context, below_tau="strict", tau=1.0)
    answer = run(town / "query.png", strict)
    assert (answer.status, answer.reference, answer.position, answer.candidates) == ("unknown", None, None, ())
    assert any("no place is named" in note for note in answer.notes)


def test_an_uncalibrated_tau_is_said(town: Path, context: Context) -> None:
    answer = run(town / "query.png", with_settings(context, tau=-1.0))
    assert all(candidate.retained for candidate in answer.candidates)
    assert any("not calibrated" in note for note in answer.notes)


def test_each_image_is_described_once_ever(town: Path, context: Context) -> None:
    describer = ScriptedDescriber({})
    first = run(town / "query.png", with_describer(context, describer))
    assert (first.steps.made, first.steps.recorded) == (6, 0)
    assert len({photo.digest for photo in describer.asked}) == len(describer.asked) == 6
    again = run(town / "query.png", with_describer(context, describer))
    assert (again.steps.made, again.steps.recorded) == (0, 6)
    assert len(describer.asked) == 6
    assert again.model_copy(update={"steps": first.steps}) == first


def test_another_n_is_asked_anew(town: Path, context: Context) -> None:
    describer = ScriptedDescriber({})
    run(town / "query.png", with_describer(context, describer))
    answer = run(town / "query.png", with_describer(with_settings(context, n=5), describer))
    assert answer.steps.made == 6


def test_the_describer_never_sees_a_position(town: Path, context: Context) -> None:
    describer = ScriptedDescriber({})
    run(town / "query.png", with_describer(context, describer))
    assert [photo.position for photo in describer.asked] == [None] * 6


def test_the_querys_own_position_is_reported_and_changes_nothing(town: Path, context: Context, tmp_path: Path) -> None:
    without = run(town / "query.png", context)
    lying = tmp_path / name_of(7)
    shutil.copy(town / "query.png", lying)
    answer = run(lying, context)
    assert without.query_position is None
    assert answer.query_position is not None
    assert answer.query_position.easting == 500_700
    assert answer.candidates == without.candidates
    assert answer.position == without.position


def test_a_photo_of_the_map_is_answered_by_the_others_and_that_is_said(town: Path, context: Context) -> None:
    member = town / "photos" / name_of(2)
    answer = run(member, context)
    assert len(answer.candidates) == 5
    assert answer.digest not in {candidate.digest for candidate in answer.candidates}
    place = tell_position(open_photo(member).position or pytest.fail("no position"))
    said = f'This photo is in your map, as "{name_of(2)}", at {place}; the answer is what the other photos say.'
    assert said in answer.notes
    assert answer.steps.made == 6
    assert run(member, dataclasses.replace(context, replay=True)) == answer


def test_a_query_that_cannot_be_described_is_answered_by_stage_1(town: Path, context: Context) -> None:
    describer = ScriptedDescriber({}, fails=frozenset({"query.png"}))
    answer = run(town / "query.png", with_describer(context, describer))
    assert (answer.reference, answer.decided_by, answer.cues) == (name_of(3), "coarse order", ())
    assert any("could not be described" in note and "coarse order stands" in note for note in answer.notes)


def test_candidates_that_cannot_be_described_keep_their_coarse_place_and_are_counted(
    town: Path, context: Context
) -> None:
    missing = run(town / "query.png", context).candidates[0].reference
    describer = ScriptedDescriber({}, fails=frozenset({missing}))
    describer.id = "scripted/3"
    answer = run(town / "query.png", with_describer(context, describer))
    last = answer.candidates[-1]
    assert (last.reference, last.score, last.retained, last.matches) == (missing, None, False, ())
    assert any("1 of 5 candidates could not be described" in note for note in answer.notes)


def test_a_candidate_whose_file_is_gone_does_not_stop_the_answer(town: Path, context: Context, tmp_path: Path) -> None:
    gone = town / "photos" / name_of(3)
    hidden = tmp_path / "hidden.png"
    shutil.move(gone, hidden)
    try:
        answer = run(town / "query.png", context)
    finally:
        shutil.move(hidden, gone)
    assert any("1 of 5 candidates could not be described" in note for note in answer.notes)


def test_an_endpoint_that_is_down_stops_the_run(town: Path, context: Context) -> None:
    with pytest.raises(EndpointUnreachable):
        run(town / "query.png", with_describer(context, UnreachableDescriber()))


def test_a_photo_that_cannot_be_read_is_one_clear_error(context: Context, tmp_path: Path) -> None:
    (tmp_path / "notes.jpg").write_text("not a photo")
    with pytest.raises(PhotoError, match=r"notes\.jpg"):
        run(tmp_path / "notes.jpg", context)


def test_a_forgotten_context_is_one_clear_error(town: Path) -> None:
    with pytest.raises(UsageError, match="open_context"):
        asyncio.run(graph.ainvoke({"photo": str(town / "query.png")}))


def test_a_thread_that_goes_on_with_another_photo_forgets_the_first_ones_descriptions(
    town: Path, context: Context
) -> None:
    kept = build_graph().compile(checkpointer=InMemorySaver())
    config: RunnableConfig = {"configurable": {"thread_id": "1"}}

    async def twice() -> tuple[Answer, Answer]:
        one = await kept.ainvoke(Query(photo=str(town / "query.png")), config, context=context)
        two = await kept.ainvoke(
            Query(photo=str(town / "photos" / name_of(6))), config, context=with_settings(context, n=1)
        )
        return one["answer"], two["answer"]

    first, second = asyncio.run(twice())
    assert first.steps.made == 6
    assert second.steps.made == 6
    assert second.steps.recorded == 0


def test_an_answer_is_json_without_anything_that_json_lacks(town: Path, context: Context) -> None:
    answer = run(town / "query.png", context)
    text = json.dumps(answer.model_dump(mode="json"), allow_nan=False)
    assert Answer.model_validate_json(text) == answer
    assert answer.settings["kappa"] == "hard"
    assert answer.settings["describer_id"] == "scripted/1"


@pytest.mark.parametrize("shown", [graph, assistant], ids=["localize", "assistant"])
def test_the_documentation_shows_the_graphs_as_they_are(shown: Pregel[Any, Any, Any, Any]) -> None:
    page = (Path(__file__).parents[3] / "docs/method.md").read_text(encoding="utf-8")
    drawing = shown.get_graph().draw_mermaid()
    assert f"```mermaid\n{drawing.strip()}\n```" in page


THREAD: RunnableConfig = {"configurable": {"thread_id": "1"}}
CallersGraph = CompiledStateGraph[Any, Any, Any, Any]


class Trip(TypedDict):
    """A caller's state: it shares `photo` and `answer` with the localization graph, and has a key of its own."""

    photo: str
    answer: Answer
    caption: str


class Caption(TypedDict):
    caption: str


class Asked(TypedDict):
    answer: Answer


def write_caption(state: Trip) -> Caption:
    return {"caption": f"taken at {state['answer'].reference}"}


async def ask(state: Trip, runtime: Runtime[Context]) -> Asked:
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
    assert Path(other).name in " ".join(told["answer"].notes)


def test_our_nodes_are_drawn_and_streamed_within_the_caller_s(photo: str, context: Context) -> None:
    trip = build_trip(graph)
    assert {"locate:coarse_retrieve", "locate:apply_threshold"} <= set(trip.get_graph(xray=True).nodes)

    async def seen() -> list[tuple[bool, str]]:
        parts = trip.astream({"photo": photo}, THREAD, context=context, stream_mode="updates", subgraphs=True)
        return [(bool(within), name) async for within, update in parts for name in update]

    steps = asyncio.run(seen())
    assert set(steps[:2]) == {(True, "coarse_retrieve"), (True, "describe_query")}
    assert (True, "describe_image") in steps
    assert steps[-3:] == [(True, "apply_threshold"), (False, "locate"), (False, "write_caption")]


class ScriptedModel:
    """Stands for a caller's model, which asks for the tool and then says what it returned."""

    def answer(self, state: MessagesState) -> dict[str, list[AIMessage]]:
        latest = state["messages"][-1]
        if isinstance(latest, HumanMessage):
            call = ToolCall(name="locate_photo", args={"photo": latest.text}, id="1", type="tool_call")
            return {"messages": [AIMessage("", tool_calls=[call])]}
        return {"messages": [AIMessage(AnswerSummary.model_validate_json(latest.text).reference or "nowhere I know")]}


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
    assert told[2].artifact.model_dump_json() == expected.model_dump_json()
    assert told[3].content == expected.reference
    # The tool's own steps are no part of the caller's conversation.
    assert {one.config["configurable"]["checkpoint_ns"] for one in saver.list(None)} == {""}
