"""Orders and grades of lists that are made up, against what the evidence says when it is read by eye."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.tools.grade import is_beyond_doubt, judge_answer, order_by_evidence, supports
from internvl_vpr.tools.index.calibration import Limits
from internvl_vpr.tools.records import Candidate, Geometry, Position, RankedCandidate

LIMITS = Limits(chance=30, sure=60, near=0.6, rival=0.8)
METRE = 1 / 111_195  # degrees of latitude


def candidate(rank: int, metres: float | None, inliers: int | None, **more: Any) -> RankedCandidate:
    """A candidate so many metres north of a corner, with so many inliers."""
    fields = {
        "reference": f"{rank}.jpg", "path": f"{rank}.jpg", "digest": f"{rank:064x}", "coarse_rank": rank, "rank": rank,
        "coarse_similarity": 1 - rank / 100, "score": None, "retained": False, "matches": (),
        "position": None if metres is None else Position(latitude=50 + metres * METRE, longitude=10.0),
        "geometry": None if inliers is None else Geometry(matches=2 * inliers, inliers=inliers),
    }  # fmt: skip
    return RankedCandidate.model_validate({**fields, **more})


def graded(*candidates: RankedCandidate, named: tuple[int, ...] = ()) -> tuple[str, list[str]]:
    found = judge_answer([one.model_copy(update={"named": one.rank in named}) for one in candidates], LIMITS)
    return found.grade, [one.reference for one in found.alternatives]


@pytest.mark.parametrize(
    ("first", "other", "grade"),
    [
        (200, 20, "confirmed"),
        (60, 29, "confirmed"),
        (59, 29, "likely"),
        (100, 60, "likely"),  # another place comes near
        (100, 59, "confirmed"),
        (100, 80, "ambiguous"),
        (100, 79, "likely"),
        (30, 0, "likely"),
        (29, 0, "unknown"),
        (None, None, "unknown"),
    ],
)
def test_geometry_alone(first: int | None, other: int | None, grade: str) -> None:
    found, alternatives = graded(candidate(1, 0, first), candidate(2, 500, other))
    assert found == grade
    assert alternatives == (["2.jpg"] if grade == "ambiguous" else [])


def test_photos_of_one_place_are_no_rivals() -> None:
    assert graded(candidate(1, 0, 100), candidate(2, 20, 99), candidate(3, 500, 10)) == ("confirmed", [])


def test_a_street_that_is_seen_from_further_on_is_the_same_place_link_by_link() -> None:
    linked = [candidate(1, 0, 150), candidate(2, 20, 110), candidate(3, 40, 149)]
    assert graded(*linked) == ("confirmed", [])
    unlinked = [candidate(1, 0, 150), candidate(2, 20, 40), candidate(3, 40, 149)]
    assert graded(*unlinked) == ("ambiguous", ["3.jpg"])


def test_a_sign_decides_between_places_that_look_alike() -> None:
    alike = [candidate(1, 0, 300, retained=True, score=0.99), candidate(2, 80, 310)]
    assert graded(*alike, named=(1,)) == ("confirmed", [])
    assert graded(*alike) == ("ambiguous", ["2.jpg"])


def test_a_sign_that_two_places_have_decides_nothing_between_them() -> None:
    chain = [candidate(1, 0, 100, retained=True, score=0.99), candidate(2, 900, 90, retained=True, score=0.99)]
    assert graded(*chain, named=(1, 2)) == ("ambiguous", ["2.jpg"])
    apart = [candidate(1, 0, 100, retained=True, score=0.99), candidate(2, 900, 10, retained=True, score=0.99)]
    assert graded(*apart, named=(1, 2)) == ("confirmed", [])


def test_a_sign_without_geometry_is_likely_and_against_geometry_ambiguous() -> None:
    assert graded(candidate(1, 0, 5), candidate(2, 900, 20), named=(1,)) == ("likely", [])
    assert graded(candidate(1, 0, 5), candidate(2, 900, 200), named=(1,)) == ("ambiguous", ["2.jpg"])


def test_geometry_that_leads_where_a_sign_names_another_place_is_ambiguous() -> None:
    for inliers in (None, 40):  # not verified, or seen by geometry, too
        assert graded(candidate(1, 0, 200), candidate(2, 900, inliers), named=(2,)) == ("ambiguous", ["2.jpg"])
    assert graded(candidate(1, 0, 200), candidate(2, 900, 5), named=(2,)) == ("confirmed", [])  # another such sign


def test_an_empty_list_is_unknown() -> None:
    assert judge_answer([], LIMITS).grade == "unknown"


def test_signs_come_before_geometry_and_geometry_before_words_and_looks() -> None:
    given_order = [
        candidate(1, 0, 10, retained=True, score=0.99),
        candidate(2, 100, 300),
        candidate(3, 200, 40, named=True, retained=True, score=0.985),
        candidate(4, 300, 400),
        candidate(5, 400, 31, named=True, retained=True, score=0.98),
        candidate(6, 500, 60, named=True),
        candidate(7, 600, None),
    ]
    ordered = order_by_evidence(given_order)
    assert [one.reference for one in ordered] == [f"{number}.jpg" for number in (3, 6, 4, 2, 1, 5, 7)]
    assert [one.rank for one in ordered] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("ours", "theirs", "first"), [(0.95, 0.64, "1.jpg"), (0.95, 0.66, "2.jpg"), (None, 0.1, "2.jpg")]
)
def test_between_look_alikes_words_decide(ours: float | None, theirs: float, first: str) -> None:
    """255 of 300 inliers are 0.15 less than all: 0.3 of S more makes up for it."""
    alike = [candidate(1, 0, 255, score=ours), candidate(2, 900, 300, score=theirs)]
    assert next(one.reference for one in order_by_evidence(alike)) == first


@given(st.lists(st.tuples(st.none() | st.integers(0, 400), st.none() | st.floats(-1, 1), st.booleans()), max_size=12))
def test_the_order_is_that_of_a_plain_computation(drawn: list[Any]) -> None:
    found = [
        candidate(rank, None, inliers, score=score, named=named)
        for rank, (inliers, score, named) in enumerate(drawn, start=1)
    ]
    counted = [one for one in found if one.geometry and one.geometry.inliers >= 32]
    expected: list[RankedCandidate] = []
    for named in (True, False):
        kind = [one for one in counted if one.named == named]
        most = max((one.geometry.inliers for one in kind if one.geometry), default=1)
        worth = {
            one.rank: (one.geometry.inliers if one.geometry else 0) / most + 0.5 * (one.score or 0) for one in kind
        }
        expected += sorted(kind, key=lambda one: (-worth[one.rank], one.rank))
    expected += [one for one in found if one not in counted]
    assert [one.reference for one in order_by_evidence(found)] == [one.reference for one in expected]


def test_what_put_a_candidate_first() -> None:
    def decided_by(one: RankedCandidate) -> str | None:
        return judge_answer([one], LIMITS).decided_by

    assert decided_by(candidate(1, 0, 200, named=True, retained=True, score=0.99)) == "cues"
    assert decided_by(candidate(1, 0, 200, retained=True, score=0.99)) == "geometry"
    assert decided_by(candidate(1, 0, 9, retained=True, score=0.99)) == "cues"
    assert decided_by(candidate(1, 0, 9)) == "coarse order"


def test_both_looks_count_together_in_the_order_but_not_in_the_grade() -> None:
    def with_quick(one: RankedCandidate, quick: int) -> RankedCandidate:
        assert one.geometry
        return one.model_copy(update={"geometry": one.geometry.model_copy(update={"quick": quick})})

    looked = [with_quick(candidate(1, 0, 148), 112), with_quick(candidate(2, 100, 147), 116)]
    ordered = order_by_evidence(looked)
    assert [one.reference for one in ordered] == ["2.jpg", "1.jpg"]
    chance = [with_quick(candidate(1, 0, 31), 400), with_quick(candidate(2, 100, 32), 0)]
    assert [one.reference for one in order_by_evidence(chance)] == ["2.jpg", "1.jpg"]
    assert judge_answer(chance[:1], Limits()).grade == "unknown"


places = st.lists(
    st.tuples(st.none() | st.floats(0, 300), st.none() | st.integers(0, 400), st.booleans()), min_size=1, max_size=12
)


@given(places)
def test_supports_hold_every_candidate_once_and_the_first_place_first(drawn: list[Any]) -> None:
    candidates = [candidate(i, metres, inliers) for i, (metres, inliers, _) in enumerate(drawn, start=1)]
    found = supports(candidates, LIMITS)
    assert sorted(i for place in found for i in place.members) == list(range(len(candidates)))
    assert 0 in found[0].members
    for place in found:
        known = [candidates[i].geometry for i in place.members]
        assert place.inliers == max(one.inliers if one else 0 for one in known)


@given(places)
def test_a_grade_says_no_more_than_the_evidence(drawn: list[Any]) -> None:
    candidates = [candidate(i, metres, inliers, named=sign) for i, (metres, inliers, sign) in enumerate(drawn, start=1)]
    named = [sign for *_, sign in drawn]
    found = judge_answer(candidates, LIMITS)
    most = max(inliers or 0 for _, inliers, _ in drawn)
    if most < LIMITS.chance:
        assert found.grade != "confirmed"
        assert any(named) or found.grade == "unknown"
    assert (found.grade == "ambiguous") == bool(found.alternatives)
    assert len({one.rank for one in found.alternatives}) == len(found.alternatives)


def test_beyond_doubt_needs_many_inliers_and_nothing_near() -> None:
    def pair(metres: float, inliers: int) -> tuple[Candidate, Geometry]:
        one = candidate(1, metres, inliers)
        assert one.geometry is not None
        return one, one.geometry

    assert not is_beyond_doubt([])
    assert is_beyond_doubt([pair(0, 60), pair(500, 35)])
    assert not is_beyond_doubt([pair(0, 59)])
    assert not is_beyond_doubt([pair(0, 60), pair(500, 36)])
    assert is_beyond_doubt([pair(0, 60), pair(20, 59)])
