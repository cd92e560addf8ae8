"""Why a candidate matches, and what was read on signs."""

import re

import pytest
from answers import answer, answers, candidate, skeleton
from hypothesis import given

from internvl_vpr.agent import words
from internvl_vpr.tools.explain_match import explain_match
from internvl_vpr.tools.records import Answer, Cue, CueMatch


@given(drawn=answers())
def test_the_products_that_are_told_add_up_to_s(drawn: Answer) -> None:
    for one in drawn.candidates:
        told = skeleton(words.tell_explanation(explain_match(drawn, one.rank), "match"))
        products = [float(number) for number in re.findall(r"product (-?[\d.]+)\.$", told, re.MULTILINE)]
        assert len(products) == len(one.matches)
        if one.score is not None:
            assert sum(products) == pytest.approx(one.score, abs=0.0005 * len(products) + 1e-9)
            assert f"add up to S = {one.score:.3f}" in told


def test_what_was_read_is_told_with_what_it_matches() -> None:
    cue = 'a sign that reads "MOTEL"'
    match = CueMatch(cue=cue, weight=1, matched='neon sign "MOTEL"', cosine=0.95)
    listed = answer(candidate(1, matches=(match,)), cues=(Cue(text=cue, score=1, weight=1),))
    told = words.tell_explanation(explain_match(listed), "text")
    assert "1 text was read" in told
    assert '1. "MOTEL"; candidate 1 has "neon sign \\"MOTEL\\"" for it, cosine 0.950.' in told


def test_that_nothing_was_read_is_told() -> None:
    told = words.tell_explanation(explain_match(answer(candidate(1))), "text")
    assert "No text on signs" in told
    assert '"sign", weight 1.000' in told
