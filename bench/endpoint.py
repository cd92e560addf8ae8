"""The client of a vision-language endpoint against a bare one, at a loopback server that takes 50 ms an answer.

It is measured in a process of its own, which holds what `internvl-vpr describe` does and no more: garbage is
collected more slowly beside torch.
"""

import asyncio
import json
import subprocess
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image

from internvl_vpr.tools.describers.cue_answer import parse_cues
from internvl_vpr.tools.describers.vision_model import VisionModel
from internvl_vpr.tools.endpoint.endpoint import Endpoint
from internvl_vpr.tools.endpoint.prompt import Prompt
from internvl_vpr.tools.photo.jpeg import Jpeg, encode_jpeg

from .side_by_side import SideBySide, Timing, measure

_SERVER = Path(__file__).parents[1] / "tests" / "faulty_server.py"
_AT_ONCE = 32
_REQUESTS = 60 * _AT_ONCE
_LATENCY = 0.05  # seconds
_N = 3


def measured() -> tuple[SideBySide, Timing]:
    """Return the comparison and its timing, which a process of its own has measured."""
    alone = subprocess.run([sys.executable, "-m", __name__], stdout=subprocess.PIPE, check=True)  # noqa: S603
    what, at_most = f"{_REQUESTS} requests, {_AT_ONCE} at once", 1 / 0.95
    return SideBySide(what, _nothing, "bare asyncio", _nothing, at_most), Timing(**json.loads(alone.stdout))


def _nothing() -> None:
    """What is compared ran elsewhere."""


def main() -> None:
    """Measure both ways, and print the timing as JSON."""
    command = [sys.executable, str(_SERVER), "--port", "0", "--latency", str(_LATENCY)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        try:
            ready = server.stdout.readline() if server.stdout else ""
            url = f"http://127.0.0.1:{ready.split()[1]}/v1"
            endpoint = Endpoint(url, None, timeout=60, concurrency=_AT_ONCE)
            model = VisionModel(endpoint, "InternVL3-38B", Prompt.load("describe_image.v1"))
            image = encode_jpeg(
                Image.new("RGB", (64, 48))
            )  # neither encoding photographs nor the ledger is part of this
            ours, other = (lambda: asyncio.run(_ours(model, image))), partial(_run_bare, url, model.request(image, _N))
            timing = measure(SideBySide("", ours, "", other, None))
        finally:
            server.terminate()
    sys.stdout.write(json.dumps(asdict(timing)))


def _run_bare(url: str, request: dict[str, object]) -> None:
    asyncio.run(_bare(url, request))


async def _ours(model: VisionModel, image: Jpeg) -> None:
    """Ask again and again as `describe` does, by as many workers; every answer is parsed and checked."""
    waiting = iter(range(_REQUESTS))

    async def worker() -> None:
        for _ in waiting:
            attempts = [attempt async for attempt in model.attempts_at(image, _N)]
            if attempts[-1].error is not None:
                raise RuntimeError(attempts[-1].error)

    await asyncio.gather(*(worker() for _ in range(_AT_ONCE)))


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


if __name__ == "__main__":
    main()
