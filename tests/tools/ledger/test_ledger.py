"""The ledger keeps every step, in several threads and processes, and after a kill."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from internvl_vpr.tools.describe_image import normalize_scores
from internvl_vpr.tools.errors import LedgerError, UsageError
from internvl_vpr.tools.ledger.ledger import Ledger, Pair, Retrieval, Step
from internvl_vpr.tools.ledger.report import Tally, attempts, open_existing, stats, tally
from internvl_vpr.tools.records import Attempt, Candidate, Position, RawCue, Steps, Verification


def step(number: int, describer: str = "test/1", n: int = 3) -> Step:
    return Step(image=f"{number:064x}", describer=describer, n=n)


def attempt(text: str) -> Attempt:
    return Attempt(cues=(RawCue(text=text, score=2.0), RawCue(text="roof", score=6.0)), raw=f"raw {text}", latency=0.25)


def record(ledger: Ledger, made: Step, text: str) -> None:
    answered = attempt(text)
    ledger.record(made, 1, answered, normalize_scores(answered.cues))


def record_all(ledger: Ledger, numbers: range) -> None:
    for number in numbers:
        record(ledger, step(number), "x")


def test_a_step_is_read_back_with_scores_and_weights(tmp_path: Path) -> None:
    with Ledger(tmp_path / "new" / "ledger.sqlite") as ledger:
        record(ledger, step(1), "CAFÉ \x1b ‘Löwe’")
    with Ledger(tmp_path / "new" / "ledger.sqlite") as ledger:
        cues = ledger.recall([step(1), step(2)])[step(1)]
    assert [(cue.text, cue.score, cue.weight) for cue in cues] == [("CAFÉ \x1b ‘Löwe’", 2.0, 0.25), ("roof", 6.0, 0.75)]


@pytest.mark.parametrize(
    "other",
    [
        step(2),
        step(1, n=4),
        step(1, n=31),
        step(1, describer="test/2"),
        step(1, describer="test/1 "),
        step(1, describer="Test/1"),
        step(1, describer="3/test/1"),
    ],
    ids=["image", "N", "N that begins alike", "describer", "longer describer", "capital letter", "N in the describer"],
)
def test_every_part_of_the_key_counts(tmp_path: Path, other: Step) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        record(ledger, step(1), "here")
        ledger.record_failure(step(1), "cut")
        assert set(ledger.recall([step(1), other])) == {step(1)}
        assert ledger.recall_failures([step(1), other]) == {step(1): "cut"}
        record(ledger, other, "there")
        assert ledger.recall([step(1), other])[step(1)][0].text == "here"
        assert ledger.recall([step(1), other])[other][0].text == "there"


def test_the_first_record_of_a_step_stays(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        record(ledger, step(1), "first")
        record(ledger, step(1), "second")
        assert ledger.recall([step(1)])[step(1)][0].text == "first"


def test_thousands_of_steps_are_recalled_at_once(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        for number in range(0, 1200, 2):
            record(ledger, step(number), str(number))
        found = ledger.recall([step(number) for number in range(1200)])
    assert sorted(int(made.image, 16) for made in found) == list(range(0, 1200, 2))


def test_the_row_holds_what_was_said_and_when(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        record(ledger, step(1), "sign")
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as database:
        row = database.execute("SELECT raw, latency, made FROM steps").fetchone()
    assert row[:2] == ("raw sign", 0.25)
    assert row[2].endswith("+00:00")


def test_embeddings_are_kept_by_encoder(tmp_path: Path) -> None:
    vector = np.array([0.6, 0.8], np.float32)
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.record_embeddings("a", {"roof": vector})
        np.testing.assert_array_equal(ledger.recall_embeddings("a", ["roof", "door"])["roof"], vector)
        assert ledger.recall_embeddings("b", ["roof"]) == {}


def test_threads_share_a_ledger(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        threads = [threading.Thread(target=record_all, args=(ledger, range(start, 80, 4))) for start in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(ledger.recall([step(i) for i in range(80)])) == 80


WRITER = """
import sys
from pathlib import Path
from internvl_vpr.tools.describe_image import normalize_scores
from internvl_vpr.tools.ledger.ledger import Ledger, Step
from internvl_vpr.tools.records import RawCue, Attempt

attempt = Attempt(cues=(RawCue(text="roof", score=1),), raw="x" * 1000)
with Ledger(Path(sys.argv[1])) as ledger:
    for number in range(int(sys.argv[2]), 100_000, 2):
        ledger.record(Step(image=f"{number:064x}", describer="test", n=1), 1, attempt, normalize_scores(attempt.cues))
        print(number, flush=True)
"""


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.2])
def test_what_was_acknowledged_survives_kill_9_of_two_writers(tmp_path: Path, delay: float) -> None:
    path = tmp_path / "ledger.sqlite"
    command = [sys.executable, "-c", WRITER, str(path)]
    writers = [subprocess.Popen([*command, str(start)], stdout=subprocess.PIPE, text=True) for start in (0, 1)]
    first = [writer.stdout.readline() for writer in writers if writer.stdout]
    time.sleep(delay)
    for writer in writers:
        os.kill(writer.pid, signal.SIGKILL)
    acknowledged = {int(line) for line in first}
    for writer in writers:
        acknowledged |= {int(line) for line in writer.communicate()[0].splitlines(keepends=True) if line.endswith("\n")}
    with Ledger(path) as ledger:
        found = ledger.recall([Step(image=f"{number:064x}", describer="test", n=1) for number in acknowledged])
    assert len(found) == len(acknowledged) >= 2


@pytest.mark.parametrize("content", [b"not a database, and long enough to be read as one" * 30, b"SQLite format 3\x00"])
def test_a_file_that_is_no_ledger_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(content)
    with pytest.raises(LedgerError, match="--ledger"):
        Ledger(tmp_path / "ledger.sqlite")


def test_another_version_is_one_clear_error(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "ledger.sqlite") as database:
        database.execute("PRAGMA user_version = 7")
    database.close()
    with pytest.raises(LedgerError, match="version 7"):
        Ledger(tmp_path / "ledger.sqlite")


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot be opened"):
        Ledger(tmp_path / "file" / "ledger.sqlite")


def test_a_damaged_row_is_one_clear_error(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        record(ledger, step(1), "sign")
        database = sqlite3.connect(tmp_path / "ledger.sqlite")
        with database:
            database.execute("UPDATE steps SET cues = '{'")
        database.close()
        with pytest.raises(LedgerError, match="damaged row"):
            ledger.recall([step(1)])


def test_every_attempt_is_kept_and_the_one_without_an_error_counts(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.record(step(1), 1, Attempt(error="cut", raw="{", usage={"prompt_tokens": 7}), ())
        assert ledger.recall([step(1)]) == {}
        answered = attempt("sign")
        ledger.record(step(1), 2, answered, normalize_scores(answered.cues))
        assert ledger.recall([step(1)])[step(1)][0].text == "sign"
        rows = list(attempts(ledger))
    assert [(row.attempt, row.error, row.raw) for row in rows] == [(1, "cut", "{"), (2, None, "raw sign")]
    assert rows[0].usage == {"prompt_tokens": 7}


def test_an_answer_that_came_second_is_kept_as_not_used(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        for text in ("first", "second"):
            record(ledger, step(1), text)
        assert [row.error for row in attempts(ledger)] == [None, "not used: another process was first"]


def test_why_a_step_was_given_up_is_read_back_until_it_succeeds(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.record_failure(step(1), "cut")
        ledger.record_failure(step(1), "refused")
        assert ledger.recall_failures([step(1), step(2)]) == {step(1): "refused"}


def test_what_an_answer_took_is_read_back(tmp_path: Path) -> None:
    took = Steps(made=1, recorded=20, failed=2, attempts=5, tokens={"prompt_tokens": 9})
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.recall_answer("key") is None
        ledger.record_answer("key", Steps(made=0, recorded=0))
        ledger.record_answer("key", took)
        assert ledger.recall_answer("key") == took


VERSION_1 = """
CREATE TABLE steps (
    key TEXT PRIMARY KEY, image TEXT NOT NULL, describer TEXT NOT NULL, n INTEGER NOT NULL,
    cues TEXT NOT NULL, raw TEXT NOT NULL, request TEXT NOT NULL, usage TEXT NOT NULL, finish_reason TEXT,
    latency REAL NOT NULL, made TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE embeddings (
    encoder TEXT, phrase TEXT, vector BLOB NOT NULL, PRIMARY KEY (encoder, phrase)) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


def test_a_file_of_version_1_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    cues = '[{"text": "roof", "score": 6.0, "weight": 1.0}]'
    old = (step(1).key, step(1).image, "test/1", 3, cues, "raw", '{"a": "b"}', "{}", None, 0.5, "2026-01-01")
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(VERSION_1)
        database.execute("INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", old)
        database.execute("INSERT INTO embeddings VALUES ('a', 'roof', ?)", (np.array([0.6, 0.8], "<f4").tobytes(),))
    for _ in range(2):
        with Ledger(path) as ledger:
            assert ledger.recall([step(1)])[step(1)][0].text == "roof"
            assert ledger.recall_embeddings("a", ["roof"])["roof"].tolist() == pytest.approx([0.6, 0.8])
            (row,) = attempts(ledger)
            assert (row.attempt, row.raw, row.request, row.latency, row.made) == (
                1,
                "raw",
                {"a": "b"},
                0.5,
                "2026-01-01",
            )


def candidate(rank: int, similarity: float) -> Candidate:
    return Candidate(
        reference=f"{rank}.jpg",
        path=Path(f"/photos/{rank}.jpg"),
        digest=f"{rank:064x}",
        position=Position(latitude=59.3, longitude=18.1),
        coarse_rank=rank,
        coarse_similarity=similarity,
    )


RETRIEVAL = Retrieval(image="a" * 64, index="b" * 64, backbone="rootsift/240px", dtype="auto", k=2)


def test_candidates_are_read_back_and_the_first_ones_stay(tmp_path: Path) -> None:
    first, second = [candidate(1, 0.5), candidate(2, 0.12345)], [candidate(1, 0.50001)]
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.recall_candidates(RETRIEVAL) is None
        assert ledger.record_candidates(RETRIEVAL, first) == first
        assert ledger.record_candidates(RETRIEVAL, second) == first
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.recall_candidates(RETRIEVAL) == first


@pytest.mark.parametrize(
    "other", [{"image": "c" * 64}, {"index": "c" * 64}, {"backbone": "rootsift/320px"}, {"dtype": "float16"}, {"k": 3}]
)
def test_every_part_of_a_retrievals_key_counts(tmp_path: Path, other: dict[str, object]) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.record_candidates(RETRIEVAL, [candidate(1, 0.5)])
        assert ledger.recall_candidates(RETRIEVAL.model_copy(update=other)) is None


def test_damaged_candidates_are_one_clear_error(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.record_candidates(RETRIEVAL, [candidate(1, 0.5)])
        with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as database, database:
            database.execute("UPDATE retrievals SET candidates = '[{}]'")
        with pytest.raises(LedgerError, match="damaged row"):
            ledger.recall_candidates(RETRIEVAL)


def test_a_file_of_version_2_keeps_everything_and_takes_candidates(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as ledger:
        record(ledger, step(1), "roof")
        ledger.record_answer("key", Steps(made=1, recorded=2))
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DROP TABLE retrievals")
        database.execute("PRAGMA user_version = 2")
    with Ledger(path) as ledger:
        assert ledger.recall_candidates(RETRIEVAL) is None
        assert ledger.record_candidates(RETRIEVAL, [candidate(1, 0.5)]) == [candidate(1, 0.5)]
        assert ledger.recall([step(1)])[step(1)][0].text == "roof"
        assert ledger.recall_answer("key") == Steps(made=1, recorded=2)


def test_the_rows_can_be_narrowed_to_an_image_and_to_the_newest(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        for number in range(1, 523):
            ledger.record(step(number % 3), number, Attempt(error=f"e{number}"), ())
        assert len(list(attempts(ledger))) == 522
        assert [row.attempt for row in attempts(ledger, newest=3)] == [520, 521, 522]
        assert [row.attempt for row in attempts(ledger, image=step(1).image, newest=2)] == [517, 520]
        assert list(attempts(ledger, image="f")) == []


def test_figures_are_those_of_the_rows(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.record(step(1), 1, Attempt(error="cut", usage={"prompt_tokens": 5}), ())
        for number, latency in ((1, 1.0), (2, 2.0), (3, 6.0)):
            made = attempt("x").model_copy(update={"latency": latency, "usage": {"prompt_tokens": 10}})
            ledger.record(step(number), 2 if number == 1 else 1, made, normalize_scores(made.cues))
        ledger.record(step(4), 1, Attempt(error="cut"), ())
        (figures,) = stats(ledger)
    assert (figures.described, figures.not_described, figures.attempts, figures.described_at_first) == (3, 1, 5, 2)
    assert (figures.errors, figures.tokens) == ({"cut": 2}, {"prompt_tokens": 35})
    assert (figures.median_latency, figures.latency_95) == (2.0, 6.0)


def test_what_each_image_took_is_counted_over_its_attempts(tmp_path: Path) -> None:
    good = attempt("x").model_copy(update={"usage": {"prompt_tokens": 10, "completion_tokens": 2}})  # 0.25 s
    bad = Attempt(error="cut", usage={"prompt_tokens": 5}, latency=0.5)
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        for made, number, one in (
            (step(1), 1, bad), (step(1), 2, good), (step(2), 1, good), (step(2), 2, bad), (step(3), 2, good),
            (step(4), 1, bad), (step(2, n=4), 1, good), (step(5), 1, bad), (step(5), 1, good),  # given up, asked anew
        ):  # fmt: skip
            ledger.record(made, number, one, normalize_scores(one.cues))
        found = tally(ledger, [step(number) for number in range(1000)])
    first, other = {"prompt_tokens": 10, "completion_tokens": 2}, {"prompt_tokens": 15, "completion_tokens": 2}
    assert found == {
        step(1).image: Tally(attempts=2, first_valid=False, usage=other, latency=0.75),
        step(2).image: Tally(attempts=2, first_valid=True, usage=other, latency=0.75),
        step(3).image: Tally(attempts=1, first_valid=False, usage=first, latency=0.25),
        step(4).image: Tally(attempts=1, first_valid=False, usage={"prompt_tokens": 5}, latency=0.5),
        step(5).image: Tally(attempts=2, first_valid=False, usage=other, latency=0.75),
    }


def test_a_damaged_row_is_named_in_a_report(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        record(ledger, step(1), "sign")
        with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as database, database:
            database.execute("UPDATE steps SET usage = 'x'")
        with pytest.raises(LedgerError, match=r"damaged row \(1\)"):
            list(attempts(ledger))


def test_a_report_does_not_make_a_ledger(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--places"):
        open_existing(tmp_path / "none.sqlite")
    assert list(tmp_path.iterdir()) == []


PAIR = Pair(first="a" * 64, second="b" * 64, verifier="v/1")
FOUND = Verification(matches=20, inliers=2, points=((0.0, 1.0, 0.1234, 0.9999), (0.5, 0.0001, 0.25, 1.0)))


def test_a_verified_pair_is_read_back_to_the_last_digit(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.recall_verifications([PAIR]) == {}
        assert ledger.record_verification(PAIR, FOUND) == FOUND
        assert ledger.record_verification(PAIR, Verification(matches=1, inliers=0)) == FOUND
        assert ledger.record_verification(PAIR, "it is gone") == FOUND
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.recall_verifications([PAIR]) == {PAIR: FOUND}


@given(st.lists(st.tuples(*4 * (st.integers(0, 10_000).map(lambda n: n / 10_000),)), max_size=40))
def test_points_of_four_decimals_lose_nothing(
    tmp_path_factory: pytest.TempPathFactory, points: list[tuple[float, float, float, float]]
) -> None:
    found = Verification(matches=len(points), inliers=len(points), points=tuple(points))
    with Ledger(tmp_path_factory.mktemp("ledger") / "ledger.sqlite") as ledger:
        assert ledger.record_verification(PAIR, found) == found


def test_why_a_pair_was_not_verified_stays_until_it_is(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.record_verification(PAIR, "it is gone") == "it is gone"
        assert ledger.record_verification(PAIR, "it is damaged") == "it is damaged"
        assert ledger.record_verification(PAIR, FOUND) == FOUND


@pytest.mark.parametrize("other", [{"first": "0" * 64}, {"second": "c" * 64}, {"verifier": "v/2"}])
def test_every_part_of_a_pairs_key_counts(tmp_path: Path, other: dict[str, str]) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.record_verification(PAIR, FOUND)
        assert ledger.recall_verifications([PAIR.model_copy(update=other)]) == {}


def test_a_pair_is_in_the_order_of_its_digests() -> None:
    with pytest.raises(ValidationError, match="order of the digests"):
        Pair(first="b" * 64, second="a" * 64, verifier="v/1")


def test_a_damaged_verification_is_one_clear_error(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.record_verification(PAIR, FOUND)
        with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as database, database:
            database.execute("UPDATE verifications SET points = x'010203'")
        with pytest.raises(LedgerError, match="damaged row"):
            ledger.recall_verifications([PAIR])


def test_a_file_of_version_3_is_extended_and_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as ledger:
        record(ledger, step(1), "roof")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DROP TABLE verifications")
        database.execute("PRAGMA user_version = 3")
    with Ledger(path) as ledger:
        assert ledger.recall([step(1)])[step(1)][0].text == "roof"
        assert ledger.record_verification(PAIR, FOUND) == FOUND
