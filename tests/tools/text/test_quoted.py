"""Quoted text in cues, and whether it is among the lines that were read in the image."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.tools.text.quoted import (
    fold,
    is_seen,
    quoted_strings,
    share_seen,
    substring_distance,
    without_quotations,
)

LETTERS = st.text("abc", max_size=9)


def edit_distance(a: str, b: str) -> int:
    """The plain table of Wagner and Fischer."""
    row = list(range(len(b) + 1))
    for i, one in enumerate(a, start=1):
        before, row[0] = row[0], i
        for j, other in enumerate(b, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one != other))
    return row[-1]


@given(LETTERS, LETTERS)
def test_the_distance_to_a_part_is_the_smallest_over_all_parts(pattern: str, text: str) -> None:
    parts = {text[i:j] for i in range(len(text) + 1) for j in range(i, len(text) + 1)}
    assert substring_distance(pattern, text) == min(edit_distance(pattern, part) for part in parts)


@given(st.text("ab", min_size=60, max_size=150), st.data())
def test_long_patterns_too(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 50))
    pattern = list(text[start : start + 50])
    for place in data.draw(st.sets(st.integers(0, 49), max_size=3)):
        pattern[place] = "x"
    assert substring_distance("".join(pattern), text) == min(pattern.count("x"), len(pattern))


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("sign reading 'JOE'S PIZZA' above a door", ["JOE'S PIZZA"]),
        ("signs 'ABC' and 'DEF', the ladies' room", ["ABC", "DEF"]),
        ("“Café Zürich” beside « Boulangerie »", ["Café Zürich", "Boulangerie"]),
        ("„Apotheke“ and ‘MEN’S WEAR’ by the workers’ houses", ["Apotheke", "MEN'S WEAR"]),
        ("'60s front with 'HOTEL' on it", ["HOTEL"]),
        ('a "B" and an "" and a 6" pipe', []),
        ("the shop's sign isn't lit", []),
    ],
)
def test_what_stands_in_quotation_marks(text: str, quoted: list[str]) -> None:
    assert quoted_strings(text) == quoted


QUOTES = st.sampled_from(['""', "''", "“”", "‘’", "«»", "„“", "‚‘", "””"])
WORDS = st.lists(st.text("abcdefgh", min_size=2, max_size=6), min_size=1, max_size=4).map(" ".join)


@given(st.lists(st.tuples(QUOTES, WORDS), max_size=4))
def test_every_quotation_is_found_and_taken_out(quotations: list[tuple[str, str]]) -> None:
    text = "wall " + " ".join(f"sign {marks[0]}{words}{marks[1]}, wall" for marks, words in quotations)
    assert quoted_strings(text) == [words for _, words in quotations]
    assert without_quotations(text, "#") == "wall " + " ".join("sign #, wall" for _ in quotations)


@pytest.mark.parametrize(
    ("text", "lines", "seen"),
    [
        ("Kestrel Bakery", ["KESTREL", "BAKERY"], True),
        ("CAFÉ", ["the cafe of"], True),
        ("HOTEL", ["H0TEL"], True),
        ("HOTEL", ["H0TFL"], False),
        ("KESTREL BAKERY", ["KESTPEL BAXERY"], True),  # two edits in thirteen letters
        ("KESTREL BAKERY", ["KESTPEL BAXEPY"], False),
        ("BAR", ["BAP"], False),  # one edit in three letters is another word
        ("12", ["Nr. 12 b"], True),
        ("HOTEL", [], False),
    ],
)
def test_what_counts_as_seen(text: str, lines: list[str], seen: bool) -> None:
    assert is_seen(text, lines) is seen


@given(st.text(max_size=12), st.lists(st.text(max_size=12), max_size=3))
def test_seen_is_a_few_edits_from_a_part_of_the_joined_lines(text: str, lines: list[str]) -> None:
    wanted, read = fold(text), fold("".join(lines))
    edits = 2 if len(wanted) >= 10 else 1 if len(wanted) >= 4 else 0
    parts = {read[i:j] for i in range(len(read) + 1) for j in range(i, len(read) + 1)}
    assert is_seen(text, lines) is any(edit_distance(wanted, part) <= edits for part in parts)


def test_the_share_needs_a_quotation_and_something_read() -> None:
    assert share_seen(["HOTEL", "OTTER BOOKS"], ["HOTEL"]) == 0.5
    assert share_seen([], ["HOTEL"]) is None
    assert share_seen(["HOTEL"], ["--"]) is None
