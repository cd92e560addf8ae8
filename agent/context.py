"""What a run of the graph is given: the index, the tools' dependencies and the settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..tools.backbone import Backbone, open_backbone
from ..tools.describe_image import Describer
from ..tools.errors import IndexMismatch, UsageError
from ..tools.index_files import differing_settings
from ..tools.ledger import Ledger
from ..tools.place_index import PlaceIndex
from ..tools.sentences import MiniLm, SentenceEncoder
from .settings import Settings, resolve_settings

LEDGER_FILE = "ledger.sqlite"


@dataclass(frozen=True)
class Context:
    """Dependencies of a run; live objects that are shared by runs and never stored in the graph's state."""

    index: PlaceIndex
    backbone: Backbone
    describer: Describer
    encoder: SentenceEncoder
    ledger: Ledger
    settings: Settings

    def resolved(self) -> dict[str, str | int | float | None]:
        """Return every resolved setting, with the full ids of what computed the answer."""
        ids = {
            "backbone_id": self.backbone.id,
            "describer_id": self.describer.id,
            "encoder_id": self.encoder.id,
            "codebook": self.index.manifest.codebook_digest,
        }
        return {**self.settings.model_dump(mode="json", exclude={"ledger"}), **ids}


@contextmanager
def open_context(
    places: Path | str, *, settings: Settings | None = None, file: Path | None = None, **flags: Any
) -> Iterator[Context]:
    """Open an index folder with everything a run needs; `flags` are settings by name, such as `k=50`.

    With `settings` given, nothing else is asked: no flag, no environment, no file.
    Raises `IndexMissing`, `IndexDamaged`, `IndexMismatch`, `UsageError`, `PackageMissing` or `LedgerError`.
    """
    folder = Path(places)
    index = PlaceIndex.open(folder)
    try:
        settings = settings or resolve_settings(flags, file=file, index=index.settings)
        _check_fit(folder, index, settings)
        with Ledger(settings.ledger or folder / LEDGER_FILE) as ledger:
            yield Context(
                index=index,
                backbone=open_backbone(index.settings.backbone),
                describer=_open_describer(settings),
                encoder=_open_encoder(settings),
                ledger=ledger,
                settings=settings,
            )
    finally:
        index.close()


def _check_fit(folder: Path, index: PlaceIndex, settings: Settings) -> None:
    if differing := differing_settings(index.settings, settings.index_settings(index.settings)):
        raise IndexMismatch(
            f"The index in {str(folder)!r} was built with other settings ({differing}): "
            "leave those flags out, or build an index with them."
        )


def _open_describer(settings: Settings) -> Describer:
    if settings.describer != "signage":
        raise UsageError("The describer 'vlm' is not part of this version: use --describer signage.")
    from ..tools.signage import SignageReader

    return SignageReader()


def _open_encoder(settings: Settings) -> SentenceEncoder:
    if settings.encoder != "minilm":
        raise UsageError(f"The encoder {settings.encoder!r} is not part of this version: use --encoder minilm.")
    return MiniLm()
