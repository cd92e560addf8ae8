"""A tool's result as a Rich renderable, whichever record it is."""

from collections.abc import Callable, Sequence

from langchain_core.messages import ToolMessage
from rich.console import Group, RenderableType
from rich.text import Text

from internvl_vpr.tools.compare_places import CandidateComparison, PlaceComparison, candidate_at
from internvl_vpr.tools.explain_match import Explanation
from internvl_vpr.tools.map_summary import MapSummary
from internvl_vpr.tools.page.matches import MatchedPoint
from internvl_vpr.tools.records import Answer, RankedCandidate

from ..console.pictures import show_pair
from ..console.safe_text import safe_text
from ..dialogue.artifacts import CandidateShown
from ..settings import Images
from ..words.phrases import counted
from .answer import coordinates, show_place
from .results import (
    show_candidate,
    show_candidates,
    show_candidates_compared,
    show_comparison,
    show_explanation,
    show_map_summary,
)

PointsOf = Callable[[Answer, int], Sequence[MatchedPoint]]


def _no_points(_answer: Answer, _rank: int) -> Sequence[MatchedPoint]:
    return ()


def show_artifact(message: ToolMessage, images: Images, width: int, points_of: PointsOf = _no_points) -> RenderableType:
    """Show a tool's record, with pictures where it has some; what has no view of its own is told in words.

    `points_of` gives the points that a photo and its candidate of a rank have in common.
    """
    artifact = message.artifact
    match artifact:
        case Answer():
            return Group(show_place(artifact), "", _pair(artifact, 1, images, width, points_of))
        case CandidateShown(rank=None):
            return show_candidates(artifact.answer)
        case CandidateShown():
            rank = artifact.rank or 1
            return Group(
                _pair(artifact.answer, rank, images, width, points_of), "", show_candidate(artifact.answer, rank)
            )
        case Explanation() if message.additional_kwargs.get("about") in (None, "match"):
            return show_explanation(artifact)
        case PlaceComparison():
            return show_comparison(artifact)
        case CandidateComparison():
            pair = show_pair(artifact.first.path, artifact.second.path, _captions_of(artifact), images, width)
            return Group(pair, "", show_candidates_compared(artifact))
        case MapSummary():
            return show_map_summary(artifact)
        case _:
            return safe_text(message.text)


def _pair(answer: Answer, rank: int, images: Images, width: int, points_of: PointsOf) -> RenderableType:
    """The photo beside the candidate of a rank."""
    if not answer.candidates:
        return Text("")
    candidate = candidate_at(answer, rank)
    # Points that fit by chance would look like evidence.
    points = points_of(answer, rank) if images != "off" and answer.grade != "unknown" else ()
    return show_pair(answer.photo, candidate.path, ("your photo", _caption(candidate)), images, width, points)


def _captions_of(compared: CandidateComparison) -> tuple[str, str]:
    return _caption(compared.first), _caption(compared.second)


def _caption(candidate: RankedCandidate) -> str:
    name = "best match" if candidate.rank == 1 else f"candidate {candidate.rank}"
    points = "" if candidate.geometry is None else f", {counted(candidate.geometry.inliers, 'point')} fit"
    return f"{name}{points}, {coordinates(candidate.position)}"
