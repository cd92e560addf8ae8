"""What an endpoint really does: whether it enforces a schema, sees images, and bounds white space."""

import re
import secrets
from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from ..photo.jpeg import Jpeg, encode_jpeg
from .endpoint import Completion, Endpoint

# Servers that bound white space allow at most so many blanks in a row; without a bound a document may never end.
_BOUNDED_BLANKS = 24
_SEEDS = range(4)


async def enforces_schema(endpoint: Endpoint, model: str) -> bool:
    """Ask for JSON whose only legal value is a secret that the request's text does not hold; raises `CallFailed`."""
    secret = secrets.token_hex(6)
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["word"],
        "properties": {"word": {"type": "string", "enum": [secret]}},
    }
    completion = await endpoint.complete(_request(model, "Answer with a JSON object that has a word.", schema=schema))
    return re.fullmatch(rf'\s*{{\s*"word"\s*:\s*"{secret}"\s*}}\s*', completion.content) is not None


async def sees_images(endpoint: Endpoint, model: str) -> tuple[int, int]:
    """Return the prompt's tokens without and with an image; with an image that reaches the model there are more.

    Zero where the endpoint does not count tokens. Raises `CallFailed`.
    """
    question = "What is in the picture?"
    without = await endpoint.complete(_request(model, question))
    with_image = await endpoint.complete(_request(model, question, image=sign_image()))
    return _prompt_tokens(without), _prompt_tokens(with_image)


async def longest_blank(endpoint: Endpoint, model: str) -> int:
    """Return the longest run of white space that the endpoint let through between the parts of a JSON document.

    Several samples are drawn, because a model only sometimes falls into an endless run. Raises `CallFailed`.
    """
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["word"],
        "properties": {"word": {"type": "string", "enum": ["done"]}},
    }
    question = "Answer with a JSON object, and write two hundred blanks and empty lines before its word."
    runs = [
        _blank_runs((await endpoint.complete(_request(model, question, schema=schema, seed=seed))).content)
        for seed in _SEEDS
    ]
    return max((len(run) for found in runs for run in found), default=0)


def is_bounded(blank: int) -> bool:
    """Return whether an endpoint that bounds white space could have let through a run of this length."""
    return blank <= _BOUNDED_BLANKS


def sign_image() -> Jpeg:
    """Draw a wall with a sign, to be described where there is no photograph."""
    image = Image.new("RGB", (448, 448), (176, 112, 84))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 448, 120), fill=(150, 185, 225))
    draw.rectangle((90, 180, 358, 250), fill=(244, 238, 220), outline=(40, 40, 40), width=3)
    draw.text((112, 196), "BAKERY 1912", font=ImageFont.load_default(34), fill=(30, 34, 70))
    return encode_jpeg(image)


def _blank_runs(text: str) -> Sequence[str]:
    return re.findall(r"\s+", text)


def _prompt_tokens(completion: Completion) -> int:
    return completion.usage.get("prompt_tokens", 0)


def _request(
    model: str,
    text: str,
    *,
    image: Jpeg | None = None,
    schema: dict[str, Any] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Compose a small request; with a schema it is sampled freely, so that only the schema constrains the answer."""
    picture = [{"type": "image_url", "image_url": {"url": image.url}}] if image else []
    constraint = {"type": "json_schema", "json_schema": {"name": "check", "strict": True, "schema": schema}}
    return {
        "model": model,
        "messages": [{"role": "user", "content": [*picture, {"type": "text", "text": text}]}],
        "max_tokens": 200 if schema else 1,
        "temperature": 1.0 if schema else 0.0,
        "seed": seed,
        **({"response_format": constraint} if schema else {}),
    }
