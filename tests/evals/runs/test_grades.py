"""Grades counted by hand: in a run, in its summary on the terminal, and in runs that have none."""

import io
from pathlib import Path

import made_runs
import pytest
from answers import graded
from rich.console import Console
from scipy.stats import beta

from internvl_vpr.agent.localizer.run import Trace
from internvl_vpr.evals.runs.folder import Run, read_lines, write_lines
from internvl_vpr.evals.runs.grades import grade_counts, is_graded, outside_in_words, ranks_by_grade
from internvl_vpr.evals.runs.judging import judged
from internvl_vpr.evals.runs.records import Result
from internvl_vpr.evals.runs.view import show_run
from internvl_vpr.evals.splits.queries import SplitQuery
from internvl_vpr.tools.records import Candidate, Probability, Score, Verification

PROBABILITY = Probability(right=48, answers=50, low=0.863, high=0.9951, basis="this map")


def answers() -> list[Result]:
    """Three confirmed, of which one is from outside; a likely one that is wrong; two unknown, one from outside."""
    return [
        made_runs.result("a", 2, 1, grade="confirmed", probability=PROBABILITY, inliers=(3, 200)),
        made_runs.result("b", 1, 1, grade="confirmed"),
        made_runs.result("c", 1, 2, grade="likely", alternatives=1),
        made_runs.result("d", 1, 1, grade="unknown"),
        made_runs.result("e", None, None, outside=True, grade="confirmed"),
        made_runs.result("f", None, None, outside=True, grade="unknown"),
    ]


def counted(results: list[Result]) -> dict[str, tuple[int, int, int]]:
    return {one.grade: (one.tally.answers, one.tally.right, one.outside) for one in grade_counts(results)}


def test_grades_are_counted_with_what_is_right_and_from_outside() -> None:
    assert counted(answers()) == {
        "confirmed": (3, 2, 1), "likely": (1, 0, 0), "ambiguous": (0, 0, 0), "unknown": (2, 1, 1),
    }  # fmt: skip
    tally = grade_counts(answers())[0].tally
    assert (tally.low, tally.high) == pytest.approx((beta.ppf(0.025, 2, 2), beta.ppf(0.975, 3, 1)))  # 2 of 3
    assert outside_in_words(answers()) == ("Of 2 photographs from outside the map 1 are told unknown, and 1 confirmed.")
    assert outside_in_words(answers()[:4]) is None


def test_a_run_is_graded_when_every_answer_is() -> None:
    lost = Result(query="x", digest=None, error="damaged")
    assert is_graded([*answers(), lost])
    assert not is_graded([*answers(), made_runs.result("old", 1, 1)])
    assert not is_graded([lost])
    assert ranks_by_grade(made_runs.run(answers(), verify="rank"))
    assert ranks_by_grade(made_runs.run(answers(), verify="report"))
    assert not ranks_by_grade(made_runs.run(answers(), verify="off"))
    assert not ranks_by_grade(made_runs.run(answers()))  # from before there was geometry
    assert not ranks_by_grade(made_runs.run([made_runs.result("old", 1, 1)], verify="rank"))


def shown(run: Run) -> str:
    console = Console(file=io.StringIO(), width=80, markup=False, emoji=False, highlight=False)
    console.print(show_run(run))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_terminal_has_the_grades_in_one_line() -> None:
    text = shown(made_runs.run(answers()))
    assert "Right by grade: confirmed 2/3, likely 0/1, ambiguous 0/0, unknown 1/2." in text.splitlines()
    assert "Of 2 photographs from outside the map 1 are told unknown, and 1 confirmed." in text
    old = shown(made_runs.run([made_runs.result("a", 1, 1), made_runs.result("o", None, None, outside=True)]))
    assert "Grades are not recorded." in old
    assert "Of 1 photographs from outside the map, cues confirm 1." in old


def test_what_an_answer_says_is_kept_beside_its_ranking(tmp_path: Path) -> None:
    answer = graded("ambiguous", probability=PROBABILITY)
    names = ("reference", "path", "digest", "position", "coarse_rank", "coarse_similarity")
    candidates = [
        Candidate(**{name: getattr(one, name) for name in names} | {"coarse_rank": rank, "digest": f"{rank:064x}"})
        for rank, one in enumerate(answer.candidates, start=1)
    ]
    corner = ((0.0, 0.0, 0.0, 0.0),) * 7
    trace = Trace(
        candidates=[*candidates[:-1], candidates[-1].model_copy(update={"position": None})],
        descriptions={},
        scores=[Score(reference=one.reference, score=None, matches=()) for one in candidates],
        verified={candidates[1].digest: Verification(matches=9, inliers=7, points=corner)},
        answer=answer,
        seconds={},
    )
    found = judged(SplitQuery("q.jpg", Path("q.jpg")), trace)
    assert (found.grade, found.probability, found.decided_by) == ("ambiguous", PROBABILITY, "geometry")
    assert found.alternatives == len(answer.alternatives) == 2
    assert [one.inliers for one in found.shortlist] == [None, 7, None, None]
    assert [one.placed for one in found.shortlist] == [True, True, True, False]
    write_lines(tmp_path / "results.jsonl", [found])
    assert list(read_lines(tmp_path / "results.jsonl", Result)) == [found]


def test_a_line_from_before_there_were_grades_is_read(tmp_path: Path) -> None:
    (tmp_path / "results.jsonl").write_text(
        '{"query":"q.jpg","digest":null,"shortlist":[{"reference":"a.jpg","digest":"'
        + 64 * "0"
        + '","similarity":0.5}],'
        '"ranking":[1],"retained":0,"status":"located","decided_by":"coarse order"}\n'
    )
    (old,) = read_lines(tmp_path / "results.jsonl", Result)
    assert (old.grade, old.probability, old.alternatives, old.shortlist[0].inliers) == (None, None, 0, None)
    assert not is_graded([old])
