"""What the graph knows at each stage: every stage adds to the one before it."""

from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import Field
from typing_extensions import TypedDict  # pydantic, and with it a server's schemas, wants this one before Python 3.12

from internvl_vpr.tools.records import Answer, Candidate, Description, Photo, Score

_Value = TypeVar("_Value")


def merge(left: Mapping[str, _Value], right: Mapping[str, _Value]) -> dict[str, _Value]:
    """Join two mappings; what is in both is the later's."""
    return {**left, **right}


class Query(TypedDict):
    """What a caller asks."""

    photo: Annotated[str, Field(description="path of the photograph to locate")]


class Retrieved(Query):
    """After stage 1."""

    query: Photo
    candidates: list[Candidate]


class Described(Retrieved):
    """After every description step; images that could not be described are in it, with the reason."""

    descriptions: Annotated[dict[str, Description], merge]


class Scored(Described):
    """After stage 2; one score a candidate, in their order."""

    scores: list[Score]


class Answered(TypedDict):
    """What a caller gets."""

    answer: Answer


class State(Scored, Answered):
    """Every key that any stage writes."""


class Image(TypedDict):
    """What one description step is sent."""

    path: str
    digest: str


class NewPhoto(TypedDict):
    """What `coarse_retrieve` adds."""

    query: Photo
    candidates: list[Candidate]


class NewDescriptions(TypedDict):
    """What a description step adds."""

    descriptions: dict[str, Description]


class NewScores(TypedDict):
    """What `score_candidates` adds."""

    scores: list[Score]
