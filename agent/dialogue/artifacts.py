"""The records that tools' results carry, and how they come back from where conversations are kept."""

from collections.abc import Sequence

from langchain_core.messages import AnyMessage, ToolMessage

from internvl_vpr.tools.compare_places import CandidateComparison, PlaceComparison
from internvl_vpr.tools.explain_match import Explanation
from internvl_vpr.tools.map_summary import MapSummary
from internvl_vpr.tools.records import Answer, Record

from .tools import CandidateShown, MapExtended, SettingsShown

_RECORDS: dict[str, type[Record]] = {
    record.__name__: record
    for record in (
        *(Answer, CandidateComparison, CandidateShown, PlaceComparison, Explanation, MapExtended, MapSummary),
        SettingsShown,
    )
}
_RECORDS["Comparison"] = PlaceComparison  # as it was called when the first conversations were kept


def kind_of(artifact: Record) -> str:
    """Return the name under which the kind of an artifact is kept beside it: a stored message loses it."""
    return type(artifact).__name__


def revive(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """Return messages with their artifacts as records again; raises `ValueError` for what is no record of ours."""
    return [_revived(message) if isinstance(message, ToolMessage) else message for message in messages]


def _revived(message: ToolMessage) -> ToolMessage:
    if message.artifact is None or isinstance(message.artifact, Record):
        return message
    kind = str(message.additional_kwargs.get("record"))
    if kind not in _RECORDS:
        raise ValueError(f"a result holds no record but {kind!r}")
    return message.model_copy(update={"artifact": _RECORDS[kind].model_validate(message.artifact)})
