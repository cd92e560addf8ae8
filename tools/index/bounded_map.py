"""Map a function over items in threads, in order, with bounded memory."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def bounded_map(function: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
    """Yield `function(item)` for each item, in order, on as many threads as there are cores.

    At most twice as many results wait as there are threads, so memory does not grow with the items.
    """
    threads = os.cpu_count() or 1
    queue = iter(items)
    pool = ThreadPoolExecutor(threads)
    try:
        waiting: deque[Future[_Result]] = deque(pool.submit(function, item) for item in islice(queue, 2 * threads))
        while waiting:
            result = waiting.popleft().result()
            for item in islice(queue, 1):
                waiting.append(pool.submit(function, item))
            yield result
    finally:
        # A caller that stops early does not wait for what is being computed, which may take a minute.
        pool.shutdown(wait=False, cancel_futures=True)
