"""How sure an answer is, in words."""

from pathlib import Path

from answers import FAR, HERE, answer, calibration, candidate, composed

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


def test_the_promise_of_a_calibrated_tau_is_told_once() -> None:
    promised = scored(0.9, 0.5, calibrated=True)
    for told in (words.tell_answer(promised), words.tell_explanation(explain_match(promised), "certainty")):
        assert told.count("are right at least 95 times in 100") == 1
        assert "Promise: Answers with S > 0.5" in told
    held_back = scored(0.4, 0.5, calibrated=True)
    assert "Promise: none, as S is not above τ." in words.tell_answer(held_back)


def test_a_tau_that_retains_everything_is_called_so() -> None:
    told = words.tell_answer(scored(0.1, -1, calibrated=False))
    assert "above τ = -1, as every score is" in told
    assert "the answer cannot abstain" in told


def test_certainty_names_what_would_make_it_wrong() -> None:
    told = words.tell_explanation(explain_match(answer(candidate(1), candidate(2, "b.jpg", FAR))), "certainty")
    assert "It is wrong if the place is not on the map" in told
    assert 'another place has the cue "sign" too' in told
    assert "a place further away is the right one, as its score is no lower" in told
    by_looks = words.tell_explanation(explain_match(answer(candidate(1, score=0.1, retained=False))), "certainty")
    assert "another place just looks alike" in by_looks
