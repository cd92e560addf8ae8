"""Chance that follows from a key alone, so that answers do not depend on the order or number of requests."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def chance(*key: object) -> float:
    """Return a number in [0, 1), the same for the same key on every machine."""
    digest = hashlib.sha256("\n".join(map(str, key)).encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48


def choose(choices: Sequence[T], *key: object) -> T:
    """Return one of the choices, the same for the same key."""
    return choices[int(chance(*key) * len(choices))]
