"""The client of a vision-language endpoint against a bare one, at a loopback server that takes 50 ms an answer."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image

from internvl_vpr.tools.cue_answer import parse_cues
from internvl_vpr.tools.endpoint import Endpoint
from internvl_vpr.tools.prompt import Prompt
from internvl_vpr.tools.sent_image import SentImage, jpeg
from internvl_vpr.tools.vision_model import VisionModel

from .comparison import Comparison

_SERVER = Path(__file__).parents[1] / "tests" / "faulty_server.py"
_AT_ONCE = 32
_REQUESTS = 60 * _AT_ONCE
_LATENCY = 0.05  # seconds
_N = 3


def comparisons() -> Iterator[Comparison]:
    """Yield the time for many descriptions; the floor is 95 % of the bare client's rate."""
    command = [sys.executable, str(_SERVER), "--port", "0", "--latency", str(_LATENCY)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        try:
            ready = server.stdout.readline() if server.stdout else ""
            url = f"http://127.0.0.1:{ready.split()[1]}/v1"
            endpoint = Endpoint(url, None, timeout=60, concurrency=_AT_ONCE)
            model = VisionModel(endpoint, "InternVL3-38B", Prompt.load("describe_image.v1"))
            image = jpeg(Image.new("RGB", (64, 48)))  # encoding photographs is no part of this
            yield Comparison(
                f"{_REQUESTS} requests, {_AT_ONCE} at once",
                lambda: asyncio.run(_ours(model, image)),
                "bare asyncio",
                lambda: asyncio.run(_bare(url, model.request(image, _N))),
                at_most=1.05,
            )
        finally:
            server.terminate()


async def _ours(model: VisionModel, image: SentImage) -> None:
    """Describe the image again and again, with all that is checked and recorded of an answer."""

    async def one() -> None:
        attempts = [attempt async for attempt in model.attempts_at(image, _N)]
        if attempts[-1].error is not None:
            raise RuntimeError(attempts[-1].error)

    await asyncio.gather(*(one() for _ in range(_REQUESTS)))


async def _bare(url: str, request: dict[str, object]) -> None:
    """Send the same requests over as many connections, and parse the answers, with nothing around it."""
    address = urlsplit(url)
    body = json.dumps(request).encode()
    head = f"POST {address.path}/chat/completions HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: {len(body)}\r\n"
    message = f"{head}Content-Type: application/json\r\n\r\n".encode() + body
    waiting = iter(range(_REQUESTS))

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        for _ in waiting:
            writer.write(message)
            lines = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
            length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length"))
            answer = json.loads(await reader.readexactly(length))
            parse_cues(answer["choices"][0]["message"]["content"], _N)
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(connection() for _ in range(_AT_ONCE)))
