"""What an agent's model reads of an answer: the same facts, and never more than a client takes."""

import json
from typing import Any

import pytest
from answers import HERE, answer, candidate

from internvl_vpr.tools.records import Alternative, Answer, Geometry
from internvl_vpr.tools.summaries import summarize_answer


def listed(count: int, name: str = "a.jpg", **changes: Any) -> Answer:
    """Return an answer with so many candidates, and as many alternatives."""
    ranked = [candidate(rank, f"{rank} {name}", **changes) for rank in range(1, count + 1)]
    others = [Alternative(position=HERE, reference=one.reference, rank=one.rank, inliers=9, score=1) for one in ranked]
    return answer(*ranked, grade="ambiguous", alternatives=tuple(others))


def test_what_a_summary_says_is_what_the_answer_says() -> None:
    whole = listed(7, geometry=Geometry(matches=9, inliers=8, quick=3), named=True)
    told, full = summarize_answer(whole, 6).model_dump(), whole.model_dump()
    counts = {"alternative_count": told.pop("alternative_count"), "candidate_count": told.pop("candidate_count")}
    assert counts == {"alternative_count": 7, "candidate_count": 7}
    assert told.pop("more") == "Listed: 6 of 7 candidates."
    for one, known in zip(told.pop("candidates"), full["candidates"][:6], strict=True):
        assert one.pop("inliers") == known["geometry"]["inliers"]
        assert one == {name: known[name] for name in one}
    assert told.pop("alternatives") == full["alternatives"][:5]
    assert told == {name: full[name] for name in told}


@pytest.mark.parametrize(
    ("count", "candidates", "more"), [(0, 5, ""), (5, 5, ""), (2, 0, "Listed: 0 of 2 candidates. So.")]
)
def test_how_to_get_the_others_is_said_where_there_are_others(count: int, candidates: int, more: str) -> None:
    told = summarize_answer(listed(count), candidates, "So.")
    assert (len(told.candidates), told.candidate_count, told.more) == (min(count, candidates), count, more)


def test_long_names_shorten_the_lists() -> None:
    told = summarize_answer(listed(100, "x" * 2000), 100)
    assert [one.rank for one in told.candidates] == list(range(1, len(told.candidates) + 1))
    assert 0 < len(told.candidates) < 20
    assert len(told.model_dump_json()) < 40_000
    assert json.loads(told.model_dump_json())["candidate_count"] == 100
