"""Several workers that take from one queue; when one fails, the others are stopped."""

import asyncio
from collections.abc import Callable, Coroutine


async def run_workers(work: Callable[[], Coroutine[None, None, None]], count: int) -> None:
    """Run `count` workers until all have ended; raises what the first one that failed raised."""
    workers = [asyncio.ensure_future(work()) for _ in range(count)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
