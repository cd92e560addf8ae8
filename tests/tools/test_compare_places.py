"""Which photos are of one place, and how two candidates differ, against plain loops."""

import json
import math
from itertools import combinations
from typing import Any, get_args

import pytest
from answers import FAR, HERE, answer, answers, candidate
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.tools.compare_places import PlaceComparison, compare_candidates, compare_places
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.index.calibration import Limits
from internvl_vpr.tools.photo.position import distance
from internvl_vpr.tools.records import Answer, Cue, CueMatch, Geometry, Grade, Position

LIMITS = Limits(chance=20, sure=60)


GRADES = st.sampled_from(get_args(Grade))
SIGNAGE = "signage/1"


def shown(text: str | None, position: Position | None, grade: Grade, digest: str) -> Answer:
    """Return an answer at a position about a photo on which a sign was read, if any."""
    cues = (Cue(text=text, score=9, weight=1),) if text else ()
    settings: dict[str, Any] = {"tau": 0.5, "describer_id": SIGNAGE}
    status = "unknown" if grade == "unknown" else "located"
    return answer(
        candidate(1, "a.jpg", position), cues=cues, settings=settings, grade=grade, digest=digest, status=status
    )


drawn_answers = st.builds(
    shown,
    st.sampled_from([None, "CAFE AMBER", "Café Amber", "BAR", "MUSEUM OF ART"]),
    st.sampled_from([HERE, FAR, None]) | st.integers(0, 60).map(lambda east: Position(easting=east, northing=0)),
    GRADES,
    st.sampled_from(["a" * 64, "b" * 64, "c" * 64, "d" * 64]),
)


def judged_by_hand(one: Answer, other: Answer, inliers: int | None) -> tuple[bool | None, str | None]:
    """Say what speaks for one place and what for two, and weigh them."""
    if one.digest == other.digest:
        return True, "same file"
    metres = None
    if one.grade == other.grade == "confirmed" and one.position and other.position:
        metres = distance(one.position, other.position)
    signs = [
        "".join(filter(str.isalpha, cue.text.lower().replace("é", "e"))) for found in (one, other) for cue in found.cues
    ]
    reasons = [
        "geometry" if (inliers or 0) >= LIMITS.sure else None,
        "sign" if len(signs) == 2 and signs[0] == signs[1] and len(signs[0]) >= 8 else None,
    ]
    reason = next(filter(None, reasons), None)
    if reason is None:
        return (None, None) if metres is None else (metres <= 25, "confirmed answers")
    return (None, None) if metres is not None and metres > 25 else (True, reason)


@given(drawn=st.lists(drawn_answers, max_size=6), draw=st.data())
def test_pairs_and_groups_are_those_of_a_plain_walk(drawn: list[Answer], draw: st.DataObject) -> None:
    numbers = list(combinations(range(len(drawn)), 2))
    counts = draw.draw(st.fixed_dictionaries({}, optional={pair: st.integers(0, 120) for pair in numbers}))
    geometry = {pair: Geometry(matches=200, inliers=count) for pair, count in counts.items()}
    found = compare_places(drawn, geometry, LIMITS)
    assert [(pair.first, pair.second) for pair in found.pairs] == numbers
    linked: set[tuple[int, int]] = set()
    for pair in found.pairs:
        i, j = pair.first, pair.second
        assert (pair.same, pair.decided_by) == judged_by_hand(drawn[i], drawn[j], counts.get((i, j)))
        assert pair.geometry == geometry.get((i, j))
        linked |= {(i, j), (j, i)} if pair.same else set()
    groups = set()
    for start in range(len(drawn)):
        reached, frontier = {start}, [start]
        while frontier:
            here = frontier.pop()
            new = {there for there in range(len(drawn)) if (here, there) in linked} - reached
            reached |= new
            frontier += new
        groups.add(tuple(sorted(reached)))
    assert list(found.groups) == sorted(group for group in groups if len(group) > 1)
    assert [photo.grade for photo in found.photos] == [one.grade for one in drawn]


def test_two_cities_that_are_most_like_one_photo_are_not_one_place() -> None:
    """Both are not in the map, and the nearest by looks is the same photo of it."""
    city = shown(None, HERE, "unknown", "a" * 64)
    other = shown(None, HERE, "unknown", "b" * 64)
    (pair,) = compare_places([city, other], {(0, 1): Geometry(matches=40, inliers=12)}, LIMITS).pairs
    assert (pair.same, pair.decided_by, pair.metres) == (None, None, None)


@pytest.mark.parametrize(("metres", "same"), [(25, True), (26, False)])
def test_the_radius_is_inclusive(metres: int, same: bool) -> None:
    two = [shown(None, Position(easting=east, northing=0), "confirmed", digest * 64)
           for east, digest in ((0, "a"), (metres, "b"))]  # fmt: skip
    (pair,) = compare_places(two).pairs
    assert (pair.same, pair.decided_by) == (same, "confirmed answers")


def test_points_that_fit_against_answers_that_lie_apart_decide_nothing() -> None:
    two = [shown("CAFE AMBER", at, "confirmed", digest * 64) for at, digest in ((HERE, "a"), (FAR, "b"))]
    (pair,) = compare_places(two, {(0, 1): Geometry(matches=400, inliers=300)}).pairs
    assert (pair.same, pair.decided_by, pair.sign) == (None, None, "CAFE AMBER")


def test_a_comparison_of_an_earlier_version_is_read() -> None:
    kept = {
        "photos": [{"photo": "a.jpg", "status": "located", "decided_by": "cues", "reference": "b", "position": None}],
        "pairs": [{"first": 0, "second": 1, "metres": None, "same": True}],
        "groups": [[0, 1]],
        "radius": 25,
    }
    read = PlaceComparison.model_validate_json(json.dumps(kept))
    assert (read.photos[0].grade, read.pairs[0].decided_by) == (None, None)


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
