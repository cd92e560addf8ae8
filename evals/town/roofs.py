"""The roofs and gables of the demo town, drawn above the wall of a house."""

from collections.abc import Sequence

import numpy as np

from .houses import BLACK, House
from .sheet import SCALE, Point, Sheet, corners, extent
from .texture import Colour, Pixels, boards, courses, plaster, tiles, tint
from .windows import glaze


def wall_surface(rng: np.random.Generator, house: House, shape: tuple[int, int]) -> Pixels:
    """Return the wall of a house `[H, W, 3]`."""
    if house.material == "brick":
        joint = 1.35 if sum(house.wall) < 300 else 0.75
        return courses(rng, shape, house.wall, course=0.15 * SCALE, length=0.42 * SCALE, joint=joint, spread=0.1)
    if house.material == "stone":
        return courses(rng, shape, house.wall, course=0.45 * SCALE, length=1.0 * SCALE, joint=0.74, spread=0.045)
    if house.material == "boards":
        return boards(rng, shape, house.wall, board=0.2 * SCALE)
    return plaster(rng, shape, house.wall)


def build(sheet: Sheet, points: Sequence[Point], surface: Pixels) -> None:
    """Lay a surface over a polygon that stands out against the sky."""
    sheet.cover(points, surface)
    sheet.build(points)


def draw_roof(sheet: Sheet, house: House, left: float, rng: np.random.Generator) -> None:
    """Draw the roof of a house whose left edge is at `left`, chimneys first."""
    for share in house.chimneys:
        _chimney(sheet, house, left + share * (house.width - 0.9), rng)
    drawers = {
        "eaves": _slope, "hip": _slope, "mansard": _mansard, "flat": _parapet,
        "gable": _gable, "stepped": _gable, "bell": _gable,
    }  # fmt: skip
    drawers[house.roof](sheet, house, left, rng)


def _chimney(sheet: Sheet, house: House, x: float, rng: np.random.Generator) -> None:
    top = house.height + house.roof_height * (0.5 if house.roof == "flat" else 1.0) + 0.7
    box = corners((x, house.height, x + 0.85, top))
    brick: Colour = (128, 74, 60)
    build(sheet, box, courses(rng, extent(box), brick, course=7, length=18, joint=1.3, spread=0.1))
    cap = corners((x - 0.08, top - 0.05, x + 0.93, top + 0.12))
    sheet.build(cap)
    sheet.polygon(cap, (150, 140, 130))
    for pot in (x + 0.12, x + 0.5):
        shape = corners((pot, top + 0.1, pot + 0.24, top + 0.5))
        sheet.build(shape)
        sheet.polygon(shape, (172, 104, 76))


def _slope(sheet: Sheet, house: House, left: float, rng: np.random.Generator) -> None:
    right, foot, top = left + house.width, house.height, house.height + house.roof_height
    inset = 0.25 * house.width if house.roof == "hip" else 0.0
    shape = ((left - 0.15, foot), (right + 0.15, foot), (right - inset, top), (left + inset, top))
    build(sheet, shape, tiles(rng, extent(shape), house.tiles, tile=0.27 * SCALE))
    sheet.line([shape[3], shape[2]], tint(house.tiles, 0.8), 0.14)
    if house.roof == "eaves" and house.bays > 2:
        _dormer(sheet, house, left + house.width * 0.5, foot + 0.45, rng)
    _gutter(sheet, house, left)


def _mansard(sheet: Sheet, house: House, left: float, rng: np.random.Generator) -> None:
    right, foot, top = left + house.width, house.height, house.height + house.roof_height
    shape = ((left, foot), (right, foot), (right - 0.35, top), (left + 0.35, top))
    build(sheet, shape, tiles(rng, extent(shape), house.tiles, tile=0.2 * SCALE))
    lid = corners((left + 0.25, top - 0.06, right - 0.25, top + 0.14))
    sheet.build(lid)
    sheet.polygon(lid, tint(house.tiles, 0.7))
    bay = house.width / house.bays
    for i in range(house.bays):
        _dormer(sheet, house, left + (i + 0.5) * bay, foot + 0.3, rng)
    _cornice(sheet, house, left)


def _dormer(sheet: Sheet, house: House, x: float, foot: float, rng: np.random.Generator) -> None:
    half = 0.5
    sheet.rect((x - half - 0.1, foot - 0.1, x + half + 0.2, foot + 1.15), BLACK, 70)
    sheet.rect((x - half - 0.12, foot - 0.05, x + half + 0.12, foot + 1.15), house.trim)
    glaze(sheet, (x - half + 0.08, foot + 0.05, x + half - 0.08, foot + 1.0), "casement", house.trim, rng)
    hood = ((x - half - 0.25, foot + 1.12), (x + half + 0.25, foot + 1.12), (x, foot + 1.6))
    sheet.polygon(hood, tint(house.tiles, 0.82))
    sheet.polygon([(x - half, foot + 1.14), (x + half, foot + 1.14), (x, foot + 1.48)], house.trim)


def _parapet(sheet: Sheet, house: House, left: float, rng: np.random.Generator) -> None:
    box = corners((left, house.height, left + house.width, house.height + 0.75))
    build(sheet, box, wall_surface(rng, house, extent(box)))
    sheet.rect((left, house.height + 0.66, left + house.width, house.height + 0.75), tint(house.trim, 0.95))
    _cornice(sheet, house, left)


def _gable(sheet: Sheet, house: House, left: float, rng: np.random.Generator) -> None:
    shape = _gable_outline(house, left)
    build(sheet, shape, wall_surface(rng, house, extent(shape)))
    middle, foot, rise = left + house.width / 2, house.height, 1.35 * house.roof_height
    edge = house.trim if house.roof != "gable" else tint(house.tiles, 0.75)
    sheet.line(shape[1:] if house.roof == "gable" else shape, edge, 0.2)
    if house.material == "timber":
        for share in (-0.25, 0.0, 0.25):
            top = foot + rise * (1 - 2 * abs(share)) - 0.1
            sheet.line([(middle + share * house.width, foot), (middle + share * house.width, top)], BEAM, 0.2)
    if rise > 2.6:
        box = (middle - 0.45, foot + 0.6, middle + 0.45, foot + 1.7)
        glaze(sheet, box, house.windows, house.trim, rng)
    elif house.material != "timber":
        sheet.ellipse((middle - 0.35, foot + 0.7, middle + 0.35, foot + 1.4), house.trim)
        sheet.ellipse((middle - 0.25, foot + 0.8, middle + 0.25, foot + 1.3), (60, 68, 80))


BEAM: Colour = (74, 52, 38)


def _gable_outline(house: House, left: float) -> list[Point]:
    """Return the outline from the right foot over the top to the left foot and back."""
    middle, foot, half, rise = (
        left + house.width / 2,
        house.height,
        house.width / 2,
        1.35 * house.roof_height,
    )
    right_side: list[Point] = [(1.0, 0.0)]
    if house.roof == "stepped":
        for step in range(5):
            right_side += [(1 - step * 0.19, (step + 1) * 0.2), (1 - (step + 1) * 0.19, (step + 1) * 0.2)]
    elif house.roof == "bell":
        right_side += [(0.97, 0.25), (0.72, 0.34), (0.6, 0.5), (0.55, 0.74), (0.38, 0.8), (0.2, 0.97)]
    outline = [*right_side, (0.0, 1.0), *((-x, y) for x, y in reversed(right_side))]
    return [(middle + x * half, foot + y * rise) for x, y in [(-1.0, 0.0), *outline]]


def _gutter(sheet: Sheet, house: House, left: float) -> None:
    right, foot = left + house.width, house.height
    sheet.rect((left, foot - 0.5, right, foot - 0.1), BLACK, 60)
    sheet.rect((left - 0.15, foot - 0.1, right + 0.15, foot + 0.06), tint(house.trim, 0.8))
    sheet.build(corners((left - 0.15, foot - 0.1, right + 0.15, foot + 0.06)))


def _cornice(sheet: Sheet, house: House, left: float) -> None:
    right, foot = left + house.width, house.height
    sheet.rect((left, foot - 0.55, right, foot - 0.2), BLACK, 60)
    sheet.rect((left, foot - 0.2, right, foot), house.trim)
    sheet.rect((left - 0.1, foot, right + 0.1, foot + 0.12), tint(house.trim, 1.04))
    for x in np.arange(left + 0.1, right - 0.1, 0.32):
        sheet.rect((float(x), foot - 0.18, float(x) + 0.14, foot - 0.03), tint(house.trim, 0.78))
