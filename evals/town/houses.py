"""What a house of the demo town is made of, and the style families that houses are drawn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from .texture import Colour, tint

T = TypeVar("T")

WHITE, CREAM, BLACK = (238, 236, 228), (226, 212, 178), (38, 38, 42)
RED, GREEN, BLUE, NAVY = (148, 42, 38), (38, 88, 62), (52, 96, 140), (32, 46, 82)
OCHRE, TEAL, PLUM, BROWN, GREY = (196, 150, 66), (44, 112, 112), (92, 44, 74), (92, 62, 42), (120, 122, 126)
PAINTS: tuple[Colour, ...] = (RED, GREEN, BLUE, NAVY, OCHRE, TEAL, PLUM, BROWN, BLACK, GREY, CREAM)
SLATE, TERRACOTTA, CLAY = (84, 90, 102), (176, 92, 62), (138, 70, 54)


@dataclass(frozen=True)
class Family:
    """The choices that a style leaves open."""

    materials: tuple[str, ...]
    walls: tuple[Colour, ...]
    windows: tuple[str, ...]
    lintels: tuple[str, ...]
    roofs: tuple[str, ...]
    tiles: tuple[Colour, ...]
    shutters: float
    balconies: float


FAMILIES: dict[str, Family] = {
    "terrace": Family(
        ("brick",),
        ((150, 78, 60), (124, 66, 54), (172, 128, 88), (110, 84, 74)),
        ("sash", "sash", "arched"),
        ("flat", "keystone", "arch"),
        ("eaves", "flat", "hip"),
        (SLATE, CLAY),
        0.05,
        0.1,
    ),
    "riviera": Family(
        ("plaster",),
        ((224, 178, 120), (216, 150, 122), (232, 206, 146), (196, 186, 158), (206, 132, 100)),
        ("casement", "casement", "sash"),
        ("none", "flat", "hood"),
        ("eaves", "hip", "eaves"),
        (TERRACOTTA,),
        0.8,
        0.35,
    ),
    "guild": Family(
        ("brick", "plaster"),
        ((140, 76, 62), (92, 74, 66), (206, 196, 172), (176, 140, 92)),
        ("lattice", "sash", "casement"),
        ("arch", "flat", "keystone"),
        ("stepped", "bell", "gable"),
        (CLAY, SLATE),
        0.3,
        0.0,
    ),
    "timber": Family(
        ("timber",),
        ((226, 216, 192), (222, 196, 150), (206, 180, 148), (214, 222, 210)),
        ("lattice", "casement"),
        ("none",),
        ("gable", "eaves", "gable"),
        (CLAY, TERRACOTTA),
        0.25,
        0.0,
    ),
    "boulevard": Family(
        ("stone", "plaster"),
        ((206, 194, 168), (190, 184, 170), (214, 206, 190), (178, 162, 136)),
        ("french", "arched", "casement"),
        ("hood", "keystone", "pediment"),
        ("mansard", "flat", "mansard"),
        (SLATE, (104, 110, 112)),
        0.1,
        0.65,
    ),
    "harbour": Family(
        ("boards",),
        ((146, 78, 64), (200, 166, 96), (112, 138, 154), (218, 216, 206), (104, 128, 104)),
        ("casement", "sash"),
        ("flat", "none"),
        ("gable", "eaves"),
        (SLATE, CLAY, (70, 70, 74)),
        0.35,
        0.0,
    ),
}


@dataclass(frozen=True)
class House:
    """One facade; lengths in metres. `seed` fixes the grain of its surfaces."""

    width: float
    storeys: int
    ground: float  # height of the ground storey
    floor: float  # height of each storey above it
    material: str
    wall: Colour
    trim: Colour
    windows: str
    lintel: str
    bays: int
    window_width: float
    shutters: Colour | None
    balconies: int  # the first floor that has some; 0 for none
    flowers: Colour | None
    roof: str
    tiles: Colour
    roof_height: float
    chimneys: tuple[float, ...]  # as shares of the width
    front: str  # of the ground storey: shop, door or gate
    paint: Colour  # of the shop front or gate
    door: Colour
    door_at: int  # the bay of the door
    awning: Colour | None
    lamp: bool
    seed: int

    @property
    def height(self) -> float:
        """Height of the wall up to the roof."""
        return self.ground + self.floor * (self.storeys - 1)


def random_house(rng: np.random.Generator, *, width: float, front: str | None = None) -> House:
    """Draw a house of one style family; `front` fixes what its ground storey is."""
    family = FAMILIES[pick(rng, tuple(FAMILIES))]
    front = front or pick(rng, ("shop", "door", "door", "gate"))
    storeys = int(rng.choice([2, 3, 3, 4]))
    bays = max(2, round(width / rng.uniform(1.9, 2.9)))
    return House(
        width=width,
        storeys=storeys,
        ground=float(rng.uniform(3.7, 4.1) if front == "shop" else rng.uniform(3.1, 3.5)),
        floor=float(rng.uniform(2.65, 3.05)),
        material=pick(rng, family.materials),
        wall=tint(pick(rng, family.walls), float(rng.uniform(0.92, 1.08))),
        trim=pick(rng, (WHITE, WHITE, CREAM, (206, 200, 190), (122, 108, 92))),
        windows=pick(rng, family.windows),
        lintel=pick(rng, family.lintels),
        bays=bays,
        window_width=float(min(1.25, width / bays * rng.uniform(0.4, 0.56))),
        shutters=pick(rng, PAINTS[:8]) if rng.random() < family.shutters else None,
        balconies=int(rng.integers(1, 3)) if rng.random() < family.balconies else 0,
        flowers=pick(rng, ((206, 60, 72), (222, 160, 60), (170, 90, 160))) if rng.random() < 0.25 else None,
        roof=pick(rng, family.roofs),
        tiles=tint(pick(rng, family.tiles), float(rng.uniform(0.88, 1.1))),
        roof_height=float(rng.uniform(2.0, 3.0)),
        chimneys=tuple(float(rng.uniform(0.08, 0.9)) for _ in range(int(rng.integers(0, 3)))),
        front=front,
        paint=pick(rng, PAINTS),
        door=pick(rng, PAINTS),
        door_at=int(rng.integers(0, bays)),
        awning=pick(rng, (RED, GREEN, BLUE, OCHRE, TEAL)) if rng.random() < 0.3 else None,
        lamp=bool(rng.random() < 0.35),
        seed=int(rng.integers(2**31)),
    )


def pick(rng: np.random.Generator, choices: Sequence[T]) -> T:
    """Draw one of the choices."""
    return choices[int(rng.integers(len(choices)))]
