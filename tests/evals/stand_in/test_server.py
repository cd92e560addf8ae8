"""The stand-in as a server: it knows its photographs by their look, and refuses everything else."""

import asyncio
import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image
from texture import texture

from internvl_vpr.evals.stand_in.album import Album, thumbnail
from internvl_vpr.evals.stand_in.answers import Asked, answer
from internvl_vpr.evals.stand_in.server import MODEL, serve_stand_in
from internvl_vpr.evals.town.photo import Shot
from internvl_vpr.evals.town.plan import plan_town
from internvl_vpr.tools.describers.vision_model import VisionModel
from internvl_vpr.tools.endpoint.endpoint import Endpoint
from internvl_vpr.tools.endpoint.faults import CallFailed
from internvl_vpr.tools.endpoint.prompt import Prompt
from internvl_vpr.tools.photo.jpeg import Jpeg

PROMPT = Prompt.load("describe_image.v1")


def encoded(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def album() -> Album:
    """Two textures in the place of a town's photographs."""
    first, second, *_ = plan_town(0, 4).places
    shots = [Shot(0, first, "day", 0, 3), Shot(0, second, "night")]
    return Album(shots, np.stack([thumbnail(encoded(texture(seed), 95)) for seed in range(2)]))


def test_a_photograph_is_known_after_it_was_encoded_again_and_moved_by_a_level(album: Album) -> None:
    for seed in range(2):
        changed = np.asarray(texture(seed).convert("RGB")).astype(int) + np.random.default_rng(0).integers(-1, 2)
        photo = Image.fromarray(changed.clip(0, 255).astype(np.uint8))
        found = album.find(encoded(photo, 60))
        assert found is not None
        assert found.condition == ("day", "night")[seed]
    assert album.find(encoded(texture(2), 90)) is None


def test_many_requests_at_once_get_the_answers_of_one_after_another(album: Album) -> None:
    opened: list[Album] = []

    def open_album() -> Album:
        opened.append(album)
        return album

    images = [Jpeg(encoded(texture(number % 2), 70 + number)) for number in range(12)]

    async def ask(endpoint: str) -> list[list[Any]]:
        model = VisionModel(Endpoint(endpoint, None, timeout=20, concurrency=6), MODEL, PROMPT)

        async def one(image: Jpeg) -> list[Any]:
            return [attempt async for attempt in model.attempts_at(image, 3)]

        return await asyncio.gather(*map(one, images))

    with serve_stand_in(open_album) as endpoint:
        assert opened == []
        attempts = asyncio.run(ask(endpoint))
        assert asyncio.run(Endpoint(endpoint, None, timeout=20, concurrency=1).models()) == [MODEL]
    assert opened == [album]
    for image, made in zip(images, attempts, strict=True):
        shot = album.find(image.data)
        assert shot is not None
        for decoding, attempt in enumerate(made):
            # All text of a request is what is asked, also that beside the image.
            said = answer(shot, Asked(f"{PROMPT.render(3)}\n\n{PROMPT.closing}", 3, decoding))
            (choice,) = json.loads(attempt.raw)["choices"]
            assert (choice["message"]["content"], choice["finish_reason"]) == said
        assert len(made[-1].cues) == 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda body: body["messages"][1]["content"].pop(0), "one image is expected"),
        (lambda body: body.pop("response_format"), "only cues of a JPEG image can be asked for"),
        (lambda body: body.pop("messages"), "only cues of a JPEG image can be asked for"),
        (lambda body: body, "the stand-in knows only the photographs of the demo town"),
    ],
)
def test_what_it_cannot_answer_is_refused_with_a_sentence(album: Album, change: Any, reason: str) -> None:
    with serve_stand_in(lambda: album) as url:
        endpoint = Endpoint(url, None, timeout=20, concurrency=1)
        body = VisionModel(endpoint, MODEL, PROMPT).request(Jpeg(encoded(texture(5), 90)), 3)
        change(body)
        with pytest.raises(CallFailed, match=reason):
            asyncio.run(endpoint.complete(body))
