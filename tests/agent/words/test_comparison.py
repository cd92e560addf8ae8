"""Photographs, and two candidates, compared in sentences."""

from answers import FAR, HERE, answer, candidate

from internvl_vpr.agent import words
from internvl_vpr.tools.compare_places import compare_candidates, compare_places
from internvl_vpr.tools.records import Answer, Cue, CueMatch, Geometry, Grade, Position


def about(photo: str, at: Position | None, grade: Grade = "confirmed", sign: str | None = None) -> Answer:
    cues = (Cue(text=sign, score=9, weight=1),) if sign else ()
    return answer(
        candidate(1, "ref.jpg", at), photo=photo, grade=grade, digest=photo[0] * 64, cues=cues,
        status="unknown" if grade == "unknown" else "located", settings={"tau": 0.5, "describer_id": "signage/1"},
    )  # fmt: skip


def test_a_comparison_tells_groups_with_their_reasons_and_what_cannot_be_said() -> None:
    located = [
        about("a.jpg", HERE),
        about("b.jpg", HERE),
        about("c.jpg", None, "unknown"),
        about("d.jpg", FAR),
        about("e.jpg", FAR, "likely"),
    ]
    told = words.tell_comparison(compare_places(located, {(2, 4): Geometry(matches=90, inliers=80)})).splitlines()
    assert told == [
        "5 photos were compared:",
        '1. "a.jpg": confirmed at 48.200000, 16.370000 (reference "ref.jpg").',
        '2. "b.jpg": confirmed at 48.200000, 16.370000 (reference "ref.jpg").',
        '3. "c.jpg" does not show a place I know.',
        '4. "d.jpg": confirmed at 48.210000, 16.370000 (reference "ref.jpg").',
        '5. "e.jpg": likely at 48.210000, 16.370000 (reference "ref.jpg").',
        "Taken at the same place: 1 and 2, 0 m apart, as confirmed answers lie near each other.",
        "Taken at the same place: 3 and 5, as 80 points of one fit the other.",
        "Taken at different places: 1 and 4; 2 and 4, as confirmed answers lie apart.",
        "I cannot tell whether these show one place: 1 and 3; 1 and 5; 2 and 3; 2 and 5; 3 and 4; 4 and 5, "
        "as neither points nor a sign nor two confirmed answers decide it.",
        "Apart: 1 and 2: 0 m; 1 and 4: 1,112 m; 2 and 4: 1,112 m.",
    ]


def test_a_shared_sign_is_quoted_and_a_group_has_a_reason_for_each_kind() -> None:
    two = [about("a.jpg", None, "unknown", "CAFE AMBER"), about("b.jpg", None, "unknown", "Café Amber")]
    told = words.tell_comparison(compare_places(two))
    assert 'Taken at the same place: 1 and 2, as the sign "CAFE AMBER" is read in both.' in told
    three = compare_places([*two, about("c.jpg", None, "unknown")], {(1, 2): Geometry(matches=90, inliers=80)})
    assert (
        "Taken at the same place: 1, 2 and 3, as the same sign is read in them and their points fit each other."
    ) in words.tell_comparison(three)


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
