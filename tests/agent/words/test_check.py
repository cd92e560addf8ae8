"""What a map found when it checked itself, in words."""

from typing import Any

from internvl_vpr.agent.words.check import tell_check, tell_whole_check
from internvl_vpr.tools.check_map import held_out_tallies, tally
from internvl_vpr.tools.index.calibration import Limits, MapCheck
from internvl_vpr.tools.records import Grade


def made(counts: dict[Grade, tuple[int, int]], **changes: Any) -> MapCheck:
    grades = {**held_out_tallies(()), **{grade: tally(*pair) for grade, pair in counts.items()}}
    fields: dict[str, Any] = {
        "asked": sum(answers for _, answers in counts.values()), "alone": 3, "grades": grades, "limits": Limits(),
        "is_default": False, "photos": 60, "backbone_id": "b", "codebook": "0" * 64, "verifier_id": "v",
        "made": "2026-01-02T03:04:05+00:00", **changes,
    }  # fmt: skip
    return MapCheck(**fields)


def test_a_line_says_how_many_would_have_been_right() -> None:
    assert tell_check(made({"confirmed": (48, 50)})) == (
        "The map checked itself: 48 of 50 answers it would have confirmed were right."
    )
    assert tell_check(made({"confirmed": (1, 1)})).endswith("1 of 1 answer it would have confirmed was right.")


def test_a_line_says_why_it_cannot_be_said() -> None:
    assert "no two of its photos were taken within 25 m" in tell_check(made({}))
    assert "of 7 photos that were asked, none is confirmed" in tell_check(made({"likely": (2, 3), "unknown": (0, 4)}))
    few = tell_check(made({"confirmed": (8, 9)}, is_default=True))
    assert few.startswith("The map checked itself: 8 of 9 answers")
    assert few.endswith("That is too few to set limits by, so the usual ones hold.")


def test_the_whole_names_every_grade_once() -> None:
    counts: dict[Grade, tuple[int, int]] = {
        "confirmed": (48, 50), "likely": (3, 6), "ambiguous": (1, 2), "unknown": (1, 9),
    }  # fmt: skip
    limits = Limits(sure=77)
    told = list(tell_whole_check(made(counts, limits=limits)))
    assert told[1:] == [
        "67 photos were asked where they were taken, each with itself left out.",
        "3 more were not asked: no other photo was taken within 25 m of them.",
        "likely: 3 of 6 right.",
        "ambiguous: 1 of 2 right.",
        "unknown: 9.",
        "Fewer than 32 points that fit count as chance, and 77 can confirm a place, as measured here.",
    ]
