"""Made-up runs whose queries have one candidate each, with an S that the tests choose."""

import random
from collections.abc import Sequence

import made_runs

from internvl_vpr.evals.runs.folder import Run
from internvl_vpr.evals.runs.records import Result, Shortlisted
from internvl_vpr.tools.records import Position

IDS: dict[str, str | int | float | None] = {
    "codebook": made_runs.digest("codebook"), "backbone_id": "b/1", "describer_id": "d/1", "encoder_id": "e/1",
    "n": 3, "k": 20,
}  # fmt: skip


def query(
    name: str, score: float | None, *, right: bool = True, at: Position | None = None, outside: bool = False,
    digest: str | None = None, positive: str | None = None,
) -> Result:  # fmt: skip
    """A query with one candidate that has this S."""
    reference = positive or f"{name}-photo"
    candidate = Shortlisted(reference=reference, digest=made_runs.digest(reference), similarity=0.5, score=score)
    positives = () if outside else (reference,) if right else (f"{name}-other",)
    return Result(
        query=name, digest=digest or made_runs.digest(name), position=at, outside=outside, positives=positives,
        shortlist=(candidate,), ranking=(1,),
    )  # fmt: skip


def made(results: Sequence[Result], split: str = "town-night", **fields: object) -> Run:
    return made_runs.run(results, split=split, **{**IDS, **fields})  # type: ignore[arg-type]


def town(count: int, wrong_below: float, *, seed: int = 0, outside: int = 0) -> list[Result]:
    """Queries 100 m apart with S spread over (0, 1); those below a value are wrong."""
    rng = random.Random(seed)
    scores = [rng.random() for _ in range(count)]
    results = [
        query(f"q{i}", score, right=score >= wrong_below, at=made_runs.metres(100 * i))
        for i, score in enumerate(scores)
    ]
    return results + [
        query(f"o{i}", rng.random() * wrong_below, at=made_runs.metres(1e5 + 100 * i), outside=True)
        for i in range(outside)
    ]
