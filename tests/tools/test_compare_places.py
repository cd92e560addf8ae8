"""Which photos are of one place, and how two candidates differ, against plain loops."""

import math
from pathlib import Path

import pytest
from answers import FAR, HERE, answer, answers, candidate
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.tools.compare_places import compare_candidates, compare_places
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.photo.position import distance
from internvl_vpr.tools.records import Answer, CueMatch, Position


def groups_by_hand(located: list[Answer], radius: float) -> set[frozenset[int]]:
    """Walk from photo to photo, each within the radius of the last or of the same file, until nothing is new."""
    groups = set()
    for start in range(len(located)):
        reached, frontier = {start}, [start]
        while frontier:
            here = located[frontier.pop()]
            for number, there in enumerate(located):
                if number not in reached and are_linked(here, there, radius):
                    reached.add(number)
                    frontier.append(number)
        groups.add(frozenset(reached))
    return {group for group in groups if len(group) > 1}


def are_linked(a: Answer, b: Answer, radius: float) -> bool:
    if a.status == "unknown" or b.status == "unknown":
        return False
    if a.reference == b.reference and a.candidates[0].path == b.candidates[0].path:
        return True
    metres = distance(a.position, b.position) if a.position and b.position else None
    return metres is not None and metres <= radius


@given(drawn=st.lists(answers(st.sampled_from("ab"), most=2), max_size=7), radius=st.sampled_from([0.0, 5.0, 25.0]))
def test_groups_and_pairs_are_those_of_a_plain_walk(drawn: list[Answer], radius: float) -> None:
    found = compare_places(drawn, radius)
    assert {frozenset(group) for group in found.groups} == groups_by_hand(drawn, radius)
    assert list(found.groups) == sorted(tuple(sorted(group)) for group in found.groups)
    assert len(found.pairs) == math.comb(len(drawn), 2)
    for pair in found.pairs:
        one, other = drawn[pair.first], drawn[pair.second]
        assert pair.first < pair.second
        unknown = "unknown" in (one.status, other.status)
        known = distance(one.position, other.position) if one.position and other.position and not unknown else None
        assert pair.metres == known
        linked = are_linked(one, other, radius)
        assert pair.same is (True if linked else None if known is None else False)
    assert [photo.status for photo in found.photos] == [one.status for one in drawn]


def at(position: Position | None, reference: str = "a.jpg", **changes: object) -> Answer:
    return answer(candidate(1, reference, position, **changes))


def test_photos_are_linked_through_others() -> None:
    line = [at(Position(easting=20 * step, northing=0), f"{step}.jpg") for step in (0, 2, 1)]
    found = compare_places(line)
    assert found.groups == ((0, 1, 2),)
    assert [pair.same for pair in found.pairs] == [False, True, True]


def test_the_radius_is_inclusive() -> None:
    two = [at(Position(easting=east, northing=0), f"{east}.jpg") for east in (0, 25)]
    assert compare_places(two).groups == ((0, 1),)
    assert compare_places(two, radius=24.9).groups == ()


def test_one_reference_is_one_place_even_without_a_position() -> None:
    (pair,) = compare_places([at(None), at(None)]).pairs
    assert (pair.same, pair.metres) == (True, None)


def test_one_name_in_two_folders_is_not_one_place() -> None:
    found = compare_places([at(HERE, path=Path("/a/1.jpg")), at(FAR, path=Path("/b/1.jpg"))])
    assert found.groups == ()
    (pair,) = compare_places([at(None, path=Path("/a/1.jpg")), at(None, path=Path("/b/1.jpg"))]).pairs
    assert pair.same is None


def test_unknown_places_are_never_grouped() -> None:
    found = compare_places([answer(), answer(), at(HERE)])
    assert found.groups == ()
    assert {pair.same for pair in found.pairs} == {None}


@given(drawn=answers(), first=st.integers(1, 6), second=st.integers(1, 6))
def test_what_cues_give_adds_up_to_the_difference_of_s(drawn: Answer, first: int, second: int) -> None:
    if first == second or max(first, second) > len(drawn.candidates):
        with pytest.raises(UsageError):
            compare_candidates(drawn, first, second)
        return
    two = compare_candidates(drawn, first, second)
    assert (two.first.rank, two.second.rank) == (first, second)
    assert [cue.cue for cue in two.cues] == [cue.text for cue in drawn.cues]
    for which, cosines in ((two.first, [cue.first_cosine for cue in two.cues]),
                           (two.second, [cue.second_cosine for cue in two.cues])):  # fmt: skip
        if which.score is None:
            assert set(cosines) <= {None}
        else:
            weighted = (cue.weight * (cosine or 0.0) for cue, cosine in zip(two.cues, cosines, strict=True))
            assert math.fsum(weighted) == pytest.approx(which.score)


def test_a_cue_that_stands_twice_is_compared_twice() -> None:
    matches = tuple(CueMatch(cue="wall", weight=0.5, matched=text, cosine=0.5) for text in ("a", "b"))
    base = answer(candidate(1, matches=matches), candidate(2, matches=matches[::-1]))
    two = compare_candidates(base.model_copy(update={"cues": base.cues * 2}), 1, 2)
    assert [(cue.first, cue.second) for cue in two.cues] == [("a", "b"), ("b", "a")]
