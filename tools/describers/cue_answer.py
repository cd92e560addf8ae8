"""What a model is asked to answer, as a JSON schema, and its answer to cues: checked, never repaired by invention."""

import hashlib
import json
import math
import re
from typing import Any

from ..endpoint.json_answer import UnusableAnswer, parse_json
from ..records import RawCue

# Characters of a description. No repetition in the schema may count beyond 128: xgrammar 0.2.6 to 0.2.8, which vLLM and
# SGLang use, fail over one that does, and answer 500 to every request.
SHORTEST, LONGEST = 8, 128
MOST_POINTS = 100
# The length stands in the pattern: beside minLength and maxLength some servers allow raw control characters, others
# ignore the one or the other. Quotation marks and backslashes are left out, so that no escape is needed.
_PATTERN = rf'^[^"\\\x00-\x1f\x7f]{{{SHORTEST},{LONGEST}}}$'

# Control characters, halves of surrogate pairs, and what stands for bytes that were no UTF-8.
_BROKEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")


def cue_schema(n: int) -> dict[str, Any]:
    """Return the JSON schema of an answer with exactly `n` cues; it is enforced alike by all servers that enforce any.

    Whole scores from 0 to 100, because bounds of fractions are widely ignored; the description before its
    score, because keys are written in this order and the score shall follow from the text.
    """
    cue = {
        "type": "object",
        "additionalProperties": False,
        "required": ["description", "score"],
        "properties": {
            "description": {"type": "string", "pattern": _PATTERN},
            "score": {"type": "integer", "minimum": 0, "maximum": MOST_POINTS},
        },
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["cues"],
        "properties": {"cues": {"type": "array", "minItems": n, "maxItems": n, "items": cue}},
    }


def schema_digest(schema: dict[str, Any]) -> str:
    """SHA-256 of a schema, whose keys' order counts."""
    return hashlib.sha256(json.dumps(schema).encode()).hexdigest()


def parse_cues(content: str, n: int) -> tuple[RawCue, ...]:
    """Turn a model's answer into exactly `n` distinct cues; raises `UnusableAnswer` that says what is wrong.

    White space within a description becomes single blanks, and nothing else is mended.
    """
    answer = parse_json(content)
    if not isinstance(answer, dict) or answer.keys() != {"cues"} or not isinstance(answer["cues"], list):
        raise UnusableAnswer("the answer is not an object with a list of cues")
    if len(answer["cues"]) != n:
        raise UnusableAnswer(f"the answer has {len(answer['cues'])} cues, not {n}")
    cues = tuple(_cue(item) for item in answer["cues"])
    if len({cue.text.casefold() for cue in cues}) < n:
        raise UnusableAnswer("the answer says the same thing twice")
    return cues


def _cue(item: Any) -> RawCue:
    if not isinstance(item, dict) or item.keys() != {"description", "score"}:
        raise UnusableAnswer("a cue of the answer is not an object with a description and a score")
    return RawCue(text=_text(item["description"]), score=_score(item["score"]))


def _text(description: Any) -> str:
    if not isinstance(description, str):
        raise UnusableAnswer("a description of the answer is not text")
    text = re.sub(r"\s+", " ", description).strip()
    if _BROKEN.search(text):
        raise UnusableAnswer("a description of the answer holds broken or control characters")
    if not SHORTEST <= len(text) <= LONGEST:
        raise UnusableAnswer(f"a description of the answer has {len(text)} characters, not {SHORTEST} to {LONGEST}")
    return text


def _score(score: Any) -> int:
    if not isinstance(score, int) or isinstance(score, bool):
        kind = "a fraction" if isinstance(score, float) and math.isfinite(score) else "no number"
        raise UnusableAnswer(f"a score of the answer is {kind}, not a whole number")
    if not 0 <= score <= MOST_POINTS:
        raise UnusableAnswer(f"a score of the answer is not from 0 to {MOST_POINTS}")
    return score
