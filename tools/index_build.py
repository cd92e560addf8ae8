"""Building and updating an index: photos in, vectors out, streamed; it goes on where it stopped."""

from collections.abc import Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np

from .arrays import Floats
from .backbone import Backbone, open_backbone
from .bounded_map import bounded_map
from .build_store import BuildStore
from .codebook import sample_rows, train_codebook
from .errors import IndexMismatch, IndexMissing, PackageMissing, PhotoError, PlaceIndexError, PositionError
from .index_files import IndexSettings, read_manifest
from .index_seal import seal
from .photo import find_photos, load_image, open_photo
from .records import Photo, Position, Record
from .vlad import aggregate

# The codebook's sample of descriptors is bounded, whatever the number of photos.
_SAMPLE_BYTES = 256 * 2**20
_SAMPLE_PER_CLUSTER = 1024
# Images whose vectors are made durable at once: what a killed build can lose.
_COMMIT_EVERY = 32
# Images that are listed in memory at once.
_PAGE = 1024


class Progress(Protocol):
    """Told how far long work is: the name of the stage, steps done, steps in all."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show it."""


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


class Skipped(Record):
    """A file that could not be indexed, and the sentence that says why."""

    path: Path
    reason: str


class BuildReport(Record):
    """What an index run did: photos in the index now, vectors computed, photos pruned, files skipped."""

    photos: int
    computed: int
    pruned: int
    skipped: tuple[Skipped, ...]


def update_index(
    photos: Path,
    places: Path,
    settings: IndexSettings,
    *,
    positions: Mapping[str, Position] | None = None,
    prune: bool = False,
    on_progress: Progress = silent,
) -> BuildReport:
    """Index the photos below a folder into the index folder `places`, computing only what is new.

    `positions` gives positions by path relative to `photos`, before those in file names and EXIF. With
    `prune`, photos of this folder that are gone leave the index. Files that cannot be used are skipped
    and reported.

    Raises `IndexMismatch` when the index was built with other settings, `IndexBusy`, `PlaceIndexError`
    when no photo can be used, `UsageError` when `photos` is no folder.
    """
    _check_settings(places, settings)
    paths = find_photos(photos)
    with BuildStore(places) as store:
        build = _Build(store, settings, on_progress)
        pruned = build.scan(photos, paths, positions or {}, prune)
        centers = build.codebook()
        computed = build.compute_vectors(centers)
        manifest = seal(places, store, settings, centers)
    return BuildReport(photos=manifest.photos, computed=computed, pruned=pruned, skipped=tuple(build.skipped))


def _check_settings(places: Path, settings: IndexSettings) -> None:
    try:
        there = read_manifest(places).settings
    except IndexMissing:
        return
    if differing := differing_settings(there, settings):
        raise IndexMismatch(
            f"The index in {str(places)!r} was built with other settings ({differing}): "
            "use those, or build a new index in another folder."
        )


def differing_settings(there: IndexSettings, asked: IndexSettings) -> str:
    """Name the settings whose vectors would differ, such as `kappa hard, not 30.0`; empty when none do."""
    ours, others = there.model_dump(), asked.model_dump()
    return ", ".join(
        f"{name} {ours[name]}, not {others[name]}"
        for name in ours
        if name != "index_factory" and ours[name] != others[name]
    )


class _Build:
    """One run over one store."""

    def __init__(self, store: BuildStore, settings: IndexSettings, on_progress: Progress) -> None:
        self.skipped: list[Skipped] = []
        self._store = store
        self._settings = settings
        self._on_progress = on_progress
        self._run = int(store.fact("run") or 0) + 1

    @cached_property
    def _backbone(self) -> Backbone:
        return open_backbone(self._settings.backbone)

    def scan(self, folder: Path, paths: list[Path], positions: Mapping[str, Position], prune: bool) -> int:
        """Bring the table of photos up to date with the folder; returns how many photos were pruned."""
        root = folder.resolve()
        with self._store.batch():
            for done, path in enumerate(paths, start=1):
                self._scan_photo(root, path.relative_to(folder).as_posix(), positions)
                self._on_progress("reading photos", done, len(paths))
            pruned = self._store.drop_unseen(str(root), self._run) if prune else 0
            self._store.set_fact("run", str(self._run).encode())
        return pruned

    def _scan_photo(self, root: Path, reference: str, positions: Mapping[str, Position]) -> None:
        path = root / reference
        try:
            stat = path.stat()
            stamp = (stat.st_size, stat.st_mtime_ns)
            if reference not in positions and self._store.known(str(root), reference) == stamp:
                self._store.see(str(root), reference, self._run)
                return
            photo = open_photo(path, positions.get(reference))
            self._store.put_photo(str(root), reference, photo, stamp, self._run)
        except OSError as error:
            self._skip(root, reference, f"The photo {str(path)!r} cannot be read ({error.strerror}).")
        except (PackageMissing, PhotoError, PositionError) as error:
            self._skip(root, reference, str(error))

    def _skip(self, root: Path, reference: str, reason: str) -> None:
        self._store.drop_photo(str(root), reference)
        self.skipped.append(Skipped(path=root / reference, reason=reason))

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
        for root, reference in self._store.drop_image(photo.digest):
            self.skipped.append(Skipped(path=Path(root) / reference, reason=reason))

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


def extract_photo(photo: Photo, backbone: Backbone) -> Floats:
    """Turn a photo into local descriptors `[M, D]`, M ≥ 1; raises `PhotoError`, also when nothing is seen."""
    descriptors = backbone.extract(load_image(photo, backbone.longer_side))
    if len(descriptors) == 0:
        raise PhotoError(f"The photo {str(photo.path)!r} shows no structure at all: leave it out.")
    return descriptors
