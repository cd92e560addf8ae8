"""The records that the tools pass to each other: frozen, validated, ready for JSON."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256, in hexadecimal")]
Degrees = Annotated[float, Field(allow_inf_nan=False)]
Metres = Annotated[float, Field(allow_inf_nan=False)]
# Whole numbers stay whole, so that what a model said is kept as it was said.
RawScore = Annotated[int, Field(ge=0)] | Annotated[float, Field(ge=0, allow_inf_nan=False)]
# How far an answer can be believed.
Grade = Literal["confirmed", "likely", "ambiguous", "unknown"]
# What put the first candidate first.
DecidedBy = Literal["cues", "judgement", "geometry", "coarse order"]


class Record(BaseModel):
    """Base of all records: immutable, and a field that does not exist is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Position(Record):
    """Where a photo was taken: WGS84 degrees, metres in a plane, or both.

    `zone` is a UTM zone number and latitude band such as `10S`; without it the plane is one of its own
    (a benchmark's, a floor plan's), and can be compared with positions of the same plane only.
    """

    latitude: Degrees | None = Field(None, ge=-90, le=90)
    longitude: Degrees | None = Field(None, ge=-180, le=180)
    easting: Metres | None = None
    northing: Metres | None = None
    zone: str | None = Field(None, pattern=r"^([1-9]|[1-5][0-9]|60)[C-HJ-NP-X]$")

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude come together")
        if (self.easting is None) != (self.northing is None):
            raise ValueError("easting and northing come together")
        if self.latitude is None and self.easting is None:
            raise ValueError("a position needs degrees or metres")
        if self.zone is not None and self.easting is None:
            raise ValueError("a zone belongs to an easting and a northing")
        return self


class Photo(Record):
    """A checked image file: the digest is of its bytes, the size that of the upright image, in pixels."""

    path: Path
    digest: Digest
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    position: Position | None = None
    position_source: Literal["csv", "name", "exif"] | None = None


class Candidate(Record):
    """A photo of the index that stage 1 retrieved."""

    reference: str = Field(description="path relative to the indexed folder, with forward slashes")
    path: Path
    digest: Digest
    position: Position | None
    coarse_rank: int = Field(ge=1)
    coarse_similarity: float = Field(description="inner product of the two VLAD vectors, Eq. 5")


class RawCue(Record):
    """One location-identifiable phrase t with its score, both as a describer gave them."""

    text: str = Field(min_length=1)
    score: RawScore


class Cue(RawCue):
    """A phrase with its score as given and its weight α, normalised over the image's cues (Eq. 6)."""

    weight: float = Field(ge=0, le=1)


def asked_and_answered(usage: Mapping[str, int]) -> int:
    """Return the tokens of the prompt and of the answer together; an endpoint's own total may count others too."""
    return usage.get("prompt_tokens", 0) + usage.get("completion_tokens", 0)


class Exchange(Record):
    """What was asked of a model or a reader once, and what came back, or why nothing that can be used did."""

    error: str | None = Field(None, description="why this attempt gave nothing that can be used")
    raw: str = Field("", description="the answer, verbatim")
    request: dict[str, str] = Field(
        {}, description="what was asked of whom: models, prompt and schema digests, decoding, digest of the bytes sent"
    )
    usage: dict[str, int] = Field({}, description="tokens, as the endpoint counts them")
    finish_reason: str | None = None
    latency: float = Field(0.0, ge=0, description="seconds")


class Attempt(Exchange):
    """One answer of a describer about one image, or the failure to get one, as the ledger keeps it."""

    cues: tuple[RawCue, ...] = ()


class Outcome(Record):
    """What became of one step of stage 2; `failure` says why it gave nothing."""

    recorded: bool = Field(description="read back from the ledger instead of made now")
    failure: str | None = None
    attempts: int = Field(0, ge=0, description="made now")
    usage: dict[str, int] = Field({}, description="tokens of the attempts made now")


class Description(Outcome):
    """What a describer said about one image (Eq. 6)."""

    digest: Digest
    describer: str
    cues: tuple[Cue, ...]

    @property
    def without_scores(self) -> bool:
        """Whether every cue was scored zero, so that the weights are uniform."""
        return bool(self.cues) and all(cue.score == 0 for cue in self.cues)


class Judgement(Record):
    """What a model said of two photographs that it saw together; the reason is its own, word for word."""

    why: str
    same_place: bool
    confidence: int = Field(ge=0, le=100, description="how sure it is of that, in percent")

    @property
    def score(self) -> float:
        """S of the candidate, from −1 (surely another place) to 1 (surely the same)."""
        return self.confidence / 100 if self.same_place else 0.0 - self.confidence / 100  # and no −0


class JudgedPair(Outcome):
    """What became of judging a photo and one of its candidates."""

    query: Digest
    candidate: Digest
    judge: str
    judgement: Judgement | None


class CueMatch(Record):
    """The best match of one query cue in a candidate (Eq. 8)."""

    cue: str
    weight: float
    matched: str
    cosine: float


class Score(Record):
    """S of one candidate, by its cues (Eq. 9) or by a model's judgement; `None` when there are none."""

    reference: str
    score: float | None
    matches: tuple[CueMatch, ...]
    judgement: Judgement | None = None


class Geometry(Record):
    """What a photo and one candidate have in common: matched keypoints, and those that fit one camera movement."""

    matches: int = Field(ge=0, description="pairs of keypoints")
    inliers: int = Field(ge=0, description="pairs that the fundamental matrix explains")
    quick: int = Field(0, ge=0, description="inliers of the quick look, which matches nearest neighbours only")

    @model_validator(mode="after")
    def _part(self) -> Self:
        if self.inliers > self.matches:
            raise ValueError("the inliers are some of the matches")
        return self


Fraction = Annotated[float, Field(ge=0, le=1)]


class Verification(Geometry):
    """What verifying one pair of photographs gave.

    `points` are the inliers: x and y in the first photograph, x and y in the second, as fractions of the width and the
    height, rounded to four decimals.
    """

    points: tuple[tuple[Fraction, Fraction, Fraction, Fraction], ...] = ()

    @model_validator(mode="after")
    def _each_inlier(self) -> Self:
        if len(self.points) != self.inliers:
            raise ValueError("there is one row of points for each inlier")
        return self

    def swapped(self) -> Self:
        """Return the same with the two photographs in the other order."""
        return self.model_copy(update={"points": tuple((c, d, a, b) for a, b, c, d in self.points)})


class RankedCandidate(Candidate):
    """A candidate with its place in the final list; `geometry` is None where the pair was not verified.

    `named` says that a sign which was read in the photo was read there, too. `judgement` is what a model said of the
    pair, None where it was not asked.
    """

    rank: int = Field(ge=1)
    score: float | None
    retained: bool
    matches: tuple[CueMatch, ...]
    judgement: Judgement | None = None
    named: bool = False
    geometry: Geometry | None = None


class Probability(Record):
    """How often answers like this one were right where that was counted, with limits at 95 % (Clopper–Pearson)."""

    right: int = Field(ge=0)
    answers: int = Field(ge=1)
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    basis: Literal["this map", "labelled photographs"]

    @model_validator(mode="after")
    def _counts(self) -> Self:
        if self.right > self.answers:
            raise ValueError("the right answers are some of the answers")
        if self.low > self.high:
            raise ValueError("the lower limit is above the upper one")
        return self

    @property
    def value(self) -> float:
        """The share that was right."""
        return self.right / self.answers


class Alternative(Record):
    """Another place that is supported as well as the answer's, by its best candidate."""

    position: Position | None
    reference: str
    rank: int = Field(ge=1)
    inliers: int | None
    score: float | None


class Steps(Record):
    """What an answer's descriptions or judged pairs took: those made now, those read back, and those that failed.

    `attempts` counts the requests for those made and those that failed, retries included; `tokens` is what
    the endpoint counted for them, by kind. Verified pairs of photographs are not among the steps.
    """

    made: int = Field(ge=0)
    recorded: int = Field(ge=0)
    failed: int = Field(0, ge=0)
    attempts: int = Field(0, ge=0)
    tokens: dict[str, int] = {}


class Answer(Record):
    """Where the photo was taken, how far that can be believed, and why.

    `decided_by` says what put the first candidate first: `cues` or a model's `judgement` (it is retained, S > τ),
    `geometry`, or the `coarse order` of stage 1 alone. `query_position` is the photo's own, read only once the place is
    found; finding it never uses it. An answer that was stored before there were grades gets one when it is read.
    """

    status: Literal["located", "unknown"]
    grade: Grade
    probability: Probability | None = None
    decided_by: DecidedBy | None
    photo: Path
    digest: Digest
    reference: str | None
    position: Position | None
    query_position: Position | None
    cues: tuple[Cue, ...]
    candidates: tuple[RankedCandidate, ...]
    alternatives: tuple[Alternative, ...] = ()
    notes: tuple[str, ...] = Field(description="what a reader must know to judge the answer")
    settings: dict[str, str | int | float | None]
    steps: Steps

    @model_validator(mode="before")
    @classmethod
    def _graded(cls, fields: Any) -> Any:
        if not isinstance(fields, dict) or "grade" in fields:
            return fields
        settings = fields.get("settings")
        tau = settings.get("tau") if isinstance(settings, dict) else None
        return {**fields, "grade": grade_without_geometry(fields.get("decided_by"), tau)}


def grade_without_geometry(decided_by: object, tau: object) -> Grade:
    """Grade an answer that rests on words and looks alone: never confirmed, and likely where a real τ retained it."""
    threshold = isinstance(tau, int | float) and tau > -1
    return "likely" if decided_by in ("cues", "judgement") and threshold else "unknown"
