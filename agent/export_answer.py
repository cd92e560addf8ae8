"""An answer as Markdown: where, how sure, why, what came next, and with which settings."""

from collections.abc import Iterator, Sequence

from ..tools.records import Answer, RankedCandidate
from .answer_facts import facts_of
from .markdown_text import bullets, inline, table
from .tell_words import apart, coordinates

MOST_LISTED = 20  # candidates


def answer_blocks(answer: Answer) -> Iterator[str]:
    """Yield an answer's blocks of Markdown, its settings left out."""
    yield bullets(_facts(answer))
    first = answer.candidates[0] if answer.candidates else None
    if first is not None and first.matches:
        yield "The photo's cues, and what they match there:"
        yield _cue_table(first)
    elif answer.cues:
        yield "The photo's cues:"
        yield table(("cue", "weight"), ((inline(cue.text), f"{cue.weight:.3f}") for cue in answer.cues))
    if first is not None and len(answer.candidates) > 1:
        yield "Runners-up:"
        yield _candidate_table(answer.candidates[1 : MOST_LISTED + 1], first)
        if (more := len(answer.candidates) - 1 - MOST_LISTED) > 0:
            yield f"And {more:,} more."


def _facts(answer: Answer) -> Iterator[tuple[str, str]]:
    yield "photo", inline(str(answer.photo))
    for fact in facts_of(answer):
        yield fact.label, f"<{fact.says}>" if fact.is_address else inline(fact.says)


def _cue_table(first: RankedCandidate) -> str:
    rows = [
        (
            inline(one.cue),
            f"{one.weight:.3f}",
            inline(one.matched),
            f"{one.cosine:.3f}",
            f"{one.weight * one.cosine:.3f}",
        )
        for one in first.matches
    ]
    total = "–" if first.score is None else f"{first.score:.3f}"
    return table(("cue", "weight", "best match", "cosine", "to S"), [*rows, ("S, their sum", "", "", "", total)])


def _candidate_table(candidates: Sequence[RankedCandidate], first: RankedCandidate) -> str:
    header = ("rank", "by looks", "S", "above τ", "similarity", "place", "from the first", "reference")
    return table(header, (_cells(candidate, first) for candidate in candidates))


def _cells(candidate: RankedCandidate, first: RankedCandidate) -> tuple[str, ...]:
    return (
        f"{candidate.rank}",
        f"{candidate.coarse_rank}",
        "–" if candidate.score is None else f"{candidate.score:.3f}",
        "yes" if candidate.retained else "no",
        f"{candidate.coarse_similarity:.3f}",
        inline(coordinates(candidate.position)),
        apart(candidate.position, first.position),
        inline(candidate.reference),
    )


def settings_block(answers: Sequence[Answer]) -> str:
    """Return the settings of answers as one table, a column for those that share all of theirs."""
    kinds: list[dict[str, str | int | float | None]] = []
    numbers: list[list[str]] = []
    for number, answer in enumerate(answers, start=1):
        if answer.settings not in kinds:
            kinds.append(answer.settings)
            numbers.append([])
        numbers[kinds.index(answer.settings)].append(str(number))
    names = dict.fromkeys(name for kind in kinds for name in kind)
    rows = [(inline(name), *(_value(kind.get(name)) for kind in kinds)) for name in names]
    return table(("setting", *(f"answer {', '.join(ones)}" for ones in numbers)), rows)


def _value(value: str | int | float | None) -> str:
    return "–" if value is None else inline(str(value))
