"""Which candidates are verified: never more than eight, never more than three of one place, the best looks first."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.tools.records import Candidate, Geometry, Position
from internvl_vpr.tools.verify_candidates import distinct_images, is_enough, worth_verifying


def candidate(rank: int, metres: float | None = None, digest: int | None = None) -> Candidate:
    position = None if metres is None else Position(easting=metres, northing=0.0)
    return Candidate(
        reference=f"{rank}.jpg", path=Path(f"{rank}.jpg"), digest=f"{digest or rank:064x}", position=position,
        coarse_rank=rank, coarse_similarity=0.5,
    )  # fmt: skip


def points(inliers: int) -> Geometry:
    return Geometry(matches=inliers, inliers=inliers)


def ranks(chosen: list[Candidate]) -> list[int]:
    return [one.coarse_rank for one in chosen]


LOOKS = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(0, 99)), st.sampled_from([None, 0.0, 20.0, 40.0, 300.0]), st.booleans()),
    max_size=25,
)


@given(LOOKS)
def test_at_most_eight_and_three_of_a_place(looks: list[tuple[int | None, float | None, bool]]) -> None:
    candidates = [candidate(rank, metres) for rank, (_, metres, _) in enumerate(looks, start=1)]
    quick = {one.digest: points(seen) for one, (seen, _, _) in zip(candidates, looks, strict=True) if seen is not None}
    named = {one.digest for one, (_, _, is_named) in zip(candidates, looks, strict=True) if is_named}
    chosen = worth_verifying(candidates, quick, named)
    assert len(chosen) == len(set(ranks(chosen))) <= 8
    assert all(one.digest in quick for one in chosen)
    for number, one in enumerate(chosen):
        before = [other for other in chosen[:number] if one.position and other.position]
        near = [other for other in before if abs(_east(other) - _east(one)) <= 25]
        assert len(near) <= 2
    unnamed = [quick[one.digest].inliers for one in chosen if one.digest not in named]
    assert unnamed == sorted(unnamed, reverse=True)
    if len(chosen) < 8:  # then each one that is left out has three of its place before it
        for one in candidates:
            if one.digest in quick and one not in chosen:
                assert one.position
                assert sum(1 for other in chosen if other.position and abs(_east(other) - _east(one)) <= 25) >= 3


def _east(one: Candidate) -> float:
    assert one.position
    assert one.position.easting is not None
    return one.position.easting


def test_those_that_words_name_come_first_in_their_order_four_at_most() -> None:
    candidates = [candidate(rank) for rank in range(1, 13)]
    quick = {one.digest: points(one.coarse_rank) for one in candidates}
    named = {one.digest for one in candidates[:6]}
    assert ranks(worth_verifying(candidates, quick, named)) == [1, 2, 3, 4, 12, 11, 10, 9]
    assert ranks(worth_verifying(candidates, quick)) == [12, 11, 10, 9, 8, 7, 6, 5]


def test_equal_looks_keep_the_order() -> None:
    candidates = [candidate(rank) for rank in range(1, 11)]
    assert ranks(worth_verifying(candidates, {one.digest: points(0) for one in candidates})) == list(range(1, 9))


def test_copies_of_an_image_count_once() -> None:
    copies = [candidate(1, digest=7), candidate(2, digest=8), candidate(3, digest=7), candidate(4, digest=9)]
    assert ranks(distinct_images(copies, 2)) == [1, 2]
    assert ranks(distinct_images(copies, 9)) == [1, 2, 4]


def test_it_stops_after_four_where_one_place_is_beyond_doubt() -> None:
    clear = [(candidate(1, 0.0), points(200)), *((candidate(rank, 100.0 * rank), points(9)) for rank in range(2, 6))]
    assert [is_enough(clear[:count]) for count in range(6)] == [False, False, False, False, True, False]
    rival = [*clear[:3], (candidate(4, 400.0), points(190))]
    assert not is_enough(rival)
