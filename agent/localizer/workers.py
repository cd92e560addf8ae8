"""Several workers that take from one queue; when one fails, the others end with it."""

import asyncio
from collections.abc import Callable, Coroutine


async def run_workers(work: Callable[[], Coroutine[None, None, None]], count: int) -> None:
    """Run `count` of them to their end; raises what the first one raised that failed, once all have ended."""
    workers = [asyncio.ensure_future(work()) for _ in range(count)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
