"""Another method's descriptors as stage 1 of the whole way: index, eval run, locate; the shortlists as imported."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from running import Run, caller
from texture import texture, write_textures

from internvl_vpr.evals.runs.folder import load_run
from internvl_vpr.tools.index.place_index import PlaceIndex

pytest.importorskip("cv2", reason="needs the extra embedded")

REFERENCES, QUERIES = 12, 5
FAST = ("--describer", "statistics", "--verify", "off", "--k", "8")
OUTSIDE = ("--unknown", "photos/outside")
FOLDER = ("folder", "--root", "photos", "--places", "places")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return caller(tmp_path, monkeypatch, capsys)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder `photos` with 12 references and 5 queries in the order of shuffled lists, and their rows in `log`.

    In `outside` is a photo that has no row. The zone in the name of the last reference is wrong, and that of the last
    query is the neighbour's.
    """
    folder, rng = tmp_path / "photos", np.random.default_rng(3)
    write_textures(tmp_path / "large disk", range(REFERENCES))
    folder.mkdir()
    (folder / "database").symlink_to(tmp_path / "large disk")
    write_textures(folder / "outside", range(70, 71))
    (tmp_path / "elsewhere").mkdir()
    (folder / "queries").symlink_to(tmp_path / "elsewhere")
    (wrong,) = (folder / "database").glob("@501100@*")
    wrong.rename(wrong.with_name(wrong.name.replace("@T@", "@C@")))
    for seed in range(QUERIES):
        image = texture(seed)
        image.putpixel((0, 0), (1, 2, 3))
        image.save(folder / "queries" / f"@{500_000 + 100 * seed + 4}@5000000@{33 + seed // 4}@T@@@{seed}@@@@@@@@.png")
    rows = {"database": unit(rng.normal(size=(REFERENCES, 16)))}
    rows["database"][3] = rows["database"][1]  # a tie, which the names decide
    rows["queries"] = unit(rows["database"][:QUERIES] + 0.3 * rng.normal(size=(QUERIES, 16)))
    (tmp_path / "log").mkdir()
    for kind, given in rows.items():
        names = sorted(path.name for path in (folder / kind).iterdir())
        order = rng.permutation(len(names))
        (folder / f"{kind}_images_paths.txt").write_text("".join(f"{names[row]}\n" for row in order))
        np.save(tmp_path / "log" / f"{kind}_descriptors.npy", given[order].astype(np.float32))
    return folder


def unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def test_a_run_takes_its_shortlists_from_the_descriptors_and_ranks_them_again(
    run: Run, photos: Path, tmp_path: Path
) -> None:
    made = run("eval", "run", *FOLDER, *OUTSIDE, "--plane", "--coarse", "log", "--out", "run", *FAST)
    assert made.returncode == 0, made.stderr
    files = ("log", "--split", *FOLDER[:3], *OUTSIDE, "--name", "X", "--k", "8")
    taken = run("eval", "import", *files, "--plane", "--out", "one")
    assert taken.returncode == 0, taken.stderr
    by_zones = run("eval", "import", *files, "--out", "zones")
    assert "right references for 1 query (1 pair, the first: '@500404@" in " ".join(by_zones.stdout.split())
    ours, imported = load_run(tmp_path / "run"), load_run(tmp_path / "one")
    for one, other in zip(ours.results, imported.results, strict=True):
        near = [shown.similarity for shown in other.shortlist]
        assert [shown.similarity for shown in one.shortlist] == pytest.approx(near, abs=2e-5)
        assert {a.reference for a in one.shortlist} == {b.reference for b in other.shortlist}
    assert all(run.results[-1].outside and run.results[-1].error for run in (ours, imported))
    assert any(one.ranking != tuple(sorted(one.ranking)) for one in ours.results)  # stage 2 has its say
    assert ours.info.split == imported.info.split
    assert (ours.info.split.references, ours.info.split.without_positives) == (REFERENCES, 0)
    assert ours.info.settings["backbone"] == "descriptors"
    compared = run("eval", "compare", "one", "run")
    assert compared.returncode == 0, compared.stderr
    assert "(--plane) and the other does not" in run("eval", "compare", "zones", "run").stderr
    index = PlaceIndex.open(tmp_path / "places")
    assert not index.codebook.any()
    index.close()


def test_an_index_of_descriptors_knows_its_folder(run: Run, photos: Path, tmp_path: Path) -> None:
    built = run("index", "photos/database", "--places", "places", "--coarse", "log", "--no-check")
    assert built.returncode == 0, built.stderr
    (photos / "queries").unlink()
    (tmp_path / "elsewhere").rename(photos / "queries")  # locate finds only those beside the map's photos
    query = sorted((photos / "queries").iterdir())[2]
    found = run("locate", query, "--places", "places", "--json", *FAST)
    assert found.stderr == ""
    answer = json.loads(found.stdout)
    best = min(answer["candidates"], key=lambda one: one["coarse_rank"])
    rows = np.load(tmp_path / "log" / "database_descriptors.npy").astype(np.float64)
    names = (photos / "database_images_paths.txt").read_text().splitlines()
    asked = np.load(tmp_path / "log" / "queries_descriptors.npy").astype(np.float64)
    row = (photos / "queries_images_paths.txt").read_text().splitlines().index(query.name)
    cosines = rows @ asked[row] / np.linalg.norm(rows, axis=1) / np.linalg.norm(asked[row])
    assert best["reference"] == names[int(cosines.argmax())]
    assert best["coarse_similarity"] == pytest.approx(cosines.max(), abs=1e-5)

    Image.new("RGB", (64, 64)).save(tmp_path / "other.png")
    refused = run("locate", "other.png", "--places", "places", *FAST)
    assert refused.returncode == 2
    assert "'other.png' has no row in " in refused.stderr
    both = run("locate", query, "--places", "places", "--backbone", "xfeat", *FAST)
    assert "leave --backbone out" in both.stderr

    # Extracted anew with another order of the queries: nothing recorded is believed any more.
    np.save(tmp_path / "log" / "queries_descriptors.npy", asked[::-1].astype(np.float32))
    again = json.loads(run("locate", query, "--places", "places", "--json", *FAST).stdout)
    assert [one["reference"] for one in again["candidates"]] != [one["reference"] for one in answer["candidates"]]

    (tmp_path / "log").rename(tmp_path / "moved")
    gone = run("locate", query, "--places", "places", *FAST)
    assert gone.returncode == 2
    assert "There is no database_descriptors.npy in " in gone.stderr
    assert "--coarse" in gone.stderr
    moved = run("locate", query, "--places", "places", "--coarse", "moved", "--json", *FAST)
    assert json.loads(moved.stdout)["candidates"] == again["candidates"]
    np.save(tmp_path / "moved" / "database_descriptors.npy", rows[::-1].astype(np.float32))
    other = run("locate", query, "--places", "places", "--coarse", "moved", *FAST)
    assert "was built with other settings (backbone descriptors/" in other.stderr


def test_descriptors_that_cannot_be_stage_1_are_refused(run: Run, photos: Path, tmp_path: Path) -> None:
    def refused(name: str, rows: np.ndarray) -> str:
        path = tmp_path / "log" / f"{name}_descriptors.npy"
        before = np.load(path)
        np.save(path, rows)
        shown = run("eval", "run", *FOLDER, "--coarse", "log", "--out", "run", *FAST)
        np.save(path, before)
        assert (shown.returncode, shown.stdout) == (2, "")
        assert shown.stderr.count("\n") == 1
        return shown.stderr

    database, queries = (np.load(tmp_path / "log" / f"{name}_descriptors.npy") for name in ("database", "queries"))
    scaled = database * np.where(np.arange(REFERENCES) == 4, 1.02, 1)[:, None]
    assert "Row 4 (from 0) of " in refused("database", scaled.astype(np.float32))
    assert "has 11 rows, and " in refused("database", database[:-1])
    assert "has 6 rows, and " in refused("queries", np.vstack([queries, queries[:1]]))
    assert "extract both with one method" in refused("queries", unit(queries[:, :8].astype(np.float32)))
    assert "divide each row by its length" in refused("queries", 3 * queries)
