"""A limit on how much runs at once in the whole process, whatever event loops its threads have."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Slots:
    """Counts what is running; each newcomer says how many may run at once, itself included."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used = 0
        self._waiting: deque[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def slot(self, most: int) -> AsyncIterator[None]:
        """Wait until fewer than `most` are running, and be one of them."""
        await self._take(most)
        try:
            yield
        finally:
            self._give_back()

    async def _take(self, most: int) -> None:
        while (turn := self._try(most)) is not None:
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._wake_next()  # the next in line must not wait for one that has left
                raise

    def _try(self, most: int) -> asyncio.Future[None] | None:
        """Take a slot, or return what to wait for."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._used < most:
                self._used += 1
                return None
            turn = loop.create_future()
            self._waiting.append((loop, turn))
            return turn

    def _give_back(self) -> None:
        with self._lock:
            self._used -= 1
        self._wake_next()

    def _wake_next(self) -> None:
        """Let the first in line try again; its loop may be another thread's, and may have been closed."""
        with self._lock:
            while self._waiting:
                loop, turn = self._waiting.popleft()
                if turn.cancelled() or loop.is_closed():
                    continue
                if loop is asyncio.get_running_loop():
                    _wake(turn)
                else:
                    loop.call_soon_threadsafe(_wake, turn)  # costs a system call
                return


def _wake(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)
