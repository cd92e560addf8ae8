"""A vision-language model behind an OpenAI-compatible endpoint as a describer: one image a request (Eq. 6)."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import cache, cached_property, partial
from typing import Any

from ..endpoint.endpoint import Endpoint
from ..endpoint.json_answer import schema_digest
from ..endpoint.patient_model import (
    PATIENT,
    PREPARED,
    Decoding,
    Patience,
    PatientModel,
    Question,
    closing_part,
    decoding_in_words,
    messages_digest,
    picture,
)
from ..endpoint.prompt import Prompt
from ..photo.jpeg import Jpeg, encode_photo, encoding
from ..records import Attempt, Photo, RawCue
from .cue_answer import cue_schema, parse_cues

ALGORITHM = "vlm/1"  # recorded with every description: change it with anything that changes what is asked

_Cues = tuple[RawCue, ...]


class VisionModel:
    """Describes a photo by asking a vision-language model for exactly N cues under a JSON schema.

    After an unusable answer it asks again, with another temperature, seed and token budget. An attempt that
    stays unusable has an error instead of cues; nothing is invented in its place.
    """

    def __init__(
        self, endpoint: Endpoint, model: str, prompt: Prompt, *, image_side: int = 1344, patience: Patience = PATIENT
    ) -> None:
        self.endpoint = endpoint
        self._model = PatientModel(endpoint, model, patience=patience, instead="use --describer signage")
        self._prompt = prompt
        self._image_side = image_side

    @cached_property
    def id(self) -> str:
        """Model, prompt, schema, image encoding and decoding: everything but the server that changes the answers."""
        schema = schema_digest(_schema(1))[:12]
        how = f"schema {schema}, {encoding(self._image_side)}, {decoding_in_words()}"
        return f"{ALGORITHM} ({self._model.model}, {self._prompt.short_signature}, {how})"

    async def attempts(self, photo: Photo, n: int) -> AsyncGenerator[Attempt, None]:
        """Yield one attempt a request, the last one with cues or the reason why there are none.

        Raises `PhotoError` for a photo that cannot be decoded, `EndpointRefused` when no request can succeed with
        these settings, and `EndpointUnreachable` when the endpoint does not answer.
        """
        # Memory holds as many images as there are requests at once, and as many again that come next.
        async with PREPARED.slot(2 * self.endpoint.concurrency):
            image = await asyncio.to_thread(encode_photo, photo, self._image_side)
            async with aclosing(self.attempts_at(image, n)) as attempts:
                async for attempt in attempts:
                    yield attempt

    async def attempts_at(self, image: Jpeg, n: int) -> AsyncGenerator[Attempt, None]:
        """Yield what `attempts` does, for an image that is already encoded."""
        async with aclosing(self._model.ask(self._question(image, n))) as replies:
            async for reply in replies:
                yield Attempt(cues=reply.value or (), **dict(reply.exchange))

    def request(self, image: Jpeg, n: int, decoding: Decoding | None = None) -> dict[str, Any]:
        """Return the body of the request for an image; by default, of the first attempt."""
        return self._model.request(self._question(image, n), decoding)

    def _question(self, image: Jpeg, n: int) -> Question[_Cues]:
        """The constant instruction first, so that servers can share it between images; then the image, then text."""
        instruction, closing = self._prompt.render(n), self._prompt.closing
        return Question(
            messages=[
                {"role": "system", "content": instruction},
                {"role": "user", "content": [picture(image), *closing_part(closing)]},
            ],
            name="cues",
            schema=_schema(n),
            tokens=100 * n + 50,
            parse=partial(parse_cues, n=n),
            about={
                "prompt": self._prompt.signature,
                "messages": messages_digest(instruction, image.digest, closing),
                "image": f"{image.digest} ({encoding(self._image_side)}, {len(image.data)} bytes)",
            },
        )


@cache
def _schema(n: int) -> dict[str, Any]:
    return cue_schema(n)
