"""Describers and encoders whose answers the tests decide."""

import hashlib
from collections.abc import AsyncGenerator

import numpy as np
from vectors import unit

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.describe_image import Describer
from internvl_vpr.tools.errors import EndpointUnreachable, PhotoError
from internvl_vpr.tools.records import Attempt, Photo, RawCue


async def only_attempt(describer: Describer, photo: Photo, n: int) -> Attempt:
    """Return the one attempt that a describer makes."""
    (attempt,) = [attempt async for attempt in describer.attempts(photo, n)]
    return attempt


class ScriptedDescriber:
    """Says what the script has for a file's name, and counts how often it is asked."""

    def __init__(self, script: dict[str, list[tuple[str, float]]], fails: frozenset[str] = frozenset()) -> None:
        self.id = "scripted/1"
        self.script = script
        self.fails = fails
        self.asked: list[Photo] = []

    async def attempts(self, photo: Photo, n: int) -> AsyncGenerator[Attempt, None]:
        self.asked.append(photo)
        if photo.path.name in self.fails:
            raise PhotoError(f"The photo {photo.path.name!r} cannot be described.")
        cues = self.script.get(photo.path.name, [("a wall", 1.0)])[:n]
        yield Attempt(cues=tuple(RawCue(text=text, score=score) for text, score in cues), raw="scripted")


class UnreachableDescriber:
    """An endpoint that is down."""

    id = "down/1"

    async def attempts(self, photo: Photo, n: int) -> AsyncGenerator[Attempt, None]:
        yield Attempt(error="no connection could be made")
        raise EndpointUnreachable("The endpoint does not answer: start it.")


class HashEncoder:
    """Gives each phrase its own direction; different phrases are almost orthogonal."""

    id = "hash/1"

    def encode(self, phrases: list[str]) -> Floats:
        rows = []
        for phrase in phrases:
            seed = int.from_bytes(hashlib.sha256(phrase.encode()).digest()[:8], "big")
            rows.append(np.random.default_rng(seed).normal(size=256))
        return unit(np.stack(rows))
