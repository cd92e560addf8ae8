"""A model's other steps are kept as descriptions are: every attempt, verbatim, and one answer that counts."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from internvl_vpr.tools.errors import LedgerError
from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.ledger.model_steps import (
    ModelAnswer,
    ModelStep,
    model_attempts,
    recall_model_steps,
    record_model_step,
)
from internvl_vpr.tools.records import Steps

STEP = ModelStep(kind="judge_pair", asked="a" * 64, model="judge/1 (InternVL3-38B)")
OTHER = STEP.model_copy(update={"kind": "assistant"})
REFUSED = ModelAnswer(error="the answer is no JSON", raw="I think\u2028so", usage={"prompt_tokens": 7}, latency=0.25)
TAKEN = ModelAnswer(
    answer='{"same_place": true}', raw='{"same_place":true}', request={"model": "InternVL3-38B"}, usage={"x": 1},
    finish_reason="stop", latency=1.5,
)  # fmt: skip


def test_a_step_is_read_back_with_all_its_attempts(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert recall_model_steps(ledger, [STEP, OTHER]) == {}
        record_model_step(ledger, STEP, 1, REFUSED)
        assert recall_model_steps(ledger, [STEP]) == {}
        record_model_step(ledger, STEP, 2, TAKEN)
    with Ledger(tmp_path / "ledger.sqlite") as again:
        assert recall_model_steps(again, [OTHER, STEP]) == {STEP: TAKEN}
        assert model_attempts(again, STEP) == [REFUSED, TAKEN]
        assert model_attempts(again, OTHER) == []


def test_the_first_answer_counts_and_a_later_one_is_kept_beside_it(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        record_model_step(ledger, STEP, 1, TAKEN)
        record_model_step(ledger, STEP, 1, TAKEN.model_copy(update={"answer": "{}"}))
        assert recall_model_steps(ledger, [STEP]) == {STEP: TAKEN}
        assert [one.error for one in model_attempts(ledger, STEP)] == [None, "not used: another process was first"]


def test_a_damaged_row_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as ledger:
        record_model_step(ledger, STEP, 1, TAKEN)
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE model_steps SET usage = 'x'")
        with pytest.raises(LedgerError, match="damaged row"):
            recall_model_steps(ledger, [STEP])


def test_a_file_of_version_4_keeps_everything_and_takes_other_steps(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as ledger:
        ledger.record_answer("key", Steps(made=1, recorded=2))
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DROP TABLE model_steps")
        database.execute("PRAGMA user_version = 4")
    with Ledger(path) as ledger:
        record_model_step(ledger, STEP, 1, TAKEN)
        assert recall_model_steps(ledger, [STEP]) == {STEP: TAKEN}
        assert ledger.recall_answer("key") == Steps(made=1, recorded=2)
