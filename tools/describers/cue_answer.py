"""The answer that a model is asked for, as a JSON schema, and what it answered, checked and turned into cues."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from ..endpoint.json_answer import UnusableAnswer, parse_json
from ..records import RawCue
from .answer_text import TEXT_PATTERN, broken, tidied

MOST_POINTS = 100
_NAME = "a description"


def cue_schema(n: int) -> dict[str, Any]:
    """Return the JSON schema of an answer with exactly `n` cues; all servers that enforce schemas enforce this one.

    Scores are whole numbers from 0 to 100, because many servers ignore the bounds of fractions. The description
    comes before its score, because keys are written in this order and the score should follow from the text.
    """
    cue = {
        "type": "object",
        "additionalProperties": False,
        "required": ["description", "score"],
        "properties": {
            "description": {"type": "string", "pattern": TEXT_PATTERN},
            "score": {"type": "integer", "minimum": 0, "maximum": MOST_POINTS},
        },
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["cues"],
        "properties": {"cues": {"type": "array", "minItems": n, "maxItems": n, "items": cue}},
    }


class _Answer(BaseModel):
    """What a model answers, of which only the list of cues is looked at."""

    model_config = ConfigDict(strict=True, extra="forbid")

    cues: list[Any]


class _Cue(BaseModel):
    """One cue of an answer."""

    model_config = ConfigDict(strict=True, extra="forbid")

    description: Annotated[str, AfterValidator(partial(tidied, name=_NAME))]
    score: int = Field(ge=0, le=MOST_POINTS)


def parse_cues(content: str, n: int) -> tuple[RawCue, ...]:
    """Turn a model's answer into exactly `n` distinct cues; raises `UnusableAnswer` that says what is wrong.

    White space within a description becomes single blanks; nothing else is changed.
    """
    answer = parse_json(content)
    try:
        found = _Answer.model_validate(answer).cues
    except ValidationError as error:
        raise UnusableAnswer("the answer is not an object with a list of cues") from error
    if len(found) != n:
        raise UnusableAnswer(f"the answer has {len(found)} cues, not {n}")
    cues = tuple(_cue(item) for item in found)
    if len({cue.text.casefold() for cue in cues}) < n:
        raise UnusableAnswer("the answer says the same thing twice")
    return cues


def _cue(item: Any) -> RawCue:
    try:
        cue = _Cue.model_validate(item)
    except ValidationError as error:
        raise UnusableAnswer(_what_is_wrong(error.errors())) from error
    return RawCue(text=cue.description, score=cue.score)


def _what_is_wrong(problems: Sequence[ErrorDetails]) -> str:
    """Say what is wrong with a cue: with its form, or else with its first wrong field."""
    if any(problem["type"] in ("model_type", "missing", "extra_forbidden") for problem in problems):
        return "a cue of the answer is not an object with a description and a score"
    kind, value = problems[0]["type"], problems[0]["input"]
    if kind == "value_error":
        return str(problems[0]["ctx"]["error"])
    if kind == "string_unicode":  # half of a surrogate pair
        return broken(_NAME)
    if problems[0]["loc"] == ("description",):
        return "a description of the answer is not text"
    if kind not in ("greater_than_equal", "less_than_equal"):
        number = "a fraction" if isinstance(value, float) and math.isfinite(value) else "no number"
        return f"a score of the answer is {number}, not a whole number"
    return f"a score of the answer is not from 0 to {MOST_POINTS}"
