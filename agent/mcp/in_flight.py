"""The calls of clients that are under way: a few at a time, with their progress told, and cancelled together."""

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
_Work = Callable[["CallProgress"], Coroutine[Any, Any, _Result]]

# The part of a photograph's work at which each stage begins and ends. That comparing has begun is progress, too.
_SPANS = {
    "retrieving": (0.0, 0.1), "verifying": (0.1, 0.2), "describing": (0.2, 0.9), "comparing": (0.95, 1.0),
    "comparing pairs": (0.2, 1.0),
}  # fmt: skip


class CallProgress:
    """How far a call has come, counted in photographs; a client that is slow is told the latest alone."""

    def __init__(self, photos: int) -> None:
        self.changed = asyncio.Event()
        self._photos = photos
        self._reached = -1.0
        self._untold = ""

    def of(self, number: int) -> Progress:
        """Return what a photograph's progress is reported to; photographs are counted from 0."""
        which = f"photo {number + 1} of {self._photos}: " if self._photos > 1 else ""

        def on_progress(stage: str, done: int, total: int, detail: str = "") -> None:  # noqa: ARG001
            start, end = _SPANS[stage]
            reached = round(number + start + (end - start) * done / max(total, 1), 4)
            if reached > self._reached:  # the protocol demands that progress grows
                self._reached = reached
                self._untold = f"{which}{stage} {done} of {total}" if total > 1 else f"{which}{stage}"
                self.changed.set()

        return on_progress

    async def tell(self, tell: Tell) -> None:
        """Tell the latest progress, unless it was told already."""
        self.changed.clear()
        if self._untold:
            text, self._untold = self._untold, ""
            await tell(self._reached, float(self._photos), text)


class Calls:
    """Runs the work of calls, at most `AT_ONCE` of them at a time; the others wait for their turn."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopped = False

    async def run(self, work: _Work[_Result], photos: int, tell: Tell) -> _Result:
        """Return what the work returns, and tell its progress meanwhile; when the caller is cancelled, the work is.

        Raises what the work raises, and `UsageError` when too many calls are waiting or after `stop`.
        """
        if self._stopped:
            raise _stopped()
        if len(self._tasks) >= MOST:
            raise UsageError(f"{MOST} questions are waiting already: ask again later.")
        progress = CallProgress(photos)
        task = asyncio.ensure_future(self._in_turn(work, progress))
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        task.add_done_callback(lambda _: progress.changed.set())
        try:
            while not task.done():
                await progress.changed.wait()
                await progress.tell(tell)
            await progress.tell(tell)
        finally:
            task.cancel()
        if self._stopped and task.cancelled():
            raise _stopped()
        return task.result()

    async def stop(self) -> None:
        """Cancel what is under way and wait until it has cleaned up; threads that still compute are not waited for."""
        self._stopped = True
        for task in self._tasks:
            if not task.cancelling():  # one that is cleaning up already is left alone
                task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=PATIENCE)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # so that asyncio does not complain of it when the caller has gone

    async def _in_turn(self, work: _Work[_Result], progress: CallProgress) -> _Result:
        async with self._slots:
            return await work(progress)


def _stopped() -> UsageError:
    return UsageError("The server was stopped before this was answered: start it and ask again.")
