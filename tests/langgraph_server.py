"""`langgraph dev` on this machine, in a folder of its own, with a record of all that it tried to reach elsewhere.

`python tests/langgraph_server.py RECORD ARGUMENT...` is the command `langgraph` under that guard.
"""

import ipaddress
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

CONFIG = Path(__file__).parents[1] / "langgraph.json"
_HOST = "127.0.0.1"
_SECONDS = 180  # until it answers, on a machine that is busy
# See docs/other-agents.md: without these two, the server would look for a new version and report its use.
_QUIET = {"LANGGRAPH_CLI_NO_ANALYTICS": "1", "LANGGRAPH_NO_VERSION_CHECK": "true"}
_KEPT = ("PATH", "HOME", "SYSTEMROOT", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class LangGraphServer:
    """A server that answers; `folder` is where it works."""

    url: str
    folder: Path

    @property
    def reached_for(self) -> list[str]:
        """What it tried to reach outside this machine."""
        return _record(self.folder).read_text(encoding="utf-8").splitlines()

    @property
    def log(self) -> str:
        """What it has printed."""
        return _log(self.folder).read_text(encoding="utf-8", errors="replace")


@contextmanager
def serve(folder: Path, **environ: str) -> Iterator[LangGraphServer]:
    """Run the server that `langgraph.json` describes for as long as the context lasts; keywords are its environment."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    port = _free_port()
    _record(folder).touch()
    command = [sys.executable, __file__, str(_record(folder)), "dev", "--config", str(CONFIG), "--host", _HOST]
    with _log(folder).open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--no-browser", "--no-reload"],
            cwd=folder, env={**kept, **_QUIET, "HF_HUB_OFFLINE": "1", **environ}, stdin=subprocess.DEVNULL,
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        server = LangGraphServer(f"http://{_HOST}:{port}", folder)
        try:
            _wait(server, process)
            yield server
        finally:
            _stop(process)


def _wait(server: LangGraphServer, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{server.url}/ok", timeout=60) as answer:
                if answer.status == 200:
                    return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError(f"the server does not answer:\n{server.log}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _record(folder: Path) -> Path:
    return folder / "reached-for.txt"


def _log(folder: Path) -> Path:
    return folder / "server.log"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def guard(record: Path) -> None:
    """Write down, and refuse, whatever this process tries to reach outside this machine."""
    sys.modules["uvloop"] = None  # type: ignore[assignment]  # it would connect where Python does not see it

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        reached = _outside(event, arguments)
        if reached is not None:
            with record.open("a", encoding="utf-8") as file:
                file.write(f"{event} {reached!r}\n")
            raise ConnectionRefusedError(f"not from a test: {event} {reached!r}")

    sys.addaudithook(hook)


def _outside(event: str, arguments: tuple[Any, ...]) -> object:
    """Return what an audited event reaches for outside this machine; None where it does not."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        return None if address is None or isinstance(address, str | bytes) or _is_here(address[0]) else address
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        return None if _is_here(arguments[0]) else arguments[0]
    return None


def _is_here(host: object) -> bool:
    text = host.decode() if isinstance(host, bytes) else host
    if text is None or text in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(text).partition("%")[0]).is_loopback
    except ValueError:
        return False


if __name__ == "__main__":
    guard(Path(sys.argv[1]))
    sys.path.pop(0)  # the tests' own folder
    sys.argv = ["langgraph", *sys.argv[2:]]
    from langgraph_cli.cli import cli

    cli()
