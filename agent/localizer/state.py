"""What the graph knows at each stage, where every stage adds to the one before, and how a checkpointer keeps it."""

from collections.abc import Mapping
from typing import Annotated, TypeVar

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.types import Overwrite
from pydantic import Field
from typing_extensions import TypedDict  # pydantic, and with it a server's schemas, wants this one before Python 3.12

from internvl_vpr.tools.records import Answer, Candidate, Description, JudgedPair, Photo, Score, Verification

_Value = TypeVar("_Value")


def merge(left: Mapping[str, _Value], right: Mapping[str, _Value]) -> dict[str, _Value]:
    """Join two mappings; for a key in both, the later value counts."""
    return {**left, **right}


class Query(TypedDict):
    """What a caller asks."""

    photo: Annotated[str, Field(description="path of the photograph to locate")]


class Retrieved(Query):
    """After stage 1."""

    query: Photo
    candidates: list[Candidate]


class QueryDescribed(Retrieved):
    """After the photo's own description, unless it was recorded; and the seconds left for those of the candidates."""

    descriptions: Annotated[dict[str, Description], merge]
    seconds: float


class Described(QueryDescribed):
    """After every description step; images that could not be described are included, with the reason."""


class Judged(Retrieved):
    """Instead of descriptions: what was said of the photo and each candidate, by the candidate's digest."""

    judged: Annotated[dict[str, JudgedPair], merge]


class ToScore(Described, Judged):
    """Before the scores: descriptions or judgements, and none of the others."""


class Scored(ToScore):
    """After stage 2: one score per candidate, in the same order."""

    scores: list[Score]


class Verified(Scored):
    """After verification: what each verified candidate's geometry gave, by digest."""

    verified: dict[str, Verification]


class Answered(TypedDict):
    """What a caller gets."""

    answer: Answer


class State(Verified, Answered):
    """Every key that any stage writes."""


class Image(TypedDict):
    """One distinct image of a run."""

    path: str
    digest: str


class ToDescribe(Image):
    """What one description step is sent: the image, and the seconds that all steps have together."""

    seconds: float


class ToJudge(Image):
    """What one step of the judge is sent: the candidate's image, and that of the query."""

    query: Image


class NewPhoto(TypedDict):
    """What `coarse_retrieve` adds."""

    query: Photo
    candidates: list[Candidate]


class FirstDescription(TypedDict):
    """What `describe_query` writes in the place of what an earlier run of the thread left."""

    descriptions: Overwrite
    judged: Overwrite
    seconds: float


class FirstJudgements(TypedDict):
    """What `recall_judgements` writes in the place of what an earlier run of the thread left."""

    descriptions: Overwrite
    judged: Overwrite


class NewJudgement(TypedDict):
    """What a step of the judge adds."""

    judged: dict[str, JudgedPair]


class NewDescriptions(TypedDict):
    """What a description step adds."""

    descriptions: dict[str, Description]


class NewScores(TypedDict):
    """What `score_candidates` adds."""

    scores: list[Score]


class NewVerifications(TypedDict):
    """What `verify_geometry` adds."""

    verified: dict[str, Verification]


class Told(TypedDict):
    """What a node writes to the stream `custom` while it works: its stage, and how many steps are done of how many."""

    stage: str
    done: int
    total: int


def record_serializer() -> JsonPlusSerializer:
    """Return a serializer for a checkpointer of either graph: `InMemorySaver(serde=record_serializer())`.

    It reads our records and LangChain's messages back as what they were. Everything else in the store, whoever wrote
    it, comes back as plain data: nothing is imported or called.
    """
    return JsonPlusSerializer(
        allowed_msgpack_modules=[Answer, Candidate, Description, JudgedPair, Photo, Score, Verification],
        pickle_fallback=False,
    )
