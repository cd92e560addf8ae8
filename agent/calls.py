"""What the assistant can do: the names and arguments of the tools that rules and models choose from."""

from typing import Annotated, Any, Literal

from pydantic import Field

from internvl_vpr.tools.apply_threshold import BelowTau
from internvl_vpr.tools.explain_match import About
from internvl_vpr.tools.records import Record

MOST_PHOTOS = 20  # that one message or comparison can name

Rank = Annotated[int, Field(ge=1, le=10_000, description="place in an answer's list, from 1")]
OfPhoto = Annotated[
    str | None, Field(min_length=1, description="path of a photograph that was located before; by default the latest")
]


class LocatePhoto(Record):
    """Say where a photograph was taken."""

    photo: str = Field(min_length=1, description="path of the photograph, as the person wrote it")


class ExplainMatch(Record):
    """Say why a candidate of an answer matches, what was read on signs, or how sure the answer is."""

    about: About = Field("match", description="match: its cues; text: what was read; certainty: how sure it is")
    rank: Rank = 1
    photo: OfPhoto = None


class ComparePlaces(Record):
    """Say which of several photographs were taken at the same place, or compare two candidates of an answer."""

    photos: tuple[str, ...] = Field((), max_length=MOST_PHOTOS, description="paths, as the person wrote them")
    ranks: tuple[Rank, ...] = Field((), max_length=2, description="two candidates; without them, photos are compared")
    photo: OfPhoto = None  # whose candidates


class ShowCandidate(Record):
    """Show a candidate of an answer, or all of them."""

    rank: Rank | None = Field(None, description="without it, the whole list is shown")
    photo: OfPhoto = None


class ChangeSettings(Record):
    """Change a setting for the questions that follow; without any, the settings are shown."""

    k: int | None = Field(None, ge=1, le=10_000, description="number of candidates")
    n: int | None = Field(None, ge=1, le=10, description="number of cues per image")
    tau: float | None = Field(
        None, ge=-1, le=1, allow_inf_nan=False, description="for experts: the score that must be exceeded"
    )
    trust: Literal["confirmed", "likely", "any", "stricter"] | Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None,
        description="which grades are told as a place; stricter: one step up; a number: the share of such answers that "
        "were right",
    )
    below_tau: BelowTau | None = Field(None, description="fallback: name what looks most alike; strict: say unknown")


class IndexPhotos(Record):
    """Add the photographs of a folder to the map."""

    folder: str = Field(min_length=1, description="path of the folder, as the person wrote it")


class SummarizeMap(Record):
    """Say what the map holds."""


ToolName = Literal[
    "locate_photo",
    "explain_match",
    "compare_places",
    "show_candidate",
    "change_settings",
    "index_photos",
    "map_summary",
]

ARGUMENTS: dict[ToolName, type[Record]] = {
    "locate_photo": LocatePhoto,
    "explain_match": ExplainMatch,
    "compare_places": ComparePlaces,
    "show_candidate": ShowCandidate,
    "change_settings": ChangeSettings,
    "index_photos": IndexPhotos,
    "map_summary": SummarizeMap,
}


class Call(Record):
    """One tool with its arguments, JSON-ready, as `ARGUMENTS[name]` accepts them."""

    name: ToolName
    arguments: dict[str, Any] = Field(default_factory=dict)


class Understood(Record):
    """What a message asks for: tools to call one after another, or, when there are none, something to say at once."""

    calls: tuple[Call, ...] = ()
    reply: str = ""
    problem: bool = Field(False, description="the reply says why what was asked for cannot be done")


class Known(Record):
    """What a message may refer to: the photographs located so far, the latest last, and its list."""

    photos: tuple[str, ...] = ()
    candidates: int = 0
    references: tuple[str, ...] = Field((), description="of the latest answer's list, in its order")
