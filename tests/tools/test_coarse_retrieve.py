"""Stage 1 is computed once for a photo, an index and its settings, and read back after."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from texture import texture, write_textures

from internvl_vpr.tools.coarse_retrieve import coarse_retrieve, recorded_candidates
from internvl_vpr.tools.errors import StepMissing
from internvl_vpr.tools.features.backbone import Backbone, PixelBackbone, RootSiftSettings, open_backbone
from internvl_vpr.tools.index.build import update_index
from internvl_vpr.tools.index.files import IndexSettings
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.ledger.ledger import Ledger, Retrieval
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

    def __init__(self, backbone: PixelBackbone) -> None:
        self.backbone = backbone
        self.looked = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self.backbone, name)

    def extract_batch(self, images: list[Image.Image]) -> object:
        self.looked += len(images)
        return self.backbone.extract_batch(images)


@pytest.fixture
def backbone() -> Backbone:
    assert isinstance(SETTINGS.backbone, RootSiftSettings)
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
    alike = tmp_path / "photos" / "@500900@5000000@33@T@.png"
    with Image.open(photo.path) as pixels:
        pixels.save(alike, compress_level=1)
    update_index(tmp_path / "photos", tmp_path / "places", SETTINGS)
    assert index.reload()
    after = ask(photo, index, backbone, ledger)
    assert alike.name not in [one.reference for one in before]
    assert (after[0].reference, after[0].coarse_similarity) == (alike.name, 1.0)


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


@pytest.mark.parametrize("copies", [1, 3])
@pytest.mark.parametrize("k", [1, 3, 9])
def test_a_photo_of_the_map_is_not_among_its_own_candidates(
    index: PlaceIndex, ledger: Ledger, photo: Photo, backbone: Backbone, tmp_path: Path, k: int, copies: int
) -> None:
    others = [one.model_dump(exclude={"coarse_rank"}) for one in ask(photo, index, backbone, ledger, 9)]
    names = [f"@50090{number}@5000000@33@T@.png" for number in range(copies)]
    for name in names:
        shutil.copy(photo.path, tmp_path / "photos" / name)
    update_index(tmp_path / "photos", tmp_path / "places", SETTINGS)
    assert index.reload()
    found = ask(photo, index, backbone, ledger, k)
    assert [one.model_dump(exclude={"coarse_rank"}) for one in found] == others[:k]
    assert [one.coarse_rank for one in found] == list(range(1, len(found) + 1))
    assert ask(photo, index, backbone, ledger, k, replay=True) == found
    assert [one.reference for one in index.copies(photo.digest)] == names


def test_a_ledger_that_has_the_photo_among_its_candidates_is_replayed_without_it_and_completed_live(
    index: PlaceIndex, ledger: Ledger, backbone: Backbone, tmp_path: Path
) -> None:
    """As earlier versions recorded it: K photos with the photo itself."""
    member = open_photo(sorted((tmp_path / "photos").iterdir())[2], read_position=False)
    before = coarse_retrieve(member, 2, index, backbone)
    itself = index.copies(member.digest)[0].model_copy(update={"coarse_similarity": 1.0})
    recorded = [itself, *(one.model_copy(update={"coarse_rank": one.coarse_rank + 1}) for one in before)]
    retrieval = Retrieval(
        image=member.digest, index=index.manifest.checksum, backbone=backbone.id, dtype="auto", k=3
    )  # fmt: skip
    ledger.record_candidates(retrieval, recorded)
    assert ask(member, index, backbone, ledger, replay=True) == before
    completed = ask(member, index, backbone, ledger)
    assert completed == coarse_retrieve(member, 3, index, backbone)
    assert ask(member, index, backbone, ledger, replay=True) == completed
