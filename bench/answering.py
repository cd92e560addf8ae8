"""An answer on a map whose references were prepared: in a chat that is warm, and by `locate` in a fresh process."""

import asyncio
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from internvl_vpr.agent.chat.opening import warm_up
from internvl_vpr.agent.localizer.context import LEDGER_FILE, Context, open_context
from internvl_vpr.agent.localizer.run import locate
from internvl_vpr.evals.town.town import build_town

from .side_by_side import SideBySide

MOST_SECONDS = 1.5  # of an answer in a warm chat
_MOST_IMPORTS = 3.0  # of PyTorch, in the time of `locate` in a fresh process
_PLACES, _VIEWS = 8, 3
_ANSWERS = 5


@dataclass(frozen=True)
class Answering:
    """What was measured: median seconds of a warm answer to a new photo and to one that was asked before.

    `fresh` is a comparison that can be run.
    """

    warm: float
    again: float
    fresh: SideBySide


@contextmanager
def measured() -> Iterator[Answering]:
    """Draw a small town and prepare a map of it; every question is about a photo that was never asked before."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        town = build_town(folder / "town", places=_PLACES, views=_VIEWS)
        places = folder / "places"
        _run("index", town.database, "--places", places)
        _run("describe", "--places", places)
        queries = _new_photos(town.queries["night"], folder)
        _run("locate", next(queries), "--places", places)  # asked before, so that all that is kept is there
        prepared = shutil.copy(places / LEDGER_FILE, folder / "prepared.sqlite")

        def fresh() -> None:
            shutil.copy(prepared, folder / "fresh.sqlite")
            _run("locate", next(queries), "--places", places, "--ledger", folder / "fresh.sqlite")

        yield Answering(
            *_warm(places, queries),
            SideBySide("locate in a fresh process", fresh, "import torch", _import_torch, _MOST_IMPORTS),
        )


def _warm(places: Path, queries: Iterator[Path]) -> tuple[float, float]:
    with open_context(places, preset="embedded") as context:
        warm_up(context)
        _seconds(next(queries), context)
        pairs = [(_seconds(query, context), _seconds(query, context)) for query in islice(queries, _ANSWERS)]
    new, again = zip(*pairs, strict=True)
    return statistics.median(new), statistics.median(again)


def _seconds(query: Path, context: Context) -> float:
    started = time.perf_counter()
    asyncio.run(locate(query, context))
    return time.perf_counter() - started


def _new_photos(photos: Path, folder: Path) -> Iterator[Path]:
    """Yield photographs again and again, each time with other bytes."""
    paths = sorted(photos.glob("*.jpg"))
    for number in count():
        new = folder / "query.jpg"
        with Image.open(paths[number % len(paths)]) as photo:
            photo.save(new, "JPEG", quality=90, comment=str(number).encode())
        yield new


def _run(*arguments: object) -> None:
    command = [sys.executable, "-m", "internvl_vpr.agent", *map(str, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own command lines
    if done.returncode not in (0, 3):  # 3: the photo's place is not known, which takes as long
        raise RuntimeError(done.stderr)


def _import_torch() -> None:
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
