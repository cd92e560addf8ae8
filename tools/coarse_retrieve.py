"""A photo to its K candidates: local descriptors, VLAD, search (Eqs. 1–5); computed once and read back after."""

from collections.abc import Sequence

import numpy as np

from .errors import StepMissing
from .features.backbone import Backbone, ImportedDescriptors, extract_photo
from .features.vlad import aggregate
from .index.place_index import PlaceIndex
from .ledger.ledger import Ledger, Retrieval
from .records import Candidate, Photo


def coarse_retrieve(photo: Photo, k: int, index: PlaceIndex, backbone: Backbone) -> list[Candidate]:
    """Return the `k` photos of the index that look most like `photo`, fewer when it holds fewer.

    The photo itself and its copies are left out. Similarities are rounded to five decimals, and ties are ordered by
    reference.
    Raises `PhotoError` when the photo cannot be decoded or shows no structure at all.
    """
    # In float64, processors and numbers of threads agree to many more digits than are told.
    descriptors = extract_photo(photo, backbone).astype(np.float64)
    vector = aggregate(descriptors, index.codebook.astype(np.float64), index.settings.kappa)
    return index.search(vector, k, without=photo.digest)


def recorded_candidates(
    photo: Photo, k: int, index: PlaceIndex, backbone: Backbone, ledger: Ledger, *, dtype: str, replay: bool = False
) -> list[Candidate]:
    """Return what `coarse_retrieve` finds, read back from the ledger where it was found before, otherwise recorded.

    `dtype` is the setting that the backbone was opened with. Raises `PhotoError`, `LedgerError`, and with `replay`,
    which computes nothing, `StepMissing` for what the ledger lacks.
    """
    manifest = index.manifest
    features = backbone.row_id(photo) if isinstance(backbone, ImportedDescriptors) else backbone.id
    retrieval = Retrieval(image=photo.digest, index=manifest.checksum, backbone=features, dtype=dtype, k=k)
    recorded = ledger.recall_candidates(retrieval)
    others = None if recorded is None else _without(photo, recorded)
    # Ledgers of earlier versions have the photo itself among its candidates, and so one too few others.
    if others is not None and (replay or others == recorded or len(others) >= k):
        return others
    if replay:
        raise StepMissing(
            f"The ledger does not say which photos of this index look most like {str(photo.path)!r} (k = {k}): "
            "ask without --replay first, or name another with --ledger."
        )
    found = coarse_retrieve(photo, k, index, backbone)
    if index.manifest is not manifest:  # a build was taken up meanwhile: these may be candidates of either
        return found
    return ledger.record_candidates(retrieval, found, instead=recorded)


def _without(photo: Photo, candidates: Sequence[Candidate]) -> list[Candidate]:
    others = [candidate for candidate in candidates if candidate.digest != photo.digest]
    return [other.model_copy(update={"coarse_rank": rank}) for rank, other in enumerate(others, start=1)]
