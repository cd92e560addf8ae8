"""The five steps as tools for LangChain's agents: a handle from call to call, and at the end the graph's answer."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool
from langgraph.checkpoint.memory import InMemorySaver
from places import name_of, with_describer, with_judge, with_settings
from pydantic import ValidationError
from scripted import ScriptedDescriber, ScriptedJudge, UnreachableDescriber, patch_verifier
from texture import texture

from internvl_vpr.agent import Context, langchain_tools, record_serializer
from internvl_vpr.agent.callers.steps import MOST_RUNS
from internvl_vpr.agent.localizer.run import locate
from internvl_vpr.tools.describe_image import Describer, Replay
from internvl_vpr.tools.index.build import update_index
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.records import Answer, Attempt, Candidate, Photo
from internvl_vpr.tools.summaries import summarize_answer

STEPS = ["coarse_retrieve", "describe_image", "score_candidates", "verify_geometry", "apply_threshold"]
CUES = [("a red door", 3.0), ("a brass plate", 2.0), ("an arched window", 4.0), ("a green bench", 1.0)]
# What each photo of the map shows: neighbours have a cue in common.
SCRIPT = {name_of(n): [CUES[n % 4], CUES[(n + 1) % 4], (f"number {n}", 1.0)] for n in range(8)}
Fresh = Callable[[str], Context]


@pytest.fixture
def fresh(context: Context, tmp_path: Path) -> Iterator[Fresh]:
    """Return contexts that verify geometry, each with a ledger of its own, so that all is paid for anew."""
    verifier = patch_verifier(tmp_path)[0]
    ledgers: list[Ledger] = []

    def with_ledger(name: str) -> Context:
        ledgers.append(Ledger(tmp_path / f"{name}.sqlite"))
        described = with_describer(context, ScriptedDescriber(SCRIPT, frozenset({name_of(2)})))
        return dataclasses.replace(described, verifier=verifier, ledger=ledgers[-1])

    yield with_ledger
    for ledger in ledgers:
        ledger.close()


def tools_of(context: Context) -> dict[str, BaseTool]:
    return {tool.name: tool for tool in langchain_tools(context)}


async def call(tool: BaseTool, **arguments: Any) -> ToolMessage:
    message = await tool.ainvoke({"type": "tool_call", "id": "1", "name": tool.name, "args": arguments})
    assert isinstance(message, ToolMessage)
    return message


class StepModel(BaseChatModel):
    """A model that begins with a photo's path, and goes on as each result tells it, with the run that it names."""

    offered: tuple[str, ...] = ()

    @property
    def _llm_type(self) -> str:
        return "steps"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> "StepModel":
        return StepModel(offered=tuple(tool.name for tool in tools))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        latest = messages[-1]
        told = {} if isinstance(latest, HumanMessage) else json.loads(latest.text)
        name, arguments = (told["next"], {"run": told["run"]}) if told else (self.offered[0], {"photo": latest.text})
        calls = [{"name": name, "args": arguments, "id": f"{len(messages)}", "type": "tool_call"}] if name else []
        said = AIMessage("" if calls else f"{told['grade']} {told['reference']}", tool_calls=calls)
        return ChatResult(generations=[ChatGeneration(message=said)])


def test_an_agent_that_passes_on_handles_gives_the_graph_s_answers_for_24_photographs(
    fresh: Fresh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    photos = [f"{number}.png" for number in range(24)]
    for number, photo in enumerate(photos):
        image = texture(number % 8)
        image.putpixel((number, 0), (1, 2, 3))  # other bytes, the same place
        image.save(photo, compress_level=1)
    graphs, agents = (with_settings(fresh(name), k=3, verify_k=1) for name in ("graph", "agent"))
    agent = create_agent(StepModel(), langchain_tools(agents))

    async def ask(asked: Sequence[str]) -> list[list[Any]]:
        return [(await agent.ainvoke({"messages": [HumanMessage(photo)]}))["messages"] for photo in asked]

    async def graph_answers() -> list[Answer]:
        return [await locate(photo, graphs) for photo in photos]

    # Some of those who call it can await, others cannot.
    told = asyncio.run(ask(photos[:16]))
    told += [agent.invoke({"messages": [HumanMessage(photo)]})["messages"] for photo in photos[16:]]
    for messages, expected in zip(told, asyncio.run(graph_answers()), strict=True):
        assert messages[-2].artifact.model_dump_json() == expected.model_dump_json()
        assert messages[-1].text == f"{expected.grade} {expected.reference}"
        calls = [one for message in messages if isinstance(message, AIMessage) for one in message.tool_calls]
        assert [one["name"] for one in calls] == STEPS
        assert sum(len(json.dumps(one["args"])) for one in calls) < 150  # of 4,096 that are allowed
        assert sum(len(message.text) for message in messages if isinstance(message, ToolMessage)) < 6000


def test_a_checkpointer_keeps_the_answer_without_a_warning(
    fresh: Fresh, photo: str, caplog: pytest.LogCaptureFixture
) -> None:
    saver = InMemorySaver(serde=record_serializer())
    agent = create_agent(StepModel(), langchain_tools(fresh("agent")), checkpointer=saver)
    thread: Any = {"configurable": {"thread_id": "1"}}
    told = agent.invoke({"messages": [HumanMessage(photo)]}, thread)["messages"]
    kept = agent.get_state(thread).values["messages"]
    assert Answer.model_validate(kept[-2].artifact) == told[-2].artifact  # kept as plain data
    assert caplog.records == []


class SlowDescriber:
    """A describer that takes longer than anyone waits."""

    id = "slow/1"

    async def attempts(self, photo: Photo, n: int) -> AsyncGenerator[Attempt, None]:
        await asyncio.sleep(60)
        yield Attempt()


@pytest.mark.parametrize(
    ("changes", "describer"),
    [
        ({"verify": "rank", "k": 8, "n": 2}, None),
        ({"verify": "report", "tau": 0.95, "below_tau": "strict"}, None),
        ({"verify": "off", "k": 1, "tau": -1.0}, None),
        ({"verify": "rank", "deadline": 0.05}, SlowDescriber()),
    ],
)
def test_images_described_one_by_one_in_any_order_change_nothing_and_a_replay_neither(
    fresh: Fresh, photo: str, changes: dict[str, Any], describer: Describer | None
) -> None:
    def changed(name: str) -> Context:
        context = with_settings(fresh(name), **changes)
        return with_describer(context, describer) if describer else context

    async def stepped(context: Context) -> Answer:
        tools = tools_of(context)
        retrieved = await call(tools["coarse_retrieve"], photo=photo)
        run, k = json.loads(retrieved.text)["run"], json.loads(retrieved.text)["candidates"]
        assert [one.coarse_rank for one in retrieved.artifact] == list(range(1, k + 1))
        assert isinstance(retrieved.artifact[0], Candidate)
        for image in (k, 0):
            described = json.loads((await call(tools["describe_image"], run=run, image=image)).text)
            assert described["image"] == image
            assert bool(described["cues"]) == (described["failure"] is None)
        told = described
        while told["next"]:
            message = await call(tools[told["next"]], run=run)
            told = json.loads(message.text)
        answer: Answer = message.artifact
        assert told == {
            **summarize_answer(answer).model_dump(mode="json"),
            "run": run, "step": "apply_threshold", "next": None,
        }  # fmt: skip
        assert list(told)[:3] == ["grade", "status", "position"]
        return answer

    expected = asyncio.run(locate(photo, changed("graph")))
    context = changed("steps")
    assert asyncio.run(stepped(context)).model_dump_json() == expected.model_dump_json()
    replay = dataclasses.replace(context, describer=Replay(context.describer), replay=True)
    assert asyncio.run(stepped(replay)).model_dump_json() == expected.model_dump_json()


def test_a_judge_in_the_place_of_cues_gives_the_graph_s_answer(fresh: Fresh, photo: str) -> None:
    def judged(name: str) -> Context:
        judge = ScriptedJudge({name_of(3): (True, 90), name_of(5): (True, 60)}, fails=frozenset({name_of(2)}))
        return with_judge(fresh(name), judge, k=8, judge_k=7, verify="report")

    async def stepped(context: Context) -> Answer:
        tools = tools_of(context)
        messages = [await call(tools["coarse_retrieve"], photo=photo)]
        run = json.loads(messages[0].text)["run"]
        refused = await call(tools["describe_image"], run=run)
        assert refused.text == "With the judge nothing is described: call score_candidates."
        while name := json.loads(messages[-1].text)["next"]:
            messages.append(await call(tools[name], run=run))
        assert [message.name for message in messages] == ["coarse_retrieve", *STEPS[2:]]
        best = json.loads(messages[1].text)["best"][0]
        assert (best["reference"], best["score"], best["judgement"]["why"]) == (name_of(3), 0.9, "The windows say so")
        answer: Answer = messages[-1].artifact
        return answer

    expected = asyncio.run(locate(photo, judged("graph")))
    context = judged("steps")
    assert asyncio.run(stepped(context)).model_dump_json() == expected.model_dump_json()
    replay = dataclasses.replace(context, replay=True)
    assert asyncio.run(stepped(replay)).model_dump_json() == expected.model_dump_json()


def test_each_step_tells_the_best_few_of_what_its_artifact_holds(fresh: Fresh, photo: str) -> None:
    async def ask() -> dict[str, ToolMessage]:
        tools = tools_of(with_settings(fresh("steps"), k=8, verify="rank"))
        told = [await call(tools["coarse_retrieve"], photo=photo)]
        while name := json.loads(told[-1].text)["next"]:
            told.append(await call(tools[name], run=json.loads(told[0].text)["run"]))
        return dict(zip(STEPS, told, strict=True))

    messages = asyncio.run(ask())
    told = {name: json.loads(message.text) for name, message in messages.items()}
    found = {name: message.artifact for name, message in messages.items()}
    for name, kept in told.items():
        assert len(messages[name].text) < 3000
        assert kept["step"] == name
        assert len(kept.get("best", [])) <= 5
    assert told["coarse_retrieve"]["best"][0]["reference"] == name_of(3)
    assert {name: told["describe_image"][name] for name in ("described", "failed", "missing")} == {
        "described": 8, "failed": 1, "missing": 0,
    }  # fmt: skip
    assert told["describe_image"]["cues"][0]["text"] == "a wall"
    scores = {one.reference: one.score for one in found["score_candidates"]}
    scored = sorted((score for score in scores.values() if score is not None), reverse=True)
    assert told["score_candidates"]["scored"] == len(scored) == 7
    assert [one["score"] for one in told["score_candidates"]["best"]] == scored[:5]
    assert all(scores[one["reference"]] == one["score"] for one in told["score_candidates"]["best"])
    inliers = sorted((one.inliers for one in found["verify_geometry"].values()), reverse=True)
    assert [one["inliers"] for one in told["verify_geometry"]["best"]] == inliers[:5]
    assert told["verify_geometry"]["best"][0]["reference"] == name_of(3)
    assert len(next(iter(found["verify_geometry"].values())).points) > 100


def test_a_call_that_cannot_be_done_says_what_to_call(fresh: Fresh, photo: str, tmp_path: Path) -> None:
    async def ask() -> None:
        tools = tools_of(with_settings(fresh("steps"), verify="off"))

        async def refused(name: str, sentence: str, **arguments: Any) -> None:
            message = await call(tools[name], **arguments)
            assert (message.status, message.artifact) == ("error", None)
            assert sentence in message.text

        await refused("coarse_retrieve", "none.jpg", photo=str(tmp_path / "none.jpg"))
        for name in STEPS[1:]:
            await refused(name, "There is no run 'r-0': call coarse_retrieve with the photo", run="r-0")
        run = json.loads((await call(tools["coarse_retrieve"], photo=photo)).text)["run"]
        for name in STEPS[2:5:2]:
            await refused(name, f"{name} is not the next step of run {run}: call describe_image.", run=run)
        await refused("describe_image", "has no candidate 6: name a rank up to 5", run=run, image=6)
        await call(tools["describe_image"], run=run)
        await refused("describe_image", "not the next step", run=run)
        await refused("verify_geometry", "Geometry is off with these settings: call score_candidates.", run=run)
        await call(tools["score_candidates"], run=run)
        await refused("score_candidates", "call apply_threshold.", run=run)
        await call(tools["apply_threshold"], run=run)
        await refused("apply_threshold", f"The run {run} has ended with its answer", run=run)
        shown = await call(tools["describe_image"], run=run, image=1)  # what is known can be read again
        assert json.loads(shown.text)["cues"][2]["text"] == "number 3"
        for _ in range(MOST_RUNS):
            await call(tools["coarse_retrieve"], photo=photo)
        await refused("describe_image", f"The latest {MOST_RUNS} runs are kept", run=run)

    asyncio.run(ask())


def test_a_run_of_one_map_is_none_of_another_map(context: Context, town: Path, photo: str, tmp_path: Path) -> None:
    update_index(town / "photos", tmp_path / "other", context.index.settings.model_copy(update={"seed": 1}))
    with closing(PlaceIndex.open(tmp_path / "other")) as index:
        tools = tools_of(dataclasses.replace(context, index=index))
        of_other_map = json.loads(tools["coarse_retrieve"].invoke({"photo": photo}))["run"]
        tools = tools_of(context)
        assert json.loads(tools["coarse_retrieve"].invoke({"photo": photo}))["run"] != of_other_map
        assert f"There is no run '{of_other_map}'" in tools["describe_image"].invoke({"run": of_other_map})


def test_a_step_that_failed_can_be_taken_again(fresh: Fresh, photo: str) -> None:
    context = fresh("steps")
    tools = tools_of(with_describer(context, UnreachableDescriber()))
    run = json.loads(tools["coarse_retrieve"].invoke({"photo": photo}))["run"]
    for _ in range(2):
        assert tools["describe_image"].invoke({"run": run}) == "The endpoint does not answer: start it."


def test_handles_are_all_that_a_model_can_pass_on(context: Context, photo: str) -> None:
    tools = tools_of(context)
    assert {name: list(tool.args) for name, tool in tools.items()} == {
        "coarse_retrieve": ["photo"],
        "describe_image": ["run", "image"],
        "score_candidates": ["run"],
        "verify_geometry": ["run"],
        "apply_threshold": ["run", "candidates"],
    }
    for tool in tools.values():
        assert tool.description
        assert tool.metadata is not None
        assert {"run", "step", "next"} <= set(tool.metadata["result_schema"]["properties"])

    async def notebook() -> Any:
        return tools["coarse_retrieve"].invoke({"photo": photo})  # within a running loop, but not awaited

    run = json.loads(asyncio.run(notebook()))["run"]
    with pytest.raises(ValidationError):
        tools["score_candidates"].invoke({"run": run, "scores": [0.999]})
