"""An answer and its candidates, told completely without a picture."""

from pathlib import Path

import pytest
from answers import FAR, answer, answers, candidate
from hypothesis import given

from internvl_vpr.agent import words
from internvl_vpr.agent.view.answer import coordinates
from internvl_vpr.agent.words.phrases import quoted
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.records import Answer


def test_an_answer_is_complete() -> None:
    listed = answer(candidate(1), candidate(2, "b.jpg", FAR, score=0.4, retained=False))
    told = words.tell_answer(listed)
    for part in (
        'The photo "night.jpg" was taken at 48.200000, 16.370000.',
        "https://www.openstreetmap.org/?mlat=48.20000&mlon=16.37000",
        'the reference "a.jpg", the first of 2 candidates',
        "How sure: S = 0.720, above τ = 0.5: the cues decide.",
        "Margin: 0.320 above the best S of any place more than 25 m away.",
        "Promise: none, as τ is not calibrated",
        'the cue "sign" (weight 0.800), whose best match there is "the sign" (cosine 0.900)',
        "By looks alone it was third, similarity 0.500.",
        'Runner-up: "b.jpg" at 48.210000, 16.370000, 1,112 m from the first, S = 0.400, not above τ, so unconfirmed',
        "1 image described now, 2 read back from the ledger.",
    ):
        assert part in told


def test_an_answer_by_looks_alone_is_unconfirmed() -> None:
    told = words.tell_answer(answer(candidate(1, score=0.3, retained=False)))
    assert "looks most like 48.200000, 16.370000, but this is unconfirmed" in told
    assert "was taken at" not in told
    assert "not above τ = 0.5: looks alone decide" in told
    assert "Promise: none, as S is not above τ." in told


def test_an_unknown_place_is_an_answer() -> None:
    told = words.tell_answer(answer(notes=("No candidate's cues match above τ = 0.5, so no place is named.",)))
    assert "does not show a place I know" in told
    assert 'Its cues are: "sign".' in told
    assert "so no place is named" in told
    assert "openstreetmap" not in told


def test_an_unknown_place_with_candidates_marks_them_as_unconfirmed() -> None:
    listed = answer(candidate(1, score=0.3, retained=False), status="unknown", reference=None, position=None)
    told = words.tell_answer(listed)
    assert "does not show a place I know" in told
    assert "unconfirmed" in told
    assert '1. "a.jpg"' in told


@given(drawn=answers())
def test_coordinates_are_those_of_the_view(drawn: Answer) -> None:
    told = words.tell_candidates(drawn)
    for one in drawn.candidates:
        assert f"{one.rank}. {quoted(one.reference)} at {coordinates(one.position)}" in told


def test_a_candidate_is_told_with_its_file() -> None:
    listed = answer(candidate(1), candidate(2, "b.jpg", FAR, path=Path("/photos/b.jpg")))
    told = words.tell_candidate(listed, 2)
    assert '"b.jpg" at 48.210000, 16.370000, 1,112 m from the first.' in told
    assert 'File: "/photos/b.jpg".' in told
    with pytest.raises(UsageError):
        words.tell_candidate(listed, 3)


def test_long_lists_say_how_many_more_there_are() -> None:
    told = words.tell_candidates(answer(*(candidate(rank) for rank in range(1, 31))))
    assert told.endswith("And 20 more.")
    assert '10. "a.jpg"' in told
    assert "11. " not in told
    assert "does not show a place I know" in words.tell_candidates(answer())
