"""The camera of the demo town: a pinhole, to which every plane in space is a projective transform."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .sheet import Point

Floats = NDArray[np.float64]

WIDTH, HEIGHT = 480, 360
OVERSAMPLE = 1.5  # a picture is drawn this much larger and then averaged down
DRAWN = (round(WIDTH * OVERSAMPLE), round(HEIGHT * OVERSAMPLE))
STAND = 12.5  # metres from the facades to where one stands


@dataclass(frozen=True)
class Camera:
    """A view of a place: `along` the street and `away` from the facades in metres, degrees, focal in pixels."""

    along: float
    away: float
    height: float
    yaw: float
    pitch: float
    roll: float
    focal: float

    @cached_property
    def matrix(self) -> Floats:
        """Return `K [R | -R c]`, `[3, 4]`: from (x, y, z, 1) in metres to pixels of the oversampled picture."""
        yaw, pitch, roll = np.deg2rad([self.yaw, self.pitch, self.roll])
        forward = np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), -np.cos(yaw) * np.cos(pitch)])
        level = np.array([np.cos(yaw), 0.0, np.sin(yaw)])
        upright = np.cross(level, forward)
        right = np.cos(roll) * level + np.sin(roll) * upright
        up = np.cos(roll) * upright - np.sin(roll) * level
        focal = self.focal * OVERSAMPLE
        center = DRAWN[0] / 2, DRAWN[1] / 2
        intrinsics = np.array([[focal, 0, center[0]], [0, focal, center[1]], [0, 0, 1]])
        rotation = np.stack([right, -up, forward])
        eye = np.array([self.along, self.height, self.away])
        return np.asarray(intrinsics @ np.column_stack([rotation, -rotation @ eye]))

    def project(self, points: Sequence[tuple[float, float, float]] | Floats) -> list[Point]:
        """Return where points (x, y, z) in front of the camera lie, in pixels of the oversampled picture."""
        image = np.asarray(points, dtype=np.float64) @ self.matrix[:, :3].T + self.matrix[:, 3]
        return [(u / w, v / w) for u, v, w in image.tolist()]

    def horizon(self) -> float:
        """Return the row of the horizon in the picture's middle column, in pixels of the oversampled picture."""
        return float(OVERSAMPLE * (HEIGHT / 2 + self.focal * np.tan(np.deg2rad(self.pitch))))


def see_plane(
    camera: Camera, plane: Image.Image, axes: tuple[int, int], to_metres: Floats, *, from_row: int = 0
) -> Image.Image:
    """Return the picture (RGBa) of a plane through the origin as the camera sees it (RGBA), by its homography.

    `axes` are the plane's two axes in space, such as (0, 1) for the facades; `to_metres [3, 3]` maps the
    picture's pixels to metres along them. Rows of the view above `from_row` are left out.
    """
    homography = np.linalg.inv(camera.matrix[:, [*axes, 3]] @ to_metres)
    homography[:, 2] += from_row * homography[:, 1]
    coefficients = tuple(float(value) for value in (homography / homography[2, 2]).ravel()[:8])
    size = (DRAWN[0], DRAWN[1] - from_row)
    seen = plane.transform(size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR)
    return seen.convert("RGBA")


def random_camera(rng: np.random.Generator, *, along: tuple[float, float]) -> Camera:
    """Draw a camera within a stretch of street that looks roughly at the middle of the facade."""
    x, away = float(rng.uniform(*along)), float(rng.uniform(10.9, 14.1))
    aim = 0.25 * x + rng.uniform(-0.8, 0.8)
    return Camera(
        along=x,
        away=away,
        height=float(rng.uniform(1.5, 1.75)),
        yaw=float(np.rad2deg(np.arctan2(aim - x, away))),
        pitch=float(rng.uniform(9.0, 13.0)),
        roll=float(rng.normal(0, 0.9)),
        focal=float(rng.uniform(385, 440)),
    )
