"""An answer and its candidates, told completely without a picture."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from answers import FAR, PROBABILITY, answer, answers, candidate, graded
from hypothesis import given

from internvl_vpr.agent import words
from internvl_vpr.agent.view.answer import coordinates
from internvl_vpr.agent.words.answer import facts_of
from internvl_vpr.agent.words.phrases import quoted
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.records import Answer, Cue, CueMatch, Grade, Position


def told(grade: Grade, **changes: Any) -> list[str]:
    return words.tell_answer(graded(grade, **changes)).split("\n")


def test_a_confirmed_answer_says_where_and_the_one_reason() -> None:
    own = Position(latitude=48.2001, longitude=16.37)
    assert told("confirmed", probability=PROBABILITY, query_position=own) == [
        'Confirmed: "night.jpg" was taken at 48.200000, 16.370000.',
        "Map: https://www.openstreetmap.org/?mlat=48.20000&mlon=16.37000&zoom=19",
        "2 photos of your map agree, at most 6 m apart.",
        'Why: 254 points of the photo fit "a.jpg".',
        "48 of 50 such answers on your own map were right.",
        "The photo's own position, which was not used, is 11 m from there.",
    ]


def test_a_likely_answer_is_not_called_confirmed() -> None:
    assert told("likely")[0] == 'Likely: "night.jpg" was taken at 48.200000, 16.370000.'


def test_a_likely_answer_says_what_keeps_it_from_being_confirmed() -> None:
    assert 'Why: 254 points of the photo fit "a.jpg", and at most 5 any other place.' in told("likely")
    assert 'Why: 254 points of the photo fit "a.jpg".' in told("likely", places=1)  # nothing else was verified


def test_the_photos_own_position_is_told_from_the_nearest_of_several_places() -> None:
    own = Position(latitude=48.2101, longitude=16.37)
    assert told("ambiguous", query_position=own)[-1] == (
        "The photo's own position, which was not used, is 11 m from place 2."
    )
    assert told("unknown", query_position=own)[-1] == "Its own position, not used: 48.210100, 16.370000."


def test_places_that_look_the_same_are_all_named() -> None:
    said = told("ambiguous", places=12)
    assert said[0].startswith("Undecided between 12 places: ")
    first, *others = [line for line in said if line[:1].isdigit()]
    assert first == '1. 48.200000, 16.370000: "a.jpg".'
    for rank, line in enumerate(others, start=2):
        north = 0.01 * (rank - 1)
        found = re.fullmatch(
            rf'{rank}\. {48.2 + north:.6f}, 16\.370000, ([\d,]+) (k?)m from the first: "a\.jpg"\.', line
        )
        assert found
        metres = float(found[1].replace(",", "")) * (1000 if found[2] else 1)
        assert metres == pytest.approx(111_180 * north, rel=0.05 if found[2] else 0.001)  # a degree at 48° north
    assert len(others) == 11
    assert sum(line.startswith("Map: ") for line in said) == 12
    assert "Why: 254 points fit the first, 251 another, and no sign decides." in said


def test_an_unknown_place_gets_a_lead_and_no_link() -> None:
    assert told("unknown", probability=PROBABILITY) == [
        'Probably not in your map: no photo of it clearly shows the place of "night.jpg".',
        'Nearest by looks: "a.jpg", at 48.210000, 16.370000. A lead, not a place.',
        "Why: only 9 points of the photo fit the best match, no more than by chance.",
    ]
    assert told("unknown", candidates=()) == [
        'Probably not in your map: no photo of it clearly shows the place of "night.jpg".'
    ]


def test_a_sign_that_both_have_is_the_reason() -> None:
    cue = CueMatch(cue="CAFE AMBER", weight=1, matched="Café Amber", cosine=1)
    read = (Cue(text="CAFE AMBER", score=9, weight=1),)
    by_sign = {"cues": read, "decided_by": "cues", "settings": {"tau": 0.97, "describer_id": "signage/3"}}
    first = candidate(1, matches=(cue,), score=1.0)
    assert 'Why: the sign "CAFE AMBER" is read in both.' in words.tell_answer(answer(first, **by_sign))
    other = candidate(1, matches=(cue.model_copy(update={"matched": "AMBER STORE"}),))
    assert 'is read in the photo, and "AMBER STORE" in "a.jpg".' in words.tell_answer(answer(other, **by_sign))


@pytest.mark.parametrize("grade", get_args(Grade))
def test_a_probability_is_told_only_with_its_counts(grade: Grade) -> None:
    assert not [line for line in told(grade) if "right" in line or "%" in line or "probab" in line.lower()[9:]]
    labelled = PROBABILITY.model_copy(update={"basis": "labelled photographs"})
    said = [line for line in told(grade, probability=labelled) if "right" in line]
    known = ["48 of 50 such answers on labelled photographs of other places were right."]
    assert said == ([] if grade == "unknown" else known)


@pytest.mark.parametrize(
    ("trust", "grade", "begins"),
    [
        ("confirmed", "confirmed", "Confirmed: "),
        ("confirmed", "likely", "Not confirmed: one place is likely for "),
        ("confirmed", "ambiguous", "Not confirmed: 3 places fit "),
        ("confirmed", "unknown", "Probably not in your map: "),
        ("any", "likely", "Likely: "),
        ("any", "unknown", "A guess: "),
        (0.95, "confirmed", "Confirmed: "),
        (0.97, "confirmed", "Not sure enough: of the answers like that for "),
        (0.95, "ambiguous", "Not sure enough: "),
    ],
)
def test_only_what_is_trusted_is_told_as_a_place(trust: str | float, grade: Grade, begins: str) -> None:
    said = told(grade, settings={"tau": 0.97, "trust": trust}, probability=PROBABILITY)
    assert said[0].startswith(begins)
    is_place = begins.startswith(("Confirmed", "Likely", "A guess"))
    assert any(line.startswith("Map: ") for line in said) == is_place
    assert any("A lead, not a place." in line for line in said) != is_place


def test_a_share_is_reached_by_no_answer_that_nobody_counted() -> None:
    (verdict, *_) = told("confirmed", settings={"tau": 0.97, "trust": 0.5})
    assert verdict == 'Not sure enough: how often answers like that for "night.jpg" are right is not known.'


def test_what_was_not_verified_is_a_guess_as_it_was() -> None:
    by_looks = words.tell_answer(answer(candidate(1, score=0.3, retained=False)))
    assert by_looks.startswith('A guess: "night.jpg" looks most like the place at 48.200000, 16.370000.')
    assert 'Why: only its looks speak for it, which are most like those of "a.jpg".' in by_looks
    stored = answer(candidate(1)).model_dump(mode="json", exclude={"grade", "probability", "alternatives"})
    assert words.tell_answer(Answer.model_validate(stored)).startswith('Likely: "night.jpg" was taken at ')


def test_notes_about_scores_are_kept_for_why() -> None:
    notes = ("No candidate's cues match above τ = 0.5, so the coarse order stands.", "This photo is in your map.")
    listed = graded("likely", notes=notes)
    assert [line for line in words.tell_answer(listed).split("\n") if "Note" in line] == [
        "Note: This photo is in your map."
    ]
    assert notes[0] in [fact.says for fact in facts_of(listed)]


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
    assert "probably not in your map" in words.tell_candidates(answer())
