"""A model's steps in the ledger: written before they are used, read back instead of paid twice, and replayed."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import faulty_server as faulty
import pytest
from faulty_server import FaultyServer
from langchain_core.messages import AnyMessage, HumanMessage
from model_steps import HELLO, PROMPT, choose, model_at, reply, tool
from talking import calls_of, replies_of, talk

from internvl_vpr.agent.calls import Call, Known
from internvl_vpr.agent.dialogue.next_step import NoStep, next_step
from internvl_vpr.agent.dialogue.step_messages import chat_messages
from internvl_vpr.agent.dialogue.step_schema import step_schema
from internvl_vpr.agent.localizer.context import Context
from internvl_vpr.tools.endpoint.chat_model import digest_of
from internvl_vpr.tools.errors import StepMissing
from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.ledger.model_report import model_rows, model_stats

SECRET = "my secret question about /home/me/private.jpg"
ASKED: list[AnyMessage] = [HumanMessage(SECRET)]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "steps.sqlite") as opened:
        yield opened


def test_both_choices_are_recorded_verbatim_with_digests_in_place_of_what_was_sent(
    server: FaultyServer, ledger: Ledger
) -> None:
    choose(server, ASKED, reply("It is Paris."), tool("map_summary"), ledger=ledger)
    first, second = model_rows(ledger)
    bodies = [request.body for request in server.requests]
    for row, body, served in zip((first, second), bodies, ("It is Paris.", "map_summary"), strict=True):
        assert served in row.raw
        assert row.request == {
            "endpoint": server.endpoint, "model": "InternVL3-38B", "prompt": f"assistant.v3 {PROMPT.digest}",
            "messages": digest_of(body["messages"]), "schema": digest_of(step_schema()),
            "temperature": f"{body['temperature']:g}", "seed": str(body["seed"]),
            "max_tokens": str(body["max_tokens"]), "answered by": "InternVL3-38B",
        }  # fmt: skip
        assert (row.usage["prompt_tokens"], row.finish_reason) == (40, "stop")
        assert row.latency > 0
    assert (first.attempt, second.attempt, first.step) == (1, 2, second.step)
    assert first.step == digest_of(chat_messages(ASKED, Known()))
    assert first.error is not None
    assert "Paris" in first.error
    assert (first.answer, second.error) == ("", None)
    assert json.loads(second.answer) == {"step": {"tool": "map_summary", "arguments": {}}}
    (figures,) = model_stats(ledger)
    assert (figures.kind, figures.taken, figures.not_taken, figures.attempts, figures.taken_at_first) == (
        "assistant", 1, 0, 2, 0
    )  # fmt: skip
    assert figures.tokens["prompt_tokens"] == 80
    assert "secret" not in ledger.path.read_text(encoding="latin-1")


def test_the_same_is_never_paid_twice_and_a_replay_asks_nothing(server: FaultyServer, ledger: Ledger) -> None:
    made = choose(server, ASKED, reply("It is Paris."), tool("map_summary"), ledger=ledger)
    for replay in (False, True):
        again = choose(server, ASKED, ledger=ledger, replay=replay)
        assert again == made.model_copy(update={"usage": {}})
    assert len(server.requests) == len(list(model_rows(ledger))) == 2
    with pytest.raises(StepMissing, match=r"no step of the assistant for this question .*ask without --replay first"):
        choose(server, HELLO, ledger=ledger, replay=True)
    assert len(server.requests) == 2
    choose(server, HELLO, reply("Hello."), ledger=ledger)
    assert len(server.requests) == 3


def test_a_failure_is_asked_again_and_a_replay_repeats_it(server: FaultyServer, ledger: Ledger) -> None:
    with pytest.raises(NoStep, match="503"):
        choose(server, ASKED, faulty.status(503), ledger=ledger)
    with pytest.raises(NoStep, match="503"):
        choose(server, ASKED, ledger=ledger, replay=True)
    assert choose(server, ASKED, tool("map_summary"), ledger=ledger).calls == (Call(name="map_summary"),)
    assert choose(server, ASKED, ledger=ledger, replay=True).calls
    assert [row.error is None for row in model_rows(ledger)] == [False, True]


def test_what_is_read_back_is_checked_again(server: FaultyServer, ledger: Ledger, photos: Path) -> None:
    question: list[AnyMessage] = [HumanMessage(f"where? {photos.parent}/trip/*.jpg")]
    every = tool("locate_photo", photo=f"{photos.parent}/trip/*.jpg")
    assert len(choose(server, question, every, ledger=ledger).calls) == 3
    (photos.parent / "trip" / "1.jpg").unlink()
    assert len(choose(server, question, ledger=ledger).calls) == 2
    assert len(server.requests) == 1


def test_an_answer_that_nobody_waits_for_any_more_is_kept(server: FaultyServer, ledger: Ledger) -> None:
    write, held = ledger.write, asyncio.Event()

    async def cancelled() -> None:
        loop = asyncio.get_running_loop()

        def slow(statement: str, rows: Any) -> int:
            loop.call_soon_threadsafe(held.set)
            return write(statement, rows)

        ledger.write = slow  # type: ignore[method-assign]
        asking = asyncio.create_task(next_step(ASKED, Known(), model_at(server.endpoint), ledger))
        await held.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    server.script(tool("map_summary"))
    asyncio.run(cancelled())
    assert choose(server, ASKED, ledger=ledger, replay=True).calls
    assert len(server.requests) == 1


def test_a_conversation_can_be_replayed_without_a_server(server: FaultyServer, context: Context) -> None:
    model = model_at(server.endpoint)
    server.script(tool("map_summary"), reply("The map holds 8 photos."))
    asked = talk(replace(context, assistant=model), "what is on the map?")
    again = talk(replace(context, assistant=model, replay=True), "what is on the map?")
    assert (calls_of(again), replies_of(again)) == (calls_of(asked), replies_of(asked))
    assert replies_of(again) == ["The map holds 8 photos."]
    assert len(server.requests) == 2
    with pytest.raises(StepMissing):
        talk(replace(context, assistant=model, replay=True), "something else")
