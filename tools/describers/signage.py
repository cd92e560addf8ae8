"""The embedded describer: signs read by RapidOCR, then cues computed from the pixels; no GPU, no server."""

import asyncio
import json
import os
import threading
import time
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..errors import PackageMissing
from ..packages import import_extra
from ..photo.photo import load_image
from ..records import Attempt, Photo
from .image_cues import ALGORITHM, IMAGE_CUE_SCORE, image_cues
from .sign_text import TextLine, sign_cues

_LONGER_SIDE = 1024  # pixels; at 640 no house number is found any more in street photographs
_SMALLEST_READ = 736  # pixels along the longer side; smaller ones are scaled up, which reads a third more signs
_MAX_REGIONS = 200  # regions of an image that may hold text and are looked at
_MAX_READERS = 4  # each takes about 300 MB


class SignageReader:
    """Describes a photo by what its signs say, filled up with image statistics.

    The same photo gives the same answer on the same machine, whatever runs beside it: each thread has
    a reader of its own, and each reader computes on one thread. Upside-down text is not
    read. The models are those in the `rapidocr` package; nothing is ever downloaded.
    Raises `PackageMissing` when the packages of the extra `embedded` are not installed.
    """

    def __init__(self) -> None:
        for package in ("onnxruntime", "cv2"):
            import_extra(package, "embedded")
        models = Path(str(import_extra("rapidocr", "embedded").__file__)).parent / "models"
        self._models = {"Det": _find_model(models, "det"), "Rec": _find_model(models, "rec")}
        self._own = threading.local()
        self._pool = ThreadPoolExecutor(min(os.cpu_count() or 1, _MAX_READERS), thread_name_prefix="signage")

    @cached_property
    def id(self) -> str:
        """Version, models and image size: everything that changes the answers."""
        models = ", ".join(model.stem for model in self._models.values())
        return (
            f"signage/1 (RapidOCR {version('rapidocr')}, {models}, {_SMALLEST_READ} to {_LONGER_SIDE} px; {ALGORITHM})"
        )

    def load(self) -> None:
        """Open a reader and read an empty image, so that the next photo need not wait for that."""
        self._pool.submit(self._read, Image.new("RGB", (_SMALLEST_READ, _SMALLEST_READ))).result()

    async def attempts(self, photo: Photo, n: int) -> AsyncGenerator[Attempt, None]:
        """Yield the `n` best cues, once: signs first, then image statistics.

        Every photo gives ten image statistics, so there can be fewer cues only for n > 10. Raises
        `PhotoError` for a photo that cannot be decoded.
        """
        yield await asyncio.get_running_loop().run_in_executor(self._pool, self._describe, photo, n)

    def _describe(self, photo: Photo, n: int) -> Attempt:
        start = time.monotonic()
        image = load_image(photo, longer_side=_LONGER_SIDE)
        lines = self._read(image)
        statistics = image_cues(image)
        cues = [*sign_cues(lines, image.height, IMAGE_CUE_SCORE), *statistics][:n]
        raw = {
            "size": image.size,
            "lines": [line.model_dump() for line in lines],
            "statistics": [cue.text for cue in statistics],
        }
        packages = {name: version(name) for name in ("rapidocr", "onnxruntime")}
        return Attempt(cues=tuple(cues), raw=json.dumps(raw), request=packages, latency=time.monotonic() - start)

    def _read(self, image: Image.Image) -> list[TextLine]:
        """Read the text of an image; every line found is returned, whatever its confidence."""
        if not hasattr(self._own, "reader"):
            self._own.reader = _open_reader(self._models)
        scale = max(1.0, _SMALLEST_READ / max(image.size))
        read = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
        result = self._own.reader(np.ascontiguousarray(np.asarray(read)[..., ::-1]))  # BGR
        if result.txts is None:
            return []
        return [
            TextLine(text=text, confidence=round(float(score), 4), corners=np.round(box / scale, 1).tolist())
            for text, score, box in zip(result.txts, result.scores, result.boxes, strict=True)
        ]


def _find_model(folder: Path, task: str) -> Path:
    """Return the model file that came with the package; naming it keeps the library from downloading one."""
    found = sorted(folder.glob(f"*_{task}_*.onnx"))
    if not found:
        raise PackageMissing(
            f"The package 'rapidocr' has no model for {task!r} in {str(folder)!r}: "
            "run pip install --force-reinstall 'internvl-vpr[embedded]'."
        )
    return found[0]


def _open_reader(models: dict[str, Path]) -> Any:
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.text_score": 0.0,
            "Global.use_cls": False,
            "Det.model_path": str(models["Det"]),
            "Det.limit_type": "max",
            "Det.limit_side_len": _LONGER_SIDE,
            "Det.max_candidates": _MAX_REGIONS,
            "Rec.model_path": str(models["Rec"]),
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


class ImageStatistics:
    """Describes a photo by image statistics alone; raises `PackageMissing` without the extra `embedded`."""

    id = ALGORITHM

    def __init__(self) -> None:
        import_extra("cv2", "embedded")

    async def attempts(self, photo: Photo, n: int) -> AsyncGenerator[Attempt, None]:
        """Yield the `n` cues that tell places apart best, once; raises `PhotoError`."""
        yield await asyncio.to_thread(_describe, photo, n)


def _describe(photo: Photo, n: int) -> Attempt:
    start = time.monotonic()
    cues = image_cues(load_image(photo, longer_side=_LONGER_SIDE))[:n]
    raw = json.dumps({"statistics": [cue.text for cue in cues]})
    return Attempt(cues=tuple(cues), raw=raw, latency=time.monotonic() - start)
