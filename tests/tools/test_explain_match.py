"""What speaks for a candidate, against plain loops over the answer."""

import math

import pytest
from answers import FAR, HERE, answer, answers, candidate
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod
from texture import texture

from internvl_vpr.tools.describers.image_cues import IMAGE_CUE_SCORE, image_cues
from internvl_vpr.tools.describers.sign_text import TextLine, sign_cues
from internvl_vpr.tools.describers.signage import ImageStatistics
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.explain_match import explain_match
from internvl_vpr.tools.records import Answer, Cue, Position


def metres_by_hand(a: Position, b: Position) -> float | None:
    """All drawn positions lie in one UTM zone, in a plane of their own, or have degrees alone."""
    if a.easting is not None and b.easting is not None and a.zone == b.zone:
        return math.hypot(a.easting - b.easting, (a.northing or 0) - (b.northing or 0))
    if a.latitude is None or b.latitude is None:
        return None
    return float(Geod(ellps="WGS84").inv(a.longitude, a.latitude, b.longitude, b.latitude)[2])


@given(drawn=answers())
def test_an_explanation_is_the_answers_own(drawn: Answer) -> None:
    for number, one in enumerate(drawn.candidates, start=1):
        e = explain_match(drawn, number)
        assert (e.rank, e.of, e.reference, e.path) == (number, len(drawn.candidates), one.reference, one.path)
        assert (e.score, e.retained, e.matches) == (one.score, one.retained, one.matches)
        assert (e.tau, e.cues, e.notes) == (drawn.settings["tau"], drawn.cues, drawn.notes)
        if e.score is not None:
            assert math.fsum(match.weight * match.cosine for match in e.matches) == pytest.approx(e.score)


@given(drawn=answers())
def test_the_margin_is_to_the_best_further_than_25_metres_away(drawn: Answer) -> None:
    for one in drawn.candidates:
        best = None
        for other in drawn.candidates:
            if other.score is None or other.position is None or one.position is None:
                continue
            metres = metres_by_hand(one.position, other.position)
            if metres is not None and metres > 25 and (best is None or other.score > best):
                best = other.score
        expected = None if best is None or one.score is None else round(one.score - best, 5)
        assert explain_match(drawn, one.rank).margin == expected


def test_copies_of_one_place_do_not_narrow_the_margin() -> None:
    near = Position(easting=601_010, northing=5_340_000, zone="33U")
    listed = answer(
        candidate(1, score=0.9), candidate(2, "near.jpg", near, score=0.89), candidate(3, "far.jpg", FAR, score=0.6)
    )
    assert explain_match(listed).margin == pytest.approx(0.3)
    assert explain_match(listed, 3).margin == pytest.approx(-0.3)


def test_positions_that_cannot_be_compared_give_no_margin() -> None:
    own = Position(easting=1, northing=2)
    assert explain_match(answer(candidate(1), candidate(2, "b.jpg", own), candidate(3, "c.jpg", None))).margin is None


@pytest.mark.parametrize("rank", [0, 3])
def test_a_rank_that_is_not_listed_is_refused(rank: int) -> None:
    with pytest.raises(UsageError, match="name a rank from 1 to 2"):
        explain_match(answer(candidate(1), candidate(2)), rank)


def test_an_answer_without_candidates_says_how_to_see_some() -> None:
    with pytest.raises(UsageError, match="below_tau"):
        explain_match(answer())


def read(describer: str, *cues: Cue | str) -> tuple[str, ...]:
    """Return what is read in cues, of a photo with one candidate."""
    made = tuple(cue if isinstance(cue, Cue) else Cue(text=cue, score=50, weight=0.5) for cue in cues)
    return explain_match(
        answer(candidate(1), cues=made, settings={"tau": 0.5, "describer_id": describer})
    ).read  # fmt: skip


def test_quoted_text_is_read_each_once() -> None:
    cues = 'a sign that reads "CAFÉ MOZART"', "“Cafe Mozart” in gold, «HOTEL» above", "JOE'S diner with a red door"
    assert read("vlm/1 (InternVL3)", *cues) == ("CAFÉ MOZART", "HOTEL")


def test_a_description_that_quotes_nothing_reads_nothing() -> None:
    assert read("vlm/1 (InternVL3)", "a red brick church", "VELVET TAILOR") == ()


@given(
    words=st.sampled_from(["STOP", "Taxi", "open", "VELVET TAILOR", "42", "Zum Löwen", "exit"]),
    confidence=st.floats(0.7, 1),
    height=st.integers(2, 300),
)
def test_every_sign_of_the_sign_reader_is_read(words: str, confidence: float, height: int) -> None:
    line = TextLine(text=words, confidence=confidence, corners=((0, 0), (900, 0), (900, height), (0, height)))
    (cue,) = sign_cues([line], 1000, IMAGE_CUE_SCORE)
    assert read("signage/1 (RapidOCR)", Cue(text=cue.text, score=cue.score, weight=1)) == (words,)


@pytest.mark.parametrize("seed", range(5))
def test_image_statistics_are_not_signs(seed: int) -> None:
    pytest.importorskip("cv2", reason="needs the extra embedded")
    cues = [Cue(text=cue.text, score=cue.score, weight=0.1) for cue in image_cues(texture(seed))]
    assert len(cues) == 10
    assert read("signage/1 (RapidOCR)", *cues) == ()
    assert read(ImageStatistics().id, *cues) == ()


def test_only_a_candidate_of_the_same_plane_is_a_rival() -> None:
    here, there = Position(easting=0, northing=0), Position(easting=0, northing=26)
    assert explain_match(answer(candidate(1, position=here), candidate(2, "b", there, score=0.1))).margin is not None
    assert explain_match(answer(candidate(1, position=HERE), candidate(2, "b", there, score=0.1))).margin is None
