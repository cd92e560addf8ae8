"""A map asks itself: each sampled photo is located by the others, and its own position says whether that is right.

No label is needed. What the answers of each grade are worth on this very map is counted, and where there are enough of
them, so is from how many inliers on an answer is confirmed.
"""

import math
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
from PIL import Image
from PIL.ExifTags import IFD, Base

from .coarse_retrieve import coarse_retrieve
from .compare_places import SAME_PLACE_METRES, metres_between
from .errors import PhotoError
from .features.backbone import Backbone
from .grade import judge_answer, order_by_evidence, supports
from .index.calibration import Limits, MapCheck, Tally
from .index.place_index import PlaceIndex
from .photo.gallery import Gallery
from .photo.photo import open_photo
from .progress import Progress, silent
from .records import Candidate, Geometry, Grade, RankedCandidate
from .verify_candidates import distinct_images, is_enough, worth_verifying
from .verify_geometry import Verifier

_BURST_SECONDS = 3.0  # photos taken this soon after each other are one look at one view
_ENOUGH = 20  # answers that could be confirmed: with fewer, the default limits stay
_MOST_WRONG = 0.02  # share of the confirmed answers
_BEYOND = 10  # candidates that are asked for beyond K, in place of those that are left out


class Asked(NamedTuple):
    """A photo that was asked: the final list that the other photos gave, and where it was really taken."""

    photo: Candidate
    ranked: list[RankedCandidate]

    @property
    def is_right(self) -> bool:
        """Whether the first candidate is within 25 m of the photo's own position."""
        metres = metres_between(self.photo.position, self.ranked[0].position) if self.ranked else None
        return metres is not None and metres <= SAME_PLACE_METRES


def check_map(
    index: PlaceIndex,
    backbone: Backbone,
    verifier: Verifier,
    *,
    k: int = 20,
    seconds: float | None = None,
    seed: int = 0,
    on_progress: Progress = silent,
) -> MapCheck:
    """Locate photos of a map by its other photos, in an order that `seed` draws, and count how often that is right.

    A photo is asked with itself, its copies, and photos taken within three seconds of it left out; one whose place no
    other photo shows is not asked. With `seconds`, the check ends after that time. `k` candidates are verified at most.
    """
    photos = [photo for photo in index.images() if photo.position is not None]
    shown = _photos_with_company(photos)
    order = [photos[i] for i in np.random.default_rng(seed).permutation(len(photos)) if photos[i].digest in shown]
    until = math.inf if seconds is None else time.monotonic() + seconds
    asked: list[Asked] = []
    for done, photo in enumerate(order):
        on_progress("checking the map", done, len(order))
        if time.monotonic() >= until:
            break
        with suppress(PhotoError):  # a photo that is gone says nothing of the map
            asked.append(_ask(photo, index, backbone, verifier, k))
    limits = measured_limits(asked)
    return MapCheck(
        asked=len(asked),
        alone=len(photos) - len(order),
        grades=tallies(asked, limits or Limits()),
        limits=limits or Limits(),
        is_default=limits is None,
        photos=len(index),
        backbone_id=backbone.id,
        codebook=index.manifest.codebook_digest,
        verifier_id=verifier.id,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def measured_limits(asked: Sequence[Asked]) -> Limits | None:
    """Return the default limits with as many `sure` inliers as keep confirmed answers right, but for one in fifty.

    `sure` is never below its default, for a map's photos do not show what photos from elsewhere reach. None where fewer
    than twenty answers could be confirmed.
    """
    limits = Limits()
    certain = [one for one in asked if _grade(one, limits) == "confirmed"]
    if len(certain) < _ENOUGH:
        return None
    steps = sorted({limits.sure, *(_inliers(one) + 1 for one in certain if not one.is_right)})
    for sure in steps:
        left = [one for one in certain if _inliers(one) >= sure]
        if sum(not one.is_right for one in left) <= _MOST_WRONG * len(left):
            return limits.model_copy(update={"sure": sure})
    return limits.model_copy(update={"sure": steps[-1]})


def tallies(asked: Sequence[Asked], limits: Limits) -> dict[Grade, Tally]:
    """Count the answers of each grade under some limits, and how many of them were right."""
    grades = [(_grade(one, limits), one.is_right) for one in asked]
    answers, right = Counter(grade for grade, _ in grades), Counter(grade for grade, is_right in grades if is_right)
    return {grade: tally(right[grade], answers[grade]) for grade in get_args(Grade)}


def tally(right: int, answers: int) -> Tally:
    """Return counts with the 95 % limits of the share, by Clopper and Pearson."""
    from scipy.stats import binomtest

    limits = binomtest(right, answers).proportion_ci(0.95, method="exact") if answers else (0.0, 1.0)
    return Tally(right=right, answers=answers, low=float(limits[0]), high=float(limits[1]))


def _grade(one: Asked, limits: Limits) -> Grade:
    return judge_answer(one.ranked, limits, [False] * len(one.ranked)).grade


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


def _ask(photo: Candidate, index: PlaceIndex, backbone: Backbone, verifier: Verifier, k: int) -> Asked:
    """Locate a photo of the map by the others; raises `PhotoError`."""
    query = open_photo(photo.path, read_position=False)
    found = coarse_retrieve(query, k + _BEYOND, index, backbone)
    taken = _taken(query.path)
    others = [one for one in found if one.digest != photo.digest and not _is_burst(taken, _taken(one.path))][:k]
    quick = {other.digest: verifier.verify(photo, other, quick=True) for other in distinct_images(others, k)}
    verified: list[tuple[Candidate, Geometry]] = []
    for other in worth_verifying(distinct_images(others, k), quick):
        if is_enough(verified, Limits()):
            break
        pair = verifier.verify(photo, other)
        verified.append((other, Geometry(matches=pair.matches, inliers=pair.inliers)))
    geometry = {other.digest: one for other, one in verified}
    candidates = [_ranked(one, geometry.get(one.digest)) for one in others]
    return Asked(photo, order_by_evidence(candidates, Limits(), tau=-1.0))


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
