"""Photographs, or two candidates, compared, as sentences."""

from collections.abc import Iterator
from itertools import combinations

from internvl_vpr.tools.compare_places import (
    CandidateComparison,
    CueOfTwo,
    Judge,
    LocatedPhoto,
    PhotoPair,
    PlaceComparison,
)
from internvl_vpr.tools.records import RankedCandidate

from .certainty import standing
from .phrases import coordinates, judgement_in_words, listed, metres_in_words, quoted

_EQUAL = 0.0005  # of S
_MOST_DISTANCES = 10  # pairs of photos whose distance is told
_UNDECIDED = "neither points nor a sign nor two confirmed answers decide it"
_REASONS: dict[Judge | None, str] = {
    "same file": "they are the same file",
    "geometry": "their points fit each other",
    "sign": "the same sign is read in them",
    "confirmed answers": "confirmed answers lie near each other",
    None: "they were found at one place",  # comparisons that were kept before there were grades
}


def tell_comparison(c: PlaceComparison) -> str:
    """Say where each photo was taken, and which were taken at the same place."""
    photos = (f"{number}. {_photo(photo)}." for number, photo in enumerate(c.photos, start=1))
    return "\n".join([f"{len(c.photos)} photos were compared:", *photos, *verdicts(c)])


def _photo(photo: LocatedPhoto) -> str:
    name = quoted(photo.photo.name)
    if photo.status == "unknown" or photo.reference is None:
        return f"{name} does not show a place I know"
    if photo.grade == "unknown":
        return f"{name} is probably not in your map; most like it is {quoted(photo.reference)}"
    return f"{name}: {photo.grade or 'found'} at {coordinates(photo.position)} (reference {quoted(photo.reference)})"


def verdicts(c: PlaceComparison) -> Iterator[str]:
    """Say which photos, by their number from 1, were taken at one place, which were not, and where I cannot tell."""
    for group in c.groups:
        yield f"Taken at the same place: {_numbers(group)}{_spread(c, group)}{_reasons(c, group)}."
    yield from _told_of_pairs(c, same=False, begin="Taken at different places", end="confirmed answers lie apart")
    yield from _told_of_pairs(c, same=None, begin="I cannot tell whether these show one place", end=_UNDECIDED)
    yield from _distances(c)


def _told_of_pairs(c: PlaceComparison, *, same: bool | None, begin: str, end: str) -> Iterator[str]:
    """Name the pairs about which this is said, unless both photos are in one group."""
    together = {frozenset(pair) for group in c.groups for pair in combinations(group, 2)}
    pairs = [(p.first, p.second) for p in c.pairs if p.same is same and frozenset((p.first, p.second)) not in together]
    if pairs:
        named = "; ".join(_numbers(pair) for pair in pairs[:_MOST_DISTANCES])
        more = f"; and {len(pairs) - _MOST_DISTANCES} more" if len(pairs) > _MOST_DISTANCES else ""
        yield f"{begin}: {named}{more}, as {end}."


def _numbers(numbers: tuple[int, ...] | list[int]) -> str:
    return listed([str(number + 1) for number in numbers])


def _spread(c: PlaceComparison, group: tuple[int, ...]) -> str:
    if any(c.photos[number].grade != "confirmed" for number in group):
        return ""
    within = [pair.metres for pair in c.pairs if {pair.first, pair.second} <= set(group) and pair.metres is not None]
    return f", {'at most ' if len(group) > 2 else ''}{metres_in_words(max(within))} apart" if within else ""


def _reasons(c: PlaceComparison, group: tuple[int, ...]) -> str:
    """Say what speaks for it: of two photos with its numbers, of more in a word each."""
    pairs = [pair for pair in c.pairs if pair.same and {pair.first, pair.second} <= set(group)]
    reasons = dict.fromkeys(_reason(pair) if len(group) == 2 else _REASONS[pair.decided_by] for pair in pairs)
    return f", as {listed(list(reasons))}"


def _reason(pair: PhotoPair) -> str:
    if pair.decided_by == "geometry" and pair.geometry is not None:
        return f"{pair.geometry.inliers} points of one fit the other"
    if pair.decided_by == "sign" and pair.sign is not None:
        return f"the sign {quoted(pair.sign)} is read in both"
    return _REASONS[pair.decided_by]


def _distances(c: PlaceComparison) -> Iterator[str]:
    """Tell how far apart confirmed answers are."""
    known = [pair for pair in c.pairs if pair.metres is not None and _are_confirmed(c, pair)]
    if 0 < len(known) <= _MOST_DISTANCES:
        told = (f"{_numbers((pair.first, pair.second))}: {metres_in_words(pair.metres or 0.0)}" for pair in known)
        yield f"Apart: {'; '.join(told)}."


def _are_confirmed(c: PlaceComparison, pair: PhotoPair) -> bool:
    return c.photos[pair.first].grade == c.photos[pair.second].grade == "confirmed"


def tell_candidates_compared(c: CandidateComparison) -> str:
    """Say how two candidates differ: where they are, what each has for every cue, and which of these decides."""
    lines = [
        f"For the photo {quoted(c.photo.name)}:",
        f"Candidate {c.first.rank} is {_candidate(c.first)}.",
        f"Candidate {c.second.rank} is {_candidate(c.second)}.",
        "They cannot be compared by position." if c.metres is None else f"They are {metres_in_words(c.metres)} apart.",
    ]
    for number, cue in enumerate(c.cues, start=1):
        halves = (
            _half(c.first.rank, cue.first, cue.first_cosine),
            _half(c.second.rank, cue.second, cue.second_cosine),
        )
        lines.append(f"{number}. The cue {quoted(cue.cue)}, weight {cue.weight:.3f}: {'; '.join(halves)}.")
    return "\n".join([*lines, *what_decides(c)])


def _candidate(candidate: RankedCandidate) -> str:
    return (
        f"{quoted(candidate.reference)} at {coordinates(candidate.position)}, {standing(candidate)}, "
        f"similarity of looks {candidate.coarse_similarity:.3f}"
    )


def _half(rank: int, matched: str | None, cosine: float | None) -> str:
    if matched is None or cosine is None:
        return f"candidate {rank} was not scored"
    return f"candidate {rank} has {quoted(matched)}, cosine {cosine:.3f}"


def what_decides(c: CandidateComparison) -> Iterator[str]:
    """Say which of two candidates scores more, and by which cue most, or what the model says of each."""
    if c.first.judgement or c.second.judgement:
        yield from (f"Of candidate {one.rank} the model says: {_said(one)}." for one in (c.first, c.second))
        return
    if c.first.score is None or c.second.score is None:
        yield "One of them has no score, so their cues cannot be compared."
        return
    ahead, behind = (c.first, c.second) if c.first.score >= c.second.score else (c.second, c.first)
    difference = abs(c.first.score - c.second.score)
    if difference < _EQUAL:
        yield f"Their S is the same to three decimals, {c.first.score:.3f}, so cues hardly tell them apart."
        return
    sign = 1 if ahead is c.first else -1
    most = max(c.cues, key=lambda cue: sign * advantage(cue))
    yield (
        f"The S of candidate {ahead.rank} is {difference:.3f} higher than that of candidate {behind.rank}; the cue "
        f"{quoted(most.cue)} adds most to that, {sign * advantage(most):+.3f}."
    )


def _said(candidate: RankedCandidate) -> str:
    said = candidate.judgement
    return judgement_in_words(said) if said else "nothing, as it did not judge it"


def advantage(cue: CueOfTwo) -> float:
    """Return what a cue adds to S of the first candidate beyond the second's; 0 where one was not scored."""
    if cue.first_cosine is None or cue.second_cosine is None:
        return 0.0
    return cue.weight * (cue.first_cosine - cue.second_cosine)
