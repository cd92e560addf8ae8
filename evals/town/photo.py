"""One photograph of the demo town: which camera took it and in which condition. Any one can be taken alone."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from .camera import STAND, Camera, random_camera
from .film import cast_shadow, daylight, develop, old_film
from .night import night_photo
from .occlusion import occlude, pass_by
from .plan import Place, Scene
from .street import elevation, ground, look, sky

Condition = Literal["day", "night", "occlusion", "long_ago"]
CONDITIONS: tuple[Condition, ...] = ("day", "night", "occlusion", "long_ago")
REACH, QUERY_REACH = 4.5, 7.0  # metres along the street, to both sides, of the database's and the queries' views


@dataclass(frozen=True)
class Shot:
    """One photo to take: view `view` of `views` of a place, in a condition, in a town of this seed."""

    seed: int
    place: Place
    condition: Condition
    view: int = 0
    views: int = 1


def camera_of(shot: Shot) -> Camera:
    """Return the camera of a shot; views of the database are spread over the stretch, queries are anywhere."""
    rng = _rng(shot, 0)
    if shot.condition != "day":
        return random_camera(rng, along=(-QUERY_REACH, QUERY_REACH))
    width = 2 * REACH / shot.views
    start = -REACH + shot.view * width
    return random_camera(rng, along=(start, start + width))


def standpoint(shot: Shot) -> tuple[float, float, float]:
    """Return where one stands (easting, northing in metres) and looks to (degrees, clockwise from grid north)."""
    camera, place = camera_of(shot), shot.place
    forward = np.deg2rad(place.heading)
    ahead = STAND - camera.away
    easting = place.easting + camera.along * np.cos(forward) + ahead * np.sin(forward)
    northing = place.northing - camera.along * np.sin(forward) + ahead * np.cos(forward)
    return float(easting), float(northing), float((place.heading + camera.yaw) % 360)


def photograph(shot: Shot) -> Image.Image:
    """Take a photo, RGB, 480 x 360; the same shot always gives the same pixels."""
    rng, camera, scene = _rng(shot, 1), camera_of(shot), shot.place.scene
    if shot.condition == "night":
        return night_photo(rng, scene, camera)
    if shot.condition == "long_ago":
        return old_film(rng, develop(_by_day(rng, shot.place.former, camera)))
    picture = _by_day(rng, scene, camera)
    if shot.condition == "occlusion":
        occlude(rng, picture, camera)
    elif rng.random() < 0.3:
        pass_by(rng, picture, camera)
    return daylight(rng, develop(picture))


def _by_day(rng: np.random.Generator, scene: Scene, camera: Camera) -> Image.Image:
    picture = look(scene, camera, sky(rng, camera), elevation(scene).seen, ground(scene))
    if rng.random() < 0.35:
        cast_shadow(rng, picture, camera)
    return picture


def _rng(shot: Shot, stream: int) -> np.random.Generator:
    condition = CONDITIONS.index(shot.condition)
    return np.random.default_rng([shot.seed, 1, shot.place.number, condition, shot.view, stream])
