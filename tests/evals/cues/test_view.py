"""Two prompts as their author reads them: the verdict first, what differs, and what was said where it got worse."""

import io
from collections.abc import Sequence
from pathlib import Path

import made_runs
import numpy as np
import pytest
from rich.console import Console

from internvl_vpr.evals.compare.gate import judge
from internvl_vpr.evals.compare.gate_checks import pooled_checks
from internvl_vpr.evals.cues.checks import check_run
from internvl_vpr.evals.cues.examples import _MAY_FAIL, Example, examples
from internvl_vpr.evals.cues.view import show_prompts
from internvl_vpr.evals.runs.folder import Run
from internvl_vpr.evals.runs.records import Check, ImageDescription

IMAGES = 40
SIGNS = {made_runs.digest(f"r{number}.jpg"): ["TAXI"] for number in range(IMAGES)}


def said(*cues: str) -> list[ImageDescription]:
    """The same cues of each of forty references."""
    scored = [(text, 3.0 - place) for place, text in enumerate(cues)]
    return [made_runs.described(f"r{number}.jpg", *scored) for number in range(IMAGES)]


STILL = said("a red door", "an iron gate", "a stepped gable")
FLEETING = said("a red door", "a parked car", "a view of [b]Rosenborg Street")


def splits(first: Sequence[int], images: Sequence[ImageDescription], **more: object) -> dict[str, Run]:
    """Two splits of queries that find the first right reference at these ranks."""
    made = {}
    for split in ("s1", "s2"):
        results = [made_runs.result(f"{split}q{number}", 1, rank) for number, rank in enumerate(first)]
        made[split] = made_runs.run(results, images, split=split, **more)  # type: ignore[arg-type]
    return made


def checks_of(now: Run, before: Run) -> list[tuple[Check, Check]]:
    def checked(one: Run) -> dict[str, Check]:
        texts = [cue.text for image in one.descriptions.values() for cue in image.cues]
        embeddings = {text: np.eye(100, dtype=np.float32)[number % 100] for number, text in enumerate(texts)}
        return {check.name: check for check in check_run(one, embeddings, SIGNS)}

    mine, theirs = checked(now), checked(before)
    return [(mine[name], theirs[name]) for name in ("transient objects", "invented names", "weight entropy")]


def shown(now: dict[str, Run], before: dict[str, Run], *, strict: bool = False) -> str:
    checks = pooled_checks(now, before, checks_of)
    console = Console(file=io.StringIO(), width=80, markup=False, emoji=False, highlight=False)
    report = judge(now, before, checks=checks)
    console.print(show_prompts(report, checks, now, ("first[b]", "second\x1b[2J"), strict=strict))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    return text


def test_what_got_worse_comes_first_with_figures_and_examples() -> None:
    text = shown(splits([1] * 20 + [4] * 20, FLEETING), splits([1] * 40, STILL))
    verdict = " ".join(text.split("\n\n")[0].split())
    assert verdict == "REGRESSION: B is worse than A: Recall@1; transient objects; invented names"
    assert "A  first[b]" in text
    assert "80 queries" in text
    worse = text.split("\nB is worse ")[1].split("\nneither is better")[0]
    recall, *_ = [line for line in worse.splitlines() if line.startswith("  Recall@1 ")]
    assert recall.split()[:6] == ["Recall@1", "100.0", "%", "50.0", "%", "−50.0"]
    transient, *_ = [line for line in worse.splitlines() if line.startswith("  transient objects ")]
    assert transient.split()[2:7] == ["0.0", "%", "100.0", "%", "+100.0"]
    assert {"Recall@1, s1", "Recall@1, s2"} <= {line[2:14] for line in worse.splitlines()}
    lost = text.split("40 queries are right at rank 1 with A alone, 0 with B alone\n")[1]
    assert lost.split()[:5] == ["town/s1/s1q20.jpg", "at", "rank", "4", "with"]
    examples_ = text.split("transient objects: a cue names people")[1]
    assert "town/database/r0.jpg" in examples_
    assert "    a parked car" in examples_.split("invented names")[0]
    assert "a red door" not in examples_
    assert "    a view of [b]Rosenborg Street" in examples_.split("invented names")[1]


def test_better_and_no_worse_pass() -> None:
    better = shown(splits([1] * 40, STILL), splits([1] * 20 + [4] * 20, FLEETING))
    assert better.startswith("PASS: B is better than A: Recall@1; transient objects; invented names\n")
    same = shown(splits([1] * 40, STILL), splits([1] * 40, STILL))
    assert same.startswith("PASS: B is no worse than A\n")
    assert "with A alone" not in same
    assert "neither is better" in same


def test_what_cannot_be_told_and_what_is_beside_the_checks_is_said() -> None:
    few = splits([1, 1, 1, 2], STILL), splits([1, 1, 2, 1], STILL)
    assert shown(*few).startswith("INCONCLUSIVE: these queries cannot tell whether B finds fewer places than A\n")
    assert "which --strict counts as a regression" in " ".join(shown(*few, strict=True).split())
    unfinished = splits([1] * 4, STILL, finished=None)
    text = shown(unfinished, splits([1] * 4, STILL))
    assert text.startswith("INCOMPLETE: nothing can be said about B\n")
    assert "has not finished" in " ".join(text.split())
    short = said("a red door", "an iron gate")
    text = shown(splits([1] * 40, short), splits([1] * 40, STILL))
    assert text.startswith("REGRESSION: B is worse than A: exactly N\n")
    assert "exactly N: 0 of 40 images have exactly N cues" in text


def check(name: str, better: str, values: dict[str, float]) -> Check:
    return Check.model_validate({"name": name, "meaning": "", "better": better, "binary": False, "values": values})


@pytest.mark.parametrize(("better", "photo"), [("lower", "r2.jpg"), ("higher", "r1.jpg")])
def test_examples_are_the_images_that_got_worse_by_the_most(better: str, photo: str) -> None:
    runs = {"s": made_runs.run([], FLEETING, split="s")}
    key = f"{runs['s'].info.split.references_digest} reference"
    now = {f"{key} r0.jpg": 0.5, f"{key} r1.jpg": 0.1, f"{key} r2.jpg": 0.9, f"{key} new.jpg": 1.0}
    before = {name: 0.5 for name in now if "new" not in name}
    found = examples(check("generic cues", better, now), check("generic cues", better, before), runs)
    assert found == [Example(Path("town/database", photo), tuple(cue.text for cue in FLEETING[0].cues))]
    (weighted,) = examples(
        check("boilerplate weights", better, now), check("boilerplate weights", better, before), runs
    )  # fmt: skip
    assert weighted.said[0] == "0.50 a red door"


def test_checks_that_one_cue_can_fail_are_checks() -> None:
    assert set(_MAY_FAIL) <= {check.name for check in check_run(made_runs.run([], FLEETING), _apart(), SIGNS)} | {
        "quoted text seen"  # nothing is quoted here
    }


def _apart() -> dict[str, np.ndarray]:
    return {cue.text: np.eye(3, dtype=np.float32)[number] for number, cue in enumerate(FLEETING[0].cues)}
