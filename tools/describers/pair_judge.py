"""A vision-language model that sees two photographs together, and says whether they show the same place."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import cached_property

from ..endpoint.endpoint import Endpoint
from ..endpoint.json_answer import schema_digest
from ..endpoint.patient_model import (
    PATIENT,
    PREPARED,
    Patience,
    PatientModel,
    Question,
    closing_part,
    decoding_in_words,
    messages_digest,
    picture,
)
from ..endpoint.prompt import Prompt
from ..ledger.model_steps import ModelAnswer
from ..photo.jpeg import Jpeg, encode_photo, encoding
from ..records import Judgement, Photo
from .pair_answer import pair_schema, parse_judgement

ALGORITHM = "judge/1"  # recorded with every judgement: change it with anything that changes what is asked
JUDGE_PROMPT = "judge_pair.v1"
_TOKENS = 200  # of a first answer: a reason of 128 characters, and the keys


class PairJudge:
    """Judges a pair of photos by asking a vision-language model, under a JSON schema; the query comes first.

    After an unusable answer it asks again, as `VisionModel` does. An attempt that stays unusable has an error instead
    of a judgement.
    """

    def __init__(
        self, endpoint: Endpoint, model: str, prompt: Prompt, *, image_side: int = 1344, patience: Patience = PATIENT
    ) -> None:
        self.prompt = prompt
        self._model = PatientModel(endpoint, model, patience=patience, instead="use --reranker cues")
        self._image_side = image_side

    @cached_property
    def id(self) -> str:
        """Model, prompt, schema, image encoding and decoding: everything but the server that changes the answers."""
        how = f"schema {schema_digest(pair_schema())[:12]}, {encoding(self._image_side)}, {decoding_in_words()}"
        return f"{ALGORITHM} ({self._model.model}, {self.prompt.short_signature}, {how})"

    async def attempts(self, query: Photo, candidate: Photo) -> AsyncGenerator[ModelAnswer, None]:
        """Yield one attempt a request, the last one with a judgement as JSON or the reason why there is none.

        Raises `PhotoError`, `EndpointRefused` and `EndpointUnreachable` as `VisionModel.attempts` does.
        """
        async with PREPARED.slot(2 * self._model.endpoint.concurrency):
            images = [await asyncio.to_thread(encode_photo, photo, self._image_side) for photo in (query, candidate)]
            async with aclosing(self._model.ask(self._question(*images))) as replies:
                async for reply in replies:
                    said = reply.value.model_dump_json() if reply.value else ""
                    yield ModelAnswer(answer=said, **dict(reply.exchange))

    def _question(self, query: Jpeg, candidate: Jpeg) -> Question[Judgement]:
        """The constant instruction first, then the query, which servers can share between its pairs."""
        text, closing = self.prompt.text, self.prompt.closing
        return Question(
            messages=[
                {"role": "system", "content": text},
                {"role": "user", "content": [picture(query), picture(candidate), *closing_part(closing)]},
            ],
            name="judgement",
            schema=pair_schema(),
            tokens=_TOKENS,
            parse=parse_judgement,
            about={
                "prompt": self.prompt.signature,
                "messages": messages_digest(text, query.digest, candidate.digest, closing),
                "images": f"{query.digest}, {candidate.digest} ({encoding(self._image_side)})",
            },
        )
