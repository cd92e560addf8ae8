"""What is said about a path that cannot be used: the nearest name beside it."""

from pathlib import Path

from internvl_vpr.agent.rules.path_problems import nearest


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_a_near_name_is_found(tmp_path: Path) -> None:
    make(tmp_path, "night.jpg", "Day.JPG", "notes.txt", "holiday/x.jpg", ".nigth.jpg")
    assert nearest(tmp_path / "nigth.jpg") == tmp_path / "night.jpg"
    assert nearest(tmp_path / "day.jpg") == tmp_path / "Day.JPG"
    assert nearest(tmp_path / "hoilday") == tmp_path / "holiday"
    assert nearest(tmp_path / "note.txt") is None
    assert nearest(tmp_path / "nowhere" / "night.jpg") is None
    assert nearest(Path("\0/x")) is None
