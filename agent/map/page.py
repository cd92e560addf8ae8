"""An index, and what was located in it, as one page of HTML that needs nothing else: no script, no network."""

from collections.abc import Callable, Sequence
from pathlib import Path

from internvl_vpr.tools.disk.whole_file import write_whole
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.map_summary import MapSummary, map_summary
from internvl_vpr.tools.page.matches import MatchedPoint
from internvl_vpr.tools.page.template import render_page
from internvl_vpr.tools.records import Answer

from ..words.map import area_in_words, planes_in_words, positions_in_words
from ..words.phrases import counted
from .answer import Pictures, show
from .photos import MOST_LISTED, photo_shown, show_planes
from .planes import planes_of

_TEMPLATE = "map.html.jinja"
_OURS = '<meta name="generator" content="internvl-vpr map">'  # at the beginning of the template
_HEAD = 1024  # bytes within which it stands


def _no_points(_answer: Answer) -> Sequence[MatchedPoint]:
    return ()


def write_map(
    index: PlaceIndex,
    answers: Sequence[Answer],
    out: Path,
    *,
    points_of: Callable[[Answer], Sequence[MatchedPoint]] = _no_points,
    force: bool = False,
) -> None:
    """Write the page of an index and of answers, whole or not at all, in the place of an earlier map.

    `points_of` gives the points that the photo of an answer and its best match have in common.

    Raises `UsageError` where the file cannot be written, or is another one, which only `force` replaces.
    """
    check_writable(out, force=force)
    page = render_map(index, answers, points_of)
    try:
        write_whole(out, page)
    except OSError as error:
        raise UsageError(f"The map {str(out)!r} cannot be written ({error.strerror}): name another file.") from error


def check_writable(out: Path, *, force: bool = False) -> None:
    """Raise `UsageError` where a map cannot be written, or would replace a file that is no map, without `force`."""
    try:
        if out.is_dir():
            raise UsageError(f"The map cannot be written as {str(out)!r}, which is a folder: name a file.")
        is_free = force or not (out.exists() or out.is_symlink()) or (out.is_file() and _is_ours(out))
    except OSError as error:
        raise UsageError(f"The map {str(out)!r} cannot be written ({error.strerror}): name another file.") from error
    if not is_free:
        raise UsageError(
            f"The file {str(out)!r} exists already and is not a map: name another file, or remove it first."
        )


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        return _OURS.encode() in file.read(_HEAD)


def render_map(
    index: PlaceIndex,
    answers: Sequence[Answer],
    points_of: Callable[[Answer], Sequence[MatchedPoint]] = _no_points,
) -> str:
    """Return the page of an index and of answers, the answers first."""
    planes = planes_of(index)
    pictures = Pictures()
    return render_page(
        __package__ or "",
        _TEMPLATE,
        name=index.folder.resolve().name,
        facts=_facts(map_summary(index)),
        shown=[
            show(number, answer, planes, pictures, points_of(answer) if _has_evidence(answer) else ())
            for number, answer in enumerate(answers, start=1)
        ],
        planes=list(show_planes(planes, answers)),
        beyond=[photo_shown(photo) for photo in planes.beyond[:MOST_LISTED]],
        beyond_count=len(planes.beyond),
        without=planes.without[:MOST_LISTED],
        without_count=len(planes.without),
    )


def _has_evidence(answer: Answer) -> bool:
    """Whether the points that fit are worth a picture: those that fit by chance would look like evidence."""
    return bool(answer.candidates) and answer.grade != "unknown"


def _facts(summary: MapSummary) -> list[tuple[str, str]]:
    """Return what the index holds, label by label."""
    images = "" if summary.images == summary.photos else f", {counted(summary.images, 'distinct image')}"
    facts = [
        ("photos", f"{summary.photos:,}{images}; {positions_in_words(summary)}"),
        ("folders" if len(summary.roots) > 1 else "folder", ", ".join(str(root) for root in summary.roots)),
    ]
    if (area := area_in_words(summary)) is not None:
        facts.append(("area", area))
    if summary.planes:
        facts.append(("metres in", planes_in_words(summary)))
    return [*facts, ("vectors by", summary.backbone), ("checksum", summary.checksum)]
