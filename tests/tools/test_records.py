"""Records of earlier versions still read, and counts that cannot be are refused."""

import json

import answers
import pytest
from pydantic import ValidationError

from internvl_vpr.agent.localizer.state import record_serializer
from internvl_vpr.evals.runs.records import Result
from internvl_vpr.tools.records import Alternative, Answer, Geometry, Probability

# An answer as it was stored before answers had grades, to the byte.
_STORED = (
    '{"status":"located","decided_by":"cues","photo":"night.jpg","digest":"'
    + 64 * "1"
    + '","reference":"a.jpg","position":{"latitude":48.2,"longitude":16.37,"easting":601000.0,"northing":5340000.0,'
    '"zone":"33U"},"query_position":null,"cues":[],"candidates":[{"reference":"a.jpg","path":"a.jpg","digest":"'
    + 64
    * "0"
    + '","position":{"latitude":48.2,"longitude":16.37,"easting":601000.0,"northing":5340000.0,"zone":"33U"},'
    '"coarse_rank":2,"coarse_similarity":0.5,"rank":1,"score":0.72,"retained":true,"matches":[{"cue":"sign",'
    '"weight":0.8,"matched":"the sign","cosine":0.9}]},{"reference":"b.jpg","path":"b.jpg","digest":"'
    + 64
    * "0"
    + '","position":null,"coarse_rank":1,"coarse_similarity":0.5,"rank":2,"score":null,"retained":false,'
    '"matches":[]}],"notes":[],"settings":{"tau":0.5,"preset":"embedded"},"steps":{"made":1,"recorded":2,"failed":0,'
    '"attempts":0,"tokens":{}}}'
)


@pytest.mark.parametrize(
    ("decided_by", "tau", "grade"),
    [
        ("cues", 0.5, "likely"),
        ("cues", -0.9, "likely"),
        ("cues", -1, "unknown"),
        ("cues", None, "unknown"),
        ("coarse order", 0.5, "unknown"),
        (None, 0.5, "unknown"),
    ],
)
def test_an_answer_stored_before_grades_gets_one_when_it_is_read(
    decided_by: str | None, tau: float | None, grade: str
) -> None:
    stored = {**json.loads(_STORED), "decided_by": decided_by, "settings": {"tau": tau}}
    answer = Answer.model_validate_json(json.dumps(stored))
    assert (answer.grade, answer.probability, answer.alternatives) == (grade, None, ())
    assert [candidate.geometry for candidate in answer.candidates] == [None, None]
    assert answer.status == "located"
    written = json.loads(answer.model_dump_json())
    assert {key: written[key] for key in stored if key != "candidates"} == {
        key: stored[key] for key in stored if key != "candidates"
    }
    assert Answer.model_validate(written) == answer


def test_a_grade_that_is_stored_stays() -> None:
    confirmed = answers.answer(answers.candidate(1), grade="confirmed", decided_by="geometry")
    assert Answer.model_validate_json(confirmed.model_dump_json()).grade == "confirmed"


def test_an_answer_with_all_its_parts_survives_a_conversation_file() -> None:
    found = answers.answer(
        answers.candidate(1, geometry=Geometry(matches=300, inliers=210)),
        grade="ambiguous",
        decided_by="geometry",
        probability=Probability(right=48, answers=50, low=0.86, high=0.995, basis="this map"),
        alternatives=(Alternative(position=None, reference="b.jpg", rank=2, inliers=190, score=None),),
    )
    serializer = record_serializer()
    assert serializer.loads_typed(serializer.dumps_typed(found)) == found
    assert found.probability
    assert found.probability.value == 0.96


def test_a_result_of_an_earlier_run_reads() -> None:
    line = '{"query":"q.jpg","digest":null,"status":"located","decided_by":"coarse order"}'
    assert Result.model_validate_json(line).decided_by == "coarse order"


@pytest.mark.parametrize(
    ("record", "fields", "message"),
    [
        (Geometry, {"matches": 9, "inliers": 10}, "some of the matches"),
        (Probability, {"right": 3, "answers": 2, "low": 0, "high": 1, "basis": "this map"}, "some of the answers"),
        (Probability, {"right": 1, "answers": 2, "low": 0.8, "high": 0.2, "basis": "this map"}, "above the upper"),
    ],
)
def test_counts_that_cannot_be_are_refused(record: type[Geometry], fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        record.model_validate(fields)
