"""The records that tools' results carry, and how they become records again when a conversation is read back."""

from collections.abc import Sequence

from langchain_core.messages import AnyMessage, ToolMessage

from internvl_vpr.tools.compare_places import CandidateComparison, PlaceComparison
from internvl_vpr.tools.explain_match import Explanation
from internvl_vpr.tools.map_summary import MapSummary
from internvl_vpr.tools.records import Answer, Record


class CandidateShown(Record):
    """What `show_candidate` shows: the whole list of an answer, or the candidate of one rank."""

    answer: Answer
    rank: int | None


class SettingsShown(Record):
    """The settings for the questions that follow, and those that the conversation has changed."""

    settings: dict[str, str | int | float | None]
    changed: dict[str, str | int | float | None]


class MapExtended(Record):
    """What `index_photos` did, and what the map now holds."""

    folder: str
    computed: int
    skipped: tuple[str, ...]
    summary: MapSummary


_RECORDS: dict[str, type[Record]] = {
    record.__name__: record
    for record in (
        *(Answer, CandidateComparison, CandidateShown, PlaceComparison, Explanation, MapExtended, MapSummary),
        SettingsShown,
    )
}
_RECORDS["Comparison"] = PlaceComparison  # as it was called when the first conversations were kept


def kind_of(artifact: Record) -> str:
    """Return the name that is stored beside an artifact to say what it is, since a stored message does not."""
    return type(artifact).__name__


def revive(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """Return messages with their artifacts as records again; raises `ValueError` for an artifact of an unknown kind."""
    return [_revived(message) if isinstance(message, ToolMessage) else message for message in messages]


def _revived(message: ToolMessage) -> ToolMessage:
    if message.artifact is None or isinstance(message.artifact, Record):
        return message
    kind = str(message.additional_kwargs.get("record"))
    if kind not in _RECORDS:
        raise ValueError(f"a result holds {kind!r}, which is no kind of record")
    return message.model_copy(update={"artifact": _RECORDS[kind].model_validate(message.artifact)})
