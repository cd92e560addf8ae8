"""The photos of a folder that an index takes up: with their positions, and every unusable one reported."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from built_index import SETTINGS, build, ranking, retrieve
from texture import texture, write_textures

from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.index.build import update_index
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.photo.photo import find_photos
from internvl_vpr.tools.photo.position import from_degrees

pytest.importorskip("cv2", reason="needs the extra embedded")


def test_prune_drops_what_is_gone_and_nothing_else(photos: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(photos, tmp_path / "photos"))
    other = tmp_path / "other"
    write_textures(other, range(20, 22))
    build(folder, tmp_path / "places")
    build(other, tmp_path / "places")
    gone = find_photos(folder)[2]
    gone.unlink()
    assert build(folder, tmp_path / "places").photos == 12
    report = build(folder, tmp_path / "places", prune=True)
    assert (report.pruned, report.photos) == (1, 11)
    index = PlaceIndex.open(tmp_path / "places")
    assert gone.name not in {Path(photo.reference).name for photo in index.photos()}
    index.close()


def test_positions_from_a_table_come_before_the_name(photos: Path, tmp_path: Path) -> None:
    path = find_photos(photos)[0]
    table = {path.relative_to(photos).as_posix(): from_degrees(10.0, 20.0)}
    update_index(photos, tmp_path / "places", SETTINGS, positions=table)
    position = retrieve(path, tmp_path / "places")[0].position
    assert position is not None
    assert (position.latitude, position.longitude) == (10.0, 20.0)


def test_photos_without_a_position_are_indexed(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for seed in range(3):
        texture(seed).save(tmp_path / "photos" / f"{seed}.png")
    build(tmp_path / "photos", tmp_path / "places")
    first = retrieve(tmp_path / "photos" / "1.png", tmp_path / "places")[0]
    assert (first.reference, first.position) == ("1.png", None)


def test_an_empty_folder_is_not_pruned(photos: Path, copy: Path, tmp_path: Path) -> None:
    (tmp_path / "unmounted").mkdir()
    with pytest.raises(UsageError, match="nothing was pruned"):
        build(tmp_path / "unmounted", copy, prune=True)
    assert len(ranking(copy, photos)[0]) == 5


def test_a_name_that_is_not_utf_8_is_skipped_and_reported(photos: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(photos, tmp_path / "photos"))
    shutil.copy(find_photos(photos)[0], folder / os.fsdecode(b"\xff\xfe.png"))
    report = build(folder, tmp_path / "places")
    assert [skipped.reason.endswith("is not UTF-8: rename it.") for skipped in report.skipped] == [True]
    assert report.photos == 10


def test_positions_that_name_no_photo_are_reported_and_withdrawn_ones_are_read_anew(
    photos: Path, tmp_path: Path
) -> None:
    reference = find_photos(photos)[0].relative_to(photos).as_posix()
    update_index(photos, tmp_path / "p", SETTINGS, positions={reference: from_degrees(10.0, 20.0)})
    report = update_index(photos, tmp_path / "p", SETTINGS, positions={"elsewhere.jpg": from_degrees(1.0, 2.0)})
    assert report.unmatched == ("elsewhere.jpg",)
    position = retrieve(photos / reference, tmp_path / "p")[0].position
    assert position is not None
    assert position.zone == "33T"


def test_fifty_kinds_of_damage_are_reported_and_the_good_photos_indexed(
    photos: Path, tmp_path: Path, damaged_photos: dict[str, Path]
) -> None:
    folder = tmp_path / "mixed"
    shutil.copytree(photos, folder / "good")
    (bad := folder / "bad").mkdir()
    for number, path in enumerate(damaged_photos.values()):
        if path.is_file():
            shutil.copy(path, bad / f"{number:03d}{path.suffix}")
    report = build(folder, tmp_path / "places")
    reported = {skipped.path for skipped in report.skipped}
    assert reported == set(bad.resolve().iterdir())
    assert len(reported) >= 50
    assert all(skipped.path.name in skipped.reason for skipped in report.skipped)
    assert report.photos == 10


def test_a_heic_photo_without_its_package_is_reported_with_what_to_install(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(photos, tmp_path / "photos"))
    (folder / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(64))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    report = build(folder, tmp_path / "places")
    assert [skipped.path.name for skipped in report.skipped] == ["phone.heic"]
    assert "pip install 'internvl-vpr[heic]'" in report.skipped[0].reason
