"""What a run of an evaluation writes: its settings, one result a query, one description an image."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field

from internvl_vpr.tools.index.calibration import Limits
from internvl_vpr.tools.records import Cue, DecidedBy, Digest, Grade, Judgement, Position, Probability, Record, Steps

from ..measures.recall import first_positive_rank
from ..splits.field_reading import OtherReading

FORMAT = 1

Role = Literal["query", "outside", "reference"]
_FOLDERS: Mapping[Role, str] = {"query": "queries", "outside": "outside", "reference": "database"}


class SplitInfo(Record):
    """What a run was measured on; two runs are comparable when both digests agree."""

    name: str
    rule: Literal["radius", "name", "pairs"] = Field(description="what makes a reference a positive of a query")
    radius: float = Field(description="metres, inclusive")
    queries: int
    outside: int = Field(description="queries from outside the map, which no reference shows")
    references: int
    without_positives: int = Field(description="queries that no reference is right for; they count as missed")
    queries_digest: Digest = Field(description="of names, bytes, positions and positives")
    references_digest: Digest = Field(description="of names, bytes and positions")
    names_digest: Digest | None = Field(
        None, description="the same without bytes; the same digest where bytes do not count or were not read"
    )
    plane: bool = Field(False, description="whether names' metres were taken as they stand, whatever their zone")
    other_reading: OtherReading | None = Field(None, description="what that would change; None for nothing")
    folders: dict[str, str] = Field(description="where database, queries and outside are, as they were named")

    def folder_of(self, role: Role) -> Path:
        """Return the folder of the photos in a role; the working directory where none is known."""
        return Path(self.folders.get(_FOLDERS[role], ""))


class RunInfo(Record):
    """Everything that decides a run's results, and when it was made."""

    format: int = FORMAT
    method: str | None = Field(None, description="whose rankings were imported; None for a run of this program")
    split: SplitInfo
    settings: dict[str, str | int | float | None]
    prompt: str | None = Field(None, description="name and digest; None where no model is asked")
    schema_digest: str | None = None
    index: str = Field("", description="checksum of the index's manifest; empty for an imported run")
    versions: dict[str, str]
    ledger: str = ""
    limit: int | None = None
    limits: Limits | None = Field(
        None, description="what inliers mean; None with verify off, and in runs made before geometry was recorded"
    )
    started: str
    finished: str | None = None
    seconds: float = Field(0.0, description="wall time of all sessions together")

    @property
    def judges(self) -> bool:
        """Whether a model that saw each query beside its candidates re-ranked them; then nothing was described."""
        return self.settings.get("reranker") == "judge"


class Shortlisted(Record):
    """A candidate of stage 1 with what stage 2 made of it.

    `matches` has, for each cue of the query, which cue of the candidate it matches best (from 0) and the cosine.
    """

    reference: str
    digest: Digest
    similarity: float | None = Field(
        None, description="Eq. 5; 1 − d²/2 for an imported L2 distance d, None where only the order was imported"
    )
    score: float | None = Field(None, description="S, Eq. 9; None where there are neither cues nor a judgement")
    inliers: int | None = Field(None, ge=0, description="of its geometry with the query; None where not verified")
    quick: int | None = Field(None, ge=0, description="inliers of the quick look; None where not verified")
    named: bool = Field(False, description="a sign that was read in the query was read there, too")
    judgement: Judgement | None = Field(None, description="what a model said of the pair; None where it was not asked")
    placed: bool = Field(True, description="has a position; photos without one stand last in an answer")
    matches: tuple[tuple[int, float], ...] = ()
    metres: float | None = Field(None, description="from the query, None where that cannot be said")


class Judging(Record):
    """What judging a query's pairs took over all attempts on record."""

    pairs: int
    attempts: int
    usage: dict[str, int] = Field({}, description="tokens, by kind")
    latency: float = Field(0.0, description="seconds")


class Result(Record):
    """One query: the shortlist in coarse order, and the final ranking as coarse ranks.

    `retained` of `ranking` are above τ. With `strict` the others are not in it. `grade` and `probability` are as the
    answer told them. `error` says why a query was not located at all.
    """

    query: str
    digest: Digest | None
    position: Position | None = None
    outside: bool = False
    positives: tuple[str, ...] = ()
    shortlist: tuple[Shortlisted, ...] = ()
    ranking: tuple[int, ...] = Field((), description="coarse ranks, from 1, in the final order")
    retained: int = 0
    status: Literal["located", "unknown"] | None = None
    decided_by: DecidedBy | None = None
    grade: Grade | None = Field(None, description="None where there is no answer, or grades were not recorded yet")
    probability: Probability | None = None
    alternatives: int = Field(0, ge=0, description="other places that the answer names")
    seconds: dict[str, float] = Field({}, description="by stage, and `total`")
    steps: Steps = Steps(made=0, recorded=0)
    judging: Judging | None = Field(None, description="None where cues re-rank")
    error: str | None = None

    @cached_property
    def coarse_rank(self) -> int | None:
        """The 1-based rank of the first positive in stage 1, None where it is not in the shortlist."""
        return first_positive_rank([one.reference for one in self.shortlist], set(self.positives))

    @cached_property
    def final_rank(self) -> int | None:
        """The 1-based rank of the first positive in stage 2's ranking, or None."""
        return first_positive_rank([one.reference for one in self.ranked], set(self.positives))

    @property
    def right(self) -> bool:
        """Whether the answer's first candidate is a positive; never for a photo from outside the map."""
        return not self.outside and self.final_rank == 1

    @property
    def ranked(self) -> tuple[Shortlisted, ...]:
        """The shortlist in the final order."""
        return tuple(self.shortlist[rank - 1] for rank in self.ranking)


class ImageDescription(Record):
    """What was said about one image, and what it took over all attempts on record."""

    photo: str = Field(description="name of the first photo with these bytes")
    role: Role
    digest: Digest
    position: Position | None
    cues: tuple[Cue, ...]
    failure: str | None = None
    attempts: int = Field(1, ge=0)
    first_valid: bool = Field(True, description="whether the first attempt gave the cues")
    usage: dict[str, int] = Field({}, description="tokens of all attempts, by kind")
    latency: float = Field(0.0, description="seconds, of all attempts")


class Check(Record):
    """One property of descriptions, measured on every image, so that two runs can be compared image by image."""

    name: str
    meaning: str = Field(description="one line for a reader")
    better: Literal["higher", "lower"] | None = Field(description="None: neither is better in itself")
    binary: bool = Field(description="each value is 0 or 1, so the mean is a share")
    values: Mapping[str, float] = Field(description="by role and photo, such as `reference a.jpg`")
