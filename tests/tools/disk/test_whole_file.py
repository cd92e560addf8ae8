"""A whole file: nothing else is ever seen under its name, and nothing is renamed before it is on the disk."""

import os
import stat
from pathlib import Path

import pytest

from internvl_vpr.tools.disk.whole_file import write_whole


def test_text_and_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", "κ = 1\r\n")
    write_whole(tmp_path / "a", b"\xff\x00")
    write_whole(tmp_path / "b", "κ = 1\r\n")
    assert (tmp_path / "a").read_bytes() == b"\xff\x00"
    assert (tmp_path / "b").read_bytes() == b"\xce\xba = 1\r\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_the_content_is_synced_before_the_new_name_and_the_folder_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[tuple[str, bytes]] = []
    path = tmp_path / "file"
    path.write_bytes(b"old")
    fsync = os.fsync

    def synced(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        steps.append((kind, path.read_bytes()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", synced)
    write_whole(path, b"new")
    assert steps == [("file", b"old"), ("folder", b"new")]


def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_whole(path, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
