"""What a prompt's weights gain: queries that they put right, against weights that are alike or dealt out anew."""

from pathlib import Path

import made_runs
import numpy as np
import pytest

from internvl_vpr.evals.cues.weights_value import weights_checks
from internvl_vpr.evals.runs.folder import Run
from internvl_vpr.evals.runs.records import Result, Shortlisted
from internvl_vpr.tools.describe_image import normalize_scores
from internvl_vpr.tools.records import RawCue

SIGN, WALL = "a sign that says MORGAN", "a plain wall"


class Basis:
    """Gives each phrase an axis of its own, so that equal scores are equal to the last bit."""

    id = "basis/1"

    def encode(self, phrases: list[str]) -> np.ndarray:
        return np.stack([np.eye(2, dtype=np.float32)[[SIGN, WALL].index(phrase)] for phrase in phrases])


def query(name: str, right: str, wrong: str) -> Result:
    """A query with the wrong candidate first by looks."""
    candidates = [Shortlisted(reference=one, digest=made_runs.digest(one), similarity=0.5) for one in (wrong, right)]
    return Result(
        query=name, digest=made_runs.digest(name), positives=(right,), shortlist=tuple(candidates), ranking=(2, 1),
        retained=2,
    )  # fmt: skip


def run(weights: tuple[float, float], n: int = 2) -> Run:
    """The query's sign is in the right candidate alone, its wall in the wrong one alone."""
    said = {
        "q": [(SIGN, weights[0]), (WALL, weights[1])], "right": [(SIGN, 1.0)], "wrong": [(WALL, 1.0)],
    }  # fmt: skip
    descriptions = [
        made_runs.described(name).model_copy(
            update={
                "digest": made_runs.digest(name),
                "cues": normalize_scores([RawCue(text=text, score=score) for text, score in cues]),
            }
        )
        for name, cues in said.items()
    ]
    return made_runs.run([query("q", "right", "wrong")], descriptions, tau=-1.0, n=n, encoder_id="basis/1")


@pytest.mark.parametrize(("weights", "uniform"), [((9.0, 1.0), 1.0), ((1.0, 1.0), 0.0), ((1.0, 9.0), 0.0)])
def test_a_query_is_gained_where_the_weights_alone_put_it_right(weights: tuple[float, float], uniform: float) -> None:
    """With weights that are alike both candidates have the same S, and the wrong one is first by looks."""
    found = {one.name: one for one, _ in weights_checks(run(weights), run(weights), encoder=Basis())}
    assert found["weights against uniform"].values == {"query q": uniform}
    assert found["weights against shuffled"].values["query q"] in (-1.0, 0.0, 1.0)
    assert found["weights against uniform"].better == "higher"


def test_a_single_cue_has_all_the_weight_there_is() -> None:
    assert weights_checks(run((9.0, 1.0), n=1), run((9.0, 1.0)), encoder=Basis()) == []


def test_the_ledger_is_not_needed(tmp_path: Path) -> None:
    saved = made_runs.save(run((9.0, 1.0)), tmp_path / "run")
    assert weights_checks(saved, saved, encoder=Basis())
