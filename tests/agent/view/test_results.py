"""What the assistant's tools return, as a person sees it."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from answers import FAR, PAYLOADS, STEERING, answer, answers, candidate, graded
from drawing import on_terminal, render
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import RenderableType

from internvl_vpr.agent.view.results import (
    show_candidate,
    show_candidates,
    show_candidates_compared,
    show_comparison,
    show_explanation,
    show_in_a_line,
    show_map_summary,
    tell_in_a_line,
)
from internvl_vpr.agent.words.verdict import verdict_line
from internvl_vpr.tools.compare_places import compare_candidates, compare_places
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.explain_match import explain_match
from internvl_vpr.tools.map_summary import MapSummary
from internvl_vpr.tools.records import Answer, Cue, CueMatch, Grade
from internvl_vpr.tools.text.foreign import one_line

SUMMARY = MapSummary(
    photos=12, images=10, positioned=11, roots=(Path("/photos"),), south=48.2, north=48.21, west=16.37, east=16.38,
    width=743.0, height=1112.0, planes=("33U", "own"), backbone="rootsift/240px", checksum="c" * 64,
)  # fmt: skip


def all_shown(drawn: Answer) -> Iterator[RenderableType]:
    """Everything that is shown about an answer and its candidates."""
    yield show_candidates(drawn)
    yield show_comparison(compare_places([drawn, drawn, answer()]))
    for one in drawn.candidates:
        yield show_candidate(drawn, one.rank)
        yield show_explanation(explain_match(drawn, one.rank))
    if len(drawn.candidates) > 1:
        yield show_candidates_compared(compare_candidates(drawn, 1, 2))


@settings(max_examples=25)
@given(drawn=answers(most=3), width=st.sampled_from([80, 140]))
def test_everything_fits_and_steers_nothing(drawn: Answer, width: int) -> None:
    for shown in all_shown(drawn):
        text = render(shown, width, markup=True)
        assert not STEERING & set(text)
        assert all(cell_len(line) <= width for line in text.split("\n"))


@settings(max_examples=15)
@given(drawn=answers(most=3))
def test_ascii_is_enough(drawn: Answer) -> None:
    for shown in all_shown(drawn):
        assert on_terminal(shown, encoding="ascii").isascii()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_of_strangers_is_shown_as_it_is(payload: str) -> None:
    match = CueMatch(cue=payload, weight=1, matched=payload, cosine=1)
    listed = answer(
        *(candidate(rank, payload, FAR, matches=(match,), path=Path(payload)) for rank in (1, 2)),
        cues=(Cue(text=payload, score=1, weight=1),), photo=payload.replace("/", ":"), notes=(payload,),
    )  # fmt: skip
    expected = {
        show_candidates(listed): 2,
        show_candidate(listed, 2): 3,
        show_explanation(explain_match(listed)): 4,
        show_comparison(compare_places([listed, listed])): 2,
        show_candidates_compared(compare_candidates(listed, 1, 2)): 5,
        show_map_summary(SUMMARY.model_copy(update={"roots": (Path(payload),), "backbone": payload})): 1,
    }
    for shown, least in expected.items():
        text = render(shown, 300, markup=True)
        assert text.count(one_line(payload)) >= least
        assert not any(line.startswith(("place  1.0", "2. ")) for line in text.split("\n"))


def test_an_explanation_adds_up() -> None:
    matches = tuple(CueMatch(cue=f"cue {i}", weight=0.5, matched=f"match {i}", cosine=0.8) for i in range(2))
    read = Cue(text='a sign "MOTEL"', score=1, weight=1)
    shown = render(show_explanation(explain_match(answer(candidate(1, matches=matches, score=0.8), cues=(read,)))))
    for text in ("1 of 1; third by looks", "S = 0.800, above τ = 0.5", "0.400", "S, their sum", '"MOTEL"', "wrong if"):
        assert text in shown
    assert shown.rstrip().endswith("0.800")


def test_a_candidate_says_how_far_it_is_and_where_its_file_lies() -> None:
    listed = answer(candidate(1), candidate(2, "b.jpg", FAR, path=Path("/photos/b.jpg"), score=0.1, retained=False))
    shown = render(show_candidate(listed, 2))
    for text in ("2 of 2, 1,112 m from the first", "/photos/b.jpg", "not above τ", "mlat=48.21000", "the sign"):
        assert text in shown
    with pytest.raises(UsageError):
        show_candidate(listed, 3)


def test_long_lists_say_how_many_more_there_are() -> None:
    shown = render(show_candidates(answer(*(candidate(rank) for rank in range(1, 31)))))
    assert "3 → 20" in shown
    assert "3 → 21" not in shown
    assert "and 10 more" in shown
    assert "probably not in your map" in render(show_candidates(answer()))


def test_a_comparison_shows_every_photo_and_says_which_belong_together() -> None:
    located = [
        answer(candidate(1), photo="x.jpg", grade="confirmed", digest="a" * 64),
        answer(candidate(1, "b.jpg"), photo="y.jpg", grade="confirmed", digest="b" * 64),
        answer(photo="z.jpg", digest="c" * 64),
        answer(candidate(1), photo="v.jpg", grade="unknown", digest="d" * 64),
    ]
    shown = render(show_comparison(compare_places(located)))
    for text in ("x.jpg", "confirmed", "not a place I know", "probably not in your map", "same place: 1 and 2"):
        assert text in shown
    assert "I cannot tell whether these show one place: 1 and 3; 1 and 4" in shown


def test_two_candidates_are_shown_beside_each_other() -> None:
    other = CueMatch(cue="sign", weight=0.8, matched="a wall", cosine=0.4)
    listed = answer(candidate(1), candidate(2, "b.jpg", FAR, matches=(other,), score=0.32, retained=False),
                    cues=(Cue(text="sign", score=1, weight=0.8),))  # fmt: skip
    shown = render(show_candidates_compared(compare_candidates(listed, 1, 2)))
    for text in ("the sign", "a wall", "0.90", "0.40", "+0.400", "1,112 m", "not above τ"):
        assert text in shown
    unscored = answer(candidate(1), candidate(2, score=None, retained=False, matches=()))
    assert "not scored" in render(show_candidates_compared(compare_candidates(unscored, 1, 2)))


def test_a_map_is_shown_in_numbers() -> None:
    shown = render(show_map_summary(SUMMARY))
    for text in ("12", "10 distinct", "11 of them have a position", "/photos", "743 m", "UTM zone 33U", "cccccccccccc"):
        assert text in shown


@pytest.mark.parametrize("name", ["a.jpg", "x" * 200, *PAYLOADS])
def test_one_of_several_photos_takes_one_line(name: str) -> None:
    for grade in get_args(Grade):
        listed = graded(grade, photo=name.replace("/", ":"))
        (line,) = render(show_in_a_line(3, listed)).rstrip("\n").split("\n")
        assert cell_len(line) <= 80
        assert line.startswith('3. "')
        assert verdict_line(listed) in line
        assert f": {verdict_line(listed)}." in tell_in_a_line(3, listed)
        assert "\n" not in tell_in_a_line(3, listed)
