"""Which of a photo's candidates are verified, and in which order: a quick look at all of them, then the best by it.

Matching nearest neighbours gives as many right first places as LighterGlue, but far less of a gap between right and
wrong ones. So a quick look by them chooses, and only what LighterGlue's matches give is evidence.
"""

from collections.abc import Collection, Mapping, Sequence

from .compare_places import are_one_place
from .grade import is_beyond_doubt
from .records import Candidate, Geometry

MOST_VERIFIED = 8
_OF_ONE_PLACE = 3  # so that other places are always among those verified
_MOST_NAMED = 4
AT_A_TIME = 4  # candidates between two looks at whether one is beyond doubt


def worth_verifying(
    candidates: Sequence[Candidate], quick: Mapping[str, Geometry], named: Collection[str] = ()
) -> list[Candidate]:
    """Choose at most eight candidates: at most four of those `named`, then by the inliers of the quick look.

    At most three lie within 25 m of another one, so that a place's rivals are among them. Without a quick look,
    a candidate is not chosen. The order of `candidates` decides between equals.
    """
    seen = [one for one in candidates if one.digest in quick]
    by_words = [one for one in seen if one.digest in named]
    by_points = sorted(seen, key=lambda one: -quick[one.digest].inliers)
    chosen: list[Candidate] = []
    for most, ordered in ((_MOST_NAMED, by_words), (MOST_VERIFIED, by_points)):
        for one in ordered:
            if len(chosen) < most and one not in chosen and _has_room(one, chosen):
                chosen.append(one)
    return chosen


def _has_room(candidate: Candidate, chosen: Sequence[Candidate]) -> bool:
    """Whether fewer than three of its place are chosen already."""
    return sum(are_one_place(candidate.position, one.position) for one in chosen) < _OF_ONE_PLACE


def distinct_images(candidates: Sequence[Candidate], most: int) -> list[Candidate]:
    """Return the first `most` candidates of different images, in their order."""
    first: dict[str, Candidate] = {}
    for one in candidates:
        first.setdefault(one.digest, one)
    return list(first.values())[:most]


def is_enough(verified: Sequence[tuple[Candidate, Geometry]]) -> bool:
    """Whether to stop: one place is beyond doubt; asked after every fourth candidate only."""
    return len(verified) % AT_A_TIME == 0 and is_beyond_doubt(verified)
