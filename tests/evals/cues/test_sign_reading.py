"""What the sign reader sees in a run's photos: each is read once, and what could not be read is said."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import made_runs
import pytest
from PIL import Image, ImageDraw, ImageFont

from internvl_vpr.evals.cues import sign_reading
from internvl_vpr.evals.cues.sign_reading import Signs, read_signs
from internvl_vpr.evals.runs.folder import Run
from internvl_vpr.tools.errors import LedgerError, PackageMissing
from internvl_vpr.tools.ledger.ledger import Ledger, Step
from internvl_vpr.tools.photo.photo import open_photo
from internvl_vpr.tools.records import Attempt, Photo, RawCue
from internvl_vpr.tools.text.quoted import share_seen


class Reader:
    """Reads what the test wrote, and counts the photos."""

    id = "signage/test"

    def __init__(self, said: dict[str, list[tuple[str, float]]]) -> None:
        self.said = said
        self.read: list[str] = []

    async def attempts(self, photo: Photo, n: int) -> AsyncGenerator[Attempt, None]:
        self.read.append(photo.path.name)
        corners = [[0, 0], [9, 0], [9, 5], [0, 5]]
        found = self.said.get(photo.path.name, [])
        lines = [{"text": text, "confidence": sure, "corners": corners} for text, sure in found]
        yield Attempt(cues=(RawCue(text="a wall", score=1),), raw=json.dumps({"size": [16, 16], "lines": lines}))


def photographed(folder: Path, cues: dict[str, str]) -> Run:
    """A run over photos that are there, each with one cue."""
    (folder / "town/database").mkdir(parents=True)
    described = []
    for number, (name, cue) in enumerate(cues.items()):
        path = folder / "town/database" / name
        Image.new("RGB", (16, 16), (number, 0, 0)).save(path)
        one = made_runs.described(name, (cue, 1.0))
        described.append(one.model_copy(update={"digest": open_photo(path).digest}))
    run = made_runs.run([], described)
    folders = {"database": str(folder / "town/database"), "queries": "nowhere"}
    split = run.info.split.model_copy(update={"folders": folders})
    moved = Run(run.folder, run.info.model_copy(update={"split": split}), [])
    moved.__dict__["descriptions"] = run.descriptions
    return moved


def by_name(run: Run, signs: Signs) -> dict[str, tuple[str, ...]]:
    assert signs.lines is not None
    return {run.descriptions[digest].photo: lines for digest, lines in signs.lines.items()}


CUES = {"a.png": "sign 'TAXI' on a wall", "b.png": "a wall", "c.png": "the Kestrel shop", "d.png": "sign 'BANK'"}


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    made = Reader({"a.png": [("TAXI", 0.9), ("lll", 0.3)], "d.png": [("BANK", 0.7)]})
    monkeypatch.setattr(sign_reading, "SignageReader", lambda: made)
    return made


def test_each_photo_with_a_claim_is_read_once_ever(tmp_path: Path, reader: Reader) -> None:
    run = photographed(tmp_path, CUES)
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        signs = read_signs(run, ledger)
        assert read_signs(run, ledger) == signs
    assert sorted(reader.read) == ["a.png", "c.png", "d.png"]
    assert by_name(run, signs) == {"a.png": ("TAXI",), "b.png": (), "c.png": (), "d.png": ("BANK",)}
    assert signs.note is None


def test_a_reading_for_another_number_of_cues_will_do(tmp_path: Path, reader: Reader) -> None:
    run = photographed(tmp_path, {"a.png": CUES["a.png"]})
    (digest,) = run.descriptions
    line = {"text": "CAFE", "confidence": 0.8, "corners": [[0, 0], [9, 0], [9, 5], [0, 5]]}
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        step = Step(image=digest, describer=reader.id, n=10)
        ledger.record(step, 1, Attempt(raw=json.dumps({"size": [1, 1], "lines": [line], "statistics": []})), ())
        other = Step(image=digest, describer="another", n=3)
        ledger.record(other, 1, Attempt(raw="not JSON"), ())
        assert by_name(run, read_signs(run, ledger)) == {"a.png": ("CAFE",)}
    assert reader.read == []


def test_a_damaged_reading_is_said_to_be_one(tmp_path: Path, reader: Reader) -> None:
    run = photographed(tmp_path, {"a.png": CUES["a.png"]})
    (digest,) = run.descriptions
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.record(Step(image=digest, describer=reader.id, n=3), 1, Attempt(raw="{"), ())
        with pytest.raises(LedgerError, match="damaged row"):
            read_signs(run, ledger)


def test_photos_that_are_gone_or_have_changed_are_left_out_and_named(tmp_path: Path, reader: Reader) -> None:
    run = photographed(tmp_path, CUES)
    (tmp_path / "town/database/b.png").unlink()
    Image.new("RGB", (20, 20)).save(tmp_path / "town/database/d.png")
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        signs = read_signs(run, ledger)
    assert set(by_name(run, signs)) == {"a.png", "c.png"}
    assert signs.note is not None
    assert "2 of 4 photos" in signs.note


def test_without_photos_there_is_nothing_to_check_and_a_note(tmp_path: Path, reader: Reader) -> None:
    run = made_runs.run([], [made_runs.described("gone.jpg", ("sign 'TAXI'", 1.0))])
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        lines, note = read_signs(run, ledger)
    assert lines is None
    assert note is not None
    assert "no photo" in note


def test_without_the_packages_there_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise PackageMissing("The package 'rapidocr' is not installed: run pip install 'internvl-vpr[embedded]'.")

    monkeypatch.setattr(sign_reading, "SignageReader", missing)
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        lines, note = read_signs(photographed(tmp_path, CUES), ledger)
    assert lines is None
    assert note is not None
    assert "pip install" in note


def test_a_sample_hangs_on_names_alone(tmp_path: Path, reader: Reader) -> None:
    cues = {f"{number}.png": f"sign '{number} HOTEL'" for number in range(8)}
    one = photographed(tmp_path / "one", cues)
    other = photographed(tmp_path / "other", dict(reversed(cues.items())))  # other bytes under each name
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        first, second = read_signs(one, ledger, limit=3), read_signs(other, ledger, limit=3)
    assert len(by_name(one, first)) == 3
    assert set(by_name(one, first)) == set(by_name(other, second))


def test_the_sign_reader_itself(tmp_path: Path) -> None:
    pytest.importorskip("rapidocr", reason="needs the extra embedded")
    run = photographed(tmp_path, {"a.png": "a board 'KESTREL BAKERY' on a wall"})
    path = tmp_path / "town/database/a.png"
    image = Image.new("RGB", (480, 200), (244, 238, 220))
    ImageDraw.Draw(image).text((60, 70), "KESTREL BAKERY", font=ImageFont.load_default(36), fill=(20, 20, 60))
    image.save(path)
    (one,) = run.descriptions.values()
    described = one.model_copy(update={"digest": open_photo(path).digest})
    run.__dict__["descriptions"] = {described.digest: described}
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        lines = by_name(run, read_signs(run, ledger))["a.png"]
    assert share_seen(["KESTREL BAKERY"], lines) == 1.0
    assert share_seen(["OTTER BOOKS"], lines) == 0.0
