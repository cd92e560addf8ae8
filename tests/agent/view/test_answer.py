"""What a person sees, at 80 columns, with text that comes from strangers."""

from typing import get_args

import pytest
from answers import FAR, HERE, PAYLOADS, PROBABILITY, STEERING, answer, answers, candidate, graded
from drawing import on_terminal, render, without_styles
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from internvl_vpr.agent import words
from internvl_vpr.agent.console.safe_text import safe_text
from internvl_vpr.agent.view.answer import coordinates, link, show_answer, show_evidence, show_place
from internvl_vpr.agent.view.parts import bar, in_ascii, shorten
from internvl_vpr.agent.words.phrases import quoted
from internvl_vpr.tools.records import Alternative, Answer, CueMatch, Grade, Position
from internvl_vpr.tools.text.foreign import one_line, visible

LONG = "x" * 200 + ".jpg"
PLANE = Position(easting=601_000.25, northing=5_340_000.5)


@pytest.mark.parametrize("grade", get_args(Grade))
@pytest.mark.parametrize("places", [2, 3, 5, 30])
def test_an_answer_takes_at_most_twelve_lines_at_80_columns(grade: Grade, places: int) -> None:
    for name in ("a.jpg", LONG, "漢" * 90, *PAYLOADS):
        check_lines(grade, name, places)


def check_lines(grade: Grade, name: str, places: int) -> None:
    listed = graded(
        grade, name, places, inliers=1021, photo=name.replace("/", ":"), probability=PROBABILITY, query_position=FAR,
        notes=("first " * 99, "second " * 99, "third"),
    )  # fmt: skip
    lines = render(show_answer(listed)).rstrip("\n").split("\n")
    assert len(lines) <= 12
    assert all(cell_len(line) <= 80 for line in lines)


def test_places_in_a_plane_of_their_own_fit_as_well() -> None:
    places = [PLANE.model_copy(update={"northing": 5_340_000.5 + 100 * number}) for number in range(6)]
    found = [candidate(rank, LONG, place) for rank, place in enumerate(places, start=1)]
    others = tuple(
        Alternative(position=one.position, reference=LONG, rank=one.rank, inliers=None, score=0.3) for one in found[1:]
    )
    listed = answer(
        *found, grade="ambiguous", alternatives=others, query_position=PLANE, photo=LONG, notes=("n" * 200,)
    )
    shown = render(show_answer(listed))
    assert len(shown.rstrip("\n").split("\n")) <= 12
    assert "Undecided between 6 places" in shown
    assert "And 3 more." in shown


@settings(max_examples=60)
@given(drawn=answers())
def test_no_answer_takes_more_than_twelve_lines(drawn: Answer) -> None:
    assert len(render(show_answer(drawn)).rstrip("\n").split("\n")) <= 12


@pytest.mark.parametrize("grade", get_args(Grade))
def test_a_person_sees_the_sentences_that_are_told(grade: Grade) -> None:
    listed = graded(grade, probability=PROBABILITY, query_position=HERE, notes=("mind this",))
    told = words.tell_answer(listed).replace("Map: ", "")
    assert render(show_answer(listed), 300).rstrip("\n").split("\n") == told.split("\n")


def test_why_shows_the_rest() -> None:
    listed = graded("confirmed", notes=("No candidate's cues match above τ = 0.5, so the coarse order stands.",))
    short, whole = render(show_answer(listed)), render(show_answer(listed, why=True))
    assert whole == f"{render(show_place(listed))}\n{render(show_evidence(listed))}"
    rest = ("254 of 400 matched points", "S = 0.300", "0.80 ━━━━─", "runners-up", "1,112 m", "margin",
            "calibration of τ", "No candidate's cues", "1 image described now, 2 read back")  # fmt: skip
    for text in rest:
        assert text in " ".join(whole.split())
        assert text not in short
    assert "runners-up" not in render(show_evidence(listed, runners_up=0))
    (second,) = (line.split() for line in whole.splitlines() if line.startswith("9 → 2"))
    assert second[3] == "253"  # points that fit
    unverified = answer(candidate(1), candidate(2))
    assert "points" not in render(show_answer(unverified, why=True)).partition("runners-up")[2]


def test_an_unknown_place_is_said_in_words_with_the_photos_cues() -> None:
    shown = render(show_answer(answer(), why=True))
    assert "Probably not in your map" in shown
    assert "the photo's cues" in shown
    assert "1.00 ━━━━━" in shown


def test_notes_and_what_tau_was_calibrated_to_are_shown_once() -> None:
    promise = "Answers with S > 0.5 are right at least 95 times in 100."
    shown = render(show_answer(answer(candidate(1), notes=("mind this", promise)), why=True), 200)
    assert shown.count("mind this") == 1
    assert f"calibration of τ  {promise}" in shown
    assert shown.count(promise) == 1


@pytest.mark.parametrize("markup", [False, True])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_of_strangers_is_shown_as_it_is(payload: str, markup: bool) -> None:
    match = CueMatch(cue=payload, weight=1, matched=payload, cosine=1)
    first, second = candidate(1, payload, matches=(match,)), candidate(2, payload, matches=(match,))
    shown = render(
        show_answer(answer(first, second, photo=payload.replace("/", ":"), notes=(payload,)), why=True),
        300,
        markup=markup,
    )
    assert not STEERING & set(shown)
    assert shown.count(one_line(payload)) >= 5
    assert quoted(payload.replace("/", ":")) in shown
    assert not any(line.startswith(("place  1.0", "2. ")) for line in shown.split("\n"))


@given(st.text())
def test_visible_text_keeps_nothing_that_steers_a_terminal(text: str) -> None:
    shown = visible(text)
    assert all(
        character in "\n\t" or character.isprintable() or character.isspace() or ord(character) > 0x9F
        for character in shown
    )
    assert not set(shown) & {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x1B, 0x9B, 0x7F)}
    assert safe_text(text).plain == shown


@settings(max_examples=60)
@given(drawn=answers(), width=st.integers(60, 200))
def test_no_line_is_longer_than_the_console(drawn: Answer, width: int) -> None:
    for line in render(show_answer(drawn, why=True), width).split("\n"):
        assert cell_len(line) <= width


@given(longitude=st.floats(-180, 180), latitude=st.floats(-90, 90), away=st.booleans())
def test_a_runner_up_is_on_one_line_at_80_columns(longitude: float, latitude: float, away: bool) -> None:
    there = Position(latitude=latitude, longitude=longitude)
    name = "@0528229.69@6088490.06@33@U@054.94257@0015.44068@place057@01@103@@@@@@.jpg"
    listed = answer(candidate(1), candidate(20, name, there, coarse_rank=100, score=-0.1234))
    (line,) = (line for line in render(show_evidence(listed)).split("\n") if "100 → 20" in line)
    assert coordinates(there) in line
    assert "-0.123" in line
    assert line.rstrip().endswith(".jpg")


def test_a_wide_console_is_used() -> None:
    listed = answer(candidate(1), candidate(2, "b.jpg", FAR))
    wide = render(show_answer(listed, why=True), 140)
    assert "strongest cue" in wide
    assert "━━━━━━━━──" in wide
    assert "to S" in wide


def test_a_link_is_clickable_where_there_is_colour_alone() -> None:
    place = show_place(answer(candidate(1)))
    address = str(link(HERE))
    assert "\x1b]8;id=" in on_terminal(place)
    for plain in (on_terminal(place, no_color=True), render(place)):
        assert "\x1b]8" not in plain
        assert address in plain


def test_without_colour_nothing_is_lost() -> None:
    listed = answer(candidate(1), candidate(2, score=0.1, retained=False), query_position=HERE, notes=("mind",))
    shown = on_terminal(show_answer(listed, why=True), no_color=True)
    assert not any(f"\x1b[{code}" in shown for code in range(30, 38))
    for marker in ("━━━━─", "  no  ", "Note: mind", "above τ"):
        assert marker in without_styles(shown)


@settings(max_examples=60)
@given(drawn=answers())
def test_ascii_is_enough(drawn: Answer) -> None:
    shown = on_terminal(show_answer(drawn, why=True), encoding="ascii")
    assert shown.isascii()
    assert "UnicodeEncodeError" not in shown


def test_ascii_stays_readable() -> None:
    listed = answer(candidate(1, "Café Löwen 漢.jpg"), candidate(2), notes=("τ is not calibrated (−1)",))
    shown = without_styles(on_terminal(show_answer(listed, why=True), encoding="ascii"))
    for text in ("0.80 ####-", "Cafe Lowen ??.jpg", "above t = 0.5", "t is not calibrated (-1)", "3 > 2"):
        assert text in shown


@given(text=st.text(max_size=60))
def test_stand_ins_are_ascii_of_the_same_width(text: str) -> None:
    shown = visible(text).replace("\n", "")
    assert in_ascii(shown).isascii()
    assert sum(map(cell_len, in_ascii(shown))) == sum(map(cell_len, shown))


@given(text=st.text(st.sampled_from("ab/@é漢 ")), width=st.integers(1, 40))
def test_a_shortened_text_fits_and_keeps_its_end(text: str, width: int) -> None:
    shown = shorten(text, width)
    assert cell_len(shown) <= width
    if cell_len(text) <= width:
        assert shown == text
    else:
        head, _, tail = shown.rpartition("…")
        assert text.endswith(tail)
        assert text.startswith(head.rstrip(" "))


@pytest.mark.parametrize(("share", "shown"), [(0.0, "0.00 ─────"), (1.0, "1.00 ━━━━━"), (-0.4, "-0.40 ─────")])
def test_bars(share: float, shown: str) -> None:
    assert bar(share, 5).plain == shown


@pytest.mark.parametrize(
    ("position", "shown"),
    [
        (None, "no position"),
        (Position(easting=1.25, northing=2.0), "1.2 m E, 2.0 m N in a plane of its own"),
        (Position(easting=1.0, northing=2.0, zone="33U"), "1.0 m E, 2.0 m N in zone 33U"),
    ],
)
def test_positions_without_degrees(position: Position | None, shown: str) -> None:
    assert coordinates(position) == shown
    assert link(position) is None
