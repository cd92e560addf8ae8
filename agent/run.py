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
                on_progress("describing", described, images)
            elif node == "describe_image":
                described += 1
                on_progress("describing", described, images)
            elif node == "apply_threshold":
                answer = written["answer"]
    if answer is None:
        raise RuntimeError("the graph ended without an answer")
    return answer
