"""What stands in the way of a photo of the demo town: cars, vans, trees, scaffolding, people, lamp posts."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from .camera import DRAWN, Camera
from .houses import BLACK, PAINTS, WHITE, pick
from .sheet import Point
from .street import Brush, draw_tree
from .texture import Colour, tint

LEAST, MOST = 0.2, 0.5  # share of the picture that is covered
_GLASS, _TYRE = (48, 60, 72), (26, 26, 28)


def occlude(rng: np.random.Generator, picture: Image.Image, camera: Camera) -> float:
    """Draw obstacles into an oversampled picture until 20 to 50 % of it is covered, and return that share."""
    goal = float(rng.uniform(LEAST + 0.01, MOST - 0.14))
    layers: list[tuple[float, Image.Image]] = []
    covered, hidden = 0.0, Image.new("1", DRAWN)
    while covered < goal:
        depth, layer = _obstacle(rng, camera)
        together = hidden.copy()
        together.paste(1, (0, 0, *DRAWN), layer.getchannel("A").point(lambda alpha: 255 * (alpha > 100)))
        share = together.convert("L").histogram()[255] / (DRAWN[0] * DRAWN[1])
        if share - covered > 0.01 and share <= MOST:
            covered, hidden = share, together
            layers.append((depth, layer))
    for _, layer in sorted(layers, key=lambda item: item[0]):
        picture.paste(layer, (0, 0), layer)
    return covered


def pass_by(rng: np.random.Generator, picture: Image.Image, camera: Camera) -> None:
    """Let a car or a person come into an oversampled picture, as into any photo of a street."""
    brush = Brush(picture, camera)
    x = camera.along + float(rng.uniform(-6, 6))
    if rng.random() < 0.6:
        _car(rng, brush, x, float(rng.uniform(3.6, 5.0)))
    else:
        _person(rng, brush, x, float(rng.uniform(1.0, 5.0)))


def _obstacle(rng: np.random.Generator, camera: Camera) -> tuple[float, Image.Image]:
    """Return how far from the facades an obstacle stands, and its picture, RGBA."""
    layer = Image.new("RGBA", DRAWN)
    brush = Brush(layer, camera)
    kinds: tuple[tuple[Callable[[np.random.Generator, Brush, float, float], None], float, float], ...] = (
        (_car, 3.6, 6.0), (_car, 3.6, 6.0), (_car, 4.5, 6.5), (_van, 3.8, 5.5), (_van, 3.8, 5.0), (_tree, 2.0, 6.0),
        (_scaffold, 0.8, 0.9), (_person, camera.away - 5.5, camera.away - 3.5),
        (_person, camera.away - 7.0, camera.away - 4.5), (_post, camera.away - 4.5, camera.away - 2.5),
    )  # fmt: skip
    draw, nearest, farthest = pick(rng, kinds)
    z = float(rng.uniform(nearest, farthest))
    reach = (camera.away - z) * 0.55
    middle = camera.along + (camera.away - z) * float(np.tan(np.deg2rad(camera.yaw)))
    draw(rng, brush, middle + float(rng.uniform(-reach, reach)), z)
    return z, layer


def _mirrored(rng: np.random.Generator, x: float) -> Callable[[list[Point]], list[Point]]:
    """Return a function that moves an outline drawn around 0 to `x`, facing left or right."""
    side = 1 if rng.random() < 0.5 else -1
    return lambda points: [(x + side * dx, y) for dx, y in points]


def _wheels(brush: Brush, at: Callable[[list[Point]], list[Point]], z: float, axles: tuple[float, float]) -> None:
    for axle in axles:
        ((x, y),) = at([(axle, 0.33)])
        brush.disc(x, y, 0.34, z, _TYRE)
        brush.disc(x, y, 0.19, z, (150, 152, 156))


def _car(rng: np.random.Generator, brush: Brush, x: float, z: float) -> None:
    at, paint = _mirrored(rng, x), tint(pick(rng, (*PAINTS, WHITE, (150, 154, 160))), 1.1)
    brush.shape(at([(-2.3, 0.02), (2.3, 0.02), (2.1, 0.2), (-2.1, 0.2)]), z, BLACK, 150)
    body: list[Point] = [
        (-2.15, 0.3), (2.1, 0.3), (2.2, 0.62), (1.95, 0.86), (1.05, 0.96), (-1.9, 0.98), (-2.18, 0.78)
    ]  # fmt: skip
    roof: list[Point] = [(-1.75, 0.95), (1.15, 0.95), (0.4, 1.46), (-0.2, 1.54), (-1.15, 1.5)]
    brush.shape(at(roof), z, tint(paint, 0.9))
    brush.shape(at([(-1.5, 0.98), (-0.42, 0.98), (-0.42, 1.42), (-1.08, 1.4)]), z, _GLASS)
    brush.shape(at([(-0.32, 0.98), (0.92, 0.98), (0.32, 1.38), (-0.32, 1.44)]), z, _GLASS)
    brush.shape(at([(0.0, 1.4), (0.2, 1.39), (-0.1, 0.98), (-0.28, 0.98)]), z, (150, 170, 184), 90)
    brush.shape(at(body), z, paint)
    brush.shape(at([(-2.15, 0.3), (2.1, 0.3), (2.16, 0.46), (-2.16, 0.46)]), z, tint(paint, 0.6))
    brush.shape(at([(-0.38, 0.42), (-0.35, 0.42), (-0.35, 0.95), (-0.38, 0.95)]), z, tint(paint, 0.5))
    brush.shape(at([(2.0, 0.62), (2.18, 0.6), (2.1, 0.74), (1.94, 0.78)]), z, (240, 236, 214))
    brush.shape(at([(-2.18, 0.62), (-2.06, 0.62), (-2.06, 0.8), (-2.17, 0.78)]), z, (170, 34, 30))
    _wheels(brush, at, z, (-1.35, 1.35))


def _van(rng: np.random.Generator, brush: Brush, x: float, z: float) -> None:
    at, paint = _mirrored(rng, x), tint(pick(rng, (WHITE, WHITE, (206, 176, 70), (88, 110, 134), (150, 60, 52))), 0.96)
    brush.shape(at([(-2.7, 0.02), (2.7, 0.02), (2.5, 0.25), (-2.5, 0.25)]), z, BLACK, 150)
    brush.shape(at([(-2.6, 0.32), (2.55, 0.32), (2.6, 1.0), (1.95, 1.25), (1.35, 2.35), (-2.6, 2.45)]), z, paint)
    brush.shape(at([(0.7, 1.25), (1.8, 1.25), (1.28, 2.1), (0.7, 2.12)]), z, _GLASS)
    brush.shape(at([(-2.6, 0.32), (2.55, 0.32), (2.57, 0.55), (-2.6, 0.55)]), z, tint(paint, 0.55))
    for seam in (-0.9, 0.55):
        brush.shape(at([(seam, 0.5), (seam + 0.03, 0.5), (seam + 0.03, 2.35), (seam, 2.35)]), z, tint(paint, 0.7))
    brush.shape(at([(-2.4, 1.25), (0.4, 1.25), (0.4, 1.4), (-2.4, 1.4)]), z, tint(pick(rng, PAINTS), 1.0))
    brush.shape(at([(2.4, 0.75), (2.58, 0.75), (2.55, 0.98), (2.38, 1.0)]), z, (240, 236, 214))
    _wheels(brush, at, z, (-1.6, 1.65))


def _tree(rng: np.random.Generator, brush: Brush, x: float, z: float) -> None:
    draw_tree(brush, rng, x, z, height=float(rng.uniform(4.2, 6.2)))


def _person(rng: np.random.Generator, brush: Brush, x: float, z: float) -> None:
    height = float(rng.uniform(1.55, 1.85)) / 1.75
    coat, legs = tint(pick(rng, PAINTS), float(rng.uniform(0.8, 1.2))), tint(pick(rng, PAINTS), 0.6)
    skin = tint((214, 170, 140), float(rng.uniform(0.45, 1.05)))
    stride = float(rng.uniform(0.05, 0.28))
    at = _mirrored(rng, x)

    def part(points: list[Point], colour: Colour) -> None:
        brush.shape([(px, py * height) for px, py in at(points)], z, colour)

    for foot in (-stride, stride):
        part([(-0.13, 0.85), (0.13, 0.85), (foot + 0.09, 0.05), (foot - 0.09, 0.05)], legs)
        part([(foot - 0.1, 0.0), (foot + 0.18, 0.0), (foot + 0.12, 0.09), (foot - 0.1, 0.09)], BLACK)
    part([(-0.2, 0.75), (0.2, 0.75), (0.25, 1.35), (0.16, 1.48), (-0.16, 1.48), (-0.25, 1.35)], coat)
    part([(0.1, 1.4), (0.26, 1.35), (0.3, 0.85), (0.2, 0.82)], tint(coat, 0.75))
    part([(-0.06, 1.45), (0.06, 1.45), (0.06, 1.56), (-0.06, 1.56)], skin)
    brush.disc(x, 1.63 * height, 0.12, z, skin)
    part([(-0.13, 1.62), (0.12, 1.68), (0.08, 1.77), (-0.1, 1.76)], tint((70, 50, 38), float(rng.uniform(0.4, 1.8))))


def _post(rng: np.random.Generator, brush: Brush, x: float, z: float) -> None:
    iron = tint((58, 64, 66), float(rng.uniform(0.7, 1.6)))
    brush.box((x - 0.11, 0.0, x + 0.11, 7.0), z, iron)
    brush.box((x - 0.11, 0.0, x - 0.04, 7.0), z, tint(iron, 1.5))
    brush.box((x - 0.22, 0.0, x + 0.22, 1.0), z, tint(iron, 0.85))


def _scaffold(rng: np.random.Generator, brush: Brush, x: float, z: float) -> None:
    half, top = float(rng.uniform(1.8, 4.0)), float(rng.uniform(6, 10))
    left, right, steel = x - half, x + half, (148, 150, 150)
    net = tint(pick(rng, ((90, 128, 110), (178, 184, 190), (86, 110, 150))), 1.0)
    for level in np.arange(2.0, top, 2.0):
        if rng.random() < 0.6:
            brush.box((left, float(level), right, float(level) + 1.9), z, net, int(rng.integers(105, 190)))
        brush.box((left - 0.2, float(level) - 0.12, right + 0.2, float(level)), z, (150, 116, 74))
        brush.box((left - 0.1, float(level) + 0.95, right + 0.1, float(level) + 1.02), z, steel)
    for pole in np.linspace(left, right, max(3, round(half))):
        brush.box((float(pole) - 0.05, 0.0, float(pole) + 0.05, top), z + 0.1, steel)
