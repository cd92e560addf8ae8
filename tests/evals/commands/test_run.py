"""`internvl-vpr eval run` as a user runs it, on a small folder of textures and on a town of four places."""

import json
from pathlib import Path

import pytest
from running import Run, caller
from texture import texture, write_textures

from internvl_vpr.evals.runs.measure import RunOptions
from internvl_vpr.tools.compare_places import SAME_PLACE_METRES

pytest.importorskip("cv2", reason="needs the extra embedded")

SMALL = ["--longer-side", "160", "--clusters", "8", "--describer", "statistics", "--k", "4"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return caller(tmp_path, monkeypatch, capsys)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder `photos` with `database` (6 textures and a damaged file), and `queries` (3 of them)."""
    folder = tmp_path / "photos"
    write_textures(folder / "database", range(6))
    (folder / "database" / "broken.jpg").write_bytes(b"\xff\xd8\xff not much of a photo")
    (folder / "queries").mkdir()
    for seed in range(3):
        image = texture(seed)
        image.putpixel((0, 0), (1, 2, 3))
        image.save(folder / "queries" / f"@{500_000 + 100 * seed + 4}@5000000@33@T@@@{seed}@@@@@@@@.png")
    return folder


def test_a_folder_is_indexed_and_measured(run: Run, photos: Path, tmp_path: Path) -> None:
    shown = run("eval", "run", "folder", "--root", "photos", "--places", "places", "--out", "run", *SMALL)
    assert shown.returncode == 0, shown.stderr
    assert "Recall@1   100.0 % (3/3, 43.9–100.0)" in shown.stdout
    assert "Recall@5" not in shown.stdout  # with K = 4 of 6 references nobody knows
    assert "broken.jpg" in shown.stderr
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert info["split"]["references"] == 6
    assert info["settings"]["below_tau"] == "fallback"
    assert info["split"]["folders"] == {"database": "photos/database", "queries": "photos/queries"}
    again = run("eval", "run", "folder", "--root", "photos", "--places", "places", "--out", "again", *SMALL)
    assert "; 0 images described now in 0 attempts." in again.stdout


def test_the_papers_own_way_lists_what_is_retained_and_others_all_candidates(tmp_path: Path) -> None:
    def mode(**flags: str) -> str:
        return RunOptions(tmp_path, flags, environ={}).settings().below_tau

    assert [mode(preset=preset) for preset in ("paper", "anyloc", "embedded")] == ["strict", "fallback", "fallback"]
    assert mode(preset="paper", reranker="judge") == "fallback"
    assert mode(preset="paper", below_tau="fallback") == "fallback"
    assert mode(preset="anyloc", below_tau="strict") == "strict"


def test_what_is_asked_for_wrongly_is_one_sentence_with_exit_code_2(run: Run, photos: Path, tmp_path: Path) -> None:
    def refused(*arguments: str) -> str:
        shown = run("eval", "run", *arguments, "--places", "places", "--out", "run", *SMALL)
        assert (shown.returncode, shown.stdout) == (2, "")
        assert shown.stderr.count("\n") == 1
        return shown.stderr

    assert "There is no split 'msls'" in refused("msls")
    assert "'database' and 'queries_night' are expected" in refused("sf-xl-night", "--root", "photos")
    assert "needs --root DIR" in refused("folder")
    (photos / "elsewhere").mkdir()
    assert "holds no photo" in refused("folder", "--root", "photos", "--unknown", "photos/elsewhere")


def test_a_map_of_other_photos_is_neither_used_nor_changed(run: Run, photos: Path, tmp_path: Path) -> None:
    write_textures(tmp_path / "mine", range(20, 23))
    built = run("index", "mine", "--places", "places", "--longer-side", "160", "--clusters", "8")
    assert built.returncode == 0, built.stderr
    before = (tmp_path / "places" / "manifest.json").read_bytes()
    shown = run("eval", "run", "folder", "--root", "photos", "--places", "places", "--out", "run", *SMALL)
    assert shown.returncode == 2
    assert "name another folder with --places" in shown.stderr
    assert (tmp_path / "places" / "manifest.json").read_bytes() == before
    assert not (tmp_path / "run").exists()


def test_photos_that_leave_the_database_leave_the_map(run: Run, photos: Path, tmp_path: Path) -> None:
    for out in ("one", "two"):
        shown = run("eval", "run", "folder", "--root", "photos", "--places", "places", "--out", out, *SMALL)
        assert shown.returncode == 0, shown.stderr
        (photos / "database" / "@500500@5000000@33@T@@@5@@@@@@@@.png").unlink(missing_ok=True)
    digests = [json.loads((tmp_path / out / "run.json").read_text())["split"] for out in ("one", "two")]
    assert [split["references"] for split in digests] == [6, 5]
    assert digests[0]["references_digest"] != digests[1]["references_digest"]


def test_several_splits_of_one_town_have_a_folder_each(run: Run, tmp_path: Path) -> None:
    town = ["--root", "town", "--town-places", "4", "--places", "places", "--out", "runs", "--describer", "statistics"]
    town += ["--verify", "off"]  # geometry has no part in it
    shown = run("eval", "run", "town-night", "town-occlusion", *town)
    assert shown.returncode == 0, shown.stderr
    for name in ("town-night", "town-occlusion"):
        info = json.loads((tmp_path / "runs" / name / "run.json").read_text())
        assert (info["split"]["name"], info["split"]["queries"], info["split"]["outside"]) == (name, 4, 1)
    assert shown.stdout.count("photographs from outside the map") == 2


def test_drawn_photos_stand_for_themselves_by_how_they_were_drawn(run: Run, tmp_path: Path) -> None:
    """Another processor may round a pixel the other way; a committed baseline must stay comparable."""
    from PIL import Image

    town = ["town-night", "--root", "town", "--town-places", "4", "--places", "places", "--describer", "statistics"]
    town += ["--verify", "off"]  # geometry has no part in it
    assert run("eval", "run", *town, "--out", "one").returncode == 0
    query = next((tmp_path / "town" / "queries_night").iterdir())
    size = query.stat().st_size
    with Image.open(query) as image:
        image.load()
        image.save(query, quality=80, exif=image.getexif())
    with query.open("ab") as file:  # a town is looked over by the sizes of its files
        file.write(b"\0" * (size - query.stat().st_size))
    assert run("eval", "run", *town, "--out", "two").returncode == 0
    one, two = (json.loads((tmp_path / out / "run.json").read_text())["split"] for out in ("one", "two"))
    assert one == two


def test_the_help_names_the_radius_that_holds_without_the_flag(run: Run) -> None:
    shown = run("eval", "run", "--help")
    assert f"within which a reference is right; default: {SAME_PLACE_METRES:g}." in " ".join(shown.stdout.split())


def test_a_query_that_is_in_the_map_counts_only_what_other_photos_say(run: Run, photos: Path, tmp_path: Path) -> None:
    (alone,) = (photos / "database").glob("@500300@*")  # 100 m from the next one
    (photos / "queries" / alone.name).write_bytes(alone.read_bytes())
    shown = run("eval", "run", "folder", "--root", "photos", "--places", "places", "--out", "run", *SMALL)
    assert shown.returncode == 0, shown.stderr
    assert "Recall@1   75.0 % (3/4, " in shown.stdout
    assert "1 query without a right reference: counted as missed." in shown.stdout
    lines = (tmp_path / "run" / "results.jsonl").read_text().splitlines()
    (itself,) = (one for one in map(json.loads, lines) if one["query"] == alone.name)
    assert alone.name not in [one["reference"] for one in itself["shortlist"]]
