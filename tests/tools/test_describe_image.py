"""Eq. 6: weights from scores, and a step that is recorded before its result is used."""

import asyncio
import math
import sqlite3
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import ScriptedDescriber
from texture import texture

from internvl_vpr.tools.describe_image import Replay, describe_image, normalize_scores, recall_descriptions
from internvl_vpr.tools.errors import StepMissing
from internvl_vpr.tools.ledger.ledger import Ledger, Step
from internvl_vpr.tools.ledger.report import attempts
from internvl_vpr.tools.photo.photo import open_photo
from internvl_vpr.tools.records import Attempt, Cue, RawCue


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=10))
def test_weights_sum_to_one_and_keep_the_proportions_of_the_scores(scores: list[float]) -> None:
    cues = normalize_scores([RawCue(text="t", score=score) for score in scores])
    total = math.fsum(scores)
    expected = [score / total for score in scores] if total > 0 else [1 / len(scores)] * len(scores)
    assert [cue.score for cue in cues] == scores
    assert [cue.weight for cue in cues] == pytest.approx(expected, rel=1e-9)
    assert math.fsum(cue.weight for cue in cues) == pytest.approx(1)


def test_no_cues_have_no_weights() -> None:
    assert normalize_scores([]) == ()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    texture(1).save(tmp_path / "@500000@5000000.png")
    return tmp_path / "@500000@5000000.png"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite")


SCRIPT = {"@500000@5000000.png": [("door", 1.0), ("roof", 3.0)]}


def test_a_description_is_weighted_recorded_and_read_back(photo: Path, ledger: Ledger) -> None:
    describer = ScriptedDescriber(SCRIPT)
    digest = open_photo(photo).digest
    first = asyncio.run(describe_image(photo, digest, 3, describer, ledger))
    again = asyncio.run(describe_image(photo, digest, 3, describer, ledger))
    assert first.cues == (Cue(text="door", score=1, weight=0.25), Cue(text="roof", score=3, weight=0.75))
    assert (first.recorded, again.recorded, len(describer.asked)) == (False, True, 1)
    assert again.cues == first.cues
    assert recall_descriptions([digest, digest], 3, describer, ledger) == {digest: again}
    ledger.close()


def test_a_file_that_has_changed_is_not_described(photo: Path, ledger: Ledger) -> None:
    describer = ScriptedDescriber(SCRIPT)
    description = asyncio.run(describe_image(photo, "0" * 64, 3, describer, ledger))
    assert description.cues == ()
    assert description.failure is not None
    assert "has changed" in description.failure
    assert describer.asked == []
    ledger.close()


def test_a_photo_that_fails_is_asked_again_another_time(photo: Path, ledger: Ledger) -> None:
    describer = ScriptedDescriber(SCRIPT, fails=frozenset({photo.name}))
    digest = open_photo(photo).digest
    assert asyncio.run(describe_image(photo, digest, 3, describer, ledger)).failure is not None
    describer.fails = frozenset()
    assert len(asyncio.run(describe_image(photo, digest, 3, describer, ledger)).cues) == 2
    ledger.close()


def test_a_describer_that_names_nothing_is_recorded_as_such(photo: Path, ledger: Ledger) -> None:
    class Silent:
        id = "silent/1"

        async def attempts(self, photo: object, n: int) -> AsyncGenerator[Attempt, None]:
            yield Attempt()

    digest = open_photo(photo).digest
    descriptions = [asyncio.run(describe_image(photo, digest, 3, Silent(), ledger)) for _ in range(2)]
    assert [description.recorded for description in descriptions] == [False, True]
    assert [(description.cues, description.failure) for description in descriptions] == [((), None)] * 2
    ledger.close()


def test_what_is_under_way_is_waited_for_and_not_asked_twice(photo: Path, ledger: Ledger) -> None:
    describer = ScriptedDescriber(SCRIPT)
    digest = open_photo(photo).digest

    async def together() -> list[bool]:
        made = await asyncio.gather(*(describe_image(photo, digest, 3, describer, ledger) for _ in range(8)))
        return [description.recorded for description in made]

    assert asyncio.run(together()) == [False] + [True] * 7
    assert len(describer.asked) == 1
    ledger.close()


def test_the_event_loop_goes_on_while_another_process_holds_the_ledger(photo: Path, ledger: Ledger) -> None:
    digest = open_photo(photo).digest
    other = sqlite3.connect(ledger.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def meanwhile() -> int:
        step = asyncio.create_task(describe_image(photo, digest, 3, ScriptedDescriber(SCRIPT), ledger))
        ticks = 0
        while ticks < 20:
            await asyncio.sleep(0.01)
            ticks += 1
        assert not step.done()
        other.execute("COMMIT")
        await step
        return ticks

    assert asyncio.run(meanwhile()) == 20
    other.close()
    ledger.close()


class Slow:
    """Answers after a while; `begun` is set once it is asked."""

    id = "slow/1"

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.begun = asyncio.Event()

    async def attempts(self, photo: object, n: int) -> AsyncGenerator[Attempt, None]:
        yield Attempt(error="not yet", usage={"prompt_tokens": 3})
        self.begun.set()
        await asyncio.sleep(self.seconds)
        yield Attempt(cues=(RawCue(text="door", score=1),), usage={"prompt_tokens": 4, "completion_tokens": 1})


def test_what_was_made_for_a_description_is_added_up(photo: Path, ledger: Ledger) -> None:
    digest = open_photo(photo).digest
    description = asyncio.run(describe_image(photo, digest, 3, Slow(0), ledger))
    assert (description.attempts, description.usage) == (2, {"prompt_tokens": 7, "completion_tokens": 1})
    assert [row.error for row in attempts(ledger)] == ["not yet", None]
    ledger.close()


def test_a_deadline_ends_in_a_description_that_says_so(photo: Path, ledger: Ledger) -> None:
    digest = open_photo(photo).digest
    description = asyncio.run(describe_image(photo, digest, 3, Slow(60), ledger, deadline=0.3))
    assert description.failure == "it was not described within the time that an answer may take"
    assert (description.cues, description.attempts) == ((), 1)
    assert [row.error for row in attempts(ledger)] == ["not yet"]
    replayed = recall_descriptions([digest], 3, Slow(60), ledger, failures=True)[digest]
    assert replayed.failure == description.failure
    assert recall_descriptions([digest], 3, Slow(60), ledger) == {}
    ledger.close()


def test_a_cancelled_step_keeps_what_was_answered_before(photo: Path, ledger: Ledger) -> None:
    digest = open_photo(photo).digest

    async def cancelled() -> None:
        describer = Slow(60)
        task = asyncio.create_task(describe_image(photo, digest, 3, describer, ledger))
        await describer.begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert [row.error for row in attempts(ledger)] == ["not yet"]
    ledger.close()


def test_an_answer_that_arrives_with_the_cancellation_is_on_the_disk(
    photo: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = open_photo(photo).digest
    other = sqlite3.connect(ledger.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # the write has to wait, and is cancelled meanwhile
    record, writing = ledger.record, threading.Event()

    def write(*what: Any) -> None:
        writing.set()
        record(*what)

    monkeypatch.setattr(ledger, "record", write)

    async def cancelled() -> None:
        task = asyncio.create_task(describe_image(photo, digest, 3, ScriptedDescriber(SCRIPT), ledger))
        assert await asyncio.to_thread(writing.wait, 60)
        task.cancel()
        await asyncio.sleep(0.1)
        assert not task.done()
        other.execute("COMMIT")
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert [row.error for row in attempts(ledger)] == [None]
    other.close()
    ledger.close()


def test_a_replay_asks_nobody(photo: Path, ledger: Ledger) -> None:
    digest = open_photo(photo).digest
    replay = Replay(ScriptedDescriber(SCRIPT))
    with pytest.raises(StepMissing, match="without --replay"):
        asyncio.run(describe_image(photo, digest, 3, replay, ledger))
    first = asyncio.run(describe_image(photo, digest, 3, ScriptedDescriber(SCRIPT), ledger))
    again = asyncio.run(describe_image(photo, digest, 3, replay, ledger))
    assert again.cues == first.cues
    ledger.close()


def test_failures_are_read_back_in_the_order_they_are_asked_for(ledger: Ledger) -> None:
    digests = [f"{number:064x}" for number in (5, 1, 9, 3)]
    describer = ScriptedDescriber({})
    for digest in sorted(digests):
        ledger.record_failure(Step(image=digest, describer=describer.id, n=3), f"because of {digest[-1]}")
    found = recall_descriptions(digests, 3, describer, ledger, failures=True)
    assert [description.failure for description in found.values()] == [f"because of {i}" for i in (5, 1, 9, 3)]
    ledger.close()


def test_threads_with_event_loops_of_their_own_do_not_ask_twice(photo: Path, ledger: Ledger) -> None:
    describer = ScriptedDescriber(SCRIPT)
    digest = open_photo(photo).digest
    found: list[bool] = []

    def one() -> None:
        found.append(asyncio.run(describe_image(photo, digest, 3, describer, ledger)).recorded)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(found) == [False, True, True, True]
    assert len(describer.asked) == 1
    ledger.close()
