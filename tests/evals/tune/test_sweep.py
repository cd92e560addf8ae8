"""A sweep's rows against counting by hand, its marks, and what a person sees of it."""

import dataclasses
import io
import json
import math

import made_runs
import pytest
from rich.console import Console
from scripted import HashEncoder

from internvl_vpr.evals.measures.recall import Recall
from internvl_vpr.evals.runs.folder import Run
from internvl_vpr.evals.runs.records import Result, Shortlisted
from internvl_vpr.evals.tune.kappa import KappaRow
from internvl_vpr.evals.tune.rescore import Rescoring, open_rescorer
from internvl_vpr.evals.tune.sweep import SweepRow, SweepSection, sweep
from internvl_vpr.evals.tune.view import show_kappas, show_sweep, sweep_json
from internvl_vpr.tools.index.calibration import Limits


def query(name: str, right: int | None) -> Result:
    """A query with four candidates, of which the one at this coarse rank is right."""
    shortlist = tuple(
        Shortlisted(
            reference=f"{name}{rank}", digest=made_runs.digest(f"{name}{rank}"), similarity=1 - rank / 10,
        )
        for rank in range(1, 5)
    )  # fmt: skip
    positives = () if right is None else (f"{name}{right}",)
    return Result(query=name, digest=made_runs.digest(name), positives=positives, shortlist=shortlist)


def made(tau: float = -1.0, **settings: object) -> Run:
    """Three queries: the cues agree with the third, the first, and a wrong candidate; and one from outside the map."""
    said = {
        "p": ("p-one", "p-two", "p-three"), "p1": ("x", "p-two", "y"), "p2": ("z",), "p3": ("p-one", "w", "p-three"),
        "q": ("q-one", "q-two", "q-three"), "q1": ("q-one", "q-two", "q-three"), "q2": ("v",),
        "r": ("r-one", "r-two", "r-three"), "r2": ("r-one", "r-two", "u"), "r1": ("t", "s", "r-three"),
        "o": ("o-one",), "o1": ("o-one",),
    }  # fmt: skip
    cues = [
        made_runs.described(name, *((text, 3 - place) for place, text in enumerate(texts)))
        for name, texts in said.items()
    ]
    outside = query("o", None).model_copy(update={"outside": True})
    results = [query("p", 3), query("q", 1), query("r", 1), outside]
    return made_runs.run(results, cues, k=4, n=3, tau=tau, **settings)  # type: ignore[arg-type]


def sections(run: Run) -> list[SweepSection]:
    return sweep(open_rescorer(run, HashEncoder()))


def section(run: Run, setting: str) -> SweepSection:
    return next(one for one in sections(run) if one.setting == setting)


def rows(run: Run, setting: str) -> dict[str, SweepRow]:
    return {row.choice: row for row in section(run, setting).rows}


def test_k_limits_what_can_be_found_and_counts_what_changes() -> None:
    found = rows(made(), "K")
    assert list(found) == ["1", "4"]
    # p's right candidate is third, so K = 1 loses it; r's first is right again where no other can win
    assert found["1"].recalls == (Recall(1, 2, 3), Recall(5, 2, 3))
    assert found["4"].recalls == (Recall(1, 2, 3), Recall(5, 3, 3))
    assert [(row.rescued, row.broken) for row in found.values()] == [(1, 1), (0, 0)]
    assert [row.marks for row in found.values()] == [(), ("this run",)]


def test_tau_holds_back_and_the_queries_that_cues_decide_are_counted() -> None:
    found = section(made(), "τ").rows
    taus = [row.rescoring.tau for row in found]
    assert taus == sorted(set(taus))
    assert taus[0] == -1
    assert found[0].marks == ("this run",)
    assert found[0].by_cues == 3  # the one from outside does not count
    scores = [s for one in open_rescorer(made(), HashEncoder()).scores(Rescoring(3, 4, -1)) for s in one.tolist()]
    known = sorted(s for s in scores if not math.isnan(s))
    middle = (known[(len(known) - 1) // 2] + known[len(known) // 2]) / 2
    assert any(tau == pytest.approx(middle, abs=5e-5) for tau in taus)
    high = rows(made(tau=1.0), "τ")["1"]
    assert (high.by_cues, high.recalls[0], high.marks) == (0, Recall(1, 2, 3), ("this run",))


def test_the_papers_choice_and_the_runs_are_marked() -> None:
    assert {row.choice: row.marks for row in section(made(), "N").rows} == {
        "1": (), "2": (), "3": ("paper", "this run"),
    }  # fmt: skip
    assert rows(made(), "weights")["alpha"].marks == ("paper", "this run")
    assert {choice: row.marks for choice, row in rows(made(), "fusion").items() if row.marks} == {
        "0": ("paper", "this run")
    }
    assert not any("paper" in row.marks for row in section(made(), "τ").rows)
    assert section(made(), "K").note == "The paper's K = 100 needs a run with --k 100 or more."
    assert section(made(), "N").note == ""
    deep = made_runs.run([], k=100, n=1)
    assert rows(deep, "K")["100"].marks == ("paper", "this run")
    assert section(deep, "N").note == "The paper's N = 3 needs a run with --n 3 or more."
    assert [row.choice for row in section(deep, "K").rows] == ["1", "5", "10", "20", "50", "100"]


def test_weights_and_fusion_are_swept_with_everything_retained_too() -> None:
    low = [(one.setting, one.beside) for one in sections(made(tau=0.9))]
    assert [setting for setting, _ in low] == ["N", "K", "τ", "weights", "fusion", "weights", "fusion"]
    assert low[3] == ("weights", "N = 3, K = 4, τ = 0.9")
    assert low[6] == ("fusion", "N = 3, K = 4, τ = -1, weights alpha")
    assert len(sections(made())) == 5
    last = sections(made(tau=0.9))[6].rows
    assert [row.rescoring.fusion for row in last] == pytest.approx([w / 10 for w in range(11)])
    assert not any("this run" in row.marks for row in last)


def test_a_run_without_any_score_is_swept() -> None:
    silent = made_runs.run([made_runs.result("q", 2, 1)], k=20, n=3)
    assert [row.rescoring.tau for row in section(silent, "τ").rows] == [-1.0, 0.5]
    assert {row.recalls[0] for one in sections(silent) for row in one.rows} == {Recall(1, 0, 1)}


def large(section: SweepSection) -> SweepSection:
    """The section as it would be with AmsterTime's counts."""
    recalls = (Recall(1, 586, 1231), Recall(5, 1222, 1231))
    wide = [dataclasses.replace(row, recalls=recalls, rescued=123, broken=1111) for row in section.rows]
    return dataclasses.replace(section, rows=tuple(wide))


@pytest.mark.parametrize("width", [80, 100])
def test_what_a_person_sees_breaks_no_word(width: int) -> None:
    console = Console(file=io.StringIO(), width=width, markup=False, emoji=False, highlight=False)
    console.print(show_sweep("amstertime", [large(one) for one in sections(made(tau=0.9712))]))
    recalls = tuple(Recall(k, 1231, 1231) for k in (1, 5, 20))
    console.print(show_kappas([KappaRow(1.0, recalls, ("paper",)), KappaRow(math.inf, recalls, ("this run",))]))
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert max(map(len, shown.splitlines())) <= width
    words = set(shown.split())
    for word in ("symmetric", "shuffled", "0.9712,", "alpha,", "paper,", "hard,", "+123", "−1111", "vs", "run"):
        assert word in words
    assert shown.count("47.6 % (586/1231, 44.8–50.4)") == sum(len(one.rows) for one in sections(made(tau=0.9712)))
    assert "…" not in shown


def test_json_says_the_same() -> None:
    kappas = [KappaRow(math.inf, (Recall(1, 1, 2),), ("this run",)), KappaRow(10.0, (Recall(1, 0, 2),), ())]
    found = json.loads(json.dumps(sweep_json(sections(made()), kappas), allow_nan=False))
    first = found["sections"][0]["rows"][2]
    assert (first["choice"], first["marks"], first["n"], first["k"]) == ("3", ["paper", "this run"], 3, 4)
    assert first["recall@1"]["successes"] == 2
    assert first["recall@1"]["wilson_95"] == pytest.approx(Recall(1, 2, 3).interval)
    assert [one["kappa"] for one in found["kappa"]] == ["hard", 10.0]


@pytest.mark.parametrize("verify", ["rank", "report"])
def test_what_geometry_is_worth_is_swept_where_it_was_recorded(verify: str) -> None:
    run = made(tau=0.9, verify=verify)
    counts = {"p3": 50, "r2": 70}  # geometry finds p's right candidate, and a wrong one for r
    results = [
        result.model_copy(
            update={"shortlist": tuple(
                one.model_copy(update={"inliers": counts.get(one.reference, 3)}) for one in result.shortlist
            )}
        )
        for result in run.results
    ]  # fmt: skip
    info = run.info.model_copy(update={"limits": Limits(chance=40)})
    verified = Run(run.folder, info, results)
    verified.__dict__["descriptions"] = run.descriptions
    found = rows(verified, "geometry")
    assert {choice: row.recalls[0].successes for choice, row in found.items()} == {"without": 2, "with": 2}
    changed = {choice: (row.rescued, row.broken) for choice, row in found.items()}
    assert changed == ({"without": (1, 1), "with": (0, 0)} if verify == "rank" else {"without": (0, 0), "with": (1, 1)})
    ours = ("this run",)
    assert [row.marks for row in found.values()] == ([("paper",), ours] if verify == "rank" else [("paper", *ours), ()])
    assert section(verified, "geometry").note.endswith("what another --verify-k would find needs another run.")
    beside = "N = 3, K = 4, geometry, weights alpha" if verify == "rank" else "N = 3, K = 4, weights alpha"
    assert section(verified, "τ").beside == beside
    settings = [one.setting for one in sections(verified)]
    again = [] if verify == "rank" else ["weights", "fusion"]
    assert settings == ["N", "K", "τ", "geometry", "weights", "fusion", *again]
    assert "geometry" not in [one.setting for one in sections(made())]
