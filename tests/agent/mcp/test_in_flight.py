"""Calls under way: bounded, told of, and cancelled together."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.agent.mcp.in_flight import AT_ONCE, MOST, CallProgress, Calls, Tell
from internvl_vpr.tools.errors import PhotoError, UsageError

Told = list[tuple[float, float, str]]


async def nobody(_reached: float, _total: float, _text: str) -> None:
    """Take no notice."""


def teller(told: Told) -> Tell:
    async def tell(reached: float, total: float, text: str) -> None:
        told.append((reached, total, text))

    return tell


STAGES = st.sampled_from(["retrieving", "describing", "comparing"])


@given(
    photos=st.integers(1, 20),
    reports=st.lists(st.tuples(st.integers(0, 19), STAGES, st.integers(0, 100), st.integers(0, 100)), max_size=30),
)
def test_progress_grows_whatever_is_reported(photos: int, reports: list[tuple[int, str, int, int]]) -> None:
    told: Told = []

    async def report() -> None:
        steps = CallProgress(photos)
        for number, stage, done, total in reports:
            steps.of(min(number, photos - 1))(stage, min(done, total), total)
            await steps.tell(teller(told))

    asyncio.run(report())
    reached = [step for step, _, _ in told]
    assert reached == sorted(set(reached))
    assert all(0 <= step <= photos for step in reached)
    assert {total for _, total, _ in told} <= {float(photos)}


def test_the_whole_way_of_two_photos_is_told() -> None:
    told: Told = []

    async def work(steps: CallProgress) -> str:
        for number in (0, 1):
            for stage, done, total in [("retrieving", 0, 1), ("describing", 2, 4), ("comparing", 1, 1)]:
                steps.of(number)(stage, done, total, "12/s \x1b[31m")
                await asyncio.sleep(0.01)
        return "found"

    assert asyncio.run(Calls().run(work, 2, teller(told))) == "found"
    assert told == [
        (0.0, 2.0, "photo 1 of 2: retrieving"),
        (0.55, 2.0, "photo 1 of 2: describing 2 of 4"),
        (1.0, 2.0, "photo 1 of 2: comparing"),
        (1.55, 2.0, "photo 2 of 2: describing 2 of 4"),
        (2.0, 2.0, "photo 2 of 2: comparing"),
    ]


def test_a_slow_client_is_told_the_latest_and_holds_nothing_up() -> None:
    told: Told = []

    async def ask() -> None:
        finished = asyncio.Event()

        async def slow(reached: float, total: float, text: str) -> None:
            told.append((reached, total, text))
            await finished.wait()

        async def work(steps: CallProgress) -> None:
            for done in range(1000):
                steps.of(0)("describing", done, 1000)
                if done % 100 == 0:
                    await asyncio.sleep(0)
            steps.of(0)("comparing", 1, 1)
            finished.set()

        await asyncio.wait_for(Calls().run(work, 1, slow), 60)

    asyncio.run(ask())
    assert len(told) < 5
    assert told[-1] == (1.0, 1.0, "comparing")


def test_few_run_at_once_and_all_are_answered() -> None:
    under_way, most = 0, 0

    async def work(number: int) -> int:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.005)
        under_way -= 1
        return number

    async def ask() -> list[int]:
        calls = Calls()
        return await asyncio.gather(*(calls.run(lambda _, n=n: work(n), 1, nobody) for n in range(20)))  # type: ignore[misc]

    assert asyncio.run(ask()) == list(range(20))
    assert most == AT_ONCE


def test_more_than_can_wait_are_refused_and_the_others_answered() -> None:
    async def ask() -> list[object]:
        calls, gate = Calls(), asyncio.Event()

        async def work(_: CallProgress) -> str:
            await gate.wait()
            return "found"

        asked = [asyncio.ensure_future(calls.run(work, 1, nobody)) for _ in range(MOST)]
        await asyncio.sleep(0)
        with pytest.raises(UsageError, match="ask again later"):
            await calls.run(work, 1, nobody)
        gate.set()
        found: list[object] = [await one for one in asked]
        return [*found, await calls.run(work, 1, nobody)]

    assert set(asyncio.run(ask())) == {"found"}


def test_what_the_work_raises_is_raised() -> None:
    async def work(_: CallProgress) -> None:
        raise PhotoError("no photo")

    with pytest.raises(PhotoError, match="no photo"):
        asyncio.run(Calls().run(work, 1, nobody))


@pytest.mark.parametrize("waits", [False, True], ids=["under way", "waiting for its turn"])
def test_a_caller_that_gives_up_ends_the_work(waits: bool) -> None:
    events: list[str] = []

    async def ask() -> None:
        calls, started = Calls(), asyncio.Event()

        async def work(_: CallProgress) -> None:
            events.append("started")
            started.set()
            try:
                await asyncio.Event().wait()
            finally:
                events.append("ended")

        asked = [asyncio.ensure_future(calls.run(work, 1, nobody)) for _ in range(AT_ONCE + waits)]
        await started.wait()
        last = asked[-1]
        last.cancel()
        await asyncio.wait({last})
        assert last.cancelled()
        await asyncio.sleep(0)
        ended = events.count("ended")
        await calls.stop()
        assert ended == (0 if waits else 1)
        assert events.count("ended") == events.count("started") == AT_ONCE
        for one in asked[:-1]:
            with pytest.raises(UsageError, match="server was stopped"):
                await one
        with pytest.raises(UsageError, match="server was stopped"):
            await calls.run(work, 1, nobody)

    asyncio.run(ask())


def test_stopping_waits_for_what_cleans_up_already() -> None:
    events: list[str] = []

    async def ask() -> None:
        calls, started = Calls(), asyncio.Event()

        async def work(_: CallProgress) -> None:
            started.set()
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0.05)
                events.append("cleaned up")

        asked = asyncio.ensure_future(calls.run(work, 1, nobody))
        await started.wait()
        asked.cancel()
        await asyncio.wait({asked})
        await calls.stop()

    asyncio.run(ask())
    assert events == ["cleaned up"]
