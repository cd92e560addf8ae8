"""Tables I and II as printed: the paper's rows, a run's beside them, and what is not measured."""

import io
import re
from collections.abc import Sequence

import made_runs
import pytest
from rich.console import Console
from scripted import HashEncoder

from internvl_vpr.evals.runs.folder import Run
from internvl_vpr.evals.runs.records import Result, Shortlisted
from internvl_vpr.evals.tune.tables import show_tables
from internvl_vpr.tools.errors import RunUnfinished

EMBEDDED: dict[str, str | int | float | None] = {"backbone": "rootsift", "describer": "signage"}


def shown(runs: Sequence[Run], width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, markup=False, emoji=False, highlight=False)
    for part in show_tables(runs, HashEncoder()):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def block(text: str, table: str, title: str) -> list[str]:
    """The lines of one split's table; an empty line ends it, one of blanks ends a section."""
    lines = text.split(table)[1].split("\n")
    start = next(number for number, line in enumerate(lines) if line.startswith(title))
    return [line.rstrip() for line in lines[start : lines.index("", start)]]


def row(text: str, table: str, title: str, name: str) -> str:
    return next(line for line in block(text, table, title) if line.startswith(name))


def measured(split: str, ranks: Sequence[tuple[int | None, int | None]], **settings: object) -> Run:
    results = [made_runs.result(f"q{number}", *pair) for number, pair in enumerate(ranks)]
    return made_runs.run(results, split=split, **{**EMBEDDED, "n": 1, **settings})  # type: ignore[arg-type]


def two_cues() -> Run:
    """Two queries; with one cue the first's right candidate wins, with three the wrong one does."""
    results, cues = [], []
    for name in "pq":
        shortlist = tuple(
            Shortlisted(reference=f"{name}{c}", digest=made_runs.digest(f"{name}{c}"), similarity=0.5) for c in "ab"
        )
        digest = made_runs.digest(name)
        ranking = (1, 2) if name == "p" else (2, 1)
        results.append(
            Result(query=name, digest=digest, positives=("pb", "qb"), shortlist=shortlist, ranking=ranking, retained=2)
        )
        same = [(f"{name} {word}", 1.0) for word in ("one", "two", "three")]
        right, wrong = (same[:1], [("x", 1.0), *same[1:]]) if name == "p" else (same, [("y", 1.0)])
        described = (name, same), (f"{name}b", right), (f"{name}a", wrong)
        cues += [made_runs.described(image, *said) for image, said in described]
    return made_runs.run(results, cues, split="folder", k=2, tau=-1.0, **EMBEDDED)  # type: ignore[arg-type]


def bold(runs: Sequence[Run]) -> list[str]:
    """What stands in bold in the tables, but for titles."""
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="standard", highlight=False)
    for part in show_tables(runs, HashEncoder()):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return re.findall(r"\x1b\[1m(\d[^\x1b]*?)\s*\x1b", console.file.getvalue())


def test_without_runs_the_papers_rows_stand_alone() -> None:
    text = shown([])
    assert row(text, "Table I:", "SF-XL Occlusion, 76", "InternVL-VPR (zero-shot)").split(")  ") == [
        "InternVL-VPR (zero-shot", "28.9 % (22/76, 20.0–40.0", "40.8 % (31/76, 30.4–52.0)",
    ]  # fmt: skip
    for title in ("SF-XL Night, 466", "SF-XL Occlusion, 76", "AmsterTime, 1,231"):
        assert row(text, "Table I:", title, "this program").split(None, 2)[2].split("  ")[0] == "not measured"
    for title in ("SF-XL Night, 466", "SF-XL Occlusion, 76"):
        lines = block(text, "Table II:", title)
        assert sum("this program" in line and line.count("not measured") == 2 for line in lines) == 3
    assert row(text, "Table II:", "SF-XL Night", "5, paper").split() == [
        "5,", "paper", "46.8", "%", "(218/466,", "42.3–51.3)", "61.2", "%", "(285/466,", "56.7–65.5)",
    ]  # fmt: skip
    assert "AmsterTime" not in text.split("Table II: N")[1].split("The paper has no Table II for AmsterTime.")[0]
    assert "not known" not in text


@pytest.mark.parametrize(
    ("title", "first", "fifth"),
    [("SF-XL Night", "7.9", "7.0"), ("SF-XL Occlusion", "13.1", "13.2"), ("AmsterTime", "2.5", "3.6")],
)
def test_the_papers_gain_is_over_anyloc(title: str, first: str, fifth: str) -> None:
    lines = block(shown([]), "Table I:", title)
    below = lines[next(i for i, line in enumerate(lines) if line.startswith("InternVL-VPR")) + 1]
    assert below.split() == ["↑", first, "points", "↑", fifth, "points"]


def test_the_best_of_each_split_is_bold() -> None:
    """Of the paper's own rows these; then a run that is better, and one that saw only a part of the queries."""
    papers = [
        "48.9 % (228/466, 44.4–53.5)", "62.4 % (291/466, 58.0–66.7)", "44.7 % (34/76, 34.1–55.9)",
        "64.5 % (49/76, 53.3–74.3)", "56.2 % (692/1231, 53.4–59.0)", "78.7 % (969/1231, 76.3–80.9)",
    ]  # fmt: skip
    assert bold([]) == papers
    better = measured("sf-xl-occlusion", [(1, 1)] * 40 + [(None, None)] * 36)
    ours = "52.6 % (40/76, 41.6–63.5)"  # of both stages at rank 1, where the paper's best is 44.7
    assert bold([better]) == [*papers[:2], papers[3], ours, ours, *papers[4:]]
    part = Run(better.folder, better.info.model_copy(update={"limit": 76}), better.results)
    assert bold([part]) == papers


def test_an_imported_run_stands_beneath_the_papers_row_of_its_method() -> None:
    run = measured("sf-xl-night", [(1, 1), (2, 2), (None, None), (None, None)])
    imported = Run(run.folder, run.info.model_copy(update={"method": "SALAD-CM"}), run.results)
    lines = block(shown([imported]), "Table I:", "SF-XL Night")
    place = next(i for i, line in enumerate(lines) if line.startswith("SALAD-CM  "))
    assert lines[place + 1].startswith("SALAD-CM, measured")
    assert "25.0 % (1/4" in lines[place + 1]
    assert not any("stage 2" in line for line in lines)
    other = Run(run.folder, run.info.model_copy(update={"method": "MegaLoc"}), run.results)
    assert block(shown([other]), "Table I:", "SF-XL Night")[-1].startswith("MegaLoc, measured")
    assert "MegaLoc" not in shown([other]).split("Table II: N")[1]


def test_a_row_of_table_2_is_a_run_prompted_with_its_n() -> None:
    """One run for each N; what first cues would have given is left out where the method was prompted with that N."""
    runs = [measured("sf-xl-night", [(1, 1)], n=1), measured("sf-xl-night", [(2, 2)], n=3)]
    text = shown(runs)
    assert "100.0 % (1/1" in row(text, "Table II:", "SF-XL Night", "1, rootsift + signage")
    assert "0.0 % (0/1" in row(text, "Table II:", "SF-XL Night", "3, rootsift + signage")
    assert "first 1 of 3 cues" not in text
    assert row(text, "Table I:", "SF-XL Night", "stage 2: rootsift + signage, N = 1")
    judged = measured("sf-xl-night", [(1, 1)], reranker="judge", model="InternVL3-38B")
    text = shown([judged])
    assert row(text, "Table I:", "SF-XL Night", "stage 2: rootsift + InternVL3-38B")
    assert "InternVL3-38B" not in text.split("Table II: N")[1]


def test_a_run_stands_below_the_papers_rows() -> None:
    text = shown([measured("sf-xl-occlusion", [(2, 1), (1, 1), (None, None), (7, 3)])])
    lines = block(text, "Table I:", "SF-XL Occlusion")
    assert [line.split("  ")[0] for line in lines[3:]] == [
        "CosPlace", "MixVPR", "EigenPlaces", "SALAD-CM", "AnyLoc (zero-shot)", "InternVL-VPR (zero-shot)", "", "",
        "stage 1: rootsift", "stage 2: rootsift + signage, N = 1", "",
    ]  # fmt: skip
    assert "25.0 % (1/4, 4.6–69.9)" in lines[-3]
    assert "50.0 % (2/4, 15.0–85.0)" in lines[-3]
    assert "50.0 % (2/4, 15.0–85.0)" in lines[-2]
    assert "75.0 % (3/4, 30.1–95.4)" in lines[-2]
    assert lines[-1].split() == ["↑", "25.0", "points", "↑", "25.0", "points"]
    assert "not measured" in row(text, "Table I:", "SF-XL Night", "this program")
    assert "50.0 % (2/4" in row(text, "Table II:", "SF-XL Occlusion", "1, rootsift + signage")
    assert row(text, "Table II:", "SF-XL Occlusion", "3, this program").count("not measured") == 2


def test_other_splits_get_a_table_of_the_same_shape() -> None:
    text = shown([two_cues()])
    assert "CosPlace" not in "".join(block(text, "Table I:", "folder"))
    assert "50.0 % (1/2" in row(text, "Table I:", "folder", "stage 2: rootsift + signage")
    assert "100.0 % (2/2" in row(text, "Table II:", "folder", "1, rootsift + signage, first 1 of 3 cues")
    assert "50.0 % (1/2" in row(text, "Table II:", "folder", "3, rootsift + signage")
    assert "not measured" in row(text, "Table II:", "folder", "5, this program")
    assert "when scored again" not in text


def test_a_run_that_does_not_come_out_again_is_named() -> None:
    run = two_cues()
    turned = run.results[0].model_copy(update={"ranking": (2, 1)})
    other = Run(run.folder, run.info, [turned, run.results[1]])
    other.__dict__["descriptions"] = run.descriptions
    assert "rootsift + signage, folder: 1 rankings differ from the run's own when scored again" in " ".join(
        shown([other]).split()
    )


def test_runs_are_named_by_what_made_them_and_by_their_folder_where_that_is_the_same() -> None:
    model = measured("town-night", [(1, 1)], describer="vlm", model="InternVL3-38B", backbone="/models/dinov2")
    text = shown([model])
    assert "stage 2: dinov2 + InternVL3-38B, N = 1 " in row(text, "Table I:", "town-night", "stage 2")
    twice = shown([measured("town-night", [(1, 1)]), measured("town-night", [(1, 1)])])
    assert "stage 2: rootsift + signage (1)" in twice
    assert "stage 2: rootsift + signage (2)" in twice
    assert twice.count("stage 1: rootsift") == 2  # told apart by number


@pytest.mark.parametrize(
    ("folder", "name"),
    [("logs/salad", "salad"), ("logs/salad/2026-01-31_10-00-59", "salad"), (".", "descriptors"), ("a/b", "MegaLoc")],
)
def test_a_run_on_descriptors_is_named_by_their_method_or_folder(folder: str, name: str) -> None:
    runs = [
        measured("folder", [(2, final)], coarse=folder, backbone="descriptors", n=n) for n, final in ((1, 1), (3, 2))
    ]
    imported = measured("folder", [(2, 2)], source="a/b")
    method = Run(imported.folder, imported.info.model_copy(update={"method": "MegaLoc"}), imported.results)
    lines = block(shown([method, *runs]), "Table I:", "folder")[3:]
    assert [line.split("  ")[0] for line in lines if line.strip(" ↑↓=") and "points" not in line] == [
        "MegaLoc, measured", f"stage 1: {name}", f"stage 2: {name} + signage, N = 1", f"stage 2: {name} + signage",
    ]  # fmt: skip


def test_what_a_run_says_about_itself_is_text() -> None:
    text = shown([measured("town-\x1b[31mnight", [(1, 1)], describer="vlm", model="[bold]\x1b]0;x\x07:pizza:")])
    assert "\x1b" not in text
    assert "[bold]" in text
    assert ":pizza:" in text


def test_a_limited_run_says_so_and_a_short_shortlist_has_no_recall_at_5() -> None:
    limited = measured("town-night", [(1, 1)])
    info = limited.info.model_copy(update={"limit": 7})
    assert "limited to the first 7 queries of town-night" in shown([Run(limited.folder, info, limited.results)])
    results = [made_runs.result("q", 1, 1, k=3)]
    short = made_runs.run(results, split="town-night", **{**EMBEDDED, "n": 1, "k": 3})  # type: ignore[arg-type]
    line = row(shown([short]), "Table I:", "town-night", "stage 2")
    assert "100.0 % (1/1" in line
    assert line.endswith("not measured")


def test_a_run_that_has_not_finished_is_refused() -> None:
    with pytest.raises(RunUnfinished, match="has not finished"):
        show_tables([made_runs.run([], finished=None)], HashEncoder())


@pytest.mark.parametrize("width", [80, 100])
def test_no_word_is_broken(width: int) -> None:
    run = measured("amstertime", [(1, 1)] * 1231)
    text = shown([run, measured("town-night", [(1, 2)])], width)
    assert max(map(len, text.splitlines())) <= width
    words = set(text.split())
    for word in ("InternVL-VPR", "(zero-shot)", "EigenPlaces", "SALAD-CM", "rootsift", "signage", "measured", "paper"):
        assert word in words
    assert "(≈503/1231, 38.1–43.6)" in text
    assert "…" not in text
