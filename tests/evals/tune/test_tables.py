"""Tables I and II as printed: the paper's rows, a run's beside them, and what is not measured."""

import io
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


def test_without_runs_the_papers_rows_stand_alone() -> None:
    text = shown([])
    assert row(text, "Table I:", "SF-XL Occlusion, 76", "InternVL-VPR (zero-shot)").split(")  ") == [
        "InternVL-VPR (zero-shot", "28.9 % (22/76, 20.0–40.0", "40.8 % (31/76, 30.4–52.0)",
    ]  # fmt: skip
    for title in ("SF-XL Night, 466", "SF-XL Occlusion, 76", "AmsterTime, 1,231"):
        assert row(text, "Table I:", title, "this program").split(None, 2)[2].split("  ")[0] == "not measured"
        lines = block(text, "Table II:", title)
        assert sum("this program" in line and line.count("not measured") == 2 for line in lines) == 3
    assert row(text, "Table II:", "SF-XL Night", "5, paper").split() == [
        "5,", "paper", "46.8", "%", "(218/466,", "42.3–51.3)", "–",
    ]  # fmt: skip
    assert row(text, "Table II:", "AmsterTime", "1, paper").split() == ["1,", "paper", "–", "–"]
    assert "–: the paper's figure is not known here." in text


def test_a_run_stands_below_the_papers_rows() -> None:
    text = shown([measured("sf-xl-occlusion", [(2, 1), (1, 1), (None, None), (7, 3)])])
    lines = block(text, "Table I:", "SF-XL Occlusion")
    assert [line.split("  ")[0] for line in lines[3:]] == [
        "CosPlace", "MixVPR", "EigenPlaces", "SALAD-CM", "AnyLoc (zero-shot)", "InternVL-VPR (zero-shot)", "",
        "stage 1: rootsift", "stage 2: rootsift + signage",
    ]  # fmt: skip
    assert "25.0 % (1/4, 4.6–69.9)" in lines[-2]
    assert "50.0 % (2/4, 15.0–85.0)" in lines[-2]
    assert "50.0 % (2/4, 15.0–85.0)" in lines[-1]
    assert "75.0 % (3/4, 30.1–95.4)" in lines[-1]
    assert "not measured" in row(text, "Table I:", "SF-XL Night", "this program")
    assert "50.0 % (2/4" in row(text, "Table II:", "SF-XL Occlusion", "1, rootsift + signage")
    assert row(text, "Table II:", "SF-XL Occlusion", "3, rootsift + signage").count("not measured") == 2


def test_other_splits_get_a_table_of_the_same_shape() -> None:
    text = shown([two_cues()])
    assert "CosPlace" not in "".join(block(text, "Table I:", "folder"))
    assert "50.0 % (1/2" in row(text, "Table I:", "folder", "stage 2: rootsift + signage")
    assert "100.0 % (2/2" in row(text, "Table II:", "folder", "1, rootsift + signage")
    assert "50.0 % (1/2" in row(text, "Table II:", "folder", "3, rootsift + signage")
    assert "not measured" in row(text, "Table II:", "folder", "5, rootsift + signage")
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
    assert "stage 2: dinov2 + InternVL3-38B " in row(text, "Table I:", "town-night", "stage 2")
    twice = shown([measured("town-night", [(1, 1)]), measured("town-night", [(1, 1)])])
    assert twice.count("stage 2: rootsift + signage (no-such-run)") == 2


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
