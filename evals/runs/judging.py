"""What the graph found for a query, judged by its positives: one line of the results."""

from collections import Counter
from collections.abc import Sequence

from internvl_vpr.agent.localizer.run import Trace
from internvl_vpr.tools.judge_pair import Judge, pair_step
from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.ledger.model_steps import model_attempts
from internvl_vpr.tools.photo.position import distance
from internvl_vpr.tools.records import Candidate, CueMatch, Position, Score

from ..splits.queries import SplitQuery
from .records import Judging, Result, Shortlisted


def judged(query: SplitQuery, trace: Trace, judging: Judging | None = None) -> Result:
    """Turn what the graph found into a result; only here is the position of the query used."""
    answer = trace.answer
    named = {one.coarse_rank for one in answer.candidates if one.named}
    shortlist = tuple(
        _shortlisted(candidate, score, trace, query.position, named=candidate.coarse_rank in named)
        for candidate, score in zip(trace.candidates, trace.scores, strict=True)
    )
    return Result(
        **_about(query),
        shortlist=shortlist,
        ranking=tuple(candidate.coarse_rank for candidate in answer.candidates),
        retained=sum(candidate.retained for candidate in answer.candidates),
        status=answer.status,
        decided_by=answer.decided_by,
        grade=answer.grade,
        probability=answer.probability,
        alternatives=len(answer.alternatives),
        seconds={stage: round(seconds, 4) for stage, seconds in trace.seconds.items()},
        steps=answer.steps,
        judging=judging,
    )


def judging(trace: Trace, judge: Judge, ledger: Ledger) -> Judging:
    """Return what judging the pairs of a query took, however often it was asked for."""
    steps = [pair_step(pair.query, pair.candidate, judge) for pair in trace.judged.values()]
    attempts = [attempt for step in steps for attempt in model_attempts(ledger, step)]
    return Judging(
        pairs=len(steps),
        attempts=len(attempts),
        usage=dict(sum((Counter(attempt.usage) for attempt in attempts), Counter[str]())),
        latency=round(sum(attempt.latency for attempt in attempts), 4),
    )


def missed(query: SplitQuery, error: str) -> Result:
    """Return the result of a query that could not be located; it counts as missed."""
    return Result(**_about(query), error=error)


def _about(query: SplitQuery) -> dict[str, object]:
    return {
        "query": query.name, "digest": query.digest, "position": query.position, "outside": query.outside,
        "positives": query.positives,
    }  # fmt: skip


def _shortlisted(candidate: Candidate, score: Score, trace: Trace, at: Position | None, *, named: bool) -> Shortlisted:
    metres = distance(at, candidate.position) if at and candidate.position else None
    verified, said = trace.verified.get(candidate.digest), trace.descriptions.get(candidate.digest)
    return Shortlisted(
        reference=candidate.reference,
        digest=candidate.digest,
        similarity=candidate.coarse_similarity,
        score=score.score,
        inliers=verified.inliers if verified else None,
        quick=verified.quick if verified else None,
        named=named,
        judgement=score.judgement,
        placed=candidate.position is not None,
        matches=_indexed(score.matches, [cue.text for cue in said.cues] if said else []),
        metres=None if metres is None else round(metres, 3),
    )


def _indexed(matches: Sequence[CueMatch], cues: Sequence[str]) -> tuple[tuple[int, float], ...]:
    """Name what was matched by its place among the candidate's cues, which are kept once for all queries."""
    return tuple((cues.index(match.matched), match.cosine) for match in matches)
