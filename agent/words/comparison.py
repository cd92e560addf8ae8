"""Photographs, or two candidates, compared, as sentences."""

from collections.abc import Iterator

from internvl_vpr.tools.compare_places import CandidateComparison, CueOfTwo, LocatedPhoto, PlaceComparison
from internvl_vpr.tools.records import RankedCandidate

from .certainty import standing
from .phrases import coordinates, listed, metres_in_words, quoted

_EQUAL = 0.0005  # of S
_MOST_DISTANCES = 10  # pairs of photos whose distance is told


def tell_comparison(c: PlaceComparison) -> str:
    """Say where each photo was taken, and which were taken at the same place."""
    photos = (f"{number}. {_photo(photo)}." for number, photo in enumerate(c.photos, start=1))
    return "\n".join([f"{len(c.photos)} photos were compared:", *photos, *verdicts(c)])


def _photo(photo: LocatedPhoto) -> str:
    name = quoted(photo.photo.name)
    if photo.status == "unknown" or photo.reference is None:
        return f"{name} does not show a place I know"
    how = "by its cues" if photo.decided_by == "cues" else "by looks alone, so unconfirmed"
    return f"{name} is at {coordinates(photo.position)} (reference {quoted(photo.reference)}), {how}"


def verdicts(c: PlaceComparison) -> Iterator[str]:
    """Say which photos, by their number from 1, were taken at one place, and where nothing can be said."""
    for group in c.groups:
        yield f"Taken at the same place: {_numbers(group)}{_spread(c, group)}{_unconfirmed(c, group)}."
    grouped = {number for group in c.groups for number in group}
    unknown = [number for number, photo in enumerate(c.photos) if photo.status == "unknown"]
    alone = [number for number in range(len(c.photos)) if number not in grouped and number not in unknown]
    if alone and not c.groups and any(pair.metres is not None for pair in c.pairs):
        yield f"No two of them were found to be taken within {c.radius:g} m of each other."
    elif alone and c.groups:
        yield f"Not found at the same place as any other: {_numbers(alone)}."
    if unknown:
        yield f"Nothing can be said about {_numbers(unknown)}, as the place is not known."
    yield from _not_compared(c)
    yield from _distances(c)


def _numbers(numbers: tuple[int, ...] | list[int]) -> str:
    return listed([str(number + 1) for number in numbers])


def _spread(c: PlaceComparison, group: tuple[int, ...]) -> str:
    within = [pair.metres for pair in c.pairs if {pair.first, pair.second} <= set(group) and pair.metres is not None]
    if not within:
        return ", in one reference"
    if max(within) > c.radius:
        return f", each within {c.radius:g} m of another of them, at most {metres_in_words(max(within))} apart"
    return f", {'at most ' if len(group) > 2 else ''}{metres_in_words(max(within))} apart"


def _unconfirmed(c: PlaceComparison, group: tuple[int, ...]) -> str:
    by_looks = [number for number in group if c.photos[number].decided_by == "coarse order"]
    return f"; cues did not confirm {_numbers(by_looks)}" if by_looks else ""


def _not_compared(c: PlaceComparison) -> Iterator[str]:
    located = {number for number, photo in enumerate(c.photos) if photo.status == "located"}
    pairs = [pair for pair in c.pairs if pair.same is None and {pair.first, pair.second} <= located]
    if pairs:
        named = "; ".join(_numbers((pair.first, pair.second)) for pair in pairs[:_MOST_DISTANCES])
        more = f"; and {len(pairs) - _MOST_DISTANCES} more" if len(pairs) > _MOST_DISTANCES else ""
        yield f"Their positions cannot be compared: {named}{more}."


def _distances(c: PlaceComparison) -> Iterator[str]:
    known = [pair for pair in c.pairs if pair.metres is not None]
    if 0 < len(known) <= _MOST_DISTANCES:
        told = (f"{_numbers((pair.first, pair.second))}: {metres_in_words(pair.metres or 0.0)}" for pair in known)
        yield f"Apart: {'; '.join(told)}."


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
    """Say which of two candidates scores more, and by which cue most."""
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


def advantage(cue: CueOfTwo) -> float:
    """Return what a cue adds to S of the first candidate beyond the second's; 0 where one was not scored."""
    if cue.first_cosine is None or cue.second_cosine is None:
        return 0.0
    return cue.weight * (cue.first_cosine - cue.second_cosine)
