"""What a camera and a film do to a picture of the demo town: exposure, colour, blur, noise, age."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .camera import DRAWN, HEIGHT, OVERSAMPLE, WIDTH, Camera
from .sheet import Point
from .texture import Pixels, fractal, to_image


def develop(picture: Image.Image) -> Pixels:
    """Average an oversampled picture down to the size of a photo, `[H, W, 3]`."""
    photo = picture.resize((WIDTH, HEIGHT), Image.Resampling.HAMMING)
    return np.asarray(photo).astype(np.float32)


def daylight(rng: np.random.Generator, photo: Pixels) -> Image.Image:
    """Vary exposure, white balance and contrast of a day's photo, and add a little noise."""
    gains = rng.uniform(0.8, 1.14) * rng.normal(1, 0.025, 3)
    contrast = rng.uniform(0.82, 1.08)
    photo = (photo * gains.astype(np.float32) - 110) * np.float32(contrast) + 110
    photo *= vignette(float(rng.uniform(0.0, 0.22)))
    return to_image(photo + noise(rng, float(rng.uniform(1.5, 4.0))))


def cast_shadow(rng: np.random.Generator, picture: Image.Image, camera: Camera) -> None:
    """Darken the lower part of an oversampled picture by the shadow of the houses across the street."""
    steps = np.sort(rng.uniform(-12, 12, 5))
    heights = rng.uniform(0.3, 3.2) + rng.uniform(-0.3, 2.2, 6)
    edges = [-13.0, *(float(step) for step in steps), 13.0]
    skyline = [(edges[i + side], float(heights[i]), 0.0) for i in range(6) for side in (0, 1)]
    stencil = Image.new("L", DRAWN, 0)
    points = [(-DRAWN[0], DRAWN[1] * 2), *camera.project(skyline), (DRAWN[0] * 2, DRAWN[1] * 2)]
    ImageDraw.Draw(stencil).polygon(points, round(rng.uniform(60, 125)))
    picture.paste((20, 26, 42), (0, 0, *DRAWN), stencil.filter(ImageFilter.BoxBlur(2)))


def night_film(rng: np.random.Generator, picture: Image.Image, glows: list[tuple[Point, float]]) -> Image.Image:
    """Let the lights of a night bloom, shake the camera, and add the noise of a short exposure.

    `glows` are lamps that shine into the lens: where in the oversampled picture, and how far.
    """
    photo = Image.fromarray(np.clip(develop(picture), 0, 255).astype(np.uint8))
    bloom = _bloom(photo)
    for (u, v), reach in glows:
        bloom += _halo(u / OVERSAMPLE, v / OVERSAMPLE, reach) * np.array([255, 222, 170], dtype=np.float32)
    exposed = (np.asarray(photo) + bloom) * np.float32(rng.uniform(0.85, 1.25))
    exposed = _shake(rng, exposed)
    coarse = noise(rng, float(rng.uniform(5, 11)), chroma=0.7)
    return to_image(exposed + coarse)


def old_film(rng: np.random.Generator, photo: Pixels) -> Image.Image:
    """Turn a photo into an old print: grey or sepia, flat, grainy, blurred, faded and scratched."""
    weights = rng.dirichlet([6, 9, 9]).astype(np.float32)  # old plates see blue as bright and red as dark
    grey = photo @ weights
    low, high = rng.uniform(34, 64), rng.uniform(205, 236)
    grey = low + (high - low) * np.clip(grey / 205, 0, 1) ** np.float32(rng.uniform(0.8, 1.25))
    grey = _blurred(grey.astype(np.float32), float(rng.uniform(0.2, 0.9)))
    grain = _blurred(128 + 40 * rng.standard_normal((HEIGHT, WIDTH), dtype=np.float32), 0.6) - 128
    grey += np.float32(rng.uniform(0.2, 0.42)) * grain
    grey += 16 * fractal(rng, HEIGHT, WIDTH, cell=170)
    print_ = _scratched(rng, grey * vignette(float(rng.uniform(0.15, 0.5)))[..., 0])
    tone = np.array([1.06, 0.97, 0.8]) if rng.random() < 0.65 else np.array([1.0, 0.99, 0.96])
    return to_image(print_[..., None] * tone.astype(np.float32) + noise(rng, 2.0))


def vignette(amount: float) -> Pixels:
    """Return the falling off of light towards the corners `[H, W, 1]`, 1 in the middle."""
    y, x = np.linspace(-1, 1, HEIGHT)[:, None], np.linspace(-1, 1, WIDTH)[None, :]
    return (1 - amount * (x * x + y * y) / 2).astype(np.float32)[..., None]


def noise(rng: np.random.Generator, sigma: float, chroma: float = 0.3) -> Pixels:
    """Return sensor noise `[H, W, 3]`, the share `chroma` of it different in each channel."""
    common = rng.standard_normal((HEIGHT + 12, WIDTH + 12), dtype=np.float32)
    shifted = [common[dy : dy + HEIGHT, dx : dx + WIDTH] for dy, dx in ((0, 12), (12, 5), (7, 0))]
    common = np.float32(1 - chroma) * common[12:, 12:]
    return np.stack([np.float32(sigma) * (common + np.float32(chroma) * one) for one in shifted], axis=-1)


def _bloom(photo: Image.Image) -> Pixels:
    """Return the light `[H, W, 3]` that bright areas spread around them."""
    lights = photo.reduce(4).point([max(0, level - 140) * 2 for level in range(256)] * 3)
    spread = np.zeros((HEIGHT // 4, WIDTH // 4, 3), dtype=np.float32)
    for radius, weight in ((1, 0.25), (3, 0.35), (8, 0.4)):
        blurred = lights.filter(ImageFilter.BoxBlur(radius)).filter(ImageFilter.BoxBlur(radius))
        spread += np.float32(weight) * np.asarray(blurred)
    return np.asarray(to_image(spread).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)).astype(np.float32)


def _halo(u: float, v: float, reach: float) -> Pixels:
    """Return the glow `[H, W, 1]` around a lamp."""
    x, y = (np.arange(WIDTH) + 0.5 - u)[None, :], (np.arange(HEIGHT) + 0.5 - v)[:, None]
    return (0.9 / (1 + 14 * (x * x + y * y) / reach**2) ** 1.5).astype(np.float32)[..., None]


def _shake(rng: np.random.Generator, photo: Pixels) -> Pixels:
    """Blur along a short straight movement of the camera."""
    angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(0, 4.5)
    moves = [
        np.round(t * length * np.array([np.sin(angle), np.cos(angle)])).astype(int) for t in np.linspace(-0.5, 0.5, 5)
    ]
    padded = np.pad(photo, ((4, 4), (4, 4), (0, 0)), mode="edge")
    shifted = [padded[4 + dy : 4 + dy + HEIGHT, 4 + dx : 4 + dx + WIDTH] for dy, dx in moves]
    return np.asarray(np.mean(shifted, axis=0), dtype=np.float32)


def _blurred(grey: Pixels, radius: float) -> Pixels:
    picture = Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).filter(ImageFilter.BoxBlur(radius))
    return np.asarray(picture).astype(np.float32)


def _scratched(rng: np.random.Generator, grey: Pixels) -> Pixels:
    marks = Image.new("L", (WIDTH, HEIGHT), 128)
    draw = ImageDraw.Draw(marks)
    for _ in range(int(rng.integers(3, 11))):
        x, y = rng.uniform(0, WIDTH), rng.uniform(-100, HEIGHT)
        end = (x + rng.normal(0, 14), y + rng.uniform(30, 320))
        draw.line([(x, y), end], 215 if rng.random() < 0.7 else 60, 1)
    for _ in range(int(rng.integers(8, 30))):
        x, y, radius = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT), rng.uniform(0.4, 2.2)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), 220 if rng.random() < 0.6 else 40)
    return np.asarray(grey + 0.75 * (np.asarray(marks.filter(ImageFilter.BoxBlur(0.5)), dtype=np.float32) - 128))
