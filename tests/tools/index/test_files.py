"""The files of an index: damage of any of them is noticed, and a manifest of the first version stays readable."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from built_index import sealed_files

from internvl_vpr.tools.errors import IndexDamaged, IndexMissing
from internvl_vpr.tools.features.backbone import Dinov2Settings, RootSiftSettings
from internvl_vpr.tools.index.files import Block, IndexFile, IndexSettings, Manifest, commit, read_manifest
from internvl_vpr.tools.index.place_index import PlaceIndex

pytest.importorskip("cv2", reason="needs the extra embedded")


def test_every_flipped_bit_in_every_file_is_noticed(places: Path, copy: Path) -> None:
    rng = np.random.default_rng(0)
    for original in sealed_files(places):
        content = original.read_bytes()
        for position in rng.integers(0, len(content), 20):
            damaged = bytearray(content)
            damaged[position] ^= 1 << int(rng.integers(8))
            (copy / original.name).write_bytes(damaged)
            try:
                opened = PlaceIndex.open(copy)
            except IndexDamaged:
                continue
            assert original.name == "manifest.json"  # white space between two values
            assert opened.manifest == read_manifest(places)
            opened.close()
        (copy / original.name).write_bytes(content)


@pytest.mark.parametrize("keep", [0, 1, 100])
def test_every_truncated_or_missing_file_is_noticed(places: Path, copy: Path, keep: int) -> None:
    for original in sealed_files(places):
        (copy / original.name).write_bytes(original.read_bytes()[:keep])
        with pytest.raises(IndexDamaged):
            PlaceIndex.open(copy)
        (copy / original.name).unlink()
        with pytest.raises((IndexDamaged, IndexMissing)):
            PlaceIndex.open(copy)
        shutil.copy(original, copy)


def test_another_format_version_is_one_clear_error(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**manifest, "format": 2}))
    with pytest.raises(IndexDamaged, match="format 2"):
        PlaceIndex.open(copy)


def test_a_manifest_cannot_name_a_file_elsewhere(copy: Path) -> None:
    text = (copy / "manifest.json").read_text()
    name = json.loads(text)["codebook"]["name"]
    (copy / "manifest.json").write_text(text.replace(name, f"../{name}"))
    with pytest.raises(IndexDamaged, match="damaged"):
        PlaceIndex.open(copy)


# Written by version 0.1.0, when there was no other backbone than RootSIFT.
OLD_MANIFEST = """\
{
  "format": 1,
  "settings": {
    "backbone": {
      "name": "rootsift",
      "longer_side": 240,
      "step": 8,
      "sizes": [
        4.0,
        7.5
      ]
    },
    "clusters": 32,
    "kappa": 30.0,
    "seed": 0,
    "codebook_photos": 64,
    "index_factory": "SQ8"
  },
  "dimension": 4096,
  "codebook_digest": "0000000000000000000000000000000000000000000000000000000000000000",
  "photos": 2,
  "codebook": {
    "name": "codebook-1111111111111111.safetensors",
    "sha256": "1111111111111111111111111111111111111111111111111111111111111111",
    "size": 1
  },
  "places": {
    "name": "places-2222222222222222.sqlite",
    "sha256": "2222222222222222222222222222222222222222222222222222222222222222",
    "size": 2
  },
  "blocks": [
    {
      "name": "block-3333333333333333.faiss",
      "sha256": "3333333333333333333333333333333333333333333333333333333333333333",
      "size": 3,
      "vectors": 2,
      "content": "4444444444444444444444444444444444444444444444444444444444444444"
    }
  ],
  "checksum": "54075cba621a44032cab1aebaf7858cd617fa104cd7c98da311a1d45329f0dda"
}
"""


def test_a_manifest_of_the_first_version_is_read_and_written_byte_for_byte(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(OLD_MANIFEST)
    manifest = read_manifest(tmp_path)
    again = Manifest(
        format=1,
        settings=IndexSettings(backbone=RootSiftSettings(sizes=(4.0, 7.5)), kappa=30.0, index_factory="SQ8"),
        dimension=4096,
        codebook_digest="0" * 64,
        photos=2,
        codebook=IndexFile(name=f"codebook-{'1' * 16}.safetensors", sha256="1" * 64, size=1),
        places=IndexFile(name=f"places-{'2' * 16}.sqlite", sha256="2" * 64, size=2),
        blocks=(Block(name=f"block-{'3' * 16}.faiss", sha256="3" * 64, size=3, vectors=2, content="4" * 64),),
    )
    assert manifest == again.sealed()
    commit(tmp_path, again)
    assert (tmp_path / "manifest.json").read_text() == OLD_MANIFEST


def test_settings_of_a_backbone_that_is_unknown_are_refused() -> None:
    with pytest.raises(ValueError, match="tag"):
        IndexSettings.model_validate({"backbone": {"name": "netvlad"}})
    both = IndexSettings.model_validate_json(
        IndexSettings(backbone=Dinov2Settings(source="a/b", weights="0" * 64, layer=3)).model_dump_json()
    )
    assert isinstance(both.backbone, Dinov2Settings)
