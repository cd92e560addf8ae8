"""The model at an OpenAI-compatible endpoint that decides a chat's steps."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from .endpoint import Endpoint
from .prompt import Prompt

ASSISTANT_PROMPT = "assistant.v3"
ALGORITHM = "assistant/1"  # recorded with every step: change it with anything that changes what is asked
_TOKENS = 600  # of a first answer: a reply of `MOST_REPLY` characters in English, and twenty paths of usual length
_DECODING = ("temperature", "seed", "max_tokens")


class ChatModel:
    """What a model is sent for a step; it answers in JSON under a schema.

    The first request is decoded greedily. After each unusable answer the temperature rises, the seed changes, and the
    answer may be longer.
    """

    def __init__(self, endpoint: Endpoint, model: str, prompt: Prompt) -> None:
        self.endpoint = endpoint
        self.model = model
        self.prompt = prompt

    def id(self, schema: Mapping[str, Any]) -> str:
        """Model, prompt, schema and decoding: everything but the server and the messages that decides an answer."""
        first, second = (self._decoding(unusable) for unusable in (0, 1))
        decoding = "; ".join(
            f"T {one['temperature']:g} seed {one['seed']:g} of {one['max_tokens']:g} tokens" for one in (first, second)
        )
        return f"{ALGORITHM} ({self.model}, {self.prompt.short_signature}, schema {digest_of(schema)[:12]}, {decoding})"

    def request(
        self, messages: Sequence[Mapping[str, Any]], schema: Mapping[str, Any], unusable: int = 0
    ) -> dict[str, Any]:
        """Return the body of a request: the prompt, then the messages; `unusable` counts the answers sent back."""
        return {
            "model": self.model,
            "messages": [{"role": "system", "content": self.prompt.text}, *messages],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "step", "strict": True, "schema": schema},
            },
            **self._decoding(unusable),
        }

    def recorded(self, request: Mapping[str, Any]) -> dict[str, str]:
        """Return what is recorded of a request: all but the key, and digests in place of texts."""
        return {
            "endpoint": self.endpoint.url,
            "model": self.model,
            "prompt": self.prompt.signature,
            "messages": digest_of(request["messages"]),
            "schema": digest_of(request["response_format"]["json_schema"]["schema"]),
            **{name: f"{request[name]:g}" for name in _DECODING},
        }

    def _decoding(self, unusable: int) -> dict[str, float]:
        return {"temperature": 0.2 * unusable, "seed": unusable, "max_tokens": _TOKENS * (unusable + 1)}


def digest_of(content: Any) -> str:
    """Return the SHA-256 of a content as JSON."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
