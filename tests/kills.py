"""A run of `internvl-vpr describe` that is killed again and again, beside a server that logs what it is asked.

`python tests/kills.py 200` does it by hand and prints what came of it.
"""

import hashlib
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import faulty_server
from running import runner
from texture import write_textures

from internvl_vpr.tools.photo.jpeg import encode_photo
from internvl_vpr.tools.photo.photo import find_photos, open_photo

_LATENCY = 0.05  # seconds that the server takes for an answer
_IMAGE_SIDE = 1344
_EARLY = 0.25  # of the kills hit while a run may still be starting, or opening its ledger


@dataclass
class Outcome:
    """What came of the kills.

    `asked_again` counts images asked for once more although their description was on the disk when a run was
    killed; `repeated_at_most` is the largest number of requests that one kill made necessary again.
    """

    kills: int = 0
    asked_again: int = 0
    repeated_at_most: int = 0
    kept: list[int] = field(default_factory=list)  # descriptions on the disk after each kill


def kill_describing(folder: Path, *, photos: int, kills: int, concurrency: int) -> Outcome:
    """Kill a run at random moments, most after its first request; a full ledger is followed by a new one."""
    write_textures(folder / "photos", range(photos))
    built = runner(folder)(
        "index", "photos", "--places", "places", "--longer-side", "160", "--clusters", "8", "--no-check"
    )
    assert built.returncode == 0, built.stderr
    sent = {
        hashlib.sha256(encode_photo(open_photo(path), _IMAGE_SIDE).url.encode()).hexdigest(): open_photo(path).digest
        for path in find_photos(folder / "photos")
    }
    outcome, chance = Outcome(), random.Random(0)
    with _logging_server(folder / "log") as port:
        ledger = 0
        while outcome.kills < kills:
            ledger += 1
            _until_full(folder, f"steps-{ledger}.sqlite", port, concurrency, kills, sent, outcome, chance)
    return outcome


def _until_full(
    folder: Path, ledger: str, port: int, concurrency: int, kills: int, sent: dict[str, str], outcome: Outcome,
    chance: random.Random,
) -> None:  # fmt: skip
    """Kill runs on one ledger until it holds everything."""
    log = folder / "log"
    first = _lines(log)
    while outcome.kills < kills:
        before = _lines(log)
        command = [
            sys.executable, "-m", "internvl_vpr.agent", "describe", "--places", "places", "--describer", "vlm",
            "--verify", "off",
            "--endpoint", f"http://127.0.0.1:{port}/v1", "--ledger", ledger, "--concurrency", str(concurrency),
            "--image-side", str(_IMAGE_SIDE),
        ]  # fmt: skip
        committed = _described(folder / ledger)
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            if chance.random() < _EARLY:
                time.sleep(chance.uniform(0, 2))
            else:
                _wait_for_a_request(process, log, len(before))
                time.sleep(chance.uniform(0, 4 * _LATENCY))
            process.kill()
        outcome.kills += 1
        time.sleep(2 * _LATENCY)  # what was under way is logged by then
        asked = [sent[line.split()[1]] for line in _lines(log)[len(before) :] if line.startswith("received")]
        earlier = {sent[line.split()[1]] for line in before[len(first) :] if line.startswith("received")}
        outcome.asked_again += len(committed & set(asked))
        outcome.repeated_at_most = max(outcome.repeated_at_most, len(earlier & set(asked)))
        outcome.kept.append(len(_described(folder / ledger)))
        if outcome.kept[-1] == len(sent):
            return


def _wait_for_a_request(process: "subprocess.Popen[bytes]", log: Path, lines: int) -> None:
    deadline = time.monotonic() + 180
    while len(_lines(log)) == lines and process.poll() is None:
        assert time.monotonic() < deadline, "the run asks for nothing"
        time.sleep(0.005)


def _lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def _described(ledger: Path) -> set[str]:
    """Images whose description is on the disk; the file must be whole."""
    if not ledger.exists():
        return set()
    with closing(sqlite3.connect(ledger)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'steps'").fetchone():
            return set()
        return {image for (image,) in database.execute("SELECT image FROM steps WHERE error IS NULL")}


@contextmanager
def _logging_server(log: Path) -> Iterator[int]:
    command = [
        sys.executable,
        str(faulty_server.__file__),
        "--port",
        "0",
        "--latency",
        str(_LATENCY),
        "--log",
        str(log),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline().split()[1])
        finally:
            server.terminate()


def main() -> None:
    """Kill as many times as the first argument says, and print what came of it."""
    kills = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        outcome = kill_describing(Path(folder), photos=60, kills=kills, concurrency=8)
    print(  # noqa: T201
        f"{outcome.kills} kills, {outcome.asked_again} recorded descriptions asked for again, "
        f"at most {outcome.repeated_at_most} requests repeated after one kill"
    )
    sys.exit(outcome.asked_again > 0 or outcome.repeated_at_most > 8)


if __name__ == "__main__":
    main()
