"""An index of XFeat vectors: built, opened and asked as any other."""

from pathlib import Path

import pytest
from texture import texture, write_textures

from internvl_vpr.tools.coarse_retrieve import coarse_retrieve
from internvl_vpr.tools.features.backbone import XFeatSettings, open_backbone
from internvl_vpr.tools.index.build import update_index
from internvl_vpr.tools.index.files import IndexSettings, read_manifest
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.photo.photo import open_photo

pytest.importorskip("kornia.feature.xfeat", reason="needs the extra embedded")

SETTINGS = IndexSettings(backbone=XFeatSettings(longer_side=128), clusters=4)


def test_a_photo_finds_its_picture_in_an_index_of_xfeat(tmp_path: Path) -> None:
    write_textures(tmp_path / "photos", range(4))
    report = update_index(tmp_path / "photos", tmp_path / "places", SETTINGS, device="cpu")
    assert (report.photos, report.computed) == (4, 4)
    manifest = read_manifest(tmp_path / "places")
    assert (manifest.settings, manifest.dimension) == (SETTINGS, 4 * 64)
    # The same pixels in another file: a photo that is itself in the index is left out of its candidates.
    texture(2).save(tmp_path / "query.png", compress_level=0)
    index = PlaceIndex.open(tmp_path / "places")
    try:
        backbone = open_backbone(SETTINGS.backbone, device="cpu")
        first, second, *_ = coarse_retrieve(open_photo(tmp_path / "query.png"), 4, index, backbone)
    finally:
        index.close()
    assert "@@@2@@@" in first.reference
    assert first.coarse_similarity == pytest.approx(1, abs=1e-4)
    assert second.coarse_similarity < 0.95
    assert update_index(tmp_path / "photos", tmp_path / "places", SETTINGS, device="cpu").computed == 0
