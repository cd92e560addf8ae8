"""What stands where in the demo town: a pure function of the seed and the number of places."""

from dataclasses import dataclass, replace

import numpy as np

from .houses import PAINTS, House, pick, random_house
from .sheet import LEFT, RIGHT
from .signs import Names, Sign, random_sign, sign_kinds

ZONE = "33U"
ORIGIN = (528_000.0, 6_088_000.0)  # open sea south-east of Bornholm: no real place is meant
SPACING, JITTER = 76.0, 7.0  # metres between places before and after they are moved a little


@dataclass(frozen=True)
class Scene:
    """A stretch of street: houses from left to right, the signs on them, and what stands at the kerb."""

    houses: tuple[tuple[float, House], ...]  # left edge in metres, house
    signs: tuple[Sign, ...]
    lanterns: tuple[float, ...]
    trees: tuple[float, ...]
    bollards: tuple[float, ...]
    paving: str  # slabs or bricks
    road: str  # asphalt or cobbles
    seed: int


@dataclass(frozen=True)
class Place:
    """One place: where one stands to see it (metres, UTM), the direction of looking (degrees), now and long ago."""

    number: int
    name: str
    easting: float
    northing: float
    heading: float
    look_alikes: int | None  # the group of places that differ only in their signs
    scene: Scene
    former: Scene


@dataclass(frozen=True)
class Plan:
    """The places of a town, and the places outside it that no photo of the database shows."""

    seed: int
    places: tuple[Place, ...]
    unknown: tuple[Place, ...]


def plan_town(seed: int, places: int) -> Plan:
    """Return the plan of a town of so many places, with a quarter as many places outside it."""
    rng = np.random.default_rng([seed, 0])
    names, outside = Names(rng), max(1, places // 4)
    groups = _look_alike_groups(places)
    order = [int(i) for i in rng.permutation(places)]
    scenes: dict[int, tuple[Scene, int | None]] = {}
    for number, size in enumerate(groups):
        members, order = order[:size], order[size:]
        for i, scene in zip(members, _look_alikes(rng, names, size, signed=number % 3 != 2), strict=True):
            scenes[i] = (scene, number)
    signed = round(0.6 * places) - sum(bool(scene.signs) for scene, _ in scenes.values())
    for rank, i in enumerate(order):
        scenes[i] = (_random_scene(rng, names, signed=rank < signed), None)
    town = tuple(_place(rng, names, i, *scenes[i], site=i, sites=places) for i in range(places))
    unknown = tuple(
        _place(rng, names, places + i, _random_scene(rng, names, signed=i % 5 < 3), None, site=i, sites=-outside)
        for i in range(outside)
    )  # fmt: skip
    return Plan(seed, town, unknown)


def _look_alike_groups(places: int) -> list[int]:
    """Return the sizes, 4 or 3, of the groups that together hold about a third of the places."""
    sizes: list[int] = []
    left = round(places / 3)
    while left >= 3:
        sizes.append(min(left, 4 - len(sizes) % 2))
        left -= sizes[-1]
    return sizes


def _random_scene(rng: np.random.Generator, names: Names, *, signed: bool) -> Scene:
    width = float(rng.uniform(7.6, 9.4))
    front = pick(rng, ("shop", "shop", "shop", "door", "gate"))
    centre = (-width / 2, random_house(rng, width=width, front=front))
    scene = Scene(
        houses=(*_neighbours(rng, -width / 2, LEFT), centre, *_neighbours(rng, width / 2, RIGHT)),
        signs=(),
        lanterns=tuple(side * float(rng.uniform(4.6, 7.5)) for side in (-1, 1) if rng.random() < 0.55),
        trees=tuple(side * float(rng.uniform(7.5, 11)) for side in (-1, 1) if rng.random() < 0.25),
        bollards=tuple(float(x) for x in np.arange(-9, 9.1, rng.uniform(1.6, 3))) if rng.random() < 0.3 else (),
        paving=pick(rng, ("slabs", "slabs", "bricks")),
        road=pick(rng, ("asphalt", "asphalt", "cobbles")),
        seed=int(rng.integers(2**31)),
    )  # fmt: skip
    return _with_signs(rng, names, scene, sign_kinds(rng, centre[1])) if signed else scene


def _neighbours(rng: np.random.Generator, start: float, end: float) -> tuple[tuple[float, House], ...]:
    """Return houses that fill the street from `start` outwards, past `end`."""
    side, edge, row = (1 if end > start else -1), start, []
    while side * edge < side * end:
        width = float(rng.uniform(5.5, 8.5))
        row.append((edge if side > 0 else edge - width, random_house(rng, width=width)))
        edge += side * width
    return tuple(row if side > 0 else row[::-1])


def centre_house(scene: Scene) -> tuple[float, House]:
    """Return the house that a place is about, with its left edge."""
    return next((left, house) for left, house in scene.houses if left < 0 < left + house.width)


def _with_signs(rng: np.random.Generator, names: Names, scene: Scene, kinds: tuple[str, ...]) -> Scene:
    """Hang new signs on the centre house; balconies and lintels in their way are moved up."""
    left, house = centre_house(scene)
    free = replace(house, balconies=2 if house.balconies else 0)
    signs = tuple(random_sign(rng, kind, names.next(kind), free, left) for kind in kinds)
    return replace(_swap(scene, house, free), signs=signs)


def _swap(scene: Scene, old: House, new: House) -> Scene:
    houses = tuple((left, new if house is old else house) for left, house in scene.houses)
    return replace(scene, houses=houses)


def _look_alikes(rng: np.random.Generator, names: Names, size: int, *, signed: bool) -> list[Scene]:
    scene = _random_scene(rng, names, signed=False)
    kinds = sign_kinds(rng, centre_house(scene)[1])
    return [_with_signs(rng, names, scene, kinds) if signed else scene for _ in range(size)]


def _former(rng: np.random.Generator, names: Names, scene: Scene) -> Scene:
    """Return how the place looked long ago: paint, shutters, awning and road, some names and some neighbours."""
    left, house = centre_house(scene)
    changed = replace(
        house,
        door=pick(rng, PAINTS),
        paint=pick(rng, PAINTS),
        shutters=pick(rng, PAINTS) if rng.random() < 0.3 else house.shutters if rng.random() < 0.6 else None,
        awning=pick(rng, PAINTS) if rng.random() < 0.3 else house.awning if rng.random() < 0.6 else None,
        flowers=None,
        lamp=rng.random() < 0.5,
    )
    scene = replace(_swap(scene, house, changed), road="cobbles", bollards=(), trees=())
    if rng.random() < 0.2:
        row = (*_neighbours(rng, left, LEFT), (left, changed), *_neighbours(rng, left + house.width, RIGHT))
        scene = replace(scene, houses=row)
    if scene.signs and rng.random() < 0.3:
        scene = _with_signs(rng, names, scene, tuple(sign.kind for sign in scene.signs))
    return scene


def _place(
    rng: np.random.Generator, names: Names, number: int, scene: Scene, group: int | None, *, site: int, sites: int
) -> Place:
    """Put a scene on its site of a turned grid: the town's for `sites` > 0, else one well outside the town."""
    columns = int(np.ceil(np.sqrt(abs(sites))))
    row, column = divmod(site, columns)
    x, y = column * SPACING, row * SPACING if sites > 0 else -400 - row * SPACING
    x, y = (float(value + rng.uniform(-JITTER, JITTER)) for value in (x, y))
    turn = np.deg2rad(17.0)
    return Place(
        number=number,
        name=f"place{number:03d}" if sites > 0 else f"unknown{site:03d}",
        easting=float(ORIGIN[0] + x * np.cos(turn) + y * np.sin(turn)),
        northing=float(ORIGIN[1] - x * np.sin(turn) + y * np.cos(turn)),
        heading=float(rng.choice([17.0, 107.0, 197.0, 287.0]) + rng.uniform(-8, 8)) % 360,
        look_alikes=group,
        scene=scene,
        former=_former(rng, names, scene),
    )
