"""How far an answer can be believed: signs and geometry, place by place, to an order and a grade.

Two photographs of one place share keypoints that fit one camera movement (`verify_geometry`); photographs of different
places share few by chance. Look-alikes share as many as the place itself, and then a sign that was read decides, or
nothing does. What counts as few and as many is in `Limits`, which the map's own check measures.
"""

from collections.abc import Sequence
from typing import NamedTuple

from .compare_places import are_one_place
from .index.calibration import Limits
from .records import Alternative, Candidate, DecidedBy, Geometry, Grade, RankedCandidate

_DEFAULT = Limits()
_BY_CHANCE = 2
# What S = 1 weighs beside the most inliers. From 0.3 to 0.5 the demo town's look-alikes are told apart equally well,
# and photographs of one street or walk are in the same order as without it.
_WORDS = 0.5
# A place that is linked to the first one by photos with at least this share of its inliers is seen from further away.
_LINKED = 0.5


class Support(NamedTuple):
    """A place among the candidates: the indices of its photos, and the most inliers that one of them has."""

    members: tuple[int, ...]
    inliers: int


class Graded(NamedTuple):
    """What the evidence for a final list amounts to."""

    grade: Grade
    decided_by: DecidedBy | None
    alternatives: tuple[Alternative, ...]


def order_by_evidence(candidates: Sequence[RankedCandidate]) -> list[RankedCandidate]:
    """Order a final list (Eq. 10) by all that is known: signs, then geometry, then words and looks.

    First come those with more inliers than chance gives anywhere, and among them those that a sign names: geometry
    cannot overrule it, because look-alikes have as many inliers as the place itself. Each kind is ordered by its
    inliers, as a share of the most, plus half of S: between look-alikes words decide. Inliers are those of both looks
    together, whose noise is not the same: 148 and 147 are one number. The others stay in the order of Eq. 10. What this
    map's own check found plays no part, so that it cannot change an order.
    """
    kinds = [_kind(one) for one in candidates]
    most = {
        kind: max(_of_both_looks(one) for one, other in zip(candidates, kinds, strict=True) if other == kind)
        for kind in set(kinds)
    }

    def key(pair: tuple[RankedCandidate, int]) -> tuple[int, float]:
        one, kind = pair
        if kind == _BY_CHANCE:
            return (kind, 0.0)
        return (kind, -_of_both_looks(one) / most[kind] - _WORDS * (one.score or 0.0))

    ordered = sorted(zip(candidates, kinds, strict=True), key=key)
    return [one.model_copy(update={"rank": rank}) for rank, (one, _) in enumerate(ordered, start=1)]


def _kind(candidate: RankedCandidate) -> int:
    """0 where geometry and a sign speak for a candidate, 1 where geometry does, 2 where it has what chance gives."""
    if inliers_of(candidate) < _DEFAULT.chance:
        return _BY_CHANCE
    return 0 if candidate.named else 1


def _of_both_looks(candidate: RankedCandidate) -> int:
    return candidate.geometry.inliers + candidate.geometry.quick if candidate.geometry else 0


def inliers_of(candidate: RankedCandidate) -> int:
    """Return a candidate's inliers, 0 where it was not verified."""
    return candidate.geometry.inliers if candidate.geometry else 0


def supports(candidates: Sequence[RankedCandidate], limits: Limits) -> list[Support]:
    """Return the places among the candidates, that of the first candidate first, then by their inliers.

    A place is its best candidate and all within 25 m of it. Photos of the first place from further along the same
    street belong to it, too: those that are linked to it, photo by photo within 25 m, by photos with at least half of
    its inliers. A photo without a position is a place of its own.
    """
    left = list(range(len(candidates)))
    places: list[Support] = []
    while left:
        best = left[0] if not places else max(left, key=lambda i: (inliers_of(candidates[i]), -i))
        members = _linked(best, left, candidates, limits)
        places.append(Support(tuple(members), max(inliers_of(candidates[i]) for i in members)))
        left = [i for i in left if i not in members]
    return places[:1] + sorted(places[1:], key=lambda place: -place.inliers)


def _linked(best: int, left: Sequence[int], candidates: Sequence[RankedCandidate], limits: Limits) -> list[int]:
    """Return the indices of a place's photos: those within 25 m of a photo that carries it."""
    enough = max(limits.chance, _LINKED * inliers_of(candidates[best]))
    members, carriers = [best], [best]
    while carriers:
        carrier = candidates[carriers.pop()]
        for i in left:
            if i not in members and are_one_place(carrier.position, candidates[i].position):
                members.append(i)
                if inliers_of(candidates[i]) >= enough:
                    carriers.append(i)
    return members


def judge_answer(candidates: Sequence[RankedCandidate], limits: Limits) -> Graded:
    """Grade a final list, whose first candidate is the answer.

    The first place is

    - confirmed when a sign names it alone, and geometry does not contradict; or when it has `sure` inliers and no
      other place comes near,
    - likely when it has more inliers than chance gives, and no rival,
    - ambiguous when another place has as good as its inliers, or a sign and geometry name different places,
    - unknown when nothing reaches what chance gives.

    A sign in a photo whose inliers are those of chance is another one with the same words. A photo without a position
    is not judged beside others that have one: it may well show the first place itself.
    """
    if any(one.position is not None for one in candidates):
        candidates = [one for one in candidates if one.position is not None]
    if not candidates:
        return Graded("unknown", None, ())
    first, *others = supports(candidates, limits)
    signed = [place for place in others if any(_is_signed(candidates[i], limits) for i in place.members)]
    if any(candidates[i].named for i in first.members):
        return _judge_signed(candidates, first, signed, others, limits)
    if first.inliers < limits.chance and not signed:
        return Graded("unknown", _decided_by(candidates[0]), ())
    rivals = [place for place in others if place.inliers >= max(limits.chance, limits.rival * first.inliers)]
    if rivals or signed:
        return Graded("ambiguous", _decided_by(candidates[0]), _named(candidates, [*signed, *rivals]))
    nearest = max((place.inliers for place in others), default=0)
    confirmed = first.inliers >= limits.sure and nearest < limits.near * first.inliers
    return Graded("confirmed" if confirmed else "likely", _decided_by(candidates[0]), ())


def _is_signed(candidate: RankedCandidate, limits: Limits) -> bool:
    """Whether a sign names a candidate, and geometry has not been found to say otherwise."""
    return candidate.named and (candidate.geometry is None or candidate.geometry.inliers >= limits.chance)


def _judge_signed(
    candidates: Sequence[RankedCandidate],
    first: Support,
    signed: Sequence[Support],
    others: Sequence[Support],
    limits: Limits,
) -> Graded:
    """Grade an answer whose place a sign names: alone, or with others that have the same sign."""
    rivals = [place for place in signed if place.inliers >= limits.rival * first.inliers]
    if first.inliers < limits.chance:  # geometry does not see the place that the sign names
        rivals += [place for place in others if place.inliers >= limits.sure and place not in rivals]
    if rivals:
        return Graded("ambiguous", "cues", _named(candidates, rivals))
    return Graded("confirmed" if first.inliers >= limits.chance else "likely", "cues", ())


def _decided_by(first: RankedCandidate) -> DecidedBy:
    """Say what put the first candidate first, as `order_by_evidence` does."""
    if first.named:
        return "cues"
    if inliers_of(first) >= _DEFAULT.chance:
        return "geometry"
    return "cues" if first.retained else "coarse order"


def _named(candidates: Sequence[RankedCandidate], places: Sequence[Support]) -> tuple[Alternative, ...]:
    """Name each place once, by its best candidate."""
    best = [min(place.members, key=lambda i: (-inliers_of(candidates[i]), i)) for place in dict.fromkeys(places)]
    return tuple(
        Alternative(
            position=candidates[i].position,
            reference=candidates[i].reference,
            rank=candidates[i].rank,
            inliers=_known_inliers(candidates[i]),
            score=candidates[i].score,
        )
        for i in best
    )


def _known_inliers(candidate: RankedCandidate) -> int | None:
    return candidate.geometry.inliers if candidate.geometry else None


def is_beyond_doubt(verified: Sequence[tuple[Candidate, Geometry]]) -> bool:
    """Whether one place is so well supported that no further candidate need be verified.

    It has the default `sure` inliers, and none of those verified further than 25 m from it comes near.
    """
    if not verified:
        return False
    best, found = max(verified, key=lambda pair: pair[1].inliers)
    elsewhere = (
        other.inliers
        for candidate, other in verified
        if not are_one_place(best.position, candidate.position)
        if candidate is not best
    )
    return found.inliers >= _DEFAULT.sure and max(elsewhere, default=0) < _DEFAULT.near * found.inliers
