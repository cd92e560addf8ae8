"""The photos of an index as the map's page shows them: drawings of each plane and its parts, and lists."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from internvl_vpr.tools.records import Answer, Position

from ..words.phrases import coordinates, counted, link, metres_in_words
from .answer import says_of, spots_of
from .areas import Area, areas_of
from .drawing import NumberedPlace, draw
from .planes import Placed, Plane, PlaneKey, Planes

MOST_PARTS = 40  # drawings of parts in a page
MOST_MARKS = 10_000  # in the drawings of whole planes, and as many in those of parts
MOST_LISTED = 1_000  # photos by name


@dataclass(frozen=True)
class AreaShown:
    """One drawing: its anchor, its number, how many photos it shows, their extent, and where its middle is."""

    anchor: str
    number: str
    photos: int
    extent: str
    middle: str
    address: str | None
    drawing: Markup


@dataclass(frozen=True)
class PhotoShown:
    """A photo in a list, with its address on OpenStreetMap."""

    reference: str
    place: str
    address: str | None


@dataclass(frozen=True)
class PlaneShown:
    """A plane: the drawing of the whole comes first; `more` photos are not listed."""

    name: str
    photos: int
    areas: Sequence[AreaShown]
    listed: Sequence[PhotoShown]
    more: int


def show_planes(planes: Planes, answers: Sequence[Answer]) -> Iterator[PlaneShown]:
    """Yield what is shown of each plane, within the page's limits; answers are marked by their number."""
    spots = _answer_spots(answers)
    whole_marks, part_marks, parts, listed = MOST_MARKS, MOST_MARKS, MOST_PARTS, MOST_LISTED
    for number, (key, plane) in enumerate(planes.by_key.items(), start=1):
        found = areas_of(plane.metres, parts, part_marks) if whole_marks > 0 else []
        yield PlaneShown(
            name=plane.name,
            photos=len(plane.photos),
            areas=[_shown(number, area, plane, spots.get(key, [])) for area in found],
            listed=[photo_shown(photo) for photo in plane.photos[:listed]],
            more=max(len(plane.photos) - listed, 0),
        )
        whole_marks -= sum(len(area.marks) for area in found[:1])
        part_marks -= sum(len(area.marks) for area in found[1:])
        parts -= len(found[1:])
        listed = max(listed - len(plane.photos), 0)


def photo_shown(photo: Placed) -> PhotoShown:
    """Return what is listed of a photo."""
    return PhotoShown(photo.reference, coordinates(photo.position), link(photo.position))


def _answer_spots(answers: Sequence[Answer]) -> Mapping[PlaneKey, list[NumberedPlace]]:
    """Return the places of answers plane by plane, each leading to its answer."""
    spots: dict[PlaneKey, list[NumberedPlace]] = {}
    for number, answer in enumerate(answers, start=1):
        for key, found in spots_of(answer).items():
            if found[0].number == "1":
                says = f"answer {number}: {answer.photo.name}"
                spots.setdefault(key, []).append(replace(found[0], number=str(number), says=says, href=f"#a{number}"))
    return spots


def _shown(number: int, area: Area, plane: Plane, spots: Sequence[NumberedPlace]) -> AreaShown:
    metres = plane.metres[area.members]
    across, up = (metres_in_words(float(size)) for size in metres.max(axis=0) - metres.min(axis=0))
    middle = _middle(area, plane)
    extent = f"{across} from west to east, {up} from south to north"
    inside = [spot for spot in spots if area.window.shows(spot.metres)]
    about = f"Drawing of {counted(len(area.members), 'photo')}, {extent}"
    return AreaShown(
        anchor=_anchor(number, area),
        number=area.number,
        photos=len(area.members),
        extent=extent,
        middle=coordinates(middle),
        address=link(middle),
        drawing=draw(
            area.window,
            area.marks,
            lambda mark: says_of(mark, plane),
            about,
            parts=[(part, f"#{_anchor(number, part)}") for part in area.parts],
            spots=inside,
        ),
    )


def _anchor(number: int, area: Area) -> str:
    return f"p{number}" + (f"-{area.number}" if area.number else "")


def _middle(area: Area, plane: Plane) -> Position:
    """Return the position of the photo that is nearest to the middle of an area's photos."""
    metres = plane.metres[area.members]
    away = ((metres - (metres.max(axis=0) + metres.min(axis=0)) / 2) ** 2).sum(axis=1)
    return plane.photos[int(area.members[int(away.argmin())])].position
