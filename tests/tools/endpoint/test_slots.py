"""A limit that holds over tasks, event loops and threads, and loses no place when a task is cancelled."""

import asyncio
import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from internvl_vpr.tools.endpoint.slots import Slots


class Counter:
    """Counts how many are inside at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.within = self.most = self.passed = 0

    def enter(self) -> None:
        with self._lock:
            self.within += 1
            self.most = max(self.most, self.within)

    def leave(self) -> None:
        with self._lock:
            self.within -= 1
            self.passed += 1


async def pass_through(slots: Slots, counter: Counter, most: int, seconds: float = 0.002) -> None:
    async with slots.slot(most):
        counter.enter()
        try:
            await asyncio.sleep(seconds)
        finally:
            counter.leave()


def test_the_limit_holds_over_threads_with_loops_of_their_own() -> None:
    slots, counter = Slots(), Counter()

    async def many() -> None:
        await asyncio.gather(*(pass_through(slots, counter, 3) for _ in range(20)))

    threads = [threading.Thread(target=lambda: asyncio.run(many())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert (counter.most, counter.passed) == (3, 80)


@settings(max_examples=30)
@given(leaving=st.lists(st.booleans(), min_size=1, max_size=12), most=st.integers(1, 3))
def test_a_cancelled_task_gives_its_place_back(leaving: list[bool], most: int) -> None:
    slots, counter = Slots(), Counter()

    async def run() -> None:
        tasks = [asyncio.create_task(pass_through(slots, counter, most)) for _ in leaving]
        await asyncio.sleep(0.001)
        for task, leaves in zip(tasks, leaving, strict=True):
            if leaves:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.wait_for(asyncio.gather(*(pass_through(slots, counter, most) for _ in range(4))), 60)

    asyncio.run(run())
    assert counter.within == 0
    assert counter.most <= most


def test_a_loop_that_is_closed_while_it_waits_blocks_nobody() -> None:
    slots, counter = Slots(), Counter()

    async def hold(inside: threading.Event, release: threading.Event) -> None:
        async with slots.slot(1):
            inside.set()
            await asyncio.to_thread(release.wait, 60)

    inside, release = threading.Event(), threading.Event()
    holder = threading.Thread(target=lambda: asyncio.run(hold(inside, release)))
    holder.start()
    assert inside.wait(60)
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(pass_through(slots, counter, 1))
    loop.run_until_complete(asyncio.sleep(0.01))
    waiting.cancel()
    loop.run_until_complete(asyncio.gather(waiting, return_exceptions=True))
    loop.close()
    release.set()
    holder.join(timeout=60)
    asyncio.run(asyncio.wait_for(pass_through(slots, counter, 1), 60))
    assert counter.passed == 1
