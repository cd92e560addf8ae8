"""What the tests of a model's steps share."""

from collections.abc import Iterator
from pathlib import Path

import faulty_server as faulty
import pytest
from faulty_server import FaultyServer, serve


@pytest.fixture(scope="module")
def serving() -> Iterator[FaultyServer]:
    with serve() as server:
        yield server


@pytest.fixture
def server(serving: FaultyServer) -> FaultyServer:
    """A server that answers what a test scripts, and nothing after that."""
    serving.requests.clear()
    serving.default = faulty.status(418, "asked too often")
    return serving


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of photos with awkward names."""
    folder = tmp_path / "my photos"
    folder.mkdir()
    for name in ("night.jpg", "day 2.jpg", "caf\u00e9.jpg", "it's.png", "other.jpg"):
        (folder / name).write_bytes(b"x")
    (tmp_path / "trip").mkdir()
    for number in range(3):
        (tmp_path / "trip" / f"{number}.jpg").write_bytes(b"x")
    return folder
