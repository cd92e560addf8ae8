"""What the sign reader sees in a run's photos, so that quoted text and names can be checked against it."""

import asyncio
import hashlib
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ValidationError

from internvl_vpr.tools.describe_image import describe_image
from internvl_vpr.tools.describers.sign_text import TextLine
from internvl_vpr.tools.describers.signage import SignageReader
from internvl_vpr.tools.errors import LedgerError, PackageMissing
from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.progress import Progress, silent
from internvl_vpr.tools.text.quoted import quoted_strings

from ..runs.folder import Run
from ..runs.records import ImageDescription
from .place_names import proper_names

IMAGES = 1_000  # of a run that are read at most
_CONFIDENT = 0.7  # as for sign cues: below it window grids are taken for letters
_N = 3  # cues asked of the reader, which decide nothing about its lines
_AT_ONCE = 4


class Signs(NamedTuple):
    """The lines that the reader is sure of in each image, by digest; `note` says why some images were not read.

    An image whose cues quote and name nothing is not read, and has no lines. `lines` None: there is nothing to check.
    """

    lines: dict[str, tuple[str, ...]] | None
    note: str | None = None


class _Raw(BaseModel):
    """What the reader recorded."""

    lines: tuple[TextLine, ...]


def claims_text(one: ImageDescription) -> bool:
    """Whether any cue of an image quotes something, or holds a name."""
    return any(quoted_strings(cue.text) or proper_names(cue.text) for cue in one.cues)


def read_signs(run: Run, ledger: Ledger, *, limit: int = IMAGES, on_progress: Progress = silent) -> Signs:
    """Read the signs in at most `limit` of a run's described photos; what the ledger has is not read again.

    Which ones depends on their names alone, so that two runs over the same photos read the same ones. Without the
    packages of the extra `embedded`, or without the photos, there are no lines and a note says why. Raises
    `LedgerError`.
    """
    described = [one for one in run.descriptions.values() if one.cues]
    chosen = sorted(described, key=lambda one: hashlib.sha256(f"{one.role} {one.photo}".encode()).digest())[:limit]
    there = [one for one in chosen if _is_there(_path(run, one), one.digest)]
    if not there:
        gone = "they were moved or have changed"
        return Signs(None, f"{run.info.split.name}: no photo's signs can be read ({gone})." if chosen else None)
    try:
        reader = SignageReader()
    except PackageMissing as error:
        return Signs(None, f"{run.info.split.name}: quoted text and names are not checked. {error}")
    lines = asyncio.run(_read_all(run, there, reader, ledger, on_progress))
    missing = len(chosen) - len(there)
    note = (
        f"{run.info.split.name}: {missing} of {len(chosen)} photos are gone or have changed, so their signs are unread."
    )
    return Signs(lines, note if missing else None)


async def _read_all(
    run: Run, images: Sequence[ImageDescription], reader: SignageReader, ledger: Ledger, on_progress: Progress
) -> dict[str, tuple[str, ...]]:
    claiming = [one for one in images if claims_text(one)]
    found: dict[str, tuple[str, ...]] = {one.digest: () for one in images}
    waiting = iter(claiming)
    done = count(1)

    async def work() -> None:
        for one in waiting:
            if (lines := await _read(_path(run, one), one.digest, reader, ledger)) is None:
                del found[one.digest]  # it cannot be decoded
            else:
                found[one.digest] = lines
            on_progress("reading signs", next(done), len(claiming))

    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    return found


async def _read(path: Path, digest: str, reader: SignageReader, ledger: Ledger) -> tuple[str, ...] | None:
    """The lines of one image, from the ledger where any reading of it is recorded; None where there can be none."""
    if (known := _recorded(digest, reader.id, ledger)) is not None:
        return known
    await describe_image(path, digest, _N, reader, ledger)
    return _recorded(digest, reader.id, ledger)


def _recorded(digest: str, reader: str, ledger: Ledger) -> tuple[str, ...] | None:
    """The lines do not depend on N, so a reading for any number of cues will do."""
    rows = ledger.read(
        "SELECT raw FROM steps WHERE key > ? AND key < ? AND describer = ? AND error IS NULL LIMIT 1",
        (f"{digest}/", f"{digest}0", reader),  # a step's key begins with the digest and '/', and '0' is next to '/'
    )
    if not rows:
        return None
    try:
        lines = _Raw.model_validate_json(rows[0][0]).lines
    except ValidationError as error:
        raise LedgerError(
            f"The ledger {str(ledger.path)!r} holds a damaged row: name another with --ledger."
        ) from error
    return tuple(line.text for line in lines if line.confidence >= _CONFIDENT)


def _path(run: Run, one: ImageDescription) -> Path:
    return run.info.split.folder_of(one.role) / one.photo


def _is_there(path: Path, digest: str) -> bool:
    """Whether the file is there and still holds the bytes that were described."""
    try:
        if not path.is_file():  # opening a FIFO would block
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == digest
    except OSError:
        return False
