"""Stage 1 again with other κ: every photo's descriptors are computed once and aggregated with each (Eqs. 1–5)."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from internvl_vpr.tools.arrays import Floats, rounded
from internvl_vpr.tools.errors import PhotoError, UsageError
from internvl_vpr.tools.features.backbone import Backbone, DType, extract_photos, open_backbone
from internvl_vpr.tools.features.vlad import aggregate
from internvl_vpr.tools.index.bounded_map import bounded_map
from internvl_vpr.tools.index.build import size_batches
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.photo.photo import open_photo
from internvl_vpr.tools.progress import Progress, silent
from internvl_vpr.tools.records import Photo

from ..measures.recall import Recall, first_positive_rank, recall_at
from ..runs.folder import Run
from ..runs.records import Result
from .sweep import OURS, PAPERS

KAPPAS = (1.0, 10.0, 30.0, 100.0, math.inf)
PAPERS_KAPPA = 1.0
_RECALLS = (1, 5, 20)
_DEPTH = 100  # images kept for each query
_BLOCK = 64  # database vectors that are compared at once

# A photo with its vector for each κ, `[κ, S·D]`.
_Vectors = tuple[Photo, Floats]


@dataclass(frozen=True)
class KappaRow:
    """Stage 1's Recall@1, @5 and @20 with one κ; infinite is hard assignment. `marks` says whose choice it is."""

    kappa: float
    recalls: tuple[Recall, ...]
    marks: tuple[str, ...]


def sweep_kappa(
    run: Run, places: Path, kappas: Sequence[float] = KAPPAS, on_progress: Progress = silent
) -> list[KappaRow]:
    """Return stage 1's recall for each κ and the index's own, from the photos of the index and the run's queries.

    Raises `UsageError` when the index is not the run's or photos have changed since, and what opening an index
    and a backbone raises.
    """
    with closing(PlaceIndex.open(places)) as index:
        _check_index(run, index, places)
        own = index.settings.kappa
        asked = sorted({*kappas, own})
        orders = coarse_orders(run, index, asked, on_progress)
    rows = []
    for kappa in asked:
        pairs = zip(run.queries, orders[kappa], strict=True)
        ranks = [first_positive_rank(order, set(query.positives)) for query, order in pairs]
        marks = tuple(mark for mark, its in ((PAPERS, PAPERS_KAPPA), (OURS, own)) if kappa == its)
        rows.append(KappaRow(kappa, tuple(Recall(k, *recall_at(ranks, k)) for k in _RECALLS), marks))
    return rows


def coarse_orders(
    run: Run, index: PlaceIndex, kappas: Sequence[float], on_progress: Progress = silent
) -> dict[float, list[list[str]]]:
    """Return, for each κ and each query of a run, the references that are most similar, the best first.

    Queries' vectors are kept, `[κ, Q, S·D]` float32; those of the database are streamed. Queries that the run
    could not locate get none. Raises `UsageError` when a photo has changed or is gone.
    """
    backbone = _backbone_of(run, index)

    def vectors(photo: Floats) -> Floats:
        return np.stack([aggregate(photo, index.codebook, kappa) for kappa in kappas])

    asked = [query for query in run.queries if query.error is None]
    queries = np.empty((len(kappas), len(asked), index.manifest.dimension), dtype=np.float32)
    for photo, vector in _vectors(_query_photos(run, asked), backbone, vectors):
        queries[:, [query.digest == photo.digest for query in asked]] = vector[:, None]
    nearest = [_Nearest(one) for one in queries]
    total = index.manifest.photos
    for done, block in enumerate(_blocks(_vectors(_database_photos(index), backbone, vectors)), start=1):
        for i, one in enumerate(nearest):
            one.see([photo.digest for photo, _ in block], np.stack([vector[i] for _, vector in block]))
        on_progress("comparing κ", min(done * _BLOCK, total), total)
    on_progress("comparing κ", total, total)
    names = _references(index, {digest for one in nearest for digest in one.digests()})
    orders: dict[float, list[list[str]]] = {}
    for kappa, one in zip(kappas, nearest, strict=True):
        found = one.orders(names, [query.digest for query in asked])
        by_query = dict(zip((query.query for query in asked), found, strict=True))
        orders[kappa] = [by_query.get(query.query, []) for query in run.queries]
    return orders


_DTYPES: tuple[DType, ...] = ("auto", "float32", "bfloat16", "float16")


def _backbone_of(run: Run, index: PlaceIndex) -> Backbone:
    """Open the index's backbone on the run's device and in its precision."""
    settings = run.info.settings
    dtype = next(kind for kind in _DTYPES if kind == settings.get("dtype", "auto"))
    return open_backbone(index.settings.backbone, device=str(settings.get("device", "auto")), dtype=dtype)


class _Nearest:
    """For each query, `[Q, S·D]`, the most similar images of all that were seen (Eq. 5)."""

    def __init__(self, queries: Floats) -> None:
        self._queries = queries
        self._similarities = np.empty((len(queries), 0), dtype=np.float32)
        self._images = np.empty((len(queries), 0), dtype=np.intp)
        self._digests: list[str] = []

    def see(self, digests: Sequence[str], vectors: Floats) -> None:
        """Compare a block of images `[B, S·D]`."""
        numbers = np.arange(len(self._digests), len(self._digests) + len(digests))
        self._digests += digests
        similarities = np.hstack([self._similarities, rounded(self._queries @ vectors.T)])
        images = np.hstack([self._images, np.broadcast_to(numbers, (len(self._queries), len(numbers)))])
        best = np.argsort(-similarities, axis=1, kind="stable")[:, :_DEPTH]
        self._similarities = np.take_along_axis(similarities, best, axis=1)
        self._images = np.take_along_axis(images, best, axis=1)

    def digests(self) -> set[str]:
        """The images that any query keeps."""
        return {self._digests[image] for image in np.unique(self._images)}

    def orders(self, names: dict[str, list[str]], asked: Sequence[str | None]) -> Iterator[list[str]]:
        """Yield each query's references; of equally similar ones the first by name, as a search has it.

        A query, by its digest in `asked` [Q], is none of its own references.
        """
        found = zip(asked, self._similarities.tolist(), self._images.tolist(), strict=True)
        for itself, similarities, images in found:
            pairs = [
                (-similarity, name)
                for similarity, image in zip(similarities, images, strict=True)
                for name in names[self._digests[image]]
                if self._digests[image] != itself
            ]
            yield [name for _, name in sorted(pairs)][:_DEPTH]


def _check_index(run: Run, index: PlaceIndex, places: Path) -> None:
    if index.manifest.checksum != run.info.index:
        raise UsageError(
            f"The index in {str(places)!r} is not the one of the run in {str(run.folder)!r}, or has changed since: "
            "name the run's own with --places, or make the run again."
        )


def _query_photos(run: Run, asked: Sequence[Result]) -> Iterator[Photo]:
    folder = Path(run.info.split.folders["queries"])
    return bounded_map(_unchanged, [(folder / query.query, query.digest) for query in asked])


def _database_photos(index: PlaceIndex) -> Iterator[Photo]:
    return bounded_map(_unchanged, ((one.path, one.digest) for one in index.images()))


def _unchanged(entry: tuple[Path, str | None]) -> Photo:
    """Open a photo without its position; raises `UsageError` when it has changed."""
    path, digest = entry
    try:
        photo = open_photo(path, read_position=False)
    except PhotoError as error:
        raise UsageError(f"κ cannot be swept, because a photo has changed: {error}") from error
    if photo.digest != digest:
        raise UsageError(
            f"κ cannot be swept, because the photo {str(path)!r} has changed since the run: make the run again."
        )
    return photo


def _vectors(photos: Iterable[Photo], backbone: Backbone, vectors: Callable[[Floats], Floats]) -> Iterator[_Vectors]:
    """Turn photos into their vectors, in threads, a few at a time."""

    def of_batch(batch: list[Photo]) -> list[_Vectors]:
        pairs = zip(batch, extract_photos(batch, backbone), strict=True)
        return [(photo, vectors(_found(descriptors))) for photo, descriptors in pairs]

    return chain.from_iterable(bounded_map(of_batch, size_batches(photos, backbone.batch_size)))


def _found(descriptors: Floats | PhotoError) -> Floats:
    if isinstance(descriptors, PhotoError):
        raise UsageError(f"κ cannot be swept, because a photo has changed: {descriptors}") from descriptors
    return descriptors


def _blocks(vectors: Iterator[_Vectors]) -> Iterator[list[_Vectors]]:
    block: list[_Vectors] = []
    for one in vectors:
        block.append(one)
        if len(block) == _BLOCK:
            yield block
            block = []
    if block:
        yield block


def _references(index: PlaceIndex, digests: set[str]) -> dict[str, list[str]]:
    """The names of the photos that are these images: copies have several."""
    names: dict[str, list[str]] = defaultdict(list)
    for photo in index.photos():
        if photo.digest in digests:
            names[photo.digest].append(photo.reference)
    return names
