"""The calls of clients that are under way: so many at once, with their progress told, and cancelled together."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.progress import Progress

AT_ONCE = 4  # each may hold a decoded photograph
MOST = 100  # under way and waiting
PATIENCE = 2.0  # seconds for what was cancelled to clean up

Tell = Callable[[float, float, str], Awaitable[None]]
_Result = TypeVar("_Result")

# Where in a photo's way each stage begins and ends; telling that comparing has begun must be a step forward, too.
_SPANS = {"retrieving": (0.0, 0.1), "describing": (0.1, 0.9), "comparing": (0.95, 1.0)}


class Steps:
    """How far a call is, in photographs; only the latest is kept for a client that is slower than the steps are."""

    def __init__(self, photos: int) -> None:
        self.changed = asyncio.Event()
        self._photos = photos
        self._reached = -1.0
        self._untold = ""

    def of(self, number: int) -> Progress:
        """Return what takes the progress of one photograph, counted from 0."""
        which = f"photo {number + 1} of {self._photos}: " if self._photos > 1 else ""

        def on_progress(stage: str, done: int, total: int, detail: str = "") -> None:  # noqa: ARG001
            start, end = _SPANS[stage]
            reached = round(number + start + (end - start) * done / max(total, 1), 4)
            if reached > self._reached:  # the protocol demands that it grows
                self._reached = reached
                self._untold = f"{which}{stage} {done} of {total}" if total > 1 else f"{which}{stage}"
                self.changed.set()

        return on_progress

    async def tell(self, tell: Tell) -> None:
        """Tell the latest step, unless it was told already."""
        self.changed.clear()
        if self._untold:
            text, self._untold = self._untold, ""
            await tell(self._reached, float(self._photos), text)


class Calls:
    """Runs the work of calls; at most `AT_ONCE` at a time, the others wait in turn."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopped = False

    async def run(self, work: Callable[[Steps], Coroutine[Any, Any, _Result]], photos: int, tell: Tell) -> _Result:
        """Return what the work returns, and tell its steps meanwhile; ends with the caller when that is cancelled.

        Raises what the work raises, and `UsageError` when too many calls wait, or `stop` was called.
        """
        if self._stopped:
            raise _stopped()
        if len(self._tasks) >= MOST:
            raise UsageError(f"{MOST} questions are waiting already: ask again later.")
        steps = Steps(photos)
        task = asyncio.ensure_future(self._in_turn(work, steps))
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        task.add_done_callback(lambda _: steps.changed.set())
        try:
            while not task.done():
                await steps.changed.wait()
                await steps.tell(tell)
            await steps.tell(tell)
        finally:
            task.cancel()
        if self._stopped and task.cancelled():
            raise _stopped()
        return task.result()

    async def stop(self) -> None:
        """Cancel what is under way, and wait until it has cleaned up; a thread that computes is not waited for."""
        self._stopped = True
        for task in self._tasks:
            if not task.cancelling():  # what cleans up already is left to it
                task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=PATIENCE)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # seen, also where the caller has gone

    async def _in_turn(self, work: Callable[[Steps], Coroutine[Any, Any, _Result]], steps: Steps) -> _Result:
        async with self._slots:
            return await work(steps)


def _stopped() -> UsageError:
    return UsageError("The server was stopped before this was answered: start it and ask again.")
