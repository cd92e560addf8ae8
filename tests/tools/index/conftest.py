"""Ten textures with positions, and their index."""

import shutil
from pathlib import Path

import pytest
from built_index import build
from texture import write_textures


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("cv2", reason="needs the extra embedded")
    folder = tmp_path_factory.mktemp("photos")
    write_textures(folder / "street", range(10))
    return folder


@pytest.fixture(scope="session")
def places(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index") / "places"
    build(photos, folder)
    return folder


@pytest.fixture
def copy(places: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(places, tmp_path / "copy"))
