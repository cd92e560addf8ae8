"""A located photo whose K = 100 candidates are all described already: where the time goes, part by part."""

import asyncio
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from internvl_vpr.agent.localizer.context import Context
from internvl_vpr.agent.localizer.graph import graph
from internvl_vpr.agent.localizer.nodes import images_of
from internvl_vpr.agent.settings import resolve_settings
from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.coarse_retrieve import coarse_retrieve, recorded_candidates
from internvl_vpr.tools.describe_image import Replay, normalize_scores, recall_descriptions
from internvl_vpr.tools.features.backbone import RootSiftSettings, open_backbone
from internvl_vpr.tools.features.sentences import embed_phrases
from internvl_vpr.tools.index.build import update_index
from internvl_vpr.tools.index.files import IndexSettings
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.ledger.ledger import Ledger, Step
from internvl_vpr.tools.photo.photo import open_photo
from internvl_vpr.tools.records import Attempt, RawCue
from internvl_vpr.tools.score_candidates import score_candidates

from .vectors import unit_rows

K = 100
MOST_MS = 150.0  # outside backbone and search
_REPEATS = 15
_SIZE = (160, 120)


@dataclass(frozen=True)
class Part:
    """One part of a run, in milliseconds; `counts` towards the floor."""

    name: str
    ms: float
    counts: bool


class _Invented:
    """A describer and an encoder that are never asked, because everything is recorded."""

    id = "invented/1"

    def encode(self, phrases: list[str]) -> Floats:
        return unit_rows(np.random.default_rng(len(phrases)), len(phrases), 384)


def parts() -> list[Part]:
    """Measure a run of the graph and, beside it, the tools that it calls."""
    with TemporaryDirectory() as folder, _prepared(Path(folder)) as context:
        query = Path(folder, "photos", "000.png")
        photo = open_photo(query, read_position=False)
        stage_1 = coarse_retrieve(photo, K, context.index, context.backbone)
        digests = [image["digest"] for image in images_of({"query": photo, "candidates": stage_1})]
        recalled = recall_descriptions(digests, 3, context.describer, context.ledger)
        phrases = [cue.text for description in recalled.values() for cue in description.cues]
        vectors = embed_phrases(phrases, context.encoder, context.ledger)
        retrieval = _ms(lambda: coarse_retrieve(photo, K, context.index, context.backbone))
        candidates = _ms(
            lambda: recorded_candidates(photo, K, context.index, context.backbone, context.ledger, dtype="auto")
        )
        reading = _ms(lambda: recall_descriptions(digests, 3, context.describer, context.ledger))
        embeddings = _ms(lambda: embed_phrases(phrases, context.encoder, context.ledger))
        scoring = _ms(lambda: score_candidates(recalled[photo.digest], stage_1, recalled, vectors))
        total = _ms(lambda: _run(query, context))
    rest = total - candidates - reading - embeddings - scoring
    return [
        Part("backbone and search, the first time", retrieval, counts=False),
        Part("candidates from the ledger", candidates, counts=True),
        Part("descriptions from the ledger", reading, counts=True),
        Part("embeddings from the ledger", embeddings, counts=True),
        Part("scores (Eqs. 8–9)", scoring, counts=True),
        Part("graph, photo file, threshold, answer", rest, counts=True),
    ]


def _run(query: Path, context: Context) -> Any:
    return asyncio.run(graph.ainvoke({"photo": str(query)}, context=context))


def _ms(run: Callable[[], object]) -> float:
    """Median time of a call in milliseconds, after one that is not counted."""
    run()
    seconds = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return 1e3 * statistics.median(seconds)


@contextmanager
def _prepared(folder: Path) -> Iterator[Context]:
    """An index of a few more than K noise images, with three recorded cues each."""
    rng = np.random.default_rng(0)
    (folder / "photos").mkdir()
    for number in range(K + 10):
        pixels = rng.integers(0, 256, (_SIZE[1] // 8, _SIZE[0] // 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize(_SIZE).save(folder / "photos" / f"{number:03}.png")
    backbone = RootSiftSettings(longer_side=max(_SIZE))
    update_index(folder / "photos", folder / "places", IndexSettings(backbone=backbone, clusters=32))
    index = PlaceIndex.open(folder / "places")
    invented: Any = _Invented()
    with Ledger(folder / "ledger.sqlite") as ledger:
        for number, image in enumerate(index.images()):
            cues = tuple(RawCue(text=f"thing {number} {i}", score=50 + i) for i in range(3))
            step = Step(image=image.digest, describer=invented.id, n=3)
            ledger.record(step, 1, Attempt(cues=cues), normalize_scores(cues))
        settings = resolve_settings({"preset": "embedded", "k": K}, environ={}, file=Path(os.devnull))
        describer = Replay(invented)
        yield Context(index, open_backbone(backbone), describer, invented, ledger, settings)
    index.close()
