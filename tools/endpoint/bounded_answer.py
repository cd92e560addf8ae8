"""HTTP answers of bounded size, whatever a server sends."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2

MOST_BYTES = 2**20


class TooMuch(httpx2.ReadError):
    """An answer that is larger than allowed, or could be once it is decompressed."""


async def bound_answer(response: httpx2.Response) -> None:
    """Let an answer fail with `TooMuch` beyond one mebibyte; a compressed one, never asked for, fails at once."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise TooMuch("the endpoint's answer is compressed, which was not asked for")
    response.stream = _Bounded(response.stream)


class _Bounded(httpx2.AsyncByteStream):
    """A stream that raises `TooMuch` once it is too long."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for part in self._stream:
            read += len(part)
            if read > MOST_BYTES:
                raise TooMuch(f"the endpoint's answer is larger than {MOST_BYTES // 2**20} MiB")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()
