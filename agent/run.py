"""One run of the localization graph, with its progress reported."""

import os
from pathlib import Path

from ..tools.progress import Progress, silent
from ..tools.records import Answer
from .context import Context
from .graph import graph
from .nodes import images_of
from .state import Query


async def locate(photo: Path | str, context: Context, on_progress: Progress = silent) -> Answer:
    """Say where a photo was taken; raises the graph's `VprError`s."""
    answer: Answer | None = None
    images = described = 0
    on_progress("retrieving", 0, 1)
    async for update in graph.astream(Query(photo=os.fspath(photo)), context=context, stream_mode="updates"):
        for node, written in update.items():
            if node == "coarse_retrieve":
                on_progress("retrieving", 1, 1)
                images = len(images_of(written))
            elif node == "recall_descriptions":
                described = len(written["descriptions"].value)
                _report_described(described, images, on_progress)
            elif node == "describe_image":
                described += 1
                _report_described(described, images, on_progress)
            elif node == "score_candidates":
                on_progress("comparing", 1, 1)
            elif node == "apply_threshold":
                answer = written["answer"]
    if answer is None:
        raise RuntimeError("the graph ended without an answer")
    return answer


def _report_described(described: int, images: int, on_progress: Progress) -> None:
    on_progress("describing", described, images)
    if described == images:
        on_progress("comparing", 0, 1)  # the sentence encoder may have to be loaded
