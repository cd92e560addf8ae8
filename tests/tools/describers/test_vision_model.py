"""The describer at an endpoint: what is sent, and the outcome of everything that can come back."""

import asyncio
import base64
import hashlib
import io
import json
import math
import re
import socket
import time
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path
from typing import Any

import faulty_server as faulty
import pytest
from faulty_server import Fault, FaultyServer, serve
from PIL import Image
from pydantic import SecretStr
from texture import texture

from internvl_vpr.tools.describers import vision_model
from internvl_vpr.tools.describers.cue_answer import cue_schema, parse_cues
from internvl_vpr.tools.describers.vision_model import VisionModel
from internvl_vpr.tools.endpoint.endpoint import Endpoint
from internvl_vpr.tools.endpoint.faults import CallFailed
from internvl_vpr.tools.endpoint.patient_model import Decoding, Patience
from internvl_vpr.tools.endpoint.prompt import Prompt
from internvl_vpr.tools.errors import EndpointRefused, EndpointUnreachable, PhotoError, UsageError
from internvl_vpr.tools.ledger.ledger import Step
from internvl_vpr.tools.photo.photo import open_photo
from internvl_vpr.tools.records import Attempt, Photo

QUICK = Patience(faults=2, first_pause=0.001, longest_pause=0.002, longest_wait=0.2)
KEY = "sk-sentinel-4711"
THREE = [("a red door with a brass knocker", 90), ("an arched window above it", 60), ("a blue enamel plate", 0)]


def model_at(url: str, *, timeout: float = 60, patience: Patience = QUICK, image_side: int = 320) -> VisionModel:
    endpoint = Endpoint(url, SecretStr(KEY), timeout=timeout, concurrency=4)
    prompt = Prompt.load("describe_image.v1")
    return VisionModel(endpoint, "InternVL3-38B", prompt, image_side=image_side, patience=patience)


def ask(model: VisionModel, photo: Photo, n: int = 3) -> list[Attempt]:
    async def collect() -> list[Attempt]:
        return [attempt async for attempt in model.attempts(photo, n)]

    return asyncio.run(collect())


@pytest.fixture
def photo(tmp_path: Path) -> Photo:
    """A photo whose name and EXIF say where it was taken, which nobody else may learn."""
    exif = Image.Exif()
    exif[0x010E] = "taken at Kestrel Lane"
    exif.get_ifd(0x8825).update({1: "N", 2: (55.0, 42.0, 13.0), 3: "E", 4: (13.0, 11.0, 27.0)})
    path = tmp_path / "@0551234.50@4181234.50@10@S@37.776@-122.417@secret@@@@@@@@.jpg"
    texture(1, (640, 480)).save(path, exif=exif)
    return open_photo(path, read_position=False)


def test_one_request_asks_for_exactly_n_cues_about_one_bounded_image(photo: Photo) -> None:
    with serve(default=faulty.good(THREE)) as server:
        (attempt,) = ask(model_at(server.endpoint), photo)
    (request,) = server.requests
    system, user = request.body["messages"]
    picture, text = user["content"]
    assert (system["role"], user["role"], picture["type"], text["type"]) == ("system", "user", "image_url", "text")
    assert "Provide 3 location-identifiable static scene descriptions" in system["content"]
    assert request.body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "cues", "strict": True, "schema": cue_schema(3)},
    }
    assert (request.body["temperature"], request.body["seed"], request.body["max_tokens"]) == (0.0, 0, 350)
    sent = Image.open(io.BytesIO(base64.b64decode(picture["image_url"]["url"].removeprefix("data:image/jpeg;base64,"))))
    assert (sent.format, sent.size, sent.info.keys() & {"exif", "comment", "xmp"}) == ("JPEG", (320, 240), set())
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert [(cue.text, cue.score) for cue in attempt.cues] == THREE
    assert all(isinstance(cue.score, int) for cue in attempt.cues)


def test_neither_name_nor_position_leaves_this_machine(photo: Photo) -> None:
    with serve() as server:
        ask(model_at(server.endpoint), photo)
    (request,) = server.requests
    everything = json.dumps([request.headers, request.body])
    data = base64.b64decode(re.findall(r"base64,([^\"]+)", everything)[0])
    for secret in ("secret", "0551234", "4181234", "37.776", "122.417", "Kestrel", "Exif", "@10@S"):
        assert secret not in everything
        assert secret.encode() not in data


def test_what_is_recorded_tells_everything_but_the_key_and_the_pixels(photo: Photo) -> None:
    with serve(faulty.status(500, f"no such key: {KEY}"), default=faulty.good(THREE)) as server:
        failed, good = ask(model_at(server.endpoint), photo)
        url = server.endpoint
    assert {"endpoint", "model", "prompt", "messages", "image", "schema", "temperature", "seed", "max_tokens"} <= set(
        good.request
    )
    assert (good.request["endpoint"], good.request["model"]) == (url, "InternVL3-38B")
    assert good.request["prompt"].startswith("describe_image.v1 ")
    assert json.loads(good.raw)["choices"][0]["finish_reason"] == good.finish_reason == "stop"
    assert good.usage["prompt_tokens"] > 0
    assert good.latency > 0
    assert KEY not in good.model_dump_json() + repr(model_at(url)) + str(vars(model_at(url).endpoint))
    assert "answered 500: no such key: [key]" in (failed.error or "")
    assert KEY not in failed.model_dump_json()
    assert "base64" not in good.model_dump_json() + failed.model_dump_json()


# What comes back again and again; how many requests are made; what the last attempt says.
HOPELESS: dict[str, tuple[Fault, int, str]] = {
    "cut at the budget": (faulty.content('{"cues": [', "length"), 3, "finish_reason 'length'"),
    "no finish reason": (faulty.content("x", None), 3, "finish_reason None"),
    "schema ignored": (faulty.content("A street with a red door."), 3, "not JSON"),
    "two cues": (faulty.good(THREE[:2]), 3, "2 cues, not 3"),
    "four cues": (faulty.good([*THREE, ("one more red door", 1)]), 3, "4 cues, not 3"),
    "the same cue": (faulty.good([THREE[0]] * 3), 3, "the same thing twice"),
    "score too high": (faulty.good([*THREE[:2], ("a green bench", 101)]), 3, "not from 0 to 100"),
    "too short": (faulty.good([*THREE[:2], ("door", 1)]), 3, "4 characters"),
    "escape sequence": (faulty.good([*THREE[:2], ("a \x1b]0;door\x07 here", 1)]), 3, "control characters"),
    "not JSON at all": (faulty.not_json(), 3, "not JSON"),
    "truncated JSON": (faulty.truncated_json(), 3, "not JSON"),
    "invalid UTF-8": (faulty.invalid_utf8(), 3, "not JSON"),
    "no choices": (faulty.no_choices(), 3, "holds no message"),
    "null content": (faulty.null_content(), 3, "empty"),
    "refusal": (faulty.refusal(), 3, "empty"),
    "ten megabytes": (faulty.huge(10), 3, "larger than 1 MiB"),
    "compressed": (faulty.gzip_bomb(10), 3, "compressed"),
    "slow drip": (faulty.slow_drip(1), 3, "within 0.8 s"),
    "silence": (faulty.silent(600), 3, "within 0.8 s"),
    "inside error": (faulty.status(500, "does not match the expected format"), 3, "answered 500: does not match"),
    "closed before an answer": (faulty.closed(), 3, "closed before the answer was whole"),
    "closed within the answer": (faulty.cut_body(), 3, "closed before the answer was whole"),
    "reset": (faulty.reset(), 3, "closed before the answer was whole"),
    "too many requests": (faulty.status(429, "slow down"), 3, "answered 429: slow down"),
    "too many for long": (faulty.status(429, "slow down", retry_after=3600), 1, "answered 429"),
    "loading": (faulty.status(503, "Loading model"), 3, "answered 503: Loading model"),
    "bad request": (faulty.status(400, "image is broken"), 1, "answered 400: image is broken"),
    "too large": (faulty.status(413, "too large"), 1, "answered 413"),
    "unprocessable": (faulty.status(422, "no such field"), 1, "answered 422"),
}  # fmt: skip


def timeout_for(kind: str) -> float:
    """Short only for what would never end, and then long enough for a good answer on a busy machine."""
    return 0.8 if kind in ("slow drip", "silence") else 60


@pytest.mark.parametrize("kind", HOPELESS)
def test_what_stays_bad_ends_in_an_attempt_that_says_why(photo: Photo, kind: str) -> None:
    fault, requests, says = HOPELESS[kind]
    with serve(default=fault) as server:
        attempts = ask(model_at(server.endpoint, timeout=timeout_for(kind)), photo)
    assert len(attempts) == len(server.requests) == requests
    assert all(attempt.cues == () and attempt.error for attempt in attempts)
    assert says in (attempts[-1].error or "")


ONCE = [kind for kind, (_, requests, _) in HOPELESS.items() if requests > 1]


@pytest.mark.parametrize("kind", ONCE)
def test_what_is_bad_once_is_asked_again(photo: Photo, kind: str) -> None:
    with serve(HOPELESS[kind][0], default=faulty.good(THREE)) as server:
        attempts = ask(model_at(server.endpoint, timeout=timeout_for(kind)), photo)
    assert [attempt.error is None for attempt in attempts] == [False, True]
    assert [(cue.text, cue.score) for cue in attempts[-1].cues] == THREE


def test_an_unusable_answer_is_asked_for_with_another_seed_temperature_and_budget(photo: Photo) -> None:
    with serve(default=faulty.content("no", "length")) as server:
        ask(model_at(server.endpoint), photo)
    decodings = [[request.body[name] for name in ("temperature", "seed", "max_tokens")] for request in server.requests]
    assert decodings == [[0.0, 0, 350], [0.2, 1, 700], [0.4, 2, 1400]]


def test_a_busy_endpoint_is_asked_the_same_again(photo: Photo) -> None:
    with serve(faulty.status(429), faulty.closed(), default=faulty.good(THREE)) as server:
        ask(model_at(server.endpoint), photo)
    first, *others = (request.body for request in server.requests)
    assert others == [first, first]


@pytest.mark.parametrize("wish", [0.15, "date"])
def test_the_servers_retry_after_is_honoured(photo: Photo, wish: float | str) -> None:
    from email.utils import formatdate

    date = math.floor(time.time()) + 2  # in whole seconds, as the header has it
    due = time.monotonic() + date - time.time()
    value = formatdate(date, usegmt=True) if wish == "date" else wish
    patience = QUICK.model_copy(update={"longest_wait": 5.0})
    with serve(faulty.status(429, retry_after=value), default=faulty.good(THREE)) as server:
        ask(model_at(server.endpoint, patience=patience), photo)
    first, second = server.requests
    assert second.arrived >= (due - 0.01 if isinstance(wish, str) else first.arrived + wish)


def test_raw_control_characters_that_are_white_space_are_no_reason_to_ask_again(photo: Photo) -> None:
    with serve(default=faulty.raw_control_characters()) as server:
        (attempt,) = ask(model_at(server.endpoint), photo)
    assert all(not re.search(r"[\x00-\x1f]", cue.text) for cue in attempt.cues)
    assert len(attempt.cues) == 3


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (faulty.status(401, "no such key"), "401: no such key"),
        (faulty.status(403, "not for you"), "403"),
        (faulty.status(404, "no such model"), "404: no such model"),
        (faulty.redirect("http://127.0.0.1:9/v1"), "307"),
    ],
)
def test_what_concerns_every_request_is_an_error_at_once(photo: Photo, fault: Fault, says: str) -> None:
    with serve(default=fault) as server, pytest.raises(EndpointRefused, match=says) as raised:
        ask(model_at(server.endpoint), photo)
    assert len(server.requests) == 1
    assert "--model" in str(raised.value)
    assert KEY not in str(raised.value)


def test_a_machine_that_drops_packets_is_unreachable_too(photo: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("internvl_vpr.tools.endpoint.endpoint.CONNECT_SECONDS", 0.2)
    with socket.socket() as full, ExitStack() as clients:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(8):  # nobody accepts, so that the next ones are not even answered
            client = clients.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        with pytest.raises(EndpointUnreachable, match="within 10 s"):
            ask(model_at(f"http://127.0.0.1:{full.getsockname()[1]}/v1"), photo)


@pytest.mark.parametrize("body", [f'{{"error": {{"message": "bad key {KEY}"}}}}', f"<html>{KEY}</html>"])
def test_a_server_that_repeats_the_key_does_not_reveal_it(photo: Photo, body: str) -> None:
    with serve(default=faulty.status(401, body=body.encode())) as server:
        server.models_fault = faulty.status(401, body=body.encode())
        with pytest.raises(EndpointRefused) as refused:
            ask(model_at(server.endpoint), photo)
        with pytest.raises(CallFailed) as failed:
            asyncio.run(model_at(server.endpoint).endpoint.models())
    assert KEY not in str(refused.value) + str(failed.value) + failed.value.reason + failed.value.raw


def test_an_answer_that_repeats_the_key_is_recorded_without_it(photo: Photo) -> None:
    cues = [(f"a sign that says {KEY} {i}", 1) for i in range(3)]
    with serve(faulty.content(f"the key is {KEY}", f"stop {KEY}"), default=faulty.good(cues)) as server:
        server.models = [KEY]
        attempts = ask(model_at(server.endpoint), photo)
    assert KEY not in "".join(attempt.model_dump_json() for attempt in attempts)
    assert attempts[-1].cues[0].text == "a sign that says [key] 0"


def test_halves_of_surrogate_pairs_from_a_server_can_be_written_down(photo: Photo) -> None:
    faults = (faulty.status(500, "bad \ud800"), faulty.content("x", "\ud800"), faulty.content("\ud800"))
    with serve(*faults) as server:
        attempts = ask(model_at(server.endpoint), photo)
    assert attempts[0].error == "the endpoint answered 500: bad ?"
    for attempt in attempts:
        attempt.model_dump_json().encode()
        (attempt.error or "").encode()


@pytest.mark.parametrize("wish", ["Mon, 01 Jan 20240000000000 00:00:00 GMT", "soon", "nan", "-5"])
def test_a_senseless_retry_after_is_ignored(photo: Photo, wish: str) -> None:
    with serve(faulty.status(429, retry_after=wish), default=faulty.good(THREE)) as server:
        assert len(ask(model_at(server.endpoint), photo)) == 2


@pytest.mark.parametrize("key", ["sk-a\nb", "sk-schlüssel", "sk- a"])
def test_an_unusable_key_is_one_clear_error(key: str) -> None:
    with pytest.raises(UsageError, match="OPENAI_API_KEY") as raised:
        Endpoint("http://a/v1", SecretStr(key), timeout=1, concurrency=1)
    assert key not in str(raised.value)


def test_a_line_end_behind_a_key_does_no_harm(photo: Photo) -> None:
    with serve() as server:
        endpoint = Endpoint(server.endpoint, SecretStr(f"{KEY}\r\n"), timeout=60, concurrency=1)
        asyncio.run(endpoint.complete({"model": "m", "messages": []}))
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_an_endpoint_that_is_not_there_is_an_error_after_some_tries(photo: Photo) -> None:
    with serve() as server:
        url = server.endpoint
    with pytest.raises(EndpointUnreachable, match=r"Connection refused.*--endpoint"):
        ask(model_at(url), photo)
    with pytest.raises(EndpointUnreachable, match="does not answer"):
        ask(model_at("http://no-such-host.invalid/v1"), photo)


def test_a_photo_that_cannot_be_decoded_is_not_sent(tmp_path: Path) -> None:
    texture(1).save(tmp_path / "a.jpg")
    photo = open_photo(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff")
    with serve() as server, pytest.raises(PhotoError):
        ask(model_at(server.endpoint), photo)
    assert server.requests == []


def test_no_more_requests_are_under_way_than_allowed(photo: Photo) -> None:
    async def many(server: FaultyServer) -> None:
        models = [model_at(server.endpoint), model_at(server.endpoint)]

        async def one(model: VisionModel) -> None:
            assert [attempt.error async for attempt in model.attempts(photo, 3)] == [None]

        await asyncio.gather(*(one(model) for model in models for _ in range(10)))

    with serve() as server:
        slow = faulty.delayed(faulty.good(), 0.05)
        server.default = faulty.held(slow, lambda: server.most_at_once >= 4)
        asyncio.run(many(server))
    assert server.most_at_once == 4
    assert len(server.requests) == 20


def test_giving_up_waits_for_nobody(photo: Photo) -> None:
    async def cancelled(server: FaultyServer) -> None:
        task = asyncio.create_task(anext(model_at(server.endpoint, timeout=600).attempts(photo, 3)))
        while not server.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(60):
                await task

    with serve(default=faulty.silent(600)) as server:
        asyncio.run(cancelled(server))


def test_the_id_names_everything_that_changes_the_answers(photo: Photo) -> None:
    with serve(default=faulty.good(THREE[:1])) as server:
        model = model_at(server.endpoint)
        ask(model, photo, n=1)
    (request,) = server.requests
    prompt = (files("internvl_vpr.prompts") / "describe_image.v1.md").read_text(encoding="utf-8").split("---\n", 2)[2]
    schema = json.dumps(request.body["response_format"]["json_schema"]["schema"])
    digests = [hashlib.sha256(text.strip().encode()).hexdigest()[:12] for text in (prompt, schema)]
    assert model.id == (
        f"vlm/1 (InternVL3-38B, describe_image.v1 {digests[0]}, schema {digests[1]}, JPEG 90, 320 px, "
        "T 0 seed 0; T 0.2 seed 1; T 0.4 seed 2)"
    )


def test_what_was_recorded_before_prompts_could_end_differently_stays_valid() -> None:
    model = VisionModel(Endpoint("http://a/v1", None, timeout=1, concurrency=1), "InternVL3-38B", FIRST)
    assert model.id == (
        "vlm/1 (InternVL3-38B, describe_image.v1 8b7b0e4fff88, schema d0b84f43dc5e, JPEG 90, 1344 px, "
        "T 0 seed 0; T 0.2 seed 1; T 0.4 seed 2)"
    )


def test_the_paper_s_prompt_sends_its_text_and_the_image_and_nothing_else(photo: Photo) -> None:
    with serve(default=faulty.good(THREE)) as server:
        endpoint = Endpoint(server.endpoint, None, timeout=60, concurrency=4)
        prompt = Prompt.load("describe_image.paper")
        (attempt,) = ask(VisionModel(endpoint, "InternVL3-38B", prompt, image_side=320), photo)
    (request,) = server.requests
    system, user = request.body["messages"]
    assert system == {"role": "system", "content": prompt.render(3)}
    assert (user["role"], [part["type"] for part in user["content"]]) == ("user", ["image_url"])
    sent = hashlib.sha256(base64.b64decode(user["content"][0]["image_url"]["url"].split(",")[1])).hexdigest()
    asked = hashlib.sha256(f"{prompt.render(3)}\n{sent}".encode()).hexdigest()
    assert attempt.request["messages"] == asked


FIRST = Prompt.load("describe_image.v1")
# What a step is made of, one part changed at a time; "server" alone changes no answer.
CHANGES: dict[str, dict[str, Any]] = {
    "image": {"image": "1" * 64},
    "cues": {"n": 4},
    "model": {"model": "InternVL3-8B"},
    "prompt's name": {"prompt": FIRST.model_copy(update={"name": "describe_image.v2"})},
    "prompt's text": {"prompt": Prompt.parse("x", f"---\nname: describe_image\nversion: 1\n---\n{FIRST.text} Thanks.")},
    "pixels": {"image_side": 672},
    "schema": {"longest": 127},
    "temperature": {"decoding": (0, "temperature", 0.1)},
    "seed": {"decoding": (0, "seed", 7)},
    "second temperature": {"decoding": (1, "temperature", 0.3)},
    "third seed": {"decoding": (2, "seed", 7)},
}


def key_of(
    monkeypatch: pytest.MonkeyPatch,
    *,
    image: str = "0" * 64,
    n: int = 3,
    model: str = "InternVL3-38B",
    prompt: Prompt = FIRST,
    image_side: int = 1344,
    longest: int = 128,
    decoding: tuple[int, str, float] = (0, "seed", 0),
    url: str = "http://a/v1",
) -> str:
    """The key under which the ledger keeps a description."""

    def schema(cues: int) -> dict[str, Any]:
        return json.loads(json.dumps(cue_schema(cues)).replace("{8,128}", f"{{8,{longest}}}"))  # type: ignore[no-any-return]

    which, name, value = decoding
    usual = Decoding.after

    def after(unusable: int, tokens: int) -> Decoding:
        found = usual(unusable, tokens)
        return found._replace(**{name: value}) if unusable == which else found  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(vision_model, "_schema", schema)
        patch.setattr(Decoding, "after", after)
        asked = VisionModel(Endpoint(url, None, timeout=1, concurrency=1), model, prompt, image_side=image_side)
        return Step(image=image, describer=asked.id, n=n).key


@pytest.mark.parametrize("part", CHANGES)
def test_a_description_is_asked_for_again_when_a_part_of_its_key_changes(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert key_of(monkeypatch, **CHANGES[part]) != key_of(monkeypatch)


def test_another_server_does_not_ask_for_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert key_of(monkeypatch, url="http://b/v1") == key_of(monkeypatch)
    first = VisionModel(Endpoint("http://a/v1", None, timeout=1, concurrency=1), "m", FIRST)
    moved = VisionModel(Endpoint("http://b/v1", SecretStr(KEY), timeout=9, concurrency=9), "m", FIRST)
    assert moved.id == first.id


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:8000/v1", "ftp://a/v1", "http://", "http://a:0/v1", "http://a:99999/v1", "file:///etc/passwd"],
)
def test_an_unusable_address_is_one_clear_error(url: str) -> None:
    with pytest.raises(UsageError, match=r"write one such as http://127\.0\.0\.1:8000/v1"):
        Endpoint(url, None, timeout=1, concurrency=1)


@pytest.mark.parametrize(
    "url", ["http://u:sk-sentinel@a/v1", "https://a/v1?key=sk-sentinel", "http://a/v1#sk-sentinel"]
)
def test_an_address_with_a_key_in_it_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError, match="OPENAI_API_KEY") as raised:
        Endpoint(url, None, timeout=1, concurrency=1)
    assert "sentinel" not in str(raised.value)


def test_a_good_answer_of_the_loopback_server_passes_our_own_checks(photo: Photo) -> None:
    with serve() as server:
        (attempt,) = ask(model_at(server.endpoint), photo, n=5)
    content = json.loads(attempt.raw)["choices"][0]["message"]["content"]
    assert parse_cues(content, 5) == attempt.cues
