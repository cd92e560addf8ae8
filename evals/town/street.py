"""What surrounds the houses of the demo town: sky, ground, lanterns, trees; and all of it put together by a camera."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from .camera import DRAWN, HEIGHT, WIDTH, Camera, Floats, see_plane
from .facade import draw_house
from .plan import Scene
from .sheet import LEFT, RIGHT, SCALE, TOP, Box, Sheet
from .signs import draw_sign
from .texture import Colour, Pixels, courses, fractal, tint, to_image

GROUND_SCALE, GROUND_DEPTH, KERB = 32, 10.75, 3.0
GROUND_TO_METRES = np.array([[1 / GROUND_SCALE, 0, LEFT], [0, 1 / GROUND_SCALE, 0], [0, 0, 1]])
SHEET_TO_METRES = np.array([[1 / SCALE, 0, LEFT], [0, -1 / SCALE, TOP], [0, 0, 1]])


@dataclass(frozen=True)
class Elevation:
    """The frontal picture of a scene before any camera, RGBA with a transparent sky, and the panes of its windows.

    `seen` is the same with premultiplied alpha, as transforms need it.
    """

    picture: Image.Image
    seen: Image.Image
    windows: tuple[tuple[Box, ...], ...]


@lru_cache(maxsize=8)
def elevation(scene: Scene) -> Elevation:
    """Draw the houses and signs of a scene as seen from straight ahead, without perspective."""
    sheet = Sheet()
    for left, house in scene.houses:
        draw_house(sheet, house, left)
    for sign in scene.signs:
        draw_sign(sheet, sign)
    sheet.image.putalpha(sheet.solid)
    return Elevation(sheet.image, sheet.image.convert("RGBa"), tuple(sheet.windows))


@lru_cache(maxsize=8)
def ground(scene: Scene) -> Image.Image:
    """Draw pavement, kerb and road from above, from the facades (first row) towards the viewer."""
    rng = np.random.default_rng(scene.seed)
    width, depth = round((RIGHT - LEFT) * GROUND_SCALE), round(GROUND_DEPTH * GROUND_SCALE)
    kerb = round(KERB * GROUND_SCALE)
    surface = np.empty((depth, width, 3), dtype=np.float32)
    length = 1.0 if scene.paving == "slabs" else 0.32
    tone: Colour = (158, 152, 144) if scene.paving == "slabs" else (146, 108, 92)
    surface[:kerb] = courses(rng, (kerb, width), tone, course=length * 20, length=length * 32, joint=0.72, spread=0.05)
    road = (depth - kerb, width)
    if scene.road == "cobbles":
        stone: Colour = (112, 110, 108)
        surface[kerb:] = courses(rng, road, stone, course=7, length=9, joint=0.62, spread=0.13)
    else:
        surface[kerb:] = _asphalt(rng, road)
    surface[kerb - 6 : kerb + 3] = (184, 180, 172)
    surface[kerb + 3 : kerb + 7] *= 0.6
    surface[:24] *= np.linspace(0.55, 1, 24, dtype=np.float32)[:, None, None]
    surface *= 1 + 0.08 * fractal(rng, depth, width, cell=200)[..., None]
    return to_image(surface).convert("RGBA").convert("RGBa")


def _asphalt(rng: np.random.Generator, shape: tuple[int, int]) -> Pixels:
    tone = 92 * (1 + 0.08 * fractal(rng, *shape, cell=60) + rng.normal(0, 0.07, shape))
    surface = np.repeat(tone.astype(np.float32)[..., None], 3, axis=2)
    line = round(rng.uniform(1.6, 3.6) * GROUND_SCALE)
    along = np.arange(shape[1]) / GROUND_SCALE % 4 < rng.choice([2.0, 4.0])
    surface[line : line + 4, along] = 198
    return surface


def sky(rng: np.random.Generator, camera: Camera) -> Pixels:
    """Return a day's sky `[H, W, 3]` of any weather, paler towards the horizon."""
    width, height = WIDTH // 2, HEIGHT // 2  # clouds are soft: half the size is enough
    top, low = np.array([92, 142, 206]), np.array([196, 214, 230])
    depth = np.clip(np.arange(height) / max(1.0, camera.horizon() * height / DRAWN[1]), 0, 1)[:, None, None]
    colour = top + (low - top) * depth
    cloud = fractal(rng, height, width, cell=95, octaves=4) + rng.uniform(-0.5, 0.9)
    cover = np.clip(cloud * 1.6, 0, 1)[..., None]
    grey = 238 - 46 * np.clip(cloud, 0, 1)[..., None] * float(rng.uniform(0, 1.6))
    return np.asarray(colour * (1 - cover) + grey * cover, dtype=np.float32)


def look(
    scene: Scene, camera: Camera, backdrop: Pixels, front: Image.Image, below: Image.Image, dim: float = 1.0
) -> Image.Image:
    """Return what the camera sees: backdrop `[H, W, 3]`, ground, houses and kerb; RGB, oversampled.

    `front` and `below` are the elevation and the ground (RGBa), possibly lit otherwise than by day; `dim` is
    the light on what stands at the kerb.
    """
    picture = to_image(backdrop).resize(DRAWN, Image.Resampling.BILINEAR)
    row = max(0, min(DRAWN[1] - 1, round(camera.horizon()) - 20))
    seen = see_plane(camera, below, (0, 2), GROUND_TO_METRES, from_row=row)
    picture.paste(seen, (0, row), seen)
    seen = see_plane(camera, front, (0, 1), SHEET_TO_METRES)
    picture.paste(seen, (0, 0), seen)
    _draw_kerb(Brush(picture, camera, dim), scene)
    return picture


def _draw_kerb(brush: "Brush", scene: Scene) -> None:
    for x in scene.trees:
        draw_tree(brush, np.random.default_rng(scene.seed), x, KERB - 0.8, height=4.6)
    for x in scene.bollards:
        brush.box((x - 0.09, 0.0, x + 0.09, 0.9), KERB - 0.4, (52, 54, 58))
        brush.box((x - 0.12, 0.82, x + 0.12, 0.95), KERB - 0.4, (40, 40, 44))
    for x in scene.lanterns:
        _lantern(brush, x)


def lantern_light(x: float) -> tuple[float, float, float]:
    """Return where the flame of a lantern at `x` is."""
    return x, 3.75, KERB - 0.5


def _lantern(brush: "Brush", x: float) -> None:
    z, iron = KERB - 0.5, (40, 46, 46)
    brush.box((x - 0.06, 0.0, x + 0.06, 3.5), z, iron)
    brush.box((x - 0.13, 0.0, x + 0.13, 0.5), z, iron)
    brush.box((x - 0.3, 3.1, x + 0.3, 3.16), z, iron)
    brush.shape([(x - 0.16, 3.5), (x + 0.16, 3.5), (x + 0.26, 4.0), (x - 0.26, 4.0)], z, (226, 218, 190))
    brush.shape([(x - 0.32, 4.0), (x + 0.32, 4.0), (x, 4.3)], z, iron)
    brush.box((x - 0.02, 3.5, x + 0.02, 4.0), z, iron)


class Brush:
    """Draws upright flat shapes, given in metres at a depth z, straight into an oversampled picture."""

    def __init__(self, picture: Image.Image, camera: Camera, dim: float = 1.0) -> None:
        self.camera = camera
        self._dim = dim
        self._draw = ImageDraw.Draw(picture, "RGBA" if picture.mode == "RGB" else None)

    def shape(self, points: list[tuple[float, float]], z: float, colour: Colour, alpha: int = 255) -> None:
        """Fill a polygon."""
        self._draw.polygon(self.camera.project([(x, y, z) for x, y in points]), self._ink(colour, alpha))

    def box(self, box: Box, z: float, colour: Colour, alpha: int = 255) -> None:
        """Fill a box."""
        left, bottom, right, top = box
        self.shape([(left, bottom), (right, bottom), (right, top), (left, top)], z, colour, alpha)

    def disc(self, x: float, y: float, radius: float, z: float, colour: Colour) -> None:
        """Fill a disc."""
        self.discs(np.array([[x, y, z]]), np.array([radius]), [colour])

    def discs(self, centres: Floats, radii: Floats, colours: list[Colour]) -> None:
        """Fill discs at centres `[n, 3]`."""
        edges = centres + np.column_stack([radii, np.zeros((len(radii), 2))])
        middles, ends = self.camera.project(centres), self.camera.project(edges)
        for (u, v), (edge, _), colour in zip(middles, ends, colours, strict=True):
            reach = abs(edge - u)
            self._draw.ellipse((u - reach, v - reach, u + reach, v + reach), self._ink(colour, 255))

    def _ink(self, colour: Colour, alpha: int) -> tuple[int, int, int, int]:
        return (*tint(colour, self._dim), alpha)


def draw_tree(brush: Brush, rng: np.random.Generator, x: float, z: float, *, height: float) -> None:
    """Draw a leafy tree with light between the leaves."""
    bark: Colour = (84, 66, 50)
    brush.shape([(x - 0.16, 0), (x + 0.16, 0), (x + 0.09, height * 0.6), (x - 0.09, height * 0.6)], z, bark)
    for lean in (-0.8, 0.7, 0.1):
        foot, tip = height * 0.45, height * 0.75
        brush.shape([(x - 0.05, foot), (x + 0.05, foot), (x + lean + 0.03, tip), (x + lean - 0.03, tip)], z, bark)
    leaf = tint((72, 108, 54), float(rng.uniform(0.75, 1.15)))
    angle, reach = rng.uniform(0, 2 * np.pi, 400), np.sqrt(rng.uniform(0, 1, 400)) * rng.uniform(0.85, 1.1, 400)
    across = x + 0.4 * height * reach * np.cos(angle)
    upward = height * (0.76 + 0.28 * reach * np.sin(angle))
    glow = rng.uniform(0.55, 1.15, 400) + 0.2 * np.sin(angle)
    leaves = np.column_stack([across, upward, np.full(400, z)])
    brush.discs(leaves, rng.uniform(0.06, 0.2, 400), [tint(leaf, float(light)) for light in glow])


def forget() -> None:
    """Give back the memory of the elevations and grounds drawn last."""
    elevation.cache_clear()
    ground.cache_clear()
