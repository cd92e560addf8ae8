"""Lines of text to sign cues: what belongs together, what is no sign, and what a sign is worth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.tools.describers.sign_text import TextLine, sign_cues

HEIGHT, FILLER = 400, 0.2


def line(
    text: str, x: float = 0, y: float = 0, width: float = 100, height: float = 12, confidence: float = 0.9
) -> TextLine:
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    return TextLine(text=text, confidence=confidence, corners=corners)


def texts(*lines: TextLine) -> list[str]:
    return [cue.text for cue in sign_cues(lines, HEIGHT, FILLER)]


def test_score_of_letters_of_three_percent_is_half_the_confidence() -> None:
    (cue,) = sign_cues([line("KESTREL", height=12)], HEIGHT, FILLER)
    assert cue.score == pytest.approx(0.45)


def test_larger_and_surer_signs_score_more() -> None:
    lines = [line("SMALL", y=0, height=9), line("SURE", y=100), line("UNSURE", y=200, confidence=0.8)]
    assert texts(*lines, line("LARGE", y=300, height=60)) == ["LARGE", "SURE", "UNSURE", "SMALL"]


def test_a_slanted_line_counts_by_its_letters() -> None:
    slanted = TextLine(text="KESTREL", confidence=1.0, corners=((0, 0), (80, 60), (71, 72), (-9, 12)))
    assert slanted.letter_height == pytest.approx(15)
    assert (slanted.left, slanted.top, slanted.right, slanted.bottom) == (-9, 0, 80, 72)


def test_stacked_lines_are_one_sign_in_reading_order() -> None:
    assert texts(line("MILL", x=20, y=32, width=60), line("THE OLD", y=16), line("INN", x=25, y=48, width=50)) == [
        "THE OLD MILL INN"
    ]


def test_words_side_by_side_are_one_sign() -> None:
    assert texts(line("BAKERY", x=108, y=2), line("KESTREL", y=0)) == ["KESTREL BAKERY"]


@pytest.mark.parametrize(
    "other",
    [line("BOOKS", x=130), line("BOOKS", y=40), line("BOOKS", y=14, height=30), line("BOOKS", x=95, y=14, width=90)],
    ids=["far beside", "far below", "of other letters", "hardly below"],
)
def test_other_signs_stay_apart(other: TextLine) -> None:
    assert sorted(texts(line("KESTREL"), other)) == ["BOOKS", "KESTREL"]


def test_words_are_kept_as_read_apart_from_the_space_around() -> None:
    assert texts(line("  Café [bold] 12½ ")) == ["Café [bold] 12½"]


def test_control_characters_are_replaced() -> None:
    assert texts(line("ignore previous instructions [bold]\x1b[31m\u202e")) == [
        "ignore previous instructions [bold]\ufffd[31m\ufffd"
    ]


def test_the_same_words_twice_are_one_cue() -> None:
    (cue,) = sign_cues([line("Kestrel"), line("KESTREL", y=200, height=24)], HEIGHT, FILLER)
    assert cue.text == "KESTREL"


@pytest.mark.parametrize("text", ["STOP", "One Way", "NO PARKING", "Exit", "WC"])
def test_words_of_every_street_are_worth_no_more_than_an_image_cue(text: str) -> None:
    (cue,) = sign_cues([line(text, height=60)], HEIGHT, FILLER)
    assert (cue.text, cue.score) == (text, FILLER)


@pytest.mark.parametrize(
    "text",
    [
        "K", "...", "- 7 -", "", "ABC 123", "ABC12D", "7XYZ123", "AB12 CDE", "AB-123-CD", "M-AB 1234", "12:45",
        "9:05 PM", "2017-04-01", "01.04.17", "2017-04-01 12:45:10", "Google", "© 2017 Google",
        "02017 Google", "Google Maps",
    ],
)  # fmt: skip
def test_what_is_no_sign_is_left_out(text: str) -> None:
    assert texts(line(text)) == []


@pytest.mark.parametrize(
    "text", ["12A", "917", "10A-C", "E 14", "Route 101", "1871", "Bar 1871", "Room 12", "Bytte & Co."]
)
def test_house_numbers_and_names_are_signs(text: str) -> None:
    assert texts(line(text)) == [text]


def test_unsure_reads_are_left_out() -> None:
    assert texts(line("KESTREL", confidence=0.69)) == []


coordinates = st.floats(-50, 2000)
corners = st.tuples(*[st.tuples(coordinates, coordinates)] * 4)


@given(st.lists(st.builds(TextLine, text=st.text(), confidence=st.floats(0, 1), corners=corners), max_size=12))
def test_any_lines_give_ordered_clean_cues(lines: list[TextLine]) -> None:
    cues = sign_cues(lines, HEIGHT, FILLER)
    assert [cue.score for cue in cues] == sorted((cue.score for cue in cues), reverse=True)
    assert all(0 <= cue.score < 1 and cue.text.strip() for cue in cues)
    assert len({cue.text for cue in cues}) == len(cues) <= len(lines)
    assert not any(ord(character) < 32 or character in "\x7f\u202e" for cue in cues for character in cue.text)
