"""Checks of descriptions: which images have a value, and what it is."""

from pathlib import Path

import made_runs
import pytest
from made_runs import described
from scripted import HashEncoder

from internvl_vpr.evals.cues import checks as cue_checks
from internvl_vpr.evals.cues.checks import check_run, check_runs
from internvl_vpr.evals.cues.sign_reading import Signs
from internvl_vpr.evals.runs.folder import Run
from internvl_vpr.evals.runs.records import Check, ImageDescription
from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.errors import RunUnfinished
from internvl_vpr.tools.ledger.ledger import Ledger

SCORES = (3.0, 2.0, 1.0)


def cues(*texts: str) -> list[tuple[str, float]]:
    return list(zip(texts, SCORES, strict=False))


IMAGES = [
    described(
        "a.jpg", *cues("a sign 'TAXI'", "two red cars", "a dome"), at=made_runs.metres(0),
        usage={"prompt_tokens": 90, "completion_tokens": 10, "total_tokens": 120}, latency=2.0,
    ),
    described(
        "b.jpg", *cues("an arch", "AN ARCH", "the Kestrel shop"), at=made_runs.metres(100), first_valid=False,
        attempts=2,
    ),
    described("c.jpg", *cues("a gate", "no cars"), at=made_runs.metres(200), role="query"),
    described("d.jpg", *cues("a single thing"), at=made_runs.metres(300), role="outside"),
    described("e.jpg", at=None, failure="the answer is not JSON", first_valid=False, attempts=3, latency=1.0),
    described("f.jpg", failure="it was not described", first_valid=False, attempts=0),
]  # fmt: skip
SIGNS = {IMAGES[0].digest: ["TAXI RANK"], IMAGES[1].digest: [], IMAGES[2].digest: []}


def embedded(run: Run) -> dict[str, Floats]:
    texts = sorted({cue.text for one in run.descriptions.values() for cue in one.cues})
    return {text: HashEncoder().encode([text])[0] for text in texts}


def checked(
    images: list[ImageDescription] = IMAGES,
    signs: dict[str, list[str]] | None = None,
    describer_id: str = "scripted/1",
    n: int = 3,
) -> dict[str, Check]:
    run = made_runs.run([], images, describer_id=describer_id, n=n)
    return {check.name: check for check in check_run(run, embedded(run), signs)}


def test_each_check_has_a_value_for_the_images_it_applies_to() -> None:
    found = checked(signs=SIGNS)
    a, b, c, d, e = "reference a.jpg", "reference b.jpg", "query c.jpg", "outside d.jpg", "reference e.jpg"
    values = {name: dict(check.values) for name, check in found.items()}
    assert values["valid at first attempt"] == {a: 1, b: 0, c: 1, d: 1, e: 0}
    assert values["valid after retries"] == {a: 1, b: 1, c: 1, d: 1, e: 0}
    assert values["exactly N cues"] == {a: 1, b: 1, c: 0, d: 0}
    assert values["duplicate cues"] == {a: 0, b: 1, c: 0}
    assert values["transient objects"] == {a: 1, b: 0, c: 0, d: 0}
    assert values["quoted text seen"] == {a: 1}
    assert values["invented names"] == {a: 0, b: 1, c: 0}
    assert values["boilerplate weights"] == {a: 1, b: 1, c: 0}
    assert set(values["generic cues"]) == {a, b, c, d}
    assert values["weight entropy"][c] == pytest.approx(0.9709506)  # of 0.6 and 0.4
    assert values["tokens"] == {a: 100}
    assert values["seconds"] == {a: 2.0, e: 1.0}


def test_directions_and_kinds() -> None:
    found = checked(signs=SIGNS)
    assert {name for name, check in found.items() if check.better is None} == {"weight entropy", "tokens", "seconds"}
    assert {name for name, check in found.items() if check.better == "higher"} == {
        "valid at first attempt", "valid after retries", "exactly N cues", "quoted text seen"
    }  # fmt: skip
    assert all(set(check.values.values()) <= {0.0, 1.0} for check in found.values() if check.binary)
    assert {name for name, check in found.items() if not check.binary} == {
        "generic cues", "quoted text seen", "weight entropy", "tokens", "seconds"
    }  # fmt: skip


def test_without_signs_quoted_text_and_names_are_not_checked() -> None:
    assert not {"quoted text seen", "invented names"} & checked().keys()
    assert "transient objects" in checked()


@pytest.mark.parametrize("describer", ["signage/1 (RapidOCR 3)", "image statistics/2 (x)"])
def test_a_describer_without_sentences_has_no_check_of_language(describer: str) -> None:
    found = checked(signs=SIGNS, describer_id=describer)
    assert not {"transient objects", "quoted text seen", "invented names"} & found.keys()
    assert {"duplicate cues", "generic cues", "boilerplate weights"} <= found.keys()


def test_one_cue_an_image_has_neither_duplicates_nor_weights() -> None:
    images = [described(f"{name}.jpg", (f"thing {name}", 1.0)) for name in "abc"]
    assert not {"duplicate cues", "weight entropy", "boilerplate weights"} & checked(images, n=1).keys()


def test_a_run_without_descriptions_has_no_checks() -> None:
    assert checked([]) == {}


def run_of(
    images: list[ImageDescription], ledger: str = "no-such-ledger.sqlite", describer_id: str = "scripted/1"
) -> Run:
    run = made_runs.run([], images, encoder="minilm", describer_id=describer_id)
    moved = Run(run.folder, run.info.model_copy(update={"ledger": ledger}), [])
    moved.__dict__["descriptions"] = run.descriptions
    return moved


def test_pairs_are_the_checks_of_both_runs() -> None:
    run, baseline = run_of(IMAGES), run_of([one.model_copy(update={"usage": {}}) for one in IMAGES])
    pairs = check_runs(run, baseline, encoder=HashEncoder())
    assert all(mine.name == theirs.name for mine, theirs in pairs)
    names = [mine.name for mine, _ in pairs]
    assert "tokens" not in names
    assert "generic cues" in names
    assert [mine for mine, _ in pairs] == [one for one in check_run(run, embedded(run)) if one.name in names]


def test_embeddings_go_into_the_ledger_of_the_run_where_there_is_one(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    run = run_of(IMAGES, str(path))
    encoder = HashEncoder()
    check_runs(run, run, encoder=encoder)
    with Ledger(path) as ledger:
        assert set(ledger.recall_embeddings(encoder.id, ["a dome", "an arch"])) == {"a dome", "an arch"}
    assert not (tmp_path / "no-such-ledger.sqlite").exists()
    check_runs(run_of(IMAGES), run, encoder=encoder)
    assert not Path("no-such-ledger.sqlite").exists()


def test_the_encoder_is_the_runs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def opening(name: str) -> HashEncoder:
        opened.append(name)
        return HashEncoder()

    monkeypatch.setattr(cue_checks, "open_encoder", opening)
    check_runs(run_of(IMAGES), run_of(IMAGES))
    assert opened == ["minilm"]


def test_signs_are_read_when_both_runs_speak_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Run] = []

    def reading(run: Run, ledger: Ledger, **_: object) -> Signs:
        read.append(run)
        return Signs({digest: tuple(lines) for digest, lines in SIGNS.items()}, "a note")

    monkeypatch.setattr(cue_checks, "read_signs", reading)
    run, notes = run_of(IMAGES), list[str]()
    pairs = check_runs(run, run, encoder=HashEncoder(), on_note=notes.append)
    assert {"quoted text seen", "invented names"} <= {mine.name for mine, _ in pairs}
    assert (len(read), notes) == (2, ["a note", "a note"])
    embedded_run = run_of(IMAGES, describer_id="signage/1")
    assert "transient objects" not in {mine.name for mine, _ in check_runs(run, embedded_run, encoder=HashEncoder())}
    assert len(read) == 2


def test_photos_that_are_gone_leave_a_note_and_no_check() -> None:
    notes: list[str] = []
    pairs = check_runs(run_of(IMAGES), run_of(IMAGES), encoder=HashEncoder(), on_note=notes.append)
    assert "invented names" not in {mine.name for mine, _ in pairs}
    assert ["no photo" in note for note in notes] == [True, True]


def test_a_run_that_has_not_finished_is_refused() -> None:
    with pytest.raises(RunUnfinished, match="has not finished"):
        check_runs(run_of(IMAGES), made_runs.run([], IMAGES, finished=None), encoder=HashEncoder())
