"""Building and updating an index: photos in, vectors out, streamed; it goes on where it stopped."""

import sqlite3
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np

from .arrays import Floats
from .backbone import Backbone, extract_photo, open_backbone
from .bounded_map import bounded_map
from .build_store import STORE, BuildStore
from .codebook import sample_rows, train_codebook
from .errors import IndexDamaged, IndexMismatch, PhotoError, PlaceIndexError
from .index_files import IndexSettings, Manifest, differing_settings, find_manifest
from .index_scan import Skipped, scan_photos
from .index_seal import seal
from .progress import Progress, silent
from .records import Photo, Position, Record
from .vlad import aggregate

# The codebook's sample of descriptors is bounded, whatever the number of photos.
_SAMPLE_BYTES = 256 * 2**20
_SAMPLE_PER_CLUSTER = 1024
# Images whose vectors are made durable at once: what a killed build can lose.
_COMMIT_EVERY = 32
# Images that are listed in memory at once.
_PAGE = 1024


class BuildReport(Record):
    """What an index run did: photos in the index now, vectors computed, photos pruned, files skipped.

    `unmatched` are the names in the table of positions that no photo has.
    """

    photos: int
    computed: int
    pruned: int
    skipped: tuple[Skipped, ...]
    unmatched: tuple[str, ...] = ()


def update_index(
    photos: Path,
    places: Path,
    settings: IndexSettings,
    *,
    positions: Mapping[str, Position] | None = None,
    prune: bool = False,
    forget: Sequence[Path] = (),
    on_progress: Progress = silent,
) -> BuildReport:
    """Index the photos below a folder into the index folder `places`, computing only what is new.

    `positions` gives positions by path relative to `photos`, before those in file names and EXIF. With
    `prune`, photos of this folder that are gone leave the index; all photos of the folders to `forget`
    do, there or not. Files that cannot be used are skipped and reported.

    Raises `IndexMismatch` when the index was built with other settings, `IndexBusy`, `PlaceIndexError`
    when no photo can be used or the index cannot be written, `UsageError` when `photos` is no folder.
    """
    there = _manifest_there(places, settings)
    try:
        with BuildStore(places) as store:
            if there is not None and store.fact("codebook") is None:
                raise IndexDamaged(
                    f"The file {STORE!r} of the index in {str(places)!r} is gone, so it can be searched but not "
                    "extended: build a new index in another folder."
                )
            for folder in forget:
                store.drop_root(str(folder.resolve()))
            scan = scan_photos(store, photos, positions or {}, prune=prune, on_progress=on_progress)
            build = _Build(store, settings, list(scan.skipped), on_progress)
            centers = build.codebook()
            computed = build.compute_vectors(centers)
            manifest = seal(places, store, settings, centers)
    except (OSError, sqlite3.Error) as error:
        raise PlaceIndexError(
            f"The index in {str(places)!r} cannot be written ({error}): check its permissions and its space."
        ) from error
    return BuildReport(
        photos=manifest.photos,
        computed=computed,
        pruned=scan.pruned,
        skipped=tuple(build.skipped),
        unmatched=scan.unmatched,
    )


def _manifest_there(places: Path, settings: IndexSettings) -> Manifest | None:
    """The manifest of the index that is there already, which must fit the settings; a damaged one is built again."""
    manifest = find_manifest(places)
    if manifest is None:
        return None
    # Another FAISS index of the same vectors can be made at any time.
    asked = settings.model_copy(update={"index_factory": manifest.settings.index_factory})
    if differing := differing_settings(manifest.settings, asked):
        raise IndexMismatch(
            f"The index in {str(places)!r} was built with other settings ({differing}): "
            "use those, or build a new index in another folder."
        )
    return manifest


class _Build:
    """One run over one store."""

    def __init__(
        self, store: BuildStore, settings: IndexSettings, skipped: list[Skipped], on_progress: Progress
    ) -> None:
        self.skipped = skipped
        self._store = store
        self._settings = settings
        self._on_progress = on_progress

    @cached_property
    def _backbone(self) -> Backbone:
        return open_backbone(self._settings.backbone)

    def codebook(self) -> Floats:
        """Return the centres `C [S, D]`: the index's own, or trained now on a bounded, seeded sample."""
        settings = self._settings.model_copy(update={"index_factory": ""}).model_dump_json().encode()
        blob = self._store.fact("codebook")
        if blob is not None and self._store.fact("settings") == settings:
            return np.frombuffer(blob, "<f4").reshape(self._settings.clusters, -1)
        centers = self._train()
        with self._store.batch():
            self._store.drop_vectors()
            self._store.set_fact("codebook", centers.astype("<f4").tobytes())
            self._store.set_fact("settings", settings)
        return centers

    def _train(self) -> Floats:
        """Train on some photos: digests are random, so a run of them, begun at random, is a random sample."""
        count, most = self._store.count_images(), self._settings.codebook_photos
        rng = np.random.default_rng(self._settings.seed)
        first = int(rng.integers(max(1, count - most + 1)))
        chosen = self._store.images(first, most)
        sample = min(_SAMPLE_BYTES // (4 * self._backbone.dimension), _SAMPLE_PER_CLUSTER * self._settings.clusters)
        rows = -(-sample // max(1, len(chosen)))
        sets = []
        for done, found in enumerate(bounded_map(self._extract, chosen), start=1):
            if not isinstance(found, PhotoError):
                sets.append(sample_rows(found, rows, rng))
            self._on_progress("training the codebook", done, len(chosen))
        if not sets:
            reasons = "; ".join(dict.fromkeys(skipped.reason for skipped in self.skipped[:3]))
            raise PlaceIndexError(f"No photo here can be indexed: name a folder of photos. {reasons}".strip())
        return train_codebook(np.concatenate(sets), self._settings.clusters, self._settings.seed)

    def compute_vectors(self, centers: Floats) -> int:
        """Compute and store the vector of every image that has none; returns how many were computed."""
        total = self._store.count_images(undone=True)
        done = computed = 0
        # A page's images have a vector or are gone when the next page is asked for.
        while page := self._store.images(0, _PAGE, undone=True):
            outcomes = zip(page, bounded_map(lambda photo: self._vector(photo, centers), page), strict=True)
            while batch := list(islice(outcomes, _COMMIT_EVERY)):
                computed += self._keep(batch)
                done += len(batch)
                self._on_progress("computing vectors", done, total)
        return computed

    def _keep(self, batch: list[tuple[Photo, Floats | PhotoError]]) -> int:
        """Make a batch durable; returns how many vectors are in it."""
        vectors = [(photo, outcome) for photo, outcome in batch if not isinstance(outcome, PhotoError)]
        with self._store.batch():
            for photo, vector in vectors:
                self._store.put_vector(photo.digest, vector)
            for photo, outcome in batch:
                if isinstance(outcome, PhotoError):
                    self._skip_image(photo, str(outcome))
        return len(vectors)

    def _skip_image(self, photo: Photo, reason: str) -> None:
        """Forget the photo that failed; a copy of it elsewhere gets its turn on the next page."""
        self._store.drop_path(photo.digest, str(photo.path))
        self.skipped.append(Skipped(path=photo.path, reason=reason))

    def _vector(self, photo: Photo, centers: Floats) -> Floats | PhotoError:
        descriptors = self._extract(photo)
        if isinstance(descriptors, PhotoError):
            return descriptors
        return aggregate(descriptors, centers, self._settings.kappa)

    def _extract(self, photo: Photo) -> Floats | PhotoError:
        """Local descriptors `[M, D]`, or why there are none: threads hand errors over instead of raising."""
        try:
            return extract_photo(photo, self._backbone)
        except PhotoError as error:
            return error
