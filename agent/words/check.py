"""What a map found when it checked itself, as sentences."""

from collections.abc import Iterator

from internvl_vpr.tools.index.calibration import MapCheck

from .phrases import counted

NO_POSITION = "The map did not check itself: none of its photos has a position."


def tell_check(check: MapCheck) -> str:
    """Say in one line how many answers were right that it would have confirmed, or why that cannot be said."""
    if not check.asked:
        return "The map could not check itself: no two of its photos were taken within 25 m of each other."
    confirmed = check.grades.get("confirmed")
    if confirmed is None or not confirmed.answers:
        return (
            f"The map could not check itself: of {counted(check.asked, 'photo')} that were asked, none is confirmed "
            "by the others."
        )
    answers = "1 answer" if confirmed.answers == 1 else f"{confirmed.answers:,} answers"
    were = "was" if confirmed.answers == 1 else "were"
    few = " That is too few to set limits by, so the usual ones hold." if check.is_default else ""
    return f"The map checked itself: {confirmed.right:,} of {answers} it would have confirmed {were} right.{few}"


def tell_whole_check(check: MapCheck) -> Iterator[str]:
    """Say what was asked, how many answers of each grade were right, and from where on an answer is confirmed."""
    yield tell_check(check)
    yield f"{counted(check.asked, 'photo')} were asked where they were taken, each with itself left out."
    if check.alone:
        yield f"{check.alone:,} more were not asked: no other photo was taken within 25 m of them."
    for grade, tally in check.grades.items():
        if tally.answers and grade not in ("confirmed", "unknown"):
            yield f"{grade}: {tally.right:,} of {tally.answers:,} right."
    if (unknown := check.grades.get("unknown")) is not None and unknown.answers:
        yield f"unknown: {unknown.answers:,}."
    measured = "" if check.is_default else ", as measured here"
    chance, sure = check.limits.chance, check.limits.sure
    yield f"Fewer than {chance:,} points that fit count as chance, and {sure:,} can confirm a place{measured}."
