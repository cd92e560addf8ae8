"""The FAISS files of an index: in blocks or of another kind, they find the same photos."""

from pathlib import Path

import pytest
from built_index import SETTINGS, build, ranking, retrieve

from internvl_vpr.tools.errors import PlaceIndexError
from internvl_vpr.tools.index import seal
from internvl_vpr.tools.photo.photo import find_photos

pytest.importorskip("cv2", reason="needs the extra embedded")


def test_an_index_of_many_blocks_answers_as_one_of_one_block(
    photos: Path, places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seal, "_BLOCK_BYTES", 3 * 4 * 8 * 128)
    build(photos, tmp_path / "places")
    assert len(list((tmp_path / "places").glob("block-*.faiss"))) == 4
    assert ranking(tmp_path / "places", photos) == ranking(places, photos)


@pytest.mark.parametrize("factory", ["PCA4,Flat", "SQ8", "IVF2,Flat", "HNSW8"])
def test_any_index_factory_can_be_chosen_later_without_computing_again(photos: Path, copy: Path, factory: str) -> None:
    report = build(photos, copy, SETTINGS.model_copy(update={"index_factory": factory}))
    assert report.computed == 0
    path = find_photos(photos)[5]
    assert retrieve(path, copy)[0].reference == path.relative_to(photos).as_posix()


@pytest.mark.parametrize("factory", ["Nonsense", "IVF4096,PQ16"])
def test_a_factory_that_faiss_cannot_build_is_one_clear_error(photos: Path, copy: Path, factory: str) -> None:
    before = ranking(copy, photos)
    with pytest.raises(PlaceIndexError, match="choose another index_factory"):
        build(photos, copy, SETTINGS.model_copy(update={"index_factory": factory}))
    assert ranking(copy, photos) == before
