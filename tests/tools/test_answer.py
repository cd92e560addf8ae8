"""An answer's place comes from a photo that has a position, and the photos that have none are named."""

from itertools import count

from answers import HERE, composed
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.tools.records import Answer, Candidate, Cue, CueMatch, Position, Score

CUES = (Cue(text="sign", score=1, weight=1),)


def asked(*candidates: tuple[str, Position | None, float | None], tau: float = 0.5) -> Answer:
    """Compose the answer for candidates in their coarse order: reference, position, S."""
    found, scores = [], []
    for rank, (reference, position, score) in enumerate(candidates, start=1):
        found.append(
            Candidate(
                reference=reference, path=reference, digest=f"{rank:064x}", position=position, coarse_rank=rank,
                coarse_similarity=1 - rank / 100,
            )
        )  # fmt: skip
        matches = () if score is None else (CueMatch(cue="sign", weight=1, matched="x", cosine=score),)
        scores.append(Score(reference=reference, score=score, matches=matches))
    return composed(found, scores, CUES, tau=tau)


def test_the_place_comes_from_the_best_photo_that_has_one() -> None:
    answer = asked(("IMG_7.jpg", None, 0.9), ("a.jpg", None, 0.8), ("b.jpg", HERE, 0.7), ("c.jpg", HERE, 0.1))
    assert (answer.reference, answer.position, answer.decided_by) == ("b.jpg", HERE, "cues")
    assert [one.reference for one in answer.candidates] == ["b.jpg", "c.jpg", "IMG_7.jpg", "a.jpg"]
    assert (
        'Most like "IMG_7.jpg", "a.jpg", which have no position; the place is that of the best photo that has one.'
    ) in answer.notes


def test_where_no_photo_with_a_position_is_supported_that_is_said() -> None:
    answer = asked(("IMG_7.jpg", None, 0.9), ("b.jpg", HERE, 0.2))
    assert answer.grade == "unknown"
    assert (
        'Most like "IMG_7.jpg", which has no position; no photo with a position is enough like it to say where that is.'
    ) in answer.notes


def test_many_photos_without_a_position_are_not_all_named() -> None:
    answer = asked(*((f"{number}.jpg", None, 0.9) for number in range(5)), ("b.jpg", HERE, 0.8))
    assert any(note.startswith('Most like "0.jpg", "1.jpg", "2.jpg" and 2 more, which have') for note in answer.notes)


def test_a_map_without_any_position_keeps_its_order_and_says_so() -> None:
    answer = asked(("a.jpg", None, 0.6), ("b.jpg", None, 0.9))
    assert ([one.reference for one in answer.candidates], answer.position) == (["b.jpg", "a.jpg"], None)
    assert "No photo that it is compared with has a position." in answer.notes


def test_a_map_that_holds_nothing_else_says_so() -> None:
    answer = asked()
    assert (answer.status, answer.reference) == ("unknown", None)
    assert "The map holds no other photo." in answer.notes


@given(
    drawn=st.lists(st.tuples(st.sampled_from([HERE, None]), st.none() | st.sampled_from([0.1, 0.6, 0.9])), max_size=8)
)
def test_only_photos_without_a_position_change_their_place(drawn: list[tuple[Position | None, float | None]]) -> None:
    names = (f"{number}.jpg" for number in count())
    candidates = [(next(names), position, score) for position, score in drawn]
    answer = asked(*candidates)
    placed = [one for one in candidates if one[1] is not None]
    alone = [one.reference for one in asked(*placed).candidates]
    assert [one.reference for one in answer.candidates][: len(placed)] == alone
    assert [one.rank for one in answer.candidates] == list(range(1, len(candidates) + 1))
    if placed:
        assert answer.position == HERE
