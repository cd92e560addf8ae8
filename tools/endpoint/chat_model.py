"""The model at an OpenAI-compatible endpoint that decides a chat's steps."""

from collections.abc import Mapping, Sequence
from typing import Any

from .endpoint import Completion, Endpoint
from .prompt import Prompt

ASSISTANT_PROMPT = "assistant.v1"
_TOKENS = 600  # of a first answer: a reply of `MOST_REPLY` characters in English, and twenty paths of usual length


class ChatModel:
    """Asks a model for JSON under a schema; nothing is sent before that.

    The first time it decodes greedily; with every time that its answer was of no use, the temperature rises, the seed
    is another, and the answer may be longer.
    """

    def __init__(self, endpoint: Endpoint, model: str, prompt: Prompt) -> None:
        self.endpoint = endpoint
        self.model = model
        self.prompt = prompt

    @property
    def id(self) -> str:
        """Model and prompt: what decides its steps, but for the server."""
        return f"{self.model}, {self.prompt.name} {self.prompt.digest[:12]}"

    async def ask(
        self, messages: Sequence[Mapping[str, Any]], schema: Mapping[str, Any], unusable: int = 0
    ) -> Completion:
        """Send one request, after so many unusable answers to the same; raises `CallFailed`."""
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
