"""Sentences that are complete without a picture, and that text of strangers cannot bend."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

import pytest
from answers import FAR, HERE, PAYLOADS, STEERING, answer, answers, calibration, candidate, composed
from hypothesis import given, settings
from hypothesis import strategies as st
from presets import preset_settings

from internvl_vpr.agent import words
from internvl_vpr.agent.view.answer import coordinates
from internvl_vpr.agent.words.phrases import ordinal, quoted
from internvl_vpr.tools.compare_places import compare_candidates, compare_places
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.explain_match import About, explain_match
from internvl_vpr.tools.index.build import BuildReport
from internvl_vpr.tools.index.scan import Skipped
from internvl_vpr.tools.map_summary import MapSummary
from internvl_vpr.tools.records import Answer, Candidate, Cue, CueMatch, Position, Score
from internvl_vpr.tools.text.foreign import one_line

QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


def all_told(drawn: Answer, abouts: tuple[About, ...] = get_args(About)) -> Iterator[str]:
    """Everything that is told about an answer."""
    yield words.tell_answer(drawn)
    yield words.tell_candidates(drawn)
    yield words.tell_comparison(compare_places([drawn, drawn, answer()]))
    for one in drawn.candidates:
        yield words.tell_candidate(drawn, one.rank)
        yield from (words.tell_explanation(explain_match(drawn, one.rank), about) for about in abouts)
    if len(drawn.candidates) > 1:
        yield words.tell_candidates_compared(compare_candidates(drawn, 1, 2))


def skeleton(told: str) -> str:
    """Return what is told without what stands in quotation marks."""
    return QUOTED.sub("…", told)


@given(drawn=answers())
def test_text_of_strangers_steers_nothing_and_adds_no_line(drawn: Answer) -> None:
    for told in all_told(drawn):
        assert not STEERING & set(told)
        assert '"' not in skeleton(told)
        for line in told.split("\n"):
            assert line.strip()
            assert re.match(r"\d+\. |\d+ (photos|candidates?) |[A-Z]", line)


@settings(max_examples=40)
@given(drawn=answers(), payload=st.sampled_from(PAYLOADS))
def test_what_strangers_wrote_changes_nothing_outside_its_quotation_marks(drawn: Answer, payload: str) -> None:
    def renamed(text: str) -> Answer:
        matches = [
            tuple(match.model_copy(update={"cue": text, "matched": text}) for match in one.matches)
            for one in drawn.candidates
        ]
        candidates = tuple(
            one.model_copy(update={"reference": text, "path": Path(text), "matches": matched})
            for one, matched in zip(drawn.candidates, matches, strict=True)
        )
        cues = tuple(cue.model_copy(update={"text": text}) for cue in drawn.cues)
        changes = {"photo": Path(text), "candidates": candidates, "cues": cues}
        return drawn.model_copy(update={**changes, "reference": drawn.reference and text})

    # What is told of signs depends on the quotation marks in a cue, as it should.
    texts = ("plain", payload.replace("/", ""))
    plain, hostile = (list(all_told(renamed(text), ("match",))) for text in texts)
    assert [skeleton(told) for told in plain] == [skeleton(told) for told in hostile]


@given(text=st.sampled_from([*PAYLOADS, "\udcff"]) | st.text())
def test_a_quotation_ends_where_we_end_it(text: str) -> None:
    shown = quoted(text)
    assert QUOTED.fullmatch(shown)
    assert "\n" not in shown
    assert "\t" not in one_line(text)


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


def scored(score: float, given_tau: float, *, calibrated: bool) -> Answer:
    """Compose an answer with one candidate whose S is as given."""
    one = Candidate(
        reference="a.jpg", path=Path("a.jpg"), digest="0" * 64, position=HERE, coarse_rank=1, coarse_similarity=0.5
    )
    match = CueMatch(cue="a", weight=1, matched="b", cosine=score)
    return composed(
        [one],
        [Score(reference="a.jpg", score=score, matches=(match,))],
        (Cue(text="a", score=1, weight=1),),
        tau=given_tau,
        given=calibration(given_tau) if calibrated else None,
    )


def test_the_promise_of_a_calibrated_tau_is_told_once() -> None:
    promised = scored(0.9, 0.5, calibrated=True)
    for told in (words.tell_answer(promised), words.tell_explanation(explain_match(promised), "certainty")):
        assert told.count("are right at least 95 times in 100") == 1
        assert "Promise: Answers with S > 0.5" in told
    held_back = scored(0.4, 0.5, calibrated=True)
    assert "Promise: none, as S is not above τ." in words.tell_answer(held_back)


def test_a_tau_that_retains_everything_is_called_so() -> None:
    told = words.tell_answer(scored(0.1, -1, calibrated=False))
    assert "above τ = -1, as every score is" in told
    assert "the answer cannot abstain" in told


@given(drawn=answers())
def test_coordinates_are_those_of_the_view(drawn: Answer) -> None:
    told = words.tell_candidates(drawn)
    for one in drawn.candidates:
        assert f"{one.rank}. {quoted(one.reference)} at {coordinates(one.position)}" in told


@given(drawn=answers())
def test_the_products_that_are_told_add_up_to_s(drawn: Answer) -> None:
    for one in drawn.candidates:
        told = skeleton(words.tell_explanation(explain_match(drawn, one.rank), "match"))
        products = [float(number) for number in re.findall(r"product (-?[\d.]+)\.$", told, re.MULTILINE)]
        assert len(products) == len(one.matches)
        if one.score is not None:
            assert sum(products) == pytest.approx(one.score, abs=0.0005 * len(products) + 1e-9)
            assert f"add up to S = {one.score:.3f}" in told


def test_what_was_read_is_told_with_what_it_matches() -> None:
    cue = 'a sign that reads "MOTEL"'
    match = CueMatch(cue=cue, weight=1, matched='neon sign "MOTEL"', cosine=0.95)
    listed = answer(candidate(1, matches=(match,)), cues=(Cue(text=cue, score=1, weight=1),))
    told = words.tell_explanation(explain_match(listed), "text")
    assert "1 text was read" in told
    assert '1. "MOTEL"; candidate 1 has "neon sign \\"MOTEL\\"" for it, cosine 0.950.' in told


def test_that_nothing_was_read_is_told() -> None:
    told = words.tell_explanation(explain_match(answer(candidate(1))), "text")
    assert "No text on signs" in told
    assert '"sign", weight 1.000' in told


def test_certainty_names_what_would_make_it_wrong() -> None:
    told = words.tell_explanation(explain_match(answer(candidate(1), candidate(2, "b.jpg", FAR))), "certainty")
    assert "It is wrong if the place is not on the map" in told
    assert 'another place has the cue "sign" too' in told
    assert "a place further away is the right one, as its score is no lower" in told
    by_looks = words.tell_explanation(explain_match(answer(candidate(1, score=0.1, retained=False))), "certainty")
    assert "another place just looks alike" in by_looks


def test_a_comparison_tells_groups_and_what_cannot_be_said() -> None:
    plane = Position(easting=0, northing=0)
    located = [
        answer(candidate(1), photo="a.jpg"),
        answer(candidate(1, retained=False, score=0.1), photo="b.jpg"),
        answer(photo="c.jpg"),
        answer(candidate(1, "far.jpg", FAR), photo="d.jpg"),
        answer(candidate(1, "plan.jpg", plane), photo="e.jpg"),
    ]
    told = words.tell_comparison(compare_places(located))
    assert "Taken at the same place: 1 and 2, 0 m apart; cues did not confirm 2." in told
    assert "Nothing can be said about 3, as the place is not known." in told
    assert "Not found at the same place as any other: 4 and 5." in told
    assert "Their positions cannot be compared: 1 and 5; 2 and 5; 4 and 5." in told
    assert "1 and 4: 1,112 m" in told
    assert '3. "c.jpg" does not show a place I know.' in told
    assert '2. "b.jpg" is at 48.200000, 16.370000 (reference "a.jpg"), by looks alone, so unconfirmed.' in told


def test_photos_that_are_apart_are_said_to_be() -> None:
    told = words.tell_comparison(compare_places([answer(candidate(1)), answer(candidate(1, "far.jpg", FAR))]))
    assert "No two of them were found to be taken within 25 m of each other." in told


def test_two_candidates_are_told_by_the_cue_that_decides() -> None:
    def matches(*cosines: float) -> tuple[CueMatch, ...]:
        return tuple(CueMatch(cue=f"c{i}", weight=0.5, matched="m", cosine=c) for i, c in enumerate(cosines))

    cues = tuple(Cue(text=f"c{i}", score=1, weight=0.5) for i in range(2))
    first = candidate(1, score=0.5, matches=matches(0.9, 0.1))
    second = candidate(2, "b.jpg", FAR, score=0.6, matches=matches(0.4, 0.8))
    told = words.tell_candidates_compared(compare_candidates(answer(first, second, cues=cues), 1, 2))
    assert "They are 1,112 m apart." in told
    assert (
        'The S of candidate 2 is 0.100 higher than that of candidate 1; the cue "c1" adds most to that, +0.350.' in told
    )
    unscored = answer(first, candidate(2, score=None, retained=False, matches=()), cues=cues)
    told = words.tell_candidates_compared(compare_candidates(unscored, 1, 2))
    assert "candidate 2 was not scored" in told
    assert "cannot be compared" in told
    equal = answer(first, candidate(2, score=0.5, matches=first.matches), cues=cues)
    assert "hardly tell them apart" in words.tell_candidates_compared(compare_candidates(equal, 1, 2))


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


@pytest.mark.parametrize(
    ("changed", "marked"), [({}, []), ({"tau": 0.7}, ["tau"]), ({"k": 5, "below_tau": "strict"}, ["k", "below_tau"])]
)
def test_settings_say_which_were_changed(changed: Mapping[str, object], marked: list[str]) -> None:
    now = preset_settings("embedded").model_copy(update=dict(changed))
    told = words.tell_settings(now, changed)
    lines = [line for line in told.split("\n") if "changed in this conversation" in line]
    assert [line.split(" ")[1].rstrip(":") for line in lines] == marked
    assert f"S > {now.tau:g}" in told
    assert f"{now.k} candidates" in told
    assert ("calibrated" in told) == bool({"k", "n", "tau"} & set(changed))


def test_a_change_of_settings_is_told_first_and_alone() -> None:
    former = preset_settings("embedded").model_copy(update={"tau": 0.5, "n": 3})
    new = {"tau": 0.97, "n": 5}
    now = former.model_copy(update=new)
    told = words.tell_settings(now, {**new, "k": 5}, new, former).split("\n")
    assert told[0] == "τ is 0.97 from now on: an answer is confirmed when S > 0.97."
    assert told[1].startswith("n is 5 from now on")
    assert "described again with 5 cues each" in told[2]
    assert "calibrated" in told[3]
    assert len(told) == 4


def test_a_setting_that_held_already_is_told_so() -> None:
    now = preset_settings("embedded").model_copy(update={"below_tau": "strict", "n": 5})
    told = words.tell_settings(now, {}, {"n": 5, "below_tau": "strict"}, now).split("\n")
    assert told == [
        "n is 5 already: 5 cues per image.",
        "below_tau is strict already: when none is confirmed, the place is said to be unknown.",
    ]


SUMMARY = MapSummary(
    photos=12, images=10, positioned=11, roots=(Path('/photos "x"'),), south=48.2, north=48.21, west=16.37, east=16.38,
    width=743.0, height=1112.0, planes=("33U", "own"), backbone="rootsift/240px", checksum="c" * 64,
)  # fmt: skip


def test_a_map_is_told_in_numbers() -> None:
    told = words.tell_map(SUMMARY)
    for part in (
        "12 photos, 10 distinct images; 11 of them have a position",
        '"/photos \\"x\\""',
        "from 48.200000, 16.370000 in the south-west to 48.210000, 16.380000",
        "743 m from west to east and 1,112 m from south to north",
        "UTM zone 33U and a plane of its own",
    ):
        assert part in told
    nowhere = dict.fromkeys(("south", "north", "west", "east", "width", "height"))
    told = words.tell_map(SUMMARY.model_copy(update={**nowhere, "planes": (), "positioned": 0}))
    assert "none of them have a position" in told
    assert "They lie" not in told


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_build_tells_what_was_skipped_and_no_more_than_ten(payload: str) -> None:
    skipped = tuple(Skipped(path=Path("x"), reason=f"{payload} {number}") for number in range(14))
    report = BuildReport(photos=12, computed=3, pruned=1, skipped=skipped, unmatched=(payload,))
    told = words.tell_build(report, SUMMARY)
    assert not STEERING & set(told)
    assert "3 images computed now, 14 files skipped and 1 photo dropped that is gone." in told
    assert "11. Skipped: 4 more" in told
    assert quoted(payload) in told
    assert told.count("\n") == 11 + 1 + 5
    assert words.tell_map(SUMMARY) in told


def test_ordinals() -> None:
    numbers = (1, 2, 3, 4, 11, 12, 13, 21, 22, 33, 100, 111)
    said = ["first", "second", "third", "4th", "11th", "12th", "13th", "21st", "22nd", "33rd", "100th", "111th"]
    assert [ordinal(number) for number in numbers] == said
