"""Stage 1 is computed once for a photo, an index and its settings, and read back after."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from texture import texture, write_textures

from internvl_vpr.tools.coarse_retrieve import coarse_retrieve, recorded_candidates
from internvl_vpr.tools.errors import StepMissing
from internvl_vpr.tools.features.backbone import Backbone, RootSiftSettings, open_backbone
from internvl_vpr.tools.index.build import update_index
from internvl_vpr.tools.index.files import IndexSettings
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.photo.photo import open_photo
from internvl_vpr.tools.records import Candidate, Photo

pytest.importorskip("cv2", reason="needs the extra embedded")

SETTINGS = IndexSettings(backbone=RootSiftSettings(longer_side=160, step=12, sizes=(4.0,)), clusters=4)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[PlaceIndex]:
    write_textures(tmp_path / "photos", range(5))
    update_index(tmp_path / "photos", tmp_path / "places", SETTINGS)
    index = PlaceIndex.open(tmp_path / "places")
    yield index
    index.close()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        yield ledger


@pytest.fixture
def photo(tmp_path: Path) -> Photo:
    query = texture(3)
    query.putpixel((0, 0), (1, 2, 3))
    query.save(tmp_path / "query.png")
    return open_photo(tmp_path / "query.png", read_position=False)


class Counting:
    """The index's backbone, with the number of photos that it has looked at."""

    def __init__(self, backbone: Backbone) -> None:
        self.backbone = backbone
        self.looked = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self.backbone, name)

    def extract_batch(self, images: list[Image.Image]) -> object:
        self.looked += len(images)
        return self.backbone.extract_batch(images)


@pytest.fixture
def backbone() -> Backbone:
    return Counting(open_backbone(SETTINGS.backbone))  # type: ignore[return-value]  # all else is the backbone's own


def ask(
    photo: Photo, index: PlaceIndex, backbone: Backbone, ledger: Ledger, k: int = 3, *, replay: bool = False
) -> list[Candidate]:
    return recorded_candidates(photo, k, index, backbone, ledger, dtype="auto", replay=replay)


def looked(backbone: Backbone) -> int:
    assert isinstance(backbone, Counting)
    return backbone.looked


def test_a_photo_is_looked_at_once(index: PlaceIndex, ledger: Ledger, photo: Photo, backbone: Backbone) -> None:
    found = ask(photo, index, backbone, ledger)
    assert found == coarse_retrieve(photo, 3, index, open_backbone(SETTINGS.backbone))
    assert ask(photo, index, backbone, ledger) == ask(photo, index, backbone, ledger, replay=True) == found
    assert looked(backbone) == 1
    ask(photo, index, backbone, ledger, 4)
    assert looked(backbone) == 2


def test_a_replay_looks_at_nothing(index: PlaceIndex, ledger: Ledger, photo: Photo, backbone: Backbone) -> None:
    with pytest.raises(StepMissing, match=r"k = 3.*without --replay"):
        ask(photo, index, backbone, ledger, replay=True)
    assert looked(backbone) == 0


def test_another_index_is_asked_anew(
    index: PlaceIndex, ledger: Ledger, photo: Photo, backbone: Backbone, tmp_path: Path
) -> None:
    before = ask(photo, index, backbone, ledger)
    shutil.copy(photo.path, tmp_path / "photos" / "@500900@5000000@33@T@.png")
    update_index(tmp_path / "photos", tmp_path / "places", SETTINGS)
    assert index.reload()
    after = ask(photo, index, backbone, ledger)
    assert photo.digest not in [one.digest for one in before]
    assert (after[0].digest, after[0].coarse_similarity) == (photo.digest, 1.0)


def test_what_is_found_while_the_index_changes_is_not_recorded(
    index: PlaceIndex, ledger: Ledger, photo: Photo, backbone: Backbone, tmp_path: Path
) -> None:
    class Meanwhile(Counting):
        def extract_batch(self, images: list[Image.Image]) -> object:
            texture(9).save(tmp_path / "photos" / "@500900@5000000@33@T@.png")
            update_index(tmp_path / "photos", tmp_path / "places", SETTINGS)
            assert index.reload()
            return super().extract_batch(images)

    ask(photo, index, Meanwhile(backbone), ledger)  # type: ignore[arg-type]
    with pytest.raises(StepMissing):
        ask(photo, index, backbone, ledger, replay=True)
