"""The describer without signs: the signage reader's statistics, and nothing that is written in the picture."""

import asyncio
import json
from pathlib import Path

import pytest
from scripted import only_attempt
from texture import texture

from internvl_vpr.tools.describers.image_cues import image_cues
from internvl_vpr.tools.describers.signage import ImageStatistics
from internvl_vpr.tools.errors import PhotoError
from internvl_vpr.tools.photo.photo import load_image, open_photo

pytest.importorskip("cv2", reason="needs the extra embedded")


def test_it_names_the_first_n_image_cues(tmp_path: Path) -> None:
    texture(1).save(tmp_path / "photo.png")
    photo = open_photo(tmp_path / "photo.png")
    expected = image_cues(load_image(photo))
    for n in (1, 3, 10):
        attempt = asyncio.run(only_attempt(ImageStatistics(), photo, n))
        assert list(attempt.cues) == expected[:n]
        assert json.loads(attempt.raw) == {"statistics": [cue.text for cue in expected[:n]]}


def test_a_photo_that_has_changed_is_an_error(tmp_path: Path) -> None:
    texture(1).save(tmp_path / "photo.png")
    photo = open_photo(tmp_path / "photo.png")
    texture(2).save(tmp_path / "photo.png")
    with pytest.raises(PhotoError, match="has changed"):
        asyncio.run(only_attempt(ImageStatistics(), photo, 3))


def test_its_id_is_not_the_signage_readers() -> None:
    pytest.importorskip("rapidocr", reason="needs the extra embedded")
    from internvl_vpr.tools.describers.signage import SignageReader

    assert ImageStatistics().id != SignageReader().id
    assert ImageStatistics().id in SignageReader().id  # whose fillers they are
