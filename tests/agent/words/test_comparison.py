"""Photographs, and two candidates, compared in sentences."""

from answers import FAR, answer, candidate

from internvl_vpr.agent import words
from internvl_vpr.tools.compare_places import compare_candidates, compare_places
from internvl_vpr.tools.records import Cue, CueMatch, Position


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
