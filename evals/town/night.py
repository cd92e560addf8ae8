"""The demo town at night: what is lit, what is dark, and by which lamp."""

import numpy as np
from PIL import Image, ImageChops

from .camera import HEIGHT, WIDTH, Camera, Floats
from .film import night_film
from .plan import Scene
from .sheet import LEFT, RIGHT, TOP, Box, pixel_box
from .street import GROUND_DEPTH, Brush, elevation, ground, lantern_light, look
from .texture import Colour, Pixels, fractal, tint, to_image

_LIT: tuple[Colour, ...] = ((255, 206, 122), (255, 190, 100), (255, 224, 160), (214, 224, 255), (255, 232, 190))


def night_photo(rng: np.random.Generator, scene: Scene, camera: Camera) -> Image.Image:
    """Return a photo of the scene at night, RGB: few windows and only some of the signs are lit."""
    lamps = [lantern_light(x) for x in scene.lanterns if rng.random() < 0.85]
    lamps.append((float(rng.uniform(-9, 9)), float(rng.uniform(4, 7)), float(rng.uniform(5, 11))))
    ambient = rng.uniform(0.1, 0.22) * np.array([0.85, 0.92, 1.25])
    lamp_colour = np.array([1.0, 0.78, 0.46]) if rng.random() < 0.7 else np.array([0.86, 0.95, 1.0])
    front = _lit_facades(rng, scene, _light(lamps, ambient, lamp_colour, upright=True)).convert("RGBa")
    below = _multiply(ground(scene), _light(lamps, ambient, lamp_colour, upright=False))
    picture = look(scene, camera, _night_sky(rng), front, below, dim=1.6 * float(ambient[0]))
    brush = Brush(picture, camera)
    for x, y, z in lamps[:-1]:
        brush.disc(x, y, 0.2, z, (255, 238, 196))
    headlights = _headlights(rng, brush) if rng.random() < 0.35 else []
    glows = [(point, 26.0) for point in camera.project(lamps[:-1])] if len(lamps) > 1 else []
    glows += [(point, 40.0) for point in camera.project(headlights)] if headlights else []
    return night_film(rng, picture, glows)


def _light(lamps: list[tuple[float, float, float]], ambient: Floats, colour: Floats, *, upright: bool) -> Image.Image:
    """Return how much light falls on the facades, or on the ground, as a small picture of gains."""
    x = np.linspace(LEFT, RIGHT, 96)[None, :]
    depth = np.linspace(TOP, 0, 48)[:, None] if upright else np.linspace(0, GROUND_DEPTH, 48)[:, None]
    light = np.zeros((48, 96))
    for lamp_x, lamp_y, lamp_z in lamps:
        across, distance = (depth - lamp_y, lamp_z) if upright else (depth - lamp_z, lamp_y)
        light += 0.75 / (1 + ((x - lamp_x) ** 2 + across**2 + distance**2) / 9.0)
    return to_image((255 * (ambient + light[..., None] * colour)).astype(np.float32))


def _multiply(picture: Image.Image, gains: Image.Image) -> Image.Image:
    """Return a picture with transparency under a light."""
    field = gains.resize(picture.size, Image.Resampling.BILINEAR)
    opaque = Image.new("L", picture.size, 255)
    return ImageChops.multiply(picture, Image.merge(picture.mode, (*field.split(), opaque)))


def _lit_facades(rng: np.random.Generator, scene: Scene, gains: Image.Image) -> Image.Image:
    day = elevation(scene)
    night = _multiply(day.picture, gains)
    for panes in day.windows:
        if rng.random() < 0.3:
            _light_window(rng, day.picture, night, panes)
    for sign in scene.signs:
        if rng.random() < 0.55:
            left, top, right, bottom = pixel_box(sign.box)
            board = day.picture.crop((left, top, right, bottom)).convert("RGB")
            lamp = Image.new("RGB", board.size, tint((255, 236, 200), float(rng.uniform(0.55, 1.0))))
            night.paste(ImageChops.multiply(board, lamp), (left, top))
    return night


def _light_window(rng: np.random.Generator, day: Image.Image, night: Image.Image, panes: tuple[Box, ...]) -> None:
    """Light a window from inside, so that what stands behind the glass is still seen a little."""
    colour = tint(_LIT[int(rng.integers(len(_LIT)))], float(rng.uniform(0.5, 0.98)))
    blind = rng.random() < 0.3  # over the upper half
    middle = (panes[0][1] + panes[-1][3]) / 2
    for pane in panes:
        left, top, right, bottom = pixel_box(pane)
        tone = tint(colour, 0.55) if blind and pane[1] > middle else tint(colour, float(rng.uniform(0.85, 1.05)))
        room = day.crop((left, top, right, bottom))
        lamp = Image.new("RGBA", room.size, (*tone, 255))
        night.paste(Image.blend(room, lamp, 0.78), (left, top))


def _night_sky(rng: np.random.Generator) -> Pixels:
    height, width = HEIGHT // 2, WIDTH // 2
    low = np.array([62, 50, 44]) * rng.uniform(0.4, 1.1)
    top = np.array([10, 14, 28]) * rng.uniform(0.6, 1.4)
    depth = np.clip(np.linspace(0, 1.4, height), 0, 1)[:, None, None]
    clouds = 1 + 0.25 * fractal(rng, height, width, cell=95)[..., None]
    return ((top + (low - top) * depth) * clouds).astype(np.float32)


def _headlights(rng: np.random.Generator, brush: Brush) -> list[tuple[float, float, float]]:
    """Draw a car that comes towards the camera, and return where its headlights are."""
    x, z = float(rng.uniform(-5, 5)), float(rng.uniform(4.2, 5.6))
    brush.box((x - 0.85, 0.2, x + 0.85, 0.95), z, (20, 20, 24))
    brush.shape([(x - 0.75, 0.9), (x + 0.75, 0.9), (x + 0.6, 1.42), (x - 0.6, 1.42)], z, (16, 16, 20))
    lamps = [(x + side, 0.68, z) for side in (-0.62, 0.62)]
    for lamp in lamps:
        brush.disc(lamp[0], lamp[1], 0.13, z, (255, 252, 240))
    return lamps
