"""Runs a real OpenAI-compatible server on this machine for as long as a test lasts: llama-server with a tiny model."""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from endpoint.llama_server import llama_server
from endpoint.tiny_gguf import write_tiny_internvl

MODEL = "InternVL3-tiny"
_HOST = "127.0.0.1"
_CONTEXT = 8192  # tokens of one request and its answer
_START, _STOP = 60.0, 10.0  # seconds that the server may take for it
_PAUSE = 0.02  # seconds between looks at the server
_LISTENING = re.compile(rf"listening on http://{re.escape(_HOST)}:(\d+)")


@dataclass(frozen=True)
class Served:
    """A server that answers at an endpoint."""

    endpoint: str  # http://127.0.0.1:PORT/v1
    model: str
    process: subprocess.Popen[bytes]
    log: Path

    def stop(self) -> None:
        """End the server and wait until it has left; nothing happens when it already has."""
        _stop(self.process)


@contextmanager
def served_model(
    folder: Path, *, parallel: int = 4, seed: int = 0, tidy: bool = True, port: int = 0
) -> Iterator[Served]:
    """Serve a tiny model, written into the folder with the server's log, to so many requests at once.

    `seed` and `tidy` are those of `write_tiny_internvl`. The program is built if it must be, which takes minutes: ask
    `cached_server` first. Raises `CannotBuild`, or `RuntimeError` with the end of the log if the server does not start.
    """
    program = llama_server()
    model, projector = write_tiny_internvl(folder, seed, tidy=tidy)
    log = folder / "llama-server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, "--model", model, "--mmproj", projector, *_options(parallel, port)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=_environment(),
        )  # fmt: skip
    try:
        yield Served(f"http://{_HOST}:{_started(process, log)}/v1", MODEL, process, log)
    finally:
        _stop(process)


def _options(parallel: int, port: int) -> list[str]:
    """Return the server's options: nothing that an earlier request left behind may change an answer."""
    return [
        "--alias", MODEL, "--host", _HOST,
        "--port", str(port),  # 0 is one that is free, and none can take it in between
        "--parallel", str(parallel), "--ctx-size", str(_CONTEXT * parallel),
        "--threads", "1",  # threads wait for each other by spinning, which beside other work costs more than it gains
        "--no-cache-prompt", "--cache-ram", "0",
        "--jinja", "--no-ui", "--no-warmup", "--offline", "--log-colors", "off",
    ]  # fmt: skip


def _environment() -> dict[str, str]:
    """Return the environment without what would change the server's options."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("LLAMA_", "AIP_"))}


def _started(process: subprocess.Popen[bytes], log: Path) -> int:
    """Wait for the server to be healthy; returns its port."""
    deadline = time.monotonic() + _START
    while process.poll() is None and time.monotonic() < deadline:
        found = _LISTENING.search(log.read_text(errors="replace"))
        if found and _healthy(int(found[1])):
            return int(found[1])
        time.sleep(_PAUSE)
    last = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
    raise RuntimeError(f"llama-server did not start; its log {log} ends with:\n{last}")


def _healthy(port: int) -> bool:
    connection = HTTPConnection(_HOST, port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
