"""Runs that the tests make up: every rank, score, cue and position is the test's."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from internvl_vpr.evals.runs.folder import Run
from internvl_vpr.evals.runs.records import ImageDescription, Result, Role, RunInfo, Shortlisted, SplitInfo
from internvl_vpr.tools.describe_image import normalize_scores
from internvl_vpr.tools.disk.whole_file import write_whole
from internvl_vpr.tools.records import Position, RawCue, Steps

ZONE = "33U"


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def metres(easting: float, northing: float = 0.0) -> Position:
    return Position(easting=500_000 + easting, northing=6_000_000 + northing, zone=ZONE)


def result(
    query: str,
    coarse: int | None,
    final: int | None,
    *,
    k: int = 20,
    scores: Sequence[float | None] | None = None,
    inliers: Sequence[int] = (),
    retained: int | None = None,
    at: Position | None = None,
    outside: bool = False,
    **fields: object,
) -> Result:
    """A query whose only positive is first seen at these ranks of the two stages; None: not in the shortlist.

    `scores` are in coarse order; without them the final ranking is made from the coarse one by moving the positive.
    `inliers` are those of the first candidates in coarse order; the others are not verified.
    """
    names = [f"{query}-wrong-{number}.jpg" for number in range(1, k + 1)]
    ranking = list(range(1, k + 1))
    if coarse is not None:
        names[coarse - 1] = f"{query}-right.jpg"
        assert final is not None
        ranking.remove(coarse)
        ranking.insert(final - 1, coarse)
    given: Sequence[float | None] = scores or [1 - ranking.index(rank) / (2 * k) for rank in range(1, k + 1)]
    shortlist = tuple(
        Shortlisted(
            reference=name, digest=digest(name), similarity=1 - rank / (2 * k), score=given[rank - 1],
            inliers=inliers[rank - 1] if rank <= len(inliers) else None,
            metres=8.0 if name.endswith("right.jpg") else 400.0 + rank,
        )
        for rank, name in enumerate(names, start=1)
    )  # fmt: skip
    return Result(
        query=f"{query}.jpg",
        digest=digest(query),
        position=at,
        outside=outside,
        positives=() if outside else (f"{query}-right.jpg",),
        shortlist=shortlist,
        ranking=tuple(ranking),
        retained=k if retained is None else retained,
        status="located",
        decided_by="cues" if retained != 0 else "coarse order",
        seconds={"retrieving": 0.1, "describing": 0.5, "comparing": 0.05, "total": 0.65},
        **{"steps": Steps(made=1, recorded=k, attempts=1), **fields},
    )


def described(
    photo: str,
    *cues: tuple[str, float],
    role: Role = "reference",
    at: Position | None = None,
    **fields: object,
) -> ImageDescription:
    """An image with these phrases and raw scores."""
    raw = [RawCue(text=text, score=score) for text, score in cues]
    return ImageDescription(
        photo=photo, role=role, digest=digest(photo.removesuffix(".jpg") if role != "reference" else photo),
        position=at, cues=normalize_scores(raw), **fields,
    )  # fmt: skip


def run(
    results: Sequence[Result],
    descriptions: Sequence[ImageDescription] = (),
    *,
    split: str = "town-night",
    finished: str | None = "2026-01-02T03:04:05+00:00",
    radius: float = 25.0,
    **settings: str | int | float | None,
) -> Run:
    """A run with these results, as `load_run` would give it; its folder does not exist."""
    asked = [one for one in results if not one.outside]
    info = RunInfo(
        split=SplitInfo(
            name=split, rule="radius", radius=radius, queries=len(asked), outside=len(results) - len(asked),
            references=1000, without_positives=sum(not one.positives for one in asked),
            queries_digest=digest(f"queries {split}"), references_digest=digest("references"),
            folders={"database": "town/database", "queries": f"town/{split}"},
        ),
        settings={"k": 20, "n": 3, "tau": 0.5, "below_tau": "fallback", "describer_id": "scripted/1", **settings},
        index=digest("index"), versions={"python": "3.11"}, ledger="ledger.sqlite",
        started="2026-01-02T03:00:00+00:00", finished=finished, seconds=245.0,
    )  # fmt: skip
    made = Run(Path("no-such-run"), info, list(results))
    made.__dict__["descriptions"] = {one.digest: one for one in descriptions}
    return made


def save(made: Run, folder: Path) -> Run:
    """Write a made-up run to a folder, and return it as it is there."""
    from internvl_vpr.evals.runs import folder as run_files

    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / run_files.RUN, made.info.model_dump_json(indent=1) + "\n")
    run_files.write_lines(folder / run_files.RESULTS, made.results)
    run_files.write_lines(folder / run_files.DESCRIPTIONS, made.descriptions.values())
    return run_files.load_run(folder)
