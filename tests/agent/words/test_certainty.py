"""How sure an answer is, in words."""

from pathlib import Path

from answers import FAR, HERE, PROBABILITY, answer, calibration, candidate, composed, graded

from internvl_vpr.agent import words
from internvl_vpr.tools.explain_match import explain_match
from internvl_vpr.tools.records import Answer, Candidate, Cue, CueMatch, Score


def scored(score: float, given_tau: float, *, calibrated: bool) -> Answer:
    """Compose an answer with one candidate whose S is as given."""
    one = Candidate(
        reference="a.jpg", path=Path("a.jpg"), digest="0" * 64, position=HERE, coarse_rank=1, coarse_similarity=0.5
    )
    match = CueMatch(cue="a", weight=1, matched="b", cosine=score)
    return composed(
        [one],
        [Score(reference="a.jpg", score=score, matches=(match,))],
        (Cue(text="a", score=1, weight=1),),
        tau=given_tau,
        given=calibration(given_tau) if calibrated else None,
    )


def test_what_tau_was_calibrated_to_is_told_where_somebody_asks_why() -> None:
    promised = scored(0.9, 0.5, calibrated=True)
    assert "times in 100" not in words.tell_answer(promised)
    told = words.tell_explanation(explain_match(promised), "match")
    assert told.count("are right at least 95 times in 100") == 1
    assert "Calibration of τ: Answers with S > 0.5" in told
    held_back = words.tell_explanation(explain_match(scored(0.4, 0.5, calibrated=True)), "match")
    assert "Calibration of τ: none, as S is not above τ." in held_back


def test_a_stale_check_is_told_where_somebody_asks_why_and_not_before() -> None:
    stale = (
        "The map has changed since it checked itself (200 photos then, 300 now): internvl-vpr calibrate does it again."
    )
    found = graded("confirmed", notes=(stale,))
    assert f"Note: {stale}" in words.tell_explanation(explain_match(found), "match")
    assert f"Note: {stale}" in words.tell_explanation(explain_match(found), "certainty")
    assert "checked itself" not in words.tell_answer(found)
    missing = "The map has not checked itself, so nobody has counted how often its answers are right: do it."
    assert "checked itself" not in words.tell_answer(graded("likely", notes=(missing,)))
    other = "The map checked itself with another codebook or other models: do it again."
    assert "checked itself" not in words.tell_answer(graded("likely", notes=(other,)))


def test_a_tau_that_retains_everything_is_called_so() -> None:
    told = words.tell_explanation(explain_match(scored(0.1, -1, calibrated=False)), "certainty")
    assert "above τ = -1, as every score is" in told
    assert "the answer cannot abstain" in told


def test_certainty_says_what_the_grade_means_and_how_often_that_is_right() -> None:
    told = words.tell_explanation(explain_match(graded("confirmed", probability=PROBABILITY)), "certainty")
    assert "The answer is confirmed: geometry or a sign confirms this place" in told
    assert "48 of 50 such answers on your own map were right; with 95 % confidence, from 86 to 100 in 100 are." in told
    assert "Geometry: 254 of 400 matched points fit one camera movement." in told
    assert "another place is built the same" in told
    second = words.tell_explanation(explain_match(graded("confirmed", probability=PROBABILITY), 2), "certainty")
    assert "of 50" not in second
    assert "The answer is" not in second


def test_certainty_names_what_would_make_it_wrong() -> None:
    told = words.tell_explanation(explain_match(answer(candidate(1), candidate(2, "b.jpg", FAR))), "certainty")
    assert "It is wrong if the place is not on the map" in told
    assert 'another place has the cue "sign" too' in told
    assert "a place further away is the right one, as its score is no lower" in told
    by_looks = words.tell_explanation(explain_match(answer(candidate(1, score=0.1, retained=False))), "certainty")
    assert "another place just looks alike" in by_looks
