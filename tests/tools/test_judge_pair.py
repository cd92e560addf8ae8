"""Judging a pair: recorded before it is used, asked once, and read back with its failures."""

import asyncio
import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from scripted import ScriptedJudge
from texture import texture

from internvl_vpr.tools.errors import LedgerError, StepMissing
from internvl_vpr.tools.judge_pair import ImageFile, ReplayJudge, judge_pair, recall_judgements, score_judgements
from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.ledger.model_steps import ModelStep, model_attempts
from internvl_vpr.tools.photo.photo import open_photo
from internvl_vpr.tools.records import Candidate, JudgedPair


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        yield ledger


@pytest.fixture
def pair(tmp_path: Path) -> tuple[ImageFile, ImageFile]:
    files = []
    for number in (1, 2):
        path = tmp_path / f"{number}.png"
        texture(number).save(path)
        files.append(ImageFile(path, open_photo(path).digest))
    return files[0], files[1]


def test_a_pair_is_asked_once_recorded_and_read_back(pair: tuple[ImageFile, ImageFile], ledger: Ledger) -> None:
    judge = ScriptedJudge({"2.png": (True, 80)})
    query, candidate = pair

    async def together() -> list[JudgedPair]:
        return await asyncio.gather(*(judge_pair(query, candidate, judge, ledger) for _ in range(4)))

    first, *others = asyncio.run(together())
    assert (first.recorded, first.attempts, first.usage) == (False, 1, {"prompt_tokens": 7, "completion_tokens": 3})
    assert [one.recorded for one in others] == [True] * 3
    assert len(judge.asked) == 1
    assert [photo.position for photo in judge.asked[0]] == [None, None]
    assert recall_judgements(query.digest, [candidate.digest], judge, ledger) == {candidate.digest: others[0]}
    assert first.judgement is not None
    assert (first.judgement.same_place, first.judgement.confidence) == (True, 80)


def test_the_key_is_of_both_images_in_their_order(pair: tuple[ImageFile, ImageFile], ledger: Ledger) -> None:
    judge = ScriptedJudge({})
    query, candidate = pair
    asyncio.run(judge_pair(query, candidate, judge, ledger))
    assert recall_judgements(candidate.digest, [query.digest], judge, ledger) == {}
    asked = hashlib.sha256(f"{query.digest}\n{candidate.digest}".encode()).hexdigest()
    step = ModelStep(kind="judge_pair", asked=asked, model="scripted judge/1")
    assert [one.raw for one in model_attempts(ledger, step)] == ["scripted"]


def test_what_cannot_be_judged_says_why_and_a_replay_repeats_it(
    pair: tuple[ImageFile, ImageFile], ledger: Ledger, tmp_path: Path
) -> None:
    judge = ScriptedJudge({}, fails=frozenset({"2.png"}))
    query, candidate = pair
    failed = asyncio.run(judge_pair(query, candidate, judge, ledger))
    assert (failed.judgement, failed.failure, failed.attempts) == (None, "no [verdict]", 1)
    assert recall_judgements(query.digest, [candidate.digest], judge, ledger) == {}
    again = recall_judgements(query.digest, [candidate.digest], judge, ledger, failures=True)
    assert again[candidate.digest].failure == "no [verdict]"
    shutil.copy(query.path, candidate.path)
    changed = asyncio.run(judge_pair(query, candidate, judge, ledger))
    assert "has changed" in (changed.failure or "")
    late = asyncio.run(judge_pair(query, candidate, judge, ledger, deadline=0.0))
    assert "within the time" in (late.failure or "")
    with pytest.raises(StepMissing, match="without --replay"):
        asyncio.run(judge_pair(query, query, ReplayJudge(judge), ledger))


def test_a_damaged_judgement_is_named(pair: tuple[ImageFile, ImageFile], ledger: Ledger) -> None:
    judge = ScriptedJudge({})
    asyncio.run(judge_pair(*pair, judge, ledger))
    with closing(sqlite3.connect(ledger.path)) as database, database:
        database.execute("UPDATE model_steps SET answer = '{}'")
    with pytest.raises(LedgerError, match="damaged row"):
        recall_judgements(pair[0].digest, [pair[1].digest], judge, ledger)


def test_scores_are_in_the_candidates_order_and_none_where_nothing_was_said(
    pair: tuple[ImageFile, ImageFile], ledger: Ledger
) -> None:
    query, candidate = pair
    judged = {candidate.digest: asyncio.run(judge_pair(query, candidate, ScriptedJudge({}), ledger))}
    named = [("x", "0" * 64), ("a", candidate.digest), ("a's copy", candidate.digest)]
    listed = [
        Candidate(reference=name, path=query.path, digest=one, position=None, coarse_rank=rank, coarse_similarity=0.5)
        for rank, (name, one) in enumerate(named, start=1)
    ]
    scores = score_judgements(listed, judged)
    assert [(one.reference, one.score) for one in scores] == [("x", None), ("a", -0.5), ("a's copy", -0.5)]
    assert scores[0].judgement is None
    assert scores[1].judgement == judged[candidate.digest].judgement
