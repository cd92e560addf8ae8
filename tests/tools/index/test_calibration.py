"""A calibration in an index's folder: read as it was written, or refused in one sentence."""

import json
from pathlib import Path
from typing import Any

import pytest

from internvl_vpr.tools.errors import IndexDamaged, PlaceIndexError
from internvl_vpr.tools.index.calibration import CALIBRATION, Calibration, ValidFor, read_calibration, write_calibration

SETTINGS: dict[str, str | int | float | None] = {
    "codebook": "a" * 64, "backbone_id": "rootsift/1", "describer_id": "signage/1", "encoder_id": "minilm", "n": 3,
    "k": 20, "tau": 0.97,
}  # fmt: skip


def made(**changes: Any) -> Calibration:
    fields: dict[str, Any] = {
        "tau": 0.123456789012345678, "precision": 0.9, "confidence": 0.95, "lower_limit": 0.91, "queries": 100,
        "outside": 8, "accepted": 60, "right": 59, "coverage": 0.6, "method": "τ of a half", "splits": ("town-night",),
        "made": "2026-01-02T03:04:05+00:00", "valid_for": ValidFor.of(SETTINGS), "index": "0" * 64,
    }  # fmt: skip
    return Calibration(**{**fields, **changes})


def test_what_was_written_is_read(tmp_path: Path) -> None:
    assert read_calibration(tmp_path) is None
    assert read_calibration(tmp_path / "nowhere") is None
    write_calibration(tmp_path, made())
    found = read_calibration(tmp_path)
    assert found is not None
    assert found == made()
    write_calibration(tmp_path, made(tau=0.5))
    again = read_calibration(tmp_path)
    assert again is not None
    assert again.tau == 0.5
    assert [path.name for path in tmp_path.iterdir()] == [CALIBRATION]


def test_what_is_promised() -> None:
    assert made(lower_limit=0.9).promised
    assert not made(lower_limit=0.8999).promised


@pytest.mark.parametrize(
    ("name", "value"), [("n", 5), ("k", 100), ("codebook", "b" * 64), ("describer_id", "vlm/2"), ("encoder_id", None)]
)
def test_other_settings_are_named(name: str, value: str | int | None) -> None:
    assert ValidFor.of(SETTINGS).differing({**SETTINGS, "tau": 0.1}) == ""
    was = SETTINGS[name]
    assert ValidFor.of(SETTINGS).differing({**SETTINGS, name: value}) == f"{name} {value}, not {was}"


@pytest.mark.parametrize(
    ("found", "replaced"),
    [
        (b"0.123", b"0.023"), (b'"n": 3', b'"n": 4'), (b"town-night", b"town-light"), (b"{", b""), (b'"tau"', b'"tao"'),
        (b'"format": 2', b'"format": 1'), (b'"queries": 100', b'"queries": -1'), ("τ of".encode(), b"\xff of"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_one_clear_error(tmp_path: Path, found: bytes, replaced: bytes) -> None:
    write_calibration(tmp_path, made())
    content = (tmp_path / CALIBRATION).read_bytes()
    assert found in content
    (tmp_path / CALIBRATION).write_bytes(content.replace(found, replaced))
    with pytest.raises(IndexDamaged, match="remove it, and make it again with internvl-vpr calibrate"):
        read_calibration(tmp_path)


def test_every_byte_that_changes_a_value_is_noticed(tmp_path: Path) -> None:
    write_calibration(tmp_path, made())
    path = tmp_path / CALIBRATION
    content = path.read_bytes()
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        try:
            found = read_calibration(tmp_path)
        except IndexDamaged:
            continue
        path.write_bytes(content)
        assert found == read_calibration(tmp_path), content[place : place + 1]  # blanks between values


def test_a_file_cut_short_and_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    write_calibration(tmp_path, made())
    content = (tmp_path / CALIBRATION).read_text(encoding="utf-8")
    (tmp_path / CALIBRATION).write_text(content[:100], encoding="utf-8")
    with pytest.raises(IndexDamaged):
        read_calibration(tmp_path)
    with pytest.raises(PlaceIndexError, match="cannot be written"):
        write_calibration(tmp_path / "nowhere", made())


def test_the_file_is_plain_json_and_its_numbers_are_exact(tmp_path: Path) -> None:
    write_calibration(tmp_path, made())
    content = json.loads((tmp_path / CALIBRATION).read_text(encoding="utf-8"))
    assert content["threshold"]["tau"] == 0.123456789012345678
    assert content["threshold"]["valid_for"] == {name: SETTINGS[name] for name in ValidFor.model_fields}
