"""The assistant's next step as JSON: a schema that every server can enforce, and the parsing of an answer."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import ValidationError

from internvl_vpr.tools.endpoint.json_answer import UnusableAnswer, parse_json

from ..calls import ARGUMENTS, Call, ToolName

MOST_REPLY = 1500  # characters of a reply

# Quotation marks and backslashes are excluded, so that nothing needs to be escaped. There is no length in it: a
# repetition may count to 128 at most (see `cue_schema`), and paths can be longer. Instead the request's `max_tokens`
# bounds a string: an answer that reaches it does not finish with `stop`, and is refused.
_TEXT = r'^[^"\\\x00-\x1f\x7f]+$'
# Many servers ignore the bounds of fractions, so a fraction is asked for as text.
_FRACTION = r"^-?(0(\.[0-9]{1,6})?|1)$"
_SHARE = r"^0\.[0-9]{0,5}[1-9]$"  # between 0 and 1, neither of which it can be
_KEPT = ("type", "enum", "const", "minimum", "maximum", "minItems", "maxItems")  # keywords that every server enforces

# Control characters, halves of surrogate pairs, and the character that replaces bytes that are not UTF-8.
_BROKEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")


@cache
def step_schema() -> dict[str, Any]:
    """Return the schema of a step: `{"step": {"reply": …}}`, or `{"step": {"tool": …, "arguments": {…}}}`.

    It is derived from `ARGUMENTS`. Every key is required, and null stands for an argument that is not given. The root
    is an object, since some servers want that. Keys are written in this order, so the tool is chosen before its
    arguments.
    """
    reply = _closed({"reply": {"type": "string", "pattern": _TEXT}})
    return _closed({"step": {"anyOf": [*(_tool_schema(name) for name in ARGUMENTS), reply]}})


def _tool_schema(name: ToolName) -> dict[str, Any]:
    return _closed({"tool": {"const": name}, "arguments": _held(ARGUMENTS[name].model_json_schema())})


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object with exactly these keys."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }


def _held(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Reduce pydantic's schema of a type to what every server enforces."""
    if "anyOf" in schema:
        return {"anyOf": [_held(one) for one in schema["anyOf"]]}
    if schema["type"] == "object":
        return _closed({name: _held(one) for name, one in schema.get("properties", {}).items()})
    if schema["type"] == "number":
        return {"type": "string", "pattern": _SHARE if "exclusiveMinimum" in schema else _FRACTION}
    kept = {key: schema[key] for key in _KEPT if key in schema}
    if schema["type"] == "array":
        return {**kept, "items": _held(schema["items"])}
    free = schema["type"] == "string" and "enum" not in schema and "const" not in schema
    return {**kept, "pattern": _TEXT} if free else kept


def parse_step(content: str) -> Call | str:
    """Turn a model's answer into a tool call or a reply; raises `UnusableAnswer`, which says what is wrong.

    Nothing is repaired: an answer that breaks the schema is refused, except for raw control characters.
    """
    answer = parse_json(content)
    step = answer.get("step") if isinstance(answer, dict) and answer.keys() == {"step"} else None
    if not isinstance(step, dict) or step.keys() not in ({"reply"}, {"tool", "arguments"}):
        raise UnusableAnswer("the answer is not an object whose one key, step, holds a reply or a tool with arguments")
    return _reply(step["reply"]) if "reply" in step else _call(step["tool"], step["arguments"])


def _reply(text: Any) -> str:
    if not isinstance(text, str) or not text.strip():
        raise UnusableAnswer("the reply is empty, or not a text")
    if len(text) > MOST_REPLY:
        raise UnusableAnswer(f"the reply is longer than {MOST_REPLY} characters")
    if _BROKEN.search(text):
        raise UnusableAnswer("the reply holds broken or control characters")
    return text.strip()


def _call(name: Any, arguments: Any) -> Call:
    tool = next((one for one in ARGUMENTS if one == name), None)
    if tool is None:
        raise UnusableAnswer(f"there is no tool {json.dumps(name)[:80]}: the tools are {', '.join(ARGUMENTS)}")
    if not isinstance(arguments, dict):
        raise UnusableAnswer(f"the arguments of {name} are not an object")
    given = {key: _fraction(key, value) for key, value in arguments.items() if value is not None}
    try:
        # Strictly and through JSON: then lists become tuples, and nothing else is converted.
        checked = ARGUMENTS[tool].model_validate_json(json.dumps(given), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UnusableAnswer(f"{name} cannot take this argument {json.dumps(where)[:80]}: {first['msg']}") from None
    texts = (text for value in given.values() for text in (value if isinstance(value, list) else [value]))
    if any(isinstance(text, str) and _BROKEN.search(text) for text in texts):
        raise UnusableAnswer(f"an argument of {name} holds broken or control characters")
    return Call(name=tool, arguments=checked.model_dump(mode="json", exclude_none=True))


def _fraction(name: str, value: Any) -> Any:
    """Read a fraction, which the schema has as text; anything else is left to the tool's own check."""
    return (
        float(value)
        if name in ("tau", "trust") and isinstance(value, str) and re.fullmatch(_FRACTION[1:-1], value)
        else value
    )
