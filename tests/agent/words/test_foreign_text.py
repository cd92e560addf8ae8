"""Sentences about every kind of record, which text of strangers cannot bend."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from answers import PAYLOADS, STEERING, answer, answers, skeleton
from hypothesis import given, settings
from hypothesis import strategies as st

from internvl_vpr.agent import words
from internvl_vpr.tools.compare_places import compare_candidates, compare_places
from internvl_vpr.tools.explain_match import About, explain_match
from internvl_vpr.tools.records import Answer


def all_told(drawn: Answer, abouts: tuple[About, ...] = get_args(About)) -> Iterator[str]:
    """Everything that is told about an answer."""
    yield words.tell_answer(drawn)
    yield words.tell_candidates(drawn)
    yield words.tell_comparison(compare_places([drawn, drawn, answer()]))
    for one in drawn.candidates:
        yield words.tell_candidate(drawn, one.rank)
        yield from (words.tell_explanation(explain_match(drawn, one.rank), about) for about in abouts)
    if len(drawn.candidates) > 1:
        yield words.tell_candidates_compared(compare_candidates(drawn, 1, 2))


@given(drawn=answers())
def test_text_of_strangers_steers_nothing_and_adds_no_line(drawn: Answer) -> None:
    for told in all_told(drawn):
        assert not STEERING & set(told)
        assert '"' not in skeleton(told)
        for line in told.split("\n"):
            assert line.strip()
            assert re.match(r"\d+\. |\d+ (photos|candidates?) |[A-Z]", line)


@settings(max_examples=40)
@given(drawn=answers(), payload=st.sampled_from(PAYLOADS))
def test_what_strangers_wrote_changes_nothing_outside_its_quotation_marks(drawn: Answer, payload: str) -> None:
    def renamed(text: str) -> Answer:
        matches = [
            tuple(match.model_copy(update={"cue": text, "matched": text}) for match in one.matches)
            for one in drawn.candidates
        ]
        candidates = tuple(
            one.model_copy(update={"reference": text, "path": Path(text), "matches": matched})
            for one, matched in zip(drawn.candidates, matches, strict=True)
        )
        cues = tuple(cue.model_copy(update={"text": text}) for cue in drawn.cues)
        changes = {"photo": Path(text), "candidates": candidates, "cues": cues}
        return drawn.model_copy(update={**changes, "reference": drawn.reference and text})

    # What is told of signs depends on the quotation marks in a cue, as it should.
    texts = ("plain", payload.replace("/", ""))
    plain, hostile = (list(all_told(renamed(text), ("match",))) for text in texts)
    assert [skeleton(told) for told in plain] == [skeleton(told) for told in hostile]
