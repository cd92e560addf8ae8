"""Describers and encoders whose answers the tests decide."""

import hashlib
import threading
from collections.abc import AsyncGenerator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from vectors import unit

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.describe_image import Describer
from internvl_vpr.tools.errors import EndpointUnreachable, PhotoError
from internvl_vpr.tools.features.keypoints import Keypoints
from internvl_vpr.tools.index.keypoint_store import KeypointStore
from internvl_vpr.tools.ledger.model_steps import ModelAnswer
from internvl_vpr.tools.records import Attempt, Judgement, Photo, RawCue
from internvl_vpr.tools.verify_geometry import Verifier


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


class ScriptedJudge:
    """Says of a candidate what the script has for its file's name: the same place or not, and how surely."""

    def __init__(
        self, script: dict[str, tuple[bool, int]], fails: frozenset[str] = frozenset(), version: int = 1
    ) -> None:
        self.id = f"scripted judge/{version}"
        self.script = script
        self.fails = fails
        self.asked: list[tuple[Photo, Photo]] = []

    async def attempts(self, query: Photo, candidate: Photo) -> AsyncGenerator[ModelAnswer, None]:
        self.asked.append((query, candidate))
        usage = {"prompt_tokens": 7, "completion_tokens": 3}
        if candidate.path.name in self.fails:
            yield ModelAnswer(error="no [verdict]", raw="?", usage=usage)
            return
        same_place, confidence = self.script.get(candidate.path.name, (False, 50))
        said = Judgement(why="The windows say so", same_place=same_place, confidence=confidence)
        yield ModelAnswer(answer=said.model_dump_json(), raw="scripted", usage=usage)


class PatchExtractor:
    """Finds 130 points, the same in every image, and describes each by the grey pixels around it."""

    id = "patches/1"
    longer_side = 640

    def __init__(self) -> None:
        self.images = 0
        self._lock = threading.Lock()

    def extract(self, image: Image.Image) -> Keypoints:
        with self._lock:
            self.images += 1
        grey = np.asarray(image.convert("L").resize((160, 120))).astype(np.float64)
        points = np.random.default_rng(0).integers(8, (152, 112), (130, 2))
        patches = np.stack([grey[y - 4 : y + 4, x - 4 : x + 4].ravel() for x, y in points])
        centred = patches - patches.mean(axis=1, keepdims=True) + 1e-6
        return Keypoints(points.astype(np.float32), (160, 120), unit(centred).astype(np.float32))


class NearestMatcher:
    """Matches what is nearest to each other and nearly equal, and counts the pairs of images."""

    def __init__(self, id: str = "nearest/1") -> None:  # noqa: A002 - the protocol's name
        self.id = id
        self.pairs = 0
        self._lock = threading.Lock()

    def match(self, a: Keypoints, b: Keypoints) -> NDArray[np.intp]:
        with self._lock:
            self.pairs += 1
        cosines = a.descriptors @ b.descriptors.T
        best = cosines.argmax(axis=1)
        mutual = cosines.argmax(axis=0)[best] == np.arange(len(a))
        kept = np.flatnonzero(mutual & (cosines.max(axis=1) > 0.95))
        return np.stack([kept, best[kept]], axis=1)


def patch_verifier(folder: Path) -> tuple[Verifier, PatchExtractor, NearestMatcher]:
    """Return a verifier that needs no network, whose store is in a folder, and its two counting parts."""
    extractor, matcher = PatchExtractor(), NearestMatcher()
    return Verifier(extractor, matcher, NearestMatcher("quick/1"), KeypointStore(folder)), extractor, matcher


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
