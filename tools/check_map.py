"""A map asks itself: each sampled photo is located by the others, and its own position says whether that is right.

No label is needed. Each photo is asked twice: as it is, and as a photo from outside the map, for which only places more
than 100 m away are looked at. What both reach says from how many inliers on an answer means something on this very map,
and from how many on it is confirmed; and what the answers of each grade are worth is counted.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
from PIL import Image
from PIL.ExifTags import IFD, Base

from .coarse_retrieve import coarse_retrieve
from .compare_places import SAME_PLACE_METRES, are_one_place, metres_between
from .errors import PhotoError
from .features.backbone import Backbone
from .grade import judge_answer, order_by_evidence, supports
from .index.bounded_map import bounded_map
from .index.calibration import Limits, MapCheck, Tally
from .index.place_index import PlaceIndex
from .photo.gallery import Gallery
from .photo.photo import open_photo
from .progress import Progress, silent
from .records import Candidate, Geometry, Grade, RankedCandidate
from .verify_candidates import distinct_images, is_enough, worth_verifying
from .verify_geometry import LEAST, Verifier

_BURST_SECONDS = 3.0  # photos taken this soon after each other are one look at one view
_ENOUGH = 20  # answers: with fewer, a default limit stays
_MOST_WRONG = 0.02  # share of the confirmed answers
_SHARE_BELOW, _CONFIDENCE = 0.99, 0.95  # of photos from elsewhere, below the limit of chance
_ELSEWHERE = 100.0  # metres: a place so far away shows nothing of the photo's own
_STRANGERS = 3  # candidates from elsewhere that are verified
_AT_ONCE = 4  # photos, between two looks at the time
_RETRIEVED = 100  # candidates, among which some must be left after those that are left out


class Asked(NamedTuple):
    """A photo that was asked: the final list that the other photos gave, and where it was really taken.

    `elsewhere` has the most inliers that a place far away has, None where none was retrieved.
    """

    photo: Candidate
    ranked: list[RankedCandidate]
    elsewhere: int | None = None

    @property
    def is_right(self) -> bool:
        """Whether the first candidate is within 25 m of the photo's own position."""
        return bool(self.ranked) and are_one_place(self.photo.position, self.ranked[0].position)


def check_map(
    index: PlaceIndex,
    backbone: Backbone,
    verifier: Verifier,
    *,
    k: int = 20,
    most: int | None = None,
    seconds: float | None = None,
    seed: int = 0,
    on_progress: Progress = silent,
) -> MapCheck:
    """Locate photos of a map by its other photos, in an order that `seed` draws, and count how often that is right.

    A photo is asked with itself, its copies, and photos taken within three seconds of it left out; one whose place no
    other photo shows is not asked. It ends after `most` photos, which are the same ones each time, or after `seconds`.
    `k` candidates are looked at.
    """
    photos = [photo for photo in index.images() if photo.position is not None]
    shown = _photos_with_company(photos)
    order = [photos[i] for i in np.random.default_rng(seed).permutation(len(photos)) if photos[i].digest in shown]
    until = math.inf if seconds is None else time.monotonic() + seconds
    taken = cache(_taken)  # the same candidates come again and again

    def ask(photo: Candidate) -> Asked | None:
        with suppress(PhotoError):  # a photo that is gone says nothing of the map
            return _ask(photo, index, backbone, verifier, k, taken)
        return None

    asked: list[Asked] = []
    sample = order[:most]
    for start in range(0, len(sample), _AT_ONCE):
        on_progress("checking the map", start, len(sample))
        if time.monotonic() >= until:
            break
        # Each few to their end: nothing may run on when the map is closed.
        asked += filter(None, bounded_map(ask, sample[start : start + _AT_ONCE]))
    limits = measured_limits(asked)
    return MapCheck(
        asked=len(asked),
        alone=len(photos) - len(order),
        grades=held_out_tallies(asked),
        limits=limits or Limits(),
        is_default=limits is None,
        photos=len(index),
        backbone_id=backbone.id,
        codebook=index.manifest.codebook_digest,
        verifier_id=verifier.id,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def measured_limits(asked: Sequence[Asked]) -> Limits | None:
    """Return the limits that a map's own photos give, none of them below its default; None where too few were asked."""
    chance, default = _measured_chance(asked), Limits()
    lowest = default.model_copy(update={"chance": chance or default.chance})
    lowest = lowest.model_copy(update={"sure": max(lowest.sure, lowest.chance)})
    sure = _measured_sure(asked, lowest)
    if chance is None and sure is None:
        return None
    return lowest.model_copy(update={"sure": sure or lowest.sure})


def _measured_chance(asked: Sequence[Asked]) -> int | None:
    """Return from how many inliers on a place is more than chance.

    With 95 % confidence, 99 % of photos from elsewhere have fewer: it is a normal distribution's tolerance limit, of
    the inliers' square roots, since they are counts. Only photos that the others confirm count as those from elsewhere:
    what the twin of a look-alike has is not chance.
    """
    from scipy.stats import nct, norm

    default = Limits()
    strangers = [
        one.elsewhere
        for one in asked
        if one.elsewhere is not None and _grade(one, default) == "confirmed"
        if one.elsewhere < default.near * _inliers(one)
    ]
    if len(strangers) < _ENOUGH:
        return None
    # Fewer than eight inliers are told as none, which would spread the roots far more than chance does.
    roots, n = np.sqrt(np.maximum(strangers, LEAST - 1)), len(strangers)
    factor = nct.ppf(_CONFIDENCE, n - 1, norm.ppf(_SHARE_BELOW) * math.sqrt(n)) / math.sqrt(n)
    limit = float(roots.mean() + factor * roots.std(ddof=1)) ** 2
    return max(default.chance, math.ceil(limit))


def _measured_sure(asked: Sequence[Asked], lowest: Limits) -> int | None:
    """Return from how many inliers on confirmed answers are right, but for one in fifty; at least those of `lowest`."""
    certain = [one for one in asked if _grade(one, lowest) == "confirmed"]
    if len(certain) < _ENOUGH:
        return None
    steps = sorted({lowest.sure, *(_inliers(one) + 1 for one in certain if not one.is_right)})
    for sure in steps:
        left = [one for one in certain if _inliers(one) >= sure]
        if sum(not one.is_right for one in left) <= _MOST_WRONG * len(left):
            return sure
    return steps[-1]


def held_out_tallies(asked: Sequence[Asked]) -> dict[Grade, Tally]:
    """Count the answers of each grade, and how many were right, by limits that the other half of them gave."""
    counted: list[tuple[Grade, bool]] = []
    for half, other in ((asked[::2], asked[1::2]), (asked[1::2], asked[::2])):
        limits = measured_limits(other) or measured_limits(asked) or Limits()
        counted += [(_grade(one, limits), one.is_right) for one in half]
    answers, right = Counter(grade for grade, _ in counted), Counter(grade for grade, is_right in counted if is_right)
    return {grade: tally(right[grade], answers[grade]) for grade in get_args(Grade)}


def tally(right: int, answers: int) -> Tally:
    """Return counts with the 95 % limits of the share, by Clopper and Pearson."""
    from scipy.stats import binomtest

    limits = binomtest(right, answers).proportion_ci(0.95, method="exact") if answers else (0.0, 1.0)
    return Tally(right=right, answers=answers, low=float(limits[0]), high=float(limits[1]))


def _grade(one: Asked, limits: Limits) -> Grade:
    return judge_answer(one.ranked, limits).grade


def _inliers(one: Asked) -> int:
    return supports(one.ranked, Limits())[0].inliers


def _photos_with_company(photos: Sequence[Candidate]) -> set[str]:
    """Return the digests of photos that have another photo, no copy of theirs, within 25 m."""
    gallery = Gallery((photo.digest, photo.position) for photo in photos)
    return {
        photo.digest
        for photo in photos
        if photo.position is not None and len(gallery.around(photo.position, SAME_PLACE_METRES)) > 1
    }


def _ask(
    photo: Candidate,
    index: PlaceIndex,
    backbone: Backbone,
    verifier: Verifier,
    k: int,
    taken: Callable[[Path], datetime | None],
) -> Asked:
    """Locate a photo of the map by the others, but for its burst by when they were `taken`; raises `PhotoError`."""
    query = open_photo(photo.path, read_position=False)
    found = coarse_retrieve(query, max(k, _RETRIEVED), index, backbone)
    others = [one for one in found if one.digest != photo.digest and not _is_burst(taken(query.path), taken(one.path))]
    near = distinct_images(others, k)
    verified: list[tuple[Candidate, Geometry]] = []
    quick = _quick_look(photo, near, verifier)
    for other in worth_verifying(near, quick):
        if is_enough(verified):
            break
        pair = verifier.verify(photo, other)
        seen = quick[other.digest].inliers
        verified.append((other, Geometry(matches=pair.matches, inliers=pair.inliers, quick=seen)))
    geometry = {other.digest: one for other, one in verified}
    candidates = [_ranked(one, geometry.get(one.digest)) for one in others[:k]]
    elsewhere = _from_elsewhere(photo, others, geometry, verifier, k)
    return Asked(photo, order_by_evidence(candidates), elsewhere)


def _from_elsewhere(
    photo: Candidate, others: Sequence[Candidate], known: Mapping[str, Geometry], verifier: Verifier, k: int
) -> int | None:
    """Return the most inliers that a photo has with places far from its own, as if its own were not in the map."""
    away = [(one, metres_between(photo.position, one.position)) for one in others]
    far = distinct_images([one for one, metres in away if metres is not None and metres > _ELSEWHERE], k)
    quick = _quick_look(photo, far, verifier)
    best = sorted((one for one in far if one.digest in quick), key=lambda one: -quick[one.digest].inliers)[:_STRANGERS]
    return max((known.get(one.digest) or verifier.verify(photo, one)).inliers for one in best) if best else None


def _quick_look(photo: Candidate, others: Sequence[Candidate], verifier: Verifier) -> dict[str, Geometry]:
    """Take a quick look at those that can be read."""
    verifier.keypoints(photo)
    seen: dict[str, Geometry] = {}
    for other in others:
        with suppress(PhotoError):
            seen[other.digest] = verifier.verify(photo, other, quick=True)
    return seen


def _ranked(candidate: Candidate, geometry: Geometry | None) -> RankedCandidate:
    return RankedCandidate(
        **dict(candidate), rank=candidate.coarse_rank, score=None, retained=False, matches=(), geometry=geometry
    )


def _is_burst(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and abs((one - other).total_seconds()) <= _BURST_SECONDS


def _taken(path: Path) -> datetime | None:
    """Return when a photo was taken by its camera's clock; None where that is not written."""
    try:
        with Image.open(path) as image:
            written = image.getexif().get_ifd(IFD.Exif).get(Base.DateTimeOriginal)
        return datetime.strptime(str(written), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - a camera's clock has no zone
    except (OSError, ValueError, SyntaxError):
        return None
