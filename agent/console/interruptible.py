"""Running a coroutine so that Ctrl-C ends the command, whatever a thread is computing."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_Result = TypeVar("_Result")


def run(coroutine: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a coroutine to its end, as `asyncio.run` does, but let Ctrl-C through without waiting for threads.

    A computing thread cannot be stopped and may take many seconds; its result is dropped. The command must also end
    the process without waiting for it.
    """
    runner = asyncio.Runner()
    try:
        result = runner.run(coroutine)
    except KeyboardInterrupt:
        raise  # the loop's tasks are cancelled; closing it would wait for its threads
    except BaseException:
        runner.close()
        raise
    runner.close()
    return result
