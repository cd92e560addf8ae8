"""A small map of textures, and a context over it whose describer the tests script."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from built_index import SETTINGS
from faulty_server import FaultyServer, serve
from presets import preset_settings
from running import Run, caller
from scripted import HashEncoder, ScriptedDescriber
from texture import texture, write_textures

from internvl_vpr.agent.localizer.context import Context
from internvl_vpr.agent.localizer.run import locate
from internvl_vpr.tools.features.backbone import open_backbone
from internvl_vpr.tools.index.build import update_index
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.records import Answer


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `photos` (8 textures, 100 m apart), `places` (their index) and `query.png`, which is number 3."""
    pytest.importorskip("cv2", reason="needs the extra embedded")
    folder = tmp_path_factory.mktemp("town")
    write_textures(folder / "photos", range(8))
    update_index(folder / "photos", folder / "places", SETTINGS)
    query = texture(3)
    query.putpixel((0, 0), (1, 2, 3))  # other bytes, the same place
    query.save(folder / "query.png")
    return folder


@pytest.fixture
def context(town: Path, tmp_path: Path) -> Iterator[Context]:
    """A context with τ = 0.5, K = 5, N = 3 and a describer that knows nothing but a wall."""
    index = PlaceIndex.open(town / "places")
    settings = preset_settings("embedded").model_copy(update={"k": 5, "tau": 0.5})
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        yield Context(
            index=index,
            backbone=open_backbone(index.settings.backbone),
            describer=ScriptedDescriber({}),
            encoder=HashEncoder(),
            ledger=ledger,
            settings=settings,
        )
    index.close()


@pytest.fixture
def photo(town: Path) -> str:
    """The path of a photo of number 3."""
    return str(town / "query.png")


@pytest.fixture
def expected(photo: str, context: Context) -> Answer:
    """What the graph says when every description is recorded, as for whoever asks after it."""
    asyncio.run(locate(photo, context))
    return asyncio.run(locate(photo, context))


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with serve() as server:
        yield server


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command within this process: most of these would otherwise wait for libraries to load."""
    return caller(tmp_path, monkeypatch, capsys)


@pytest.fixture
def vlm(server: FaultyServer, town: Path, tmp_path: Path) -> list[str]:
    """Flags of a run at the endpoint, with a ledger of its own and without geometry."""
    return [
        "--places", str(town / "places"), "--describer", "vlm", "--endpoint", server.endpoint,
        "--verify", "off", "--ledger", str(tmp_path / "steps.sqlite"),
    ]  # fmt: skip
