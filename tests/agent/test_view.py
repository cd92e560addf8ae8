"""What a person sees, at 80 columns, with text that comes from strangers."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from internvl_vpr.agent.safe_text import safe_text, visible
from internvl_vpr.agent.view import coordinates, link, show_answer
from internvl_vpr.tools.records import Answer, Cue, CueMatch, Position, RankedCandidate, Steps

HERE = Position(latitude=48.2, longitude=16.37, easting=601_000, northing=5_340_000, zone="33U")
PAYLOADS = [
    "\x1b]52;c;aGk=\x07",
    "\x1b[2J",
    "\x9b31m",
    "[/red] [link=http://evil]x[/link]",
    "\u202eabc",
    ":pizza: [bold]",
]


def render(answer: Answer, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, markup=False, emoji=False, highlight=False)
    console.print(show_answer(answer))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def candidate(
    rank: int, reference: str = "a.jpg", position: Position | None = HERE, **changes: object
) -> RankedCandidate:
    match = CueMatch(cue="sign", weight=0.8, matched="the sign", cosine=0.9)
    fields = {"score": 0.9, "retained": True, "matches": (match,), "coarse_rank": 3, **changes}
    return RankedCandidate(
        reference=reference,
        path=reference,
        digest="0" * 64,
        position=position,
        coarse_similarity=0.5,
        rank=rank,
        **fields,
    )


def answer(*candidates: RankedCandidate, **changes: object) -> Answer:
    first = candidates[0] if candidates else None
    fields = {
        "status": "located" if first else "unknown", "decided_by": "cues" if first else None, "photo": "night.jpg",
        "digest": "1" * 64, "reference": first and first.reference, "position": first and first.position,
        "query_position": None, "cues": (Cue(text="sign", score=1, weight=1),), "candidates": candidates, "notes": (),
        "settings": {}, "steps": Steps(made=1, recorded=2), **changes,
    }  # fmt: skip
    return Answer(**fields)


def test_an_answer_shows_where_why_cues_and_runners_up() -> None:
    far = Position(latitude=48.21, longitude=16.37)
    shown = render(answer(candidate(1), candidate(2, "b.jpg", far, coarse_rank=1, score=None, retained=False)))
    place = "48.200000, 16.370000", "openstreetmap.org/?mlat=48.20000&mlon=16.37000", "S = 0.900", "third by looks"
    rest = "the sign", "0.80 ━━━━─", "b.jpg", "1,112 m", "1 images described now, 2 read back"
    for text in (*place, *rest):
        assert text in shown


def test_an_unknown_place_is_said_in_words() -> None:
    assert "not a place I know" in render(answer())


def test_notes_and_the_photos_own_position_are_shown() -> None:
    shown = render(answer(candidate(1), notes=("mind this",), query_position=HERE))
    assert "mind this" in shown
    assert "the photo's own, not used" in shown


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_of_strangers_is_shown_as_it_is(payload: str) -> None:
    match = CueMatch(cue=payload, weight=1, matched=payload, cosine=1)
    shown = render(
        answer(candidate(1, payload, matches=(match,)), candidate(2, payload), photo=payload, notes=(payload,)),
        width=200,
    )
    assert not set("\x1b\x07\x9b\u202e") & set(shown)
    assert shown.count(visible(payload)) >= 6


@given(st.text())
def test_visible_text_keeps_nothing_that_steers_a_terminal(text: str) -> None:
    shown = visible(text)
    assert all(
        character in "\n\t" or character.isprintable() or character.isspace() or ord(character) > 0x9F
        for character in shown
    )
    assert not set(shown) & {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x1B, 0x9B, 0x7F)}
    assert safe_text(text).plain == shown


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
    assert position is None or link(position) is None
