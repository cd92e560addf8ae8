"""What a photograph of the demo town shows, as the plan has it, and what an observer makes of it.

At night, behind obstacles and on old film less is seen, colours are lost, and letters of signs are misread.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from internvl_vpr.tools.describers.colour_names import PALETTE

from ..town.camera import DRAWN, Camera
from ..town.houses import House
from ..town.photo import Condition, Shot, camera_of
from ..town.plan import Scene, centre_house
from ..town.signs import Sign
from ..town.texture import Colour
from .draws import chance, choose


class Sight(NamedTuple):
    """One thing that is seen: its kind, how telling it is in [0, 1], and in words, exactly and roughly."""

    kind: str
    telling: float
    exact: str
    rough: str


class _Light(NamedTuple):
    """How well things are seen in a condition; the shares of them that go wrong."""

    hidden_below: float  # at the height of people and cars
    hidden_above: float
    colourless: float
    mistaken: float  # a colour for one like it, a number of storeys for the next
    misread: float  # signs with a wrong letter


_LIGHT: dict[Condition, _Light] = {
    "day": _Light(0.05, 0.03, 0.05, 0.06, 0.05),
    "night": _Light(0.3, 0.3, 0.4, 0.25, 0.3),
    "occlusion": _Light(0.4, 0.12, 0.05, 0.08, 0.15),
    "long_ago": _Light(0.08, 0.05, 1.0, 0.12, 0.1),  # old film knows no colours
}

_NUMBERS = ("one", "two", "three", "four", "five", "six")
_WALLS = {
    "brick": "brick", "stone": "cut stone", "plaster": "plastered", "timber": "half-timbered",
    "boards": "wooden clapboard",
}  # fmt: skip
_ROOFS = {
    "eaves": "pitched roof", "hip": "hipped roof", "mansard": "mansard roof", "flat": "flat roof with a parapet",
    "gable": "triangular gable", "stepped": "stepped gable", "bell": "bell-shaped gable",
}  # fmt: skip
_RARE_ROOFS = ("mansard", "stepped", "bell")
_WINDOWS = {
    "sash": "sash windows", "casement": "casement windows", "arched": "round-arched windows",
    "lattice": "windows with small lattice panes", "french": "tall floor-length windows", "shop": "shop windows",
}  # fmt: skip
_LINTELS = {
    "none": "no lintels", "flat": "flat lintels", "keystone": "keystones", "arch": "brick arches",
    "hood": "stone hoods", "pediment": "small pediments",
}  # fmt: skip
_SIGNS = {
    "fascia": "shop sign", "wall": "lettering on the wall", "plate": "street name plate", "hanging": "hanging sign",
    "number": "house number",
}  # fmt: skip


def sights(shot: Shot, seed: int) -> list[Sight]:
    """Return what is made of a photograph; `seed` decides what is missed and mistaken, the same each time."""
    return list(_Observer(shot, seed).look())


@dataclass(frozen=True)
class _Observer:
    """Looks at one photograph."""

    shot: Shot
    seed: int

    def look(self) -> Iterator[Sight]:
        """Yield what is noticed."""
        light = _LIGHT[self.shot.condition]
        for low, sight in self._all():
            hidden = light.hidden_below if low else light.hidden_above
            if not self._happens(hidden, "hidden", sight.kind):
                yield sight

    def _all(self) -> Iterator[tuple[bool, Sight]]:
        """Yield what is in the picture, and whether it is low enough to be behind people and cars."""
        scene = self.shot.place.former if self.shot.condition == "long_ago" else self.shot.place.scene
        camera = camera_of(self.shot)
        left, house = centre_house(scene)
        for number, sign in enumerate(scene.signs):
            if _in_picture(camera, sign.box[0], sign.box[1]) and _in_picture(camera, sign.box[2], sign.box[3]):
                yield sign.kind == "number", self._sign(sign, number)
        yield from ((False, sight) for sight in self._upper(house))
        yield from ((True, sight) for sight in self._ground(house))
        for side, neighbour in _neighbours(scene, left, house, camera):
            yield False, self._neighbour(side, neighbour)
        yield from ((True, sight) for sight in _street(scene))

    def _upper(self, house: House) -> Iterator[Sight]:
        storeys, walls = self._storeys(house.storeys, "storeys"), _WALLS[house.material]
        yield Sight(
            "wall", 0.5, _joined(f"{storeys}-storey", self._colour(house.wall, "wall"), walls, "house front"),
            f"{walls} building",
        )  # fmt: skip
        roof = _ROOFS[house.roof]
        telling = 0.6 if house.roof in _RARE_ROOFS else 0.4
        yield Sight("roof", telling, _joined(self._colour(house.tiles, "tiles"), roof), roof)
        windows = _WINDOWS[house.windows]
        bays = _NUMBERS[min(house.bays, len(_NUMBERS)) - 1]
        yield Sight("windows", 0.5, f"{bays} bays of {windows} with {_LINTELS[house.lintel]}", windows)
        if house.shutters:
            shutters = _joined(self._colour(house.shutters, "shutters"), "shutters beside the windows")
            yield Sight("shutters", 0.6, shutters, "windows with shutters")
        if house.balconies:
            yield Sight("balconies", 0.5, "iron balconies at the upper windows", "balconies")
        if house.flowers:
            flowers = _joined("window boxes with", self._colour(house.flowers, "flowers"), "flowers")
            yield Sight("flowers", 0.35, flowers, "flowers at the windows")
        if len(house.chimneys) > 1:
            yield Sight("chimneys", 0.35, f"{_NUMBERS[len(house.chimneys) - 1]} chimneys on the roof", "chimneys")

    def _ground(self, house: House) -> Iterator[Sight]:
        paint, door = self._colour(house.paint, "paint"), self._colour(house.door, "door")
        if house.front == "shop":
            yield Sight("shop", 0.55, _joined(paint, "wooden shop front with large display windows"), "shop front")
        elif house.front == "gate":
            yield Sight("gate", 0.6, _joined("wide arched carriage gate with", paint, "doors"), "arched gate")
        if house.front != "gate":
            yield Sight("door", 0.45, _joined(door, "panelled door with a fanlight"), "front door")
        if house.awning and house.front == "shop":
            yield Sight("awning", 0.55, _joined(self._colour(house.awning, "awning"), "striped awning"), "awning")
        if house.lamp and house.front == "door":
            yield Sight("lamp", 0.4, "black wall lamp beside the door", "wall lamp")

    def _neighbour(self, side: str, house: House) -> Sight:
        walls, roof = _WALLS[house.material], _ROOFS[house.roof]
        colour = self._colour(house.wall, f"{side} wall")
        exact = _joined(colour, walls, f"house with a {roof} on the {side}")
        return Sight(f"neighbour {side}", 0.55, exact, f"another building on the {side}")

    def _sign(self, sign: Sign, number: int) -> Sight:
        text, what = self._read(sign.text.replace("\n", " "), number), _SIGNS[sign.kind]
        board = "" if sign.painted else self._colour(sign.board, f"board {number}")
        rough = _joined(board, what)
        return Sight(
            f"sign {number}", 0.7 if sign.kind == "number" else 0.95, _joined(rough, f"reading '{text}'"), rough
        )

    def _read(self, text: str, number: int) -> str:
        """Return a sign's text, with one letter taken for another where it is misread."""
        if not self._happens(_LIGHT[self.shot.condition].misread, "misread", number):
            return text
        at = choose([place for place, letter in enumerate(text) if letter.isalnum()], *self._key("letter", number))
        others = [letter for letter in ("0123456789" if text[at].isdigit() else "ACDEFHILNORSTU") if letter != text[at]]
        return text[:at] + choose(others, *self._key("instead", number)) + text[at + 1 :]

    def _storeys(self, storeys: int, what: str) -> str:
        mistaken = self._happens(_LIGHT[self.shot.condition].mistaken, "mistaken", what)
        return _NUMBERS[storeys - 1 + (1 if mistaken else 0)]

    def _colour(self, colour: Colour, of: str) -> str:
        """Return the name of a colour, that of one like it, or nothing."""
        light = _LIGHT[self.shot.condition]
        if self._happens(light.colourless, "colourless", of):
            return ""
        nearest = _named(colour)
        return choose(nearest[1:], *self._key("like", of)) if self._happens(light.mistaken, "hue", of) else nearest[0]

    def _happens(self, share: float, *what: object) -> bool:
        return chance(*self._key(*what)) < share

    def _key(self, *what: object) -> tuple[object, ...]:
        shot = self.shot
        return (self.seed, shot.seed, shot.place.name, shot.condition, shot.view, *what)


def _in_picture(camera: Camera, x: float, y: float) -> bool:
    ((u, v),) = camera.project([(x, y, 0.0)])
    return 0 <= u < DRAWN[0] and 0 <= v < DRAWN[1]


def _neighbours(scene: Scene, left: float, house: House, camera: Camera) -> Iterator[tuple[str, House]]:
    """Yield the houses beside the middle one whose own middle is in the picture."""
    for edge, other in scene.houses:
        side = "left" if edge < left else "right"
        beside = abs(edge + other.width - left) < 0.01 or abs(edge - left - house.width) < 0.01
        if beside and _in_picture(camera, edge + other.width / 2, 3.0):
            yield side, other


def _street(scene: Scene) -> Iterator[Sight]:
    if scene.lanterns:
        yield Sight("lantern", 0.3, "old iron street lantern at the kerb", "street lamp")
    if scene.bollards:
        yield Sight("bollards", 0.35, "row of iron bollards along the kerb", "bollards")
    if scene.trees:
        yield Sight("tree", 0.25, "single tree at the kerb", "tree")
    yield Sight("road", 0.25, "cobbled road" if scene.road == "cobbles" else "asphalt road with a white line", "road")


@cache
def _named(colour: Colour) -> tuple[str, ...]:
    """Return the three names of colours that are nearest, the nearest first."""

    def distance(name: str) -> int:
        return sum((a - b) ** 2 for a, b in zip(PALETTE[name], colour, strict=True))

    return tuple(sorted(PALETTE, key=distance)[:3])


def _joined(*words: str) -> str:
    return " ".join(word for word in words if word)
