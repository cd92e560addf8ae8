"""Building and updating an index: photos in, vectors out, streamed; an interrupted build goes on where it stopped."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from time import monotonic

import numpy as np

from ..arrays import Floats
from ..errors import IndexDamaged, IndexMismatch, PhotoError, PlaceIndexError, UsageError
from ..features.backbone import (
    Backbone,
    DescriptorSettings,
    DType,
    ImportedDescriptors,
    extract_photos,
    open_backbone,
)
from ..features.codebook import sample_rows, train_codebook
from ..features.vlad import aggregate
from ..progress import Progress, silent
from ..records import Photo, Position, Record
from .bounded_map import bounded_map
from .codebook_file import read_fitting_codebook
from .files import IndexSettings, Manifest, differing_settings, find_manifest
from .scan import Skipped, scan_photos
from .seal import seal
from .store import STORE, BuildStore

# The codebook's sample of descriptors: so many for each cluster or photo, whichever is more, within so many bytes.
_SAMPLE_BYTES = 512 * 2**20
_SAMPLE_PER_CLUSTER = 1024
_SAMPLE_PER_PHOTO = 64
# After so many images or seconds vectors are committed and progress is reported: a killed build loses no more.
_COMMIT_EVERY = 32
_COMMIT_SECONDS = 5.0
# Images that are listed in memory at once.
_PAGE = 1024

# A photo with its descriptors or its vector, or with the reason why it has none.
_Outcome = tuple[Photo, Floats | PhotoError]


class BuildReport(Record):
    """What a build did: photos in the index now, vectors computed, photos pruned, files skipped.

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
    codebook: Path | None = None,
    listed: Sequence[str] | None = None,
    device: str = "auto",
    dtype: DType = "auto",
    on_progress: Progress = silent,
) -> BuildReport:
    """Index the photos below a folder into the index folder `places`, computing only what is new.

    `positions` gives positions by path relative to `photos`, before those in file names and EXIF. With
    `prune`, photos of this folder that are gone leave the index; all photos of the folders in `forget`
    leave it, gone or not. Files that cannot be used are skipped and reported. A file `codebook` is used instead
    of training one. With `listed`, the photos are those, by path relative to `photos`, which is then not searched.
    `device` and `dtype` change the backbone's speed and rounding.

    Raises `IndexMismatch` when the index was built with other settings, `IndexBusy`, `PlaceIndexError`
    when no photo can be used or the index cannot be written, `UsageError` when `photos` is not a folder or
    a setting cannot be used, `WeightsError` when the backbone's weights are missing.
    """
    settings = _with_rows_of(photos, settings, forget)
    there = _manifest_there(places, settings)
    given = read_fitting_codebook(codebook, settings, there) if codebook is not None else None
    try:
        with BuildStore(places) as store:
            if there is not None and store.fact("codebook") is None:
                raise IndexDamaged(
                    f"The file {STORE!r} of the index in {str(places)!r} is gone, so it can be searched but not "
                    "extended: build a new index in another folder."
                )
            for folder in forget:
                store.drop_root(str(folder.resolve()))
            scan = scan_photos(store, photos, positions or {}, prune=prune, on_progress=on_progress, listed=listed)
            build = _Build(store, settings, list(scan.skipped), on_progress, device, dtype)
            centers = build.codebook(given)
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


def _with_rows_of(photos: Path, settings: IndexSettings, forget: Sequence[Path]) -> IndexSettings:
    """Let imported descriptors be those of a folder; raises `IndexMismatch` where they are another's."""
    if not isinstance(settings.backbone, DescriptorSettings):
        return settings
    folder, known = str(photos.absolute()), settings.backbone.photos
    if known and Path(known).resolve() not in (photos.resolve(), *(one.resolve() for one in forget)):
        raise IndexMismatch(
            f"The imported descriptors are those of the photos in {known!r}, not of {folder!r}: "
            "build a new index in another folder."
        )
    return settings.model_copy(update={"backbone": settings.backbone.model_copy(update={"photos": folder})})


def _manifest_there(places: Path, settings: IndexSettings) -> Manifest | None:
    """Return the manifest of an index that is there already and fits the settings; None where there is none.

    A damaged one counts as none: it is built again. Raises `IndexMismatch` for other settings.
    """
    manifest = find_manifest(places)
    if manifest is None:
        return None
    # The same vectors can be put into another kind of FAISS index at any time.
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
        self,
        store: BuildStore,
        settings: IndexSettings,
        skipped: list[Skipped],
        on_progress: Progress,
        device: str,
        dtype: DType,
    ) -> None:
        self.skipped = skipped
        self._device = device
        self._dtype = dtype
        self._store = store
        self._settings = settings
        self._on_progress = on_progress

    @cached_property
    def _backbone(self) -> Backbone:
        backbone = open_backbone(self._settings.backbone, device=self._device, dtype=self._dtype)
        if isinstance(backbone, ImportedDescriptors):
            backbone.check_database()
        return backbone

    def codebook(self, given: Floats | None) -> Floats:
        """Return the centres `C [S, D]`: the index's own, those given, or trained now on a bounded, seeded sample."""
        settings = self._settings.identity().model_dump_json().encode()
        blob = self._store.fact("codebook")
        same = given is None or blob == given.astype("<f4").tobytes()
        if blob is not None and same and self._store.fact("settings") == settings:
            return np.frombuffer(blob, "<f4").reshape(self._settings.clusters, -1)
        centers = self._train() if given is None else self._fitting(given)
        with self._store.batch():
            self._store.drop_vectors()
            self._store.set_fact("codebook", centers.astype("<f4").tobytes())
            self._store.set_fact("settings", settings)
        return centers

    def _fitting(self, centers: Floats) -> Floats:
        if centers.shape[1] != self._backbone.dimension:
            raise UsageError(
                f"The codebook's centers have {centers.shape[1]} dimensions, and this backbone's descriptors "
                f"{self._backbone.dimension}: use another --codebook."
            )
        return centers

    def _train(self) -> Floats:
        """Train on a sample of photos: digests are random, so a run of them from a random start is a random sample."""
        if isinstance(self._backbone, ImportedDescriptors):
            return self._backbone.codebook()
        count, most = self._store.count_images(), self._settings.codebook_photos
        rng = np.random.default_rng(self._settings.seed)
        first = int(rng.integers(max(1, count - most + 1)))
        chosen = self._store.images(first, most)
        rows = self._rows_of_each(len(chosen))
        # Filled photo by photo: the descriptors of one are gone before the next one's come.
        sample, filled = np.empty((rows * len(chosen), self._backbone.dimension), np.float32), 0
        for done, (_, found) in enumerate(self._mapped(self._extract, chosen), start=1):
            if not isinstance(found, PhotoError):
                part = sample_rows(found, rows, rng)
                sample[filled : filled + len(part)] = part
                filled += len(part)
            self._on_progress("training the codebook", done, len(chosen))
        if not filled:
            reasons = "; ".join(dict.fromkeys(skipped.reason for skipped in self.skipped[:3]))
            raise PlaceIndexError(f"No photo here can be indexed: name a folder of photos. {reasons}".strip())
        settings = self._settings
        return train_codebook(sample[:filled], settings.clusters, settings.seed, settings.centers)

    def _rows_of_each(self, photos: int) -> int:
        """Return how many descriptors of each photo train the codebook."""
        wanted = max(_SAMPLE_PER_CLUSTER * self._settings.clusters, _SAMPLE_PER_PHOTO * photos)
        sample = min(_SAMPLE_BYTES // (4 * self._backbone.dimension), wanted)
        return -(-sample // max(1, photos))

    def compute_vectors(self, centers: Floats) -> int:
        """Compute and store the vector of every image that has none; returns how many were computed."""
        total = self._store.count_images(undone=True)
        done = computed = 0
        # A page's images have a vector or are gone when the next page is asked for.
        while page := self._store.images(0, _PAGE, undone=True):
            for outcomes in _in_time(self._mapped(lambda batch: self._vectors(batch, centers), page)):
                computed += self._keep(outcomes)
                done += len(outcomes)
                self._on_progress("computing vectors", done, total)
        return computed

    def _mapped(self, function: Callable[[list[Photo]], list[_Outcome]], photos: list[Photo]) -> Iterator[_Outcome]:
        """Call a function with batches of photos of one size, in threads."""
        return chain.from_iterable(bounded_map(function, size_batches(photos, self._backbone.batch_size)))

    def _keep(self, outcomes: list[_Outcome]) -> int:
        """Make vectors durable; returns how many there are."""
        vectors = [(photo, outcome) for photo, outcome in outcomes if not isinstance(outcome, PhotoError)]
        with self._store.batch():
            for photo, vector in vectors:
                self._store.put_vector(photo.digest, vector)
            for photo, outcome in outcomes:
                if isinstance(outcome, PhotoError):
                    self._skip_image(photo, str(outcome))
        return len(vectors)

    def _skip_image(self, photo: Photo, reason: str) -> None:
        """Forget the photo that failed; a copy of it elsewhere gets its turn on the next page."""
        self._store.drop_path(photo.digest, str(photo.path))
        self.skipped.append(Skipped(path=photo.path, reason=reason))

    def _vectors(self, batch: list[Photo], centers: Floats) -> list[_Outcome]:
        return [
            (photo, found if isinstance(found, PhotoError) else aggregate(found, centers, self._settings.kappa))
            for photo, found in self._extract(batch)
        ]

    def _extract(self, batch: list[Photo]) -> list[_Outcome]:
        """Return each photo's local descriptors `[M, D]`, or the error: threads return errors instead of raising."""
        return list(zip(batch, extract_photos(batch, self._backbone), strict=True))


def size_batches(photos: Iterable[Photo], most: int) -> Iterator[list[Photo]]:
    """Yield photos in lists of one width and height, each when it has `most` of them, and at the end the others."""
    waiting: dict[tuple[int, int], list[Photo]] = {}
    for photo in photos:
        size = (photo.width, photo.height)
        waiting.setdefault(size, []).append(photo)
        if len(waiting[size]) == most:
            yield waiting.pop(size)
    yield from waiting.values()


def _in_time(outcomes: Iterable[_Outcome]) -> Iterator[list[_Outcome]]:
    """Yield outcomes in lists, as soon as there are enough or enough time has gone by."""
    gathered: list[_Outcome] = []
    since = monotonic()
    for outcome in outcomes:
        gathered.append(outcome)
        if len(gathered) == _COMMIT_EVERY or monotonic() - since >= _COMMIT_SECONDS:
            yield gathered
            gathered, since = [], monotonic()
    if gathered:
        yield gathered
