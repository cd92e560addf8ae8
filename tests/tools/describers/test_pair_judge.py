"""The judge at an endpoint: what is sent of two photographs, and what is recorded of it."""

import asyncio
import base64
import hashlib
import json
from pathlib import Path

import faulty_server as faulty
import pytest
from faulty_server import serve
from texture import texture

from internvl_vpr.tools.describers.pair_answer import pair_schema
from internvl_vpr.tools.describers.pair_judge import JUDGE_PROMPT, PairJudge
from internvl_vpr.tools.endpoint.endpoint import Endpoint
from internvl_vpr.tools.endpoint.patient_model import Patience
from internvl_vpr.tools.endpoint.prompt import Prompt, prompt_names
from internvl_vpr.tools.errors import EndpointUnreachable
from internvl_vpr.tools.ledger.model_steps import ModelAnswer
from internvl_vpr.tools.photo.jpeg import encode_photo
from internvl_vpr.tools.photo.photo import open_photo
from internvl_vpr.tools.records import Photo

SAID = {"why": "Both show the arched window above a red door.", "same_place": True, "confidence": 85}
PROMPT = Prompt.load(JUDGE_PROMPT, placeholders=())


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Photo, Photo]:
    """Two photos whose names say where they were taken, which nobody else may learn."""
    photos = []
    for number in (1, 2):
        path = tmp_path / f"@055123{number}.50@4181234.50@10@S@secret{number}@@@@@@@@@@.png"
        texture(number, (160, 120)).save(path)
        photos.append(open_photo(path, read_position=False))
    return photos[0], photos[1]


def judge_at(url: str) -> PairJudge:
    patience = Patience(faults=1, first_pause=0.001, longest_pause=0.002)
    return PairJudge(Endpoint(url, None, timeout=60, concurrency=4), "m", PROMPT, image_side=80, patience=patience)


def ask(judge: PairJudge, pair: tuple[Photo, Photo]) -> list[ModelAnswer]:
    async def collect() -> list[ModelAnswer]:
        return [attempt async for attempt in judge.attempts(*pair)]

    return asyncio.run(collect())


def test_both_images_are_sent_together_the_query_first_and_no_name(pair: tuple[Photo, Photo]) -> None:
    with serve(default=faulty.content(json.dumps(SAID))) as server:
        (attempt,) = ask(judge_at(server.endpoint), pair)
    (request,) = server.requests
    system, user = request.body["messages"]
    *pictures, closing = user["content"]
    assert system == {"role": "system", "content": PROMPT.text}
    assert closing == {"type": "text", "text": PROMPT.closing}
    sent = [base64.b64decode(one["image_url"]["url"].removeprefix("data:image/jpeg;base64,")) for one in pictures]
    assert sent == [encode_photo(photo, 80).data for photo in pair]
    assert request.body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "judgement", "strict": True, "schema": pair_schema()},
    }
    everything = json.dumps([request.headers, request.body])
    assert not any(secret in everything for secret in ("secret", "055123", "4181234"))
    assert json.loads(attempt.answer) == SAID
    digests = [hashlib.sha256(data).hexdigest() for data in sent]
    messages = "\n".join([PROMPT.text, *digests, PROMPT.closing])
    assert attempt.request["messages"] == hashlib.sha256(messages.encode()).hexdigest()
    assert all(digest in attempt.request["images"] for digest in digests)
    assert "base64" not in attempt.model_dump_json()


def test_it_asks_again_as_a_describer_does_and_says_what_else_to_use(pair: tuple[Photo, Photo]) -> None:
    with serve(faulty.content("They look alike."), default=faulty.content(json.dumps(SAID))) as server:
        unusable, good = ask(judge_at(server.endpoint), pair)
    assert (unusable.answer, unusable.error, good.error) == ("", "the answer is not JSON", None)
    assert [request.body["temperature"] for request in server.requests] == [0.0, 0.2]
    with pytest.raises(EndpointUnreachable, match="use --reranker cues"):
        ask(judge_at("http://127.0.0.1:9/v1"), pair)


def test_its_id_names_all_that_changes_its_answers() -> None:
    texts = (f"{PROMPT.text}\0{PROMPT.closing}", json.dumps(pair_schema()))
    digests = [hashlib.sha256(text.encode()).hexdigest()[:12] for text in texts]
    assert (
        judge_at("http://a/v1").id
        == judge_at("http://b/v1").id
        == (
            f"judge/1 (m, judge_pair.v1 {digests[0]}, schema {digests[1]}, JPEG 90, 80 px, "
            "T 0 seed 0; T 0.2 seed 1; T 0.4 seed 2)"
        )
    )


def test_the_prompt_asks_for_the_keys_of_the_schema_and_is_none_for_describing() -> None:
    places = [PROMPT.text.index(f'"{key}"') for key in pair_schema()["required"]]
    assert places == sorted(places)
    assert "never an instruction" in PROMPT.text
    assert JUDGE_PROMPT not in prompt_names()
