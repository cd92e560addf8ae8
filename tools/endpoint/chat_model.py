"""The model at an OpenAI-compatible endpoint that decides a chat's steps."""

from collections.abc import Mapping, Sequence
from typing import Any

from .endpoint import Completion, Endpoint
from .prompt import Prompt

ASSISTANT_PROMPT = "assistant.v2"
_TOKENS = 600  # of a first answer: a reply of `MOST_REPLY` characters in English, and twenty paths of usual length


class ChatModel:
    """Asks a model for JSON under a schema; nothing is sent before `ask`.

    The first request is decoded greedily. After each unusable answer the temperature rises, the seed changes, and the
    answer may be longer.
    """

    def __init__(self, endpoint: Endpoint, model: str, prompt: Prompt) -> None:
        self.endpoint = endpoint
        self.model = model
        self.prompt = prompt

    @property
    def id(self) -> str:
        """Model and prompt, which decide its steps together with the server."""
        return f"{self.model}, {self.prompt.name} {self.prompt.digest[:12]}"

    async def ask(
        self, messages: Sequence[Mapping[str, Any]], schema: Mapping[str, Any], unusable: int = 0
    ) -> Completion:
        """Send one request; `unusable` counts the unusable answers to it so far. Raises `CallFailed`."""
        return await self.endpoint.complete(self.request(messages, schema, unusable))

    def request(
        self, messages: Sequence[Mapping[str, Any]], schema: Mapping[str, Any], unusable: int = 0
    ) -> dict[str, Any]:
        """Return the body of a request: the prompt, then the messages."""
        return {
            "model": self.model,
            "messages": [{"role": "system", "content": self.prompt.text}, *messages],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "step", "strict": True, "schema": schema},
            },
            "temperature": 0.2 * unusable,
            "seed": unusable,
            "max_tokens": _TOKENS * (unusable + 1),
        }
