"""The schema of a model's answer, and the answer read as JSON, strictly."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


class UnusableAnswer(ValueError):
    """An answer that is not what was asked for; the message says what is wrong."""


def schema_digest(schema: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a schema; the order of its keys counts."""
    return hashlib.sha256(json.dumps(schema).encode()).hexdigest()


def parse_json(content: str) -> Any:
    """Parse a model's answer, with no key twice; raises `UnusableAnswer`.

    Raw control characters inside strings pass, because some servers let them through.
    """
    try:
        return json.loads(content, strict=False, parse_constant=_refuse_constant, object_pairs_hook=_unique_keys)
    except (ValueError, RecursionError) as error:
        if isinstance(error, UnusableAnswer):
            raise
        raise UnusableAnswer("the answer is not JSON") from error


def _refuse_constant(name: str) -> float:
    raise UnusableAnswer(f"the answer holds {name}, which is not JSON")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise UnusableAnswer("the answer has a key twice")
    return found
