"""A photo and a candidate to their common points: matched keypoints, and those that one camera movement explains.

Keypoints of both are matched, and the fundamental matrix is estimated by MAGSAC++ (Barath et al. 2020): its inliers are
the evidence that both show the same walls. Each pair is computed once and read back after.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .arrays import Floats
from .errors import PhotoError, StepMissing
from .features.keypoints import Keypoints
from .index.keypoint_store import LARGEST_PHOTO, KeypointStore, as_stored
from .ledger.ledger import Ledger, Pair
from .packages import import_extra
from .photo.photo import load_image, open_photo
from .records import Candidate, Photo, Verification

THRESHOLD = 1.5  # pixels of the scaled image
CONFIDENCE = 0.999
ITERATIONS = 2000
SEED = 0
# Seven pairs of points always have a fundamental matrix, so fewer than eight prove nothing.
LEAST = 8
# Photographs whose keypoints are remembered, 280 KB each: a query is compared with many candidates, and the same
# candidates come again and again.
_REMEMBERED = 128


_Photo = TypeVar("_Photo", Photo, Candidate)


class Extractor(Protocol):
    """What verification needs of a keypoint extractor."""

    longer_side: int

    @property
    def id(self) -> str:
        """Name and everything that changes the keypoints."""

    def extract(self, image: Image.Image) -> Keypoints:
        """Find the keypoints of an upright RGB image; there is none where nothing is seen."""


class Matcher(Protocol):
    """What verification needs of a matcher."""

    @property
    def id(self) -> str:
        """Name and everything that changes the matches."""

    def match(self, a: Keypoints, b: Keypoints) -> NDArray[np.intp]:
        """Return `[n, 2]`: rows of `a` with rows of `b`."""


class Verifier:
    """Verifies pairs of photographs; keypoints of the map's are kept in a store, those of queries for a while."""

    def __init__(self, extractor: Extractor, matcher: Matcher, nearest: Matcher, store: KeypointStore) -> None:
        """`nearest` is the fast matcher of the quick look."""
        self.extractor = extractor
        self.matcher = matcher
        self.nearest = nearest
        self.store = store
        self._lock = threading.Lock()  # of what is remembered
        self._asking = threading.Lock()
        self._remembered: OrderedDict[str, Keypoints] = OrderedDict()

    @property
    def id(self) -> str:
        """Extractor, matcher and estimator with everything that changes a pair's inliers."""
        return self.id_of(self.matcher)

    @property
    def quick_id(self) -> str:
        """The same for the quick look."""
        return self.id_of(self.nearest)

    def id_of(self, matcher: Matcher) -> str:
        """Extractor, matcher and estimator with everything that changes a pair's inliers."""
        estimator = f"magsac/{THRESHOLD:g}px/{CONFIDENCE:g}/{ITERATIONS}/{SEED}"
        return f"{self.extractor.id}+{matcher.id}+{estimator}"

    def verify(self, photo: Photo | Candidate, other: Photo | Candidate, *, quick: bool = False) -> Verification:
        """Match the keypoints of two photographs and count those that a fundamental matrix explains.

        The pair is computed in the order of the digests, so that the order of the two changes nothing but that of the
        points. Raises `PhotoError` for a photograph that cannot be read.
        """
        if photo.digest > other.digest:
            return self.verify(other, photo, quick=quick).swapped()
        a, b = self.keypoints(photo), self.keypoints(other)
        if min(len(a.points), len(b.points)) < LEAST:
            return Verification(matches=0, inliers=0)
        pairs = (self.nearest if quick else self.matcher).match(a, b)
        return verification(a, b, pairs)

    def keypoints(self, photo: Photo | Candidate) -> Keypoints:
        """Return a photograph's keypoints; raises `PhotoError`. Those of the map's photos are stored."""
        if isinstance(photo, Candidate):
            return self._remembering(photo, self._stored)
        with self._asking:  # also while they are computed, so that pairs which begin together compute them once
            return self._remembering(photo, self._extract)

    def _remembering(self, photo: _Photo, find: Callable[[_Photo], Keypoints]) -> Keypoints:
        with self._lock:
            known = self._remembered.get(photo.digest)
        if known is None:
            known = find(photo)
            with self._lock:
                self._remembered[photo.digest] = known
                while len(self._remembered) > _REMEMBERED:
                    self._remembered.popitem(last=False)
        return known

    def _stored(self, photo: Candidate) -> Keypoints:
        kept = self.store.get(photo.digest, self.extractor.id)
        if kept is None:
            kept = self._extract(photo)
            self.store.put(photo.digest, self.extractor.id, kept)
        return kept

    def prepared(self, candidates: Sequence[Candidate]) -> set[str]:
        """Return the digests of those candidates whose keypoints are kept."""
        return self.store.kept([candidate.digest for candidate in candidates], self.extractor.id)

    @property
    def has_room(self) -> bool:
        """Whether the keypoints of one more photo can be kept without others leaving."""
        return self.store.bytes_left() >= LARGEST_PHOTO

    def _extract(self, photo: Photo | Candidate) -> Keypoints:
        opened = open_photo(photo.path, read_position=False)
        if opened.digest != photo.digest:
            raise PhotoError(f"The photo {str(photo.path)!r} has changed since it was indexed: run index again.")
        return as_stored(self.extractor.extract(load_image(opened, self.extractor.longer_side)))


def verify_geometry(
    photo: Photo, candidate: Photo | Candidate, verifier: Verifier, *, quick: bool = False
) -> Verification:
    """Verify one pair: matches, inliers, and the inliers' points in `photo` and in `candidate`; raises `PhotoError`.

    A quick look matches nearest neighbours only.
    """
    return verifier.verify(photo, candidate, quick=quick)


def recorded_verification(
    photo: Photo,
    candidate: Photo | Candidate,
    verifier: Verifier,
    ledger: Ledger,
    *,
    quick: bool = False,
    replay: bool = False,
) -> Verification | None:
    """Return what `verify_geometry` finds, read back from the ledger where the pair is recorded, otherwise recorded.

    None for a candidate that cannot be read, which is recorded, too. Raises `PhotoError` for a photo that cannot,
    `LedgerError`, and with `replay`, which computes nothing, `StepMissing` for a pair that the ledger lacks.
    """
    swapped = photo.digest > candidate.digest
    name = candidate.reference if isinstance(candidate, Candidate) else str(candidate.path)
    first, second = sorted((photo.digest, candidate.digest))
    pair = Pair(first=first, second=second, verifier=verifier.quick_id if quick else verifier.id)
    found = ledger.recall_verifications([pair]).get(pair)
    if found is None and replay:
        raise StepMissing(
            f"The ledger does not say how {str(photo.path)!r} and {name!r} fit together: "
            "ask without --replay first, or name another with --ledger."
        )
    if found is None or (isinstance(found, str) and not replay):
        verifier.keypoints(photo)  # if this one cannot be read, no candidate is to blame
        found = ledger.record_verification(pair, _verified(photo, candidate, verifier, quick=quick, swapped=swapped))
    if isinstance(found, str):
        return None
    return found.swapped() if swapped else found


def _verified(
    photo: Photo, candidate: Photo | Candidate, verifier: Verifier, *, quick: bool, swapped: bool
) -> Verification | str:
    """Verify a pair in the order of the digests, or say why it cannot be."""
    try:
        found = verify_geometry(photo, candidate, verifier, quick=quick)
    except PhotoError as error:
        return str(error)
    return found.swapped() if swapped else found


def verification(a: Keypoints, b: Keypoints, pairs: NDArray[np.intp]) -> Verification:
    """Count the pairs `[n, 2]` of rows of `a` and `b` that one fundamental matrix explains, and say where they are."""
    from_a, from_b = a.points[pairs[:, 0]], b.points[pairs[:, 1]]
    inliers = epipolar_inliers(from_a, from_b)
    rows = np.hstack([from_a[inliers] / np.array(a.size), from_b[inliers] / np.array(b.size)])
    points = np.round(np.clip(rows.astype(np.float64), 0, 1), 4)
    return Verification(matches=len(pairs), inliers=len(points), points=tuple(map(tuple, points.tolist())))


def epipolar_inliers(a: Floats, b: Floats, threshold: float = THRESHOLD) -> NDArray[np.bool_]:
    """Return which pairs of points `[n, 2]`, in pixels, fit one fundamental matrix: `[n]`, estimated by MAGSAC++.

    None does where the matrix is not determined: fewer than eight pairs, or points of one image on a line, as far as
    `threshold` can tell. The same points always give the same answer.
    """
    import_extra("cv2", "embedded")
    import cv2

    none = np.zeros(len(a), np.bool_)
    if len(a) < LEAST:
        return none
    settings = cv2.UsacParams()
    settings.score = cv2.SCORE_METHOD_MAGSAC
    settings.loMethod = cv2.LOCAL_OPTIM_SIGMA
    settings.sampler = cv2.SAMPLING_UNIFORM
    settings.threshold, settings.confidence, settings.maxIterations = threshold, CONFIDENCE, ITERATIONS
    settings.randomGeneratorState, settings.isParallel = SEED, False
    try:
        _, mask = cv2.findFundamentalMat(a.astype(np.float64), b.astype(np.float64), settings)
    except cv2.error:  # what it raises where no sample of the points gives a matrix
        return none
    if mask is None:
        return none
    inliers: NDArray[np.bool_] = mask.ravel().astype(np.bool_)
    if inliers.sum() < LEAST or min(_breadth(a[inliers]), _breadth(b[inliers])) < threshold:
        return none
    return inliers


def _breadth(points: Floats) -> float:
    """How far points `[n, 2]` are from their best line, in pixels: the root of the mean square."""
    centred = points.astype(np.float64) - points.mean(axis=0, dtype=np.float64)
    return float(np.linalg.svd(centred, compute_uv=False)[-1] / np.sqrt(len(points)))
