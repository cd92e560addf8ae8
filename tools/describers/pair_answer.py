"""The answer that a model is asked for about two photographs, as a JSON schema, and its answer, checked."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ..endpoint.json_answer import UnusableAnswer, parse_json
from ..records import Judgement
from .answer_text import TEXT_PATTERN, tidied

_SUREST = 100


def pair_schema() -> dict[str, Any]:
    """Return the JSON schema of a judgement.

    Keys are written in this order: the reason first, so that the verdict follows from what was compared, and then how
    sure it is.
    """
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["why", "same_place", "confidence"],
        "properties": {
            "why": {"type": "string", "pattern": TEXT_PATTERN},
            "same_place": {"type": "boolean"},
            "confidence": {"type": "integer", "minimum": 0, "maximum": _SUREST},
        },
    }


class _Answer(BaseModel):
    """What a model answers."""

    model_config = ConfigDict(strict=True, extra="forbid")

    why: str
    same_place: bool
    confidence: int


def parse_judgement(content: str) -> Judgement:
    """Turn a model's answer into a judgement; raises `UnusableAnswer` that says what is wrong.

    White space within the reason becomes single blanks; nothing else is changed.
    """
    try:
        answer = _Answer.model_validate(parse_json(content))
    except ValidationError as error:
        raise UnusableAnswer("the answer is not an object with why, same_place and a whole confidence") from error
    if not 0 <= answer.confidence <= _SUREST:
        raise UnusableAnswer(f"the confidence of the answer is not from 0 to {_SUREST}")
    return Judgement(
        why=tidied(answer.why, "the reason"), same_place=answer.same_place, confidence=answer.confidence
    )  # fmt: skip
