"""Another method's stage 1 out of its files: measured to the last digit as the field measures it, or refused."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from field_data import (
    RECALLS,
    FieldData,
    field_file,
    field_positives,
    field_predictions,
    field_recalls,
    make_field_data,
)
from running import Run as Command
from running import caller

from internvl_vpr.evals.runs.folder import Run, load_run
from internvl_vpr.evals.runs.import_run import ImportOptions, import_run
from internvl_vpr.evals.runs.predictions import name_below
from internvl_vpr.evals.runs.view import stage_recalls
from internvl_vpr.evals.splits.layouts import open_split
from internvl_vpr.evals.splits.split import Where
from internvl_vpr.tools.errors import UsageError


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> FieldData:
    return make_field_data(tmp_path_factory.mktemp("field") / "made")


@pytest.fixture(scope="module")
def descriptors(data: FieldData) -> Path:
    return data.save(data.root.parent / "descriptors", "float16")


@pytest.fixture(scope="module")
def whole(data: FieldData, descriptors: Path) -> Run:
    """All queries with 100 references each."""
    return imported(descriptors, data, data.root.parent / "whole")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return caller(tmp_path, monkeypatch, capsys)


def imported(source: Path, data: FieldData, out: Path, k: int = 100, **where: object) -> Run:
    split = open_split("folder", Where(data.root, **where))  # type: ignore[arg-type]
    return import_run(split, ImportOptions(source, "SALAD-CM", k), out)[0]


def percent(run: Run) -> list[float]:
    recalls = stage_recalls(run, 1, RECALLS)
    assert stage_recalls(run, 2, RECALLS) == recalls
    return [recall.successes / recall.queries * 100 for recall in recalls]


@pytest.mark.parametrize(("dtype", "listed", "k"), [("float16", False, 100), ("float32", True, 20)])
def test_descriptors_give_the_recalls_of_the_fields_protocol(tmp_path: Path, dtype: str, listed: bool, k: int) -> None:
    data = make_field_data(tmp_path / "made", listed=listed)
    source = data.save(tmp_path / "log", dtype)
    queries, database = data.query_rows.astype(dtype), data.database_rows.astype(dtype)
    predictions, positives = field_predictions(queries, database, 100), field_positives(data)
    run = imported(source, data, tmp_path / "run", k)
    assert percent(run) == field_recalls(predictions, positives)
    assert [set(one.positives) for one in run.results] == [{data.references[row] for row in rows} for rows in positives]
    for result, row in zip(run.results, predictions, strict=True):
        assert [one.reference for one in result.ranked[:20]] == [data.references[at] for at in row[:20]]
    apart = queries.astype(np.float64)[:, None] - database.astype(np.float64)
    nearest = np.argsort(np.square(apart).sum(-1), axis=1, kind="stable")
    assert field_recalls(nearest, positives) == field_recalls(predictions, positives)
    assert run.info.split.other_reading is None
    assert 12 <= run.info.split.without_positives < 30
    assert all(len(one.shortlist) == k and one.grade is None for one in run.results)


def test_its_prediction_files_are_the_fields_to_the_byte_and_can_be_imported(
    data: FieldData, whole: Run, tmp_path: Path
) -> None:
    positives = field_positives(data)
    elsewhere = tmp_path / "elsewhere" / "preds"
    elsewhere.mkdir(parents=True)
    assert any(len(rows) == 0 for rows in positives)
    assert any(len(rows) > 1 and list(rows) != sorted(rows) for rows in positives)
    for number, (result, rows) in enumerate(zip(whole.results, positives, strict=True)):
        text = field_file(
            f"{data.asked}/{result.query}",
            [f"{data.database}/{one.reference}" for one in result.ranked],
            [f"{data.database}/{data.references[row]}" for row in rows],
        )
        assert (whole.folder / "preds" / f"{number:03d}.txt").read_bytes() == text.encode()
        moved = text.replace(str(data.root), "/another/machine/images/test").split("\n")
        (elsewhere / f"{number:03d}.txt").write_text("\n".join([*moved[:24], *moved[104:]]))  # twenty predictions
    again = imported(elsewhere.parent, data, tmp_path / "again")
    assert percent(again) == percent(whole)
    assert (again.info.settings["k"], again.info.settings["imported"]) == (20, "predictions")
    assert again.info.split == whole.info.split


def test_a_query_that_is_in_the_database_finds_itself(tmp_path: Path) -> None:
    from shutil import copyfile

    data = make_field_data(tmp_path / "made")
    name = Path(data.references[5]).name
    copyfile(data.database / data.references[5], data.asked / name)
    source = data.save(tmp_path / "log", "float32")
    rows = np.insert(data.query_rows, sorted([*data.queries, name]).index(name), data.database_rows[5], axis=0)
    np.save(source / "queries_descriptors.npy", rows.astype(np.float32))
    run = imported(source, data, tmp_path / "run", k=5)
    (itself,) = (one for one in run.results if one.query == name)
    assert data.references[5] in itself.positives
    assert (itself.final_rank, itself.shortlist[0].similarity) == (1, 1.0)


REFUSED: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "has 89 rows, and .*queries' has 90 images": ("queries", lambda x: x[:-1]),
    "has 331 rows, and .*database' has 330 images": ("database", lambda x: np.vstack([x, x[:1]])),
    "are of two methods, 24 numbers a query and 23 a reference": ("database", lambda x: x[:, 1:]),
    r"it holds float64 \[330, 24\], not float16 or float32": ("database", lambda x: x.astype(np.float64)),
    "it is not a whole .npy file of numbers": ("database", lambda x: x.astype(object)),
    r"it holds float16 \[2160\], not": ("queries", np.ravel),
    r"Row 7 \(from 0\) of .*not finite": ("queries", lambda x: np.where(np.arange(90)[:, None] == 7, np.nan, x)),
    r"Row 9 \(from 0\) of .*not finite": ("database", lambda x: np.where(np.arange(330)[:, None] == 9, np.inf, x)),
}


@pytest.mark.parametrize("said", REFUSED)
def test_descriptors_that_do_not_fit_are_refused(data: FieldData, descriptors: Path, tmp_path: Path, said: str) -> None:
    changed, change = REFUSED[said]
    for name in ("queries", "database"):
        rows = np.load(descriptors / f"{name}_descriptors.npy")
        np.save(tmp_path / f"{name}_descriptors.npy", change(rows) if name == changed else rows, allow_pickle=True)
    with pytest.raises(UsageError, match=said) as refused:
        imported(tmp_path, data, tmp_path / "run")
    assert str(refused.value).count(". ") == 0
    assert not (tmp_path / "run").exists()


def predicted(folder: Path, data: FieldData) -> Path:
    """Three predictions of each query."""
    folder.mkdir()
    for number, query in enumerate(data.queries):
        text = field_file(f"x/queries/{query}", [f"x/database/{name}" for name in data.references[:3]], [])
        (folder / f"{number:03d}.txt").write_text(text)
    return folder


def test_predictions_that_do_not_fit_are_refused(data: FieldData, tmp_path: Path) -> None:
    preds = predicted(tmp_path / "preds", data)

    def refused(number: int, text: str | None) -> str:
        path = preds / f"{number:03d}.txt"
        before = path.read_text()
        path.unlink() if text is None else path.write_text(text)
        with pytest.raises(UsageError) as error:
            imported(tmp_path, data, tmp_path / "run")
        path.write_text(before)
        return str(error.value)

    ours = f"x/queries/{data.queries[3]}"
    right = [f"x/database/{data.references[0]}"]
    assert "has several files" in refused(4, field_file(ours, right, []))
    assert "1 query of 'folder' has no predictions, such as" in refused(3, None)
    assert "1 query of 'folder' has no predictions, such as" in refused(3, field_file(ours, [], []))
    assert "predicts 'x/database/other.png', which is no reference" in refused(
        3, field_file(ours, ["x/database/other.png"], [])
    )
    assert "predicts a reference twice" in refused(3, field_file(ours, right * 2, []))
    assert "is about 'x/queries/other.png', which is no query" in refused(3, field_file("x/queries/other.png", [], []))
    assert "does not list a query and its predictions" in refused(3, "nothing of the kind\n")
    with pytest.raises(UsageError, match="The method has no name"):
        import_run(open_split("folder", Where(data.root)), ImportOptions(tmp_path, " "), tmp_path / "run")
    with pytest.raises(UsageError, match="There are neither descriptors nor predictions"):
        imported(data.root, data, tmp_path / "run")
    dated = tmp_path / "logs" / "2026-01-31_10-00-59"
    dated.mkdir(parents=True)
    preds.rename(dated / "preds")
    with pytest.raises(UsageError, match=r"such as .*2026-01-31_10-00-59'"):
        imported(dated.parent, data, tmp_path / "run")


def test_descriptors_win_over_predictions_which_must_number_the_queries_alike(
    data: FieldData, tmp_path: Path, run: Command
) -> None:
    source = data.save(tmp_path / "log", "float32")
    preds = predicted(source / "preds", data)
    arguments = ("eval", "import", "log", "--split", "folder", "--root", data.root, "--name", "[b]X", "--out", "run")
    shown = run(*arguments, "--k", "7", "--limit", "80")
    assert shown.returncode == 0, shown.stderr
    assert "Read from the descriptors, not from the predictions beside them; " in shown.stderr
    assert "[b]X" in shown.stdout
    assert "Recall@5" in shown.stdout
    assert "Recall@10" not in shown.stdout  # with seven references of 330 nobody knows
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (info["method"], info["limit"], info["settings"]["imported"]) == ("[b]X", 80, "descriptors")
    again = run(*arguments)
    assert (again.returncode, again.stdout) == (2, "")
    assert "name a new one with --out" in again.stderr
    (preds / "000.txt").rename(preds / "xx.txt")
    (preds / "001.txt").rename(preds / "000.txt")
    swapped = run(*arguments[:-1], "swapped")
    assert "the rows of the descriptors are in another order" in swapped.stderr
    assert not (tmp_path / "swapped").exists()


def test_what_other_commands_make_of_it(data: FieldData, whole: Run, tmp_path: Path, run: Command) -> None:
    imported(predicted(tmp_path / "preds", data).parent, data, tmp_path / "second")
    compared = run("eval", "compare", whole.folder, "second")
    assert compared.returncode == 0, compared.stderr
    assert "lost; McNemar p" in " ".join(compared.stdout.split())
    judged = run("eval", "gate", whole.folder, "--baseline", whole.folder)
    assert judged.returncode == 0, judged.stderr
    assert "an imported run has no descriptions" in " ".join(judged.stdout.split())
    assert run("eval", "report", "second", "--queries", "1", "--out", "page.html").returncode == 0
    assert run("eval", "tables", "second").returncode == 0
    for command in ("sweep", "calibrate"):
        refused = run("eval", command, "second")
        assert refused.returncode == 2
        assert "was imported and has stage 1 alone" in refused.stderr
    assert load_run(whole.folder).info == whole.info


def test_zones_are_not_mixed_unless_the_field_is_asked(tmp_path: Path) -> None:
    """A neighbour's zone, another letter, one that is wrong, and none."""
    data = make_field_data(tmp_path / "made", zones=("10@S", "11@S", "10@T", "10@N", "@"))
    source = data.save(tmp_path / "log", "float32")
    theirs = [{data.references[row] for row in rows} for rows in field_positives(data)]
    ours = imported(source, data, tmp_path / "ours", k=20)
    pairs = [
        (one.query, name)
        for one, right in zip(ours.results, theirs, strict=True)
        for name in sorted(right ^ set(one.positives))
    ]
    other = ours.info.split.other_reading
    assert other is not None
    assert (other.pairs, other.queries) == (len(pairs), len({query for query, _ in pairs}))
    assert (other.query, other.reference) == pairs[0]
    assert f"right references for {other.queries} queries ({len(pairs)} pairs, the first: " in other.in_words()
    plane = imported(source, data, tmp_path / "plane", k=20, plane=True)
    assert [set(one.positives) for one in plane.results] == theirs
    assert percent(plane)[3] > percent(ours)[3]
    assert plane.info.split.other_reading is None
    predictions = field_predictions(data.query_rows, data.database_rows, 20)
    assert percent(plane) == field_recalls(predictions, field_positives(data))


def test_a_path_of_any_machine_is_known_by_its_longest_end() -> None:
    names = {"a/x.jpg", "x.jpg"}
    assert name_below("/data/a/x.jpg", names) == "a/x.jpg"
    assert name_below("/data/b/x.jpg", names) == "x.jpg"
    assert name_below(r"D:\sf\a\x.jpg", names) == "a/x.jpg"
    assert name_below("/data/y.jpg", names) is None
