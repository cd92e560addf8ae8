"""A whole house of the demo town: its wall, its roof, and its ground storey with a door, a shop or a gate."""

from collections.abc import Sequence

import numpy as np

from .houses import BLACK, WHITE, House
from .sheet import SCALE, Box, Point, Sheet, corners, extent
from .texture import Colour, Pixels, boards, courses, plaster, tiles, tint
from .windows import draw_window, glaze, window_boxes

BEAM: Colour = (74, 52, 38)


def draw_house(sheet: Sheet, house: House, left: float) -> None:
    """Draw a house whose left edge is at `left` metres; the same house always gives the same pixels."""
    rng = np.random.default_rng(house.seed)
    wall = corners((left, 0.0, left + house.width, house.height))
    _build(sheet, wall, _wall_surface(rng, house, extent(wall)))
    if house.material == "timber":
        _beams(sheet, house, left)
    _draw_roof(sheet, house, left, rng)
    _mouldings(sheet, house, left)
    for storey in range(1, house.storeys):
        for box in window_boxes(house, left, storey):
            draw_window(sheet, house, box, rng, balcony=0 < house.balconies <= storey)
    {"shop": _shop, "door": _rooms, "gate": _gate}[house.front](sheet, house, left, rng)
    sheet.rect((left, 0.0, left + 0.04, house.height), BLACK, 110)


def fascia(house: House, left: float) -> Box:
    """Return where the name board of a shop is."""
    return left + 0.3, house.ground - 1.08, left + house.width - 0.3, house.ground - 0.1


def _beams(sheet: Sheet, house: House, left: float) -> None:
    right, bay = left + house.width, house.width / house.bays
    for storey in range(1, house.storeys + 1):
        y = house.ground + house.floor * (storey - 1)
        sheet.line([(left, y), (right, y)], BEAM, 0.24)
        if storey == house.storeys:
            break
        for i in range(house.bays + 1):
            x = left + i * bay
            sheet.line([(x, y), (x, y + house.floor)], BEAM, 0.2)
        for x, lean in ((left, bay * 0.24), (right, -bay * 0.24)):
            sheet.line([(x + lean, y), (x, y + house.floor * 0.6)], BEAM, 0.16)


def _mouldings(sheet: Sheet, house: House, left: float) -> None:
    right = left + house.width
    if house.material in ("brick", "stone", "plaster"):
        for storey in range(2, house.storeys):
            y = house.ground + house.floor * (storey - 1) + 0.1
            sheet.rect((left, y - 0.1, right, y), BLACK, 45)
            sheet.rect((left, y, right, y + 0.14), tint(house.trim, 0.97))
    if house.material in ("stone", "plaster") and house.seed % 2:
        for i, y in enumerate(np.arange(0.5, house.height - 0.6, 0.42)):
            long = 0.5 if i % 2 else 0.34
            for box in ((left, long), (right - long, long)):
                sheet.rect((box[0], float(y), box[0] + box[1], float(y) + 0.37), tint(house.trim, 0.92))
    sheet.rect((left, 0.0, right, 0.45), tint(house.wall, 0.55), 170)


def _rooms(sheet: Sheet, house: House, left: float, rng: np.random.Generator) -> None:
    bay = house.width / house.bays
    for i in range(house.bays):
        x, half = left + (i + 0.5) * bay, house.window_width / 2
        if i == house.door_at:
            _door(sheet, house, (x - 0.55, 0.15, x + 0.55, 2.35))
        else:
            draw_window(sheet, house, (x - half, 0.95, x + half, house.ground - 0.75), rng, balcony=False)
    if house.lamp:
        _wall_lamp(sheet, left + (house.door_at + 0.5) * bay + 0.85, 2.3)


def _door(sheet: Sheet, house: House, box: Box) -> None:
    left, bottom, right, top = box
    sheet.rect((left - 0.18, 0.0, right + 0.18, bottom), (150, 146, 138))
    sheet.rect((left - 0.14, bottom, right + 0.14, top + 0.55), house.trim)
    sheet.rect((left, top + 0.08, right, top + 0.42), (70, 82, 94))
    middle = (left + right) / 2
    for dx in (-0.3, 0.0, 0.3):
        sheet.line([(middle, top + 0.08), (middle + dx, top + 0.42)], house.trim, 0.03)
    sheet.rect(box, house.door)
    for x0, x1 in ((left + 0.12, middle - 0.06), (middle + 0.06, right - 0.12)):
        for y0, y1 in ((bottom + 0.15, bottom + 0.8), (bottom + 0.95, top - 0.15)):
            sheet.rect((x0, y0, x1, y1), tint(house.door, 0.72))
            sheet.rect((x0 + 0.03, y0, x1, y1 - 0.03), tint(house.door, 1.12))
    sheet.ellipse((right - 0.16, bottom + 0.95, right - 0.08, bottom + 1.03), (214, 184, 96))
    sheet.rect((left, top - 0.1, right, top), BLACK, 90)


def _wall_lamp(sheet: Sheet, x: float, y: float) -> None:
    sheet.line([(x, y + 0.5), (x, y + 0.3)], BLACK, 0.05)
    sheet.rect((x - 0.12, y - 0.1, x + 0.12, y + 0.3), BLACK)
    sheet.rect((x - 0.08, y - 0.05, x + 0.08, y + 0.22), (240, 226, 176))
    sheet.polygon([(x - 0.16, y + 0.28), (x + 0.16, y + 0.28), (x, y + 0.42)], BLACK)


def _shop(sheet: Sheet, house: House, left: float, rng: np.random.Generator) -> None:
    right, paint = left + house.width, house.paint
    name = fascia(house, left)
    sheet.rect((left + 0.12, 0.0, right - 0.12, name[3] + 0.06), tint(paint, 0.8))
    sheet.rect((left + 0.12, 0.0, right - 0.12, 0.18), (112, 108, 104))
    door_left = left + 0.5 + (house.width - 2.2) * house.door_at / max(1, house.bays - 1)
    first = len(sheet.windows)
    openings = [(left + 0.5, door_left - 0.2), (door_left + 1.4, right - 0.5)]
    for start, end in openings:
        if end - start > 0.8:
            _display(sheet, (start, 0.65, end, name[1] - 0.18), paint, rng)
    _shop_door(sheet, (door_left, 0.18, door_left + 1.2, name[1] - 0.18), house, rng)
    sheet.rect((left + 0.15, name[1] - 0.04, right - 0.15, name[3] + 0.04), paint)
    sheet.rect((name[0], name[1] + 0.06, name[2], name[3] - 0.06), tint(paint, 1.14))
    sheet.rect((left + 0.08, name[3] + 0.02, right - 0.08, name[3] + 0.14), tint(paint, 1.3))
    sheet.rect((left + 0.2, name[1] - 0.2, right - 0.2, name[1] - 0.04), BLACK, 110)
    if house.awning:
        _awning(sheet, (left + 0.35, name[1] - 0.85, right - 0.35, name[1] - 0.06), house.awning)
        sheet.hide(first, above=name[1] - 1.0)


def _display(sheet: Sheet, box: Box, paint: Colour, rng: np.random.Generator) -> None:
    left, bottom, right, top = box
    glaze(sheet, box, "shop", tint(paint, 1.1), rng)
    for x in np.arange(left + 0.15, right - 0.3, 0.34):
        height, width = float(rng.uniform(0.12, 0.62)), float(rng.uniform(0.14, 0.3))
        goods = tuple(int(c) for c in rng.integers(60, 220, 3))
        item = (float(x), bottom + 0.06, float(x) + width, bottom + 0.06 + height)
        sheet.rect(item, (goods[0], goods[1], goods[2]), 200)
    sheet.rect((left, (bottom + top) / 2 + 0.25, right, (bottom + top) / 2 + 0.3), tint(paint, 0.7), 170)
    sheet.rect((left, 0.2, right, bottom - 0.1), paint)
    sheet.rect((left + 0.12, 0.27, right - 0.12, bottom - 0.18), tint(paint, 1.22))


def _shop_door(sheet: Sheet, box: Box, house: House, rng: np.random.Generator) -> None:
    left, bottom, right, top = box
    sheet.rect(box, house.door)
    sheet.rect((left + 0.14, bottom + 0.15, right - 0.14, bottom + 0.75), tint(house.door, 1.2))
    glaze(sheet, (left + 0.18, bottom + 0.95, right - 0.18, top - 0.2), "casement", house.door, rng)
    sheet.rect((left, bottom, left + 0.08, top), BLACK, 80)
    sheet.ellipse((right - 0.15, bottom + 0.8, right - 0.06, bottom + 0.9), (214, 184, 96))


def _awning(sheet: Sheet, box: Box, colour: Colour) -> None:
    left, bottom, right, top = box
    sheet.rect((left, bottom - 0.4, right, bottom), BLACK, 90)
    stripes = max(5, round((right - left) / 0.42))
    xs = np.linspace(left, right, stripes + 1)
    for i in range(stripes):
        cloth, x0, x1 = (colour, WHITE)[i % 2], float(xs[i]), float(xs[i + 1])
        sheet.rect((x0, bottom, x1, top), cloth)
        sheet.rect((x0, bottom, x1, bottom + 0.22), BLACK, 40)
        sheet.ellipse((x0, bottom - 0.14, x1, bottom + 0.14), tint(cloth, 0.85))


def _gate(sheet: Sheet, house: House, left: float, rng: np.random.Generator) -> None:
    middle, half, spring = left + house.width / 2, 1.25, house.ground - 1.65
    block = corners((left, 0.0, left + house.width, house.ground - 0.05))
    trim = tint(house.trim, 0.82)
    stone = courses(rng, extent(block), trim, course=24, length=52, joint=0.72, spread=0.04)
    sheet.cover(block, stone)
    for swell, colour in ((0.22, tint(house.trim, 1.02)), (0.0, tint(house.paint, 0.85))):
        sheet.rect((middle - half - swell, 0.0, middle + half + swell, spring), colour)
        sheet.ellipse(
            (middle - half - swell, spring - half - swell, middle + half + swell, spring + half + swell),
            colour,
        )
    for x in np.arange(middle - half + 0.1, middle + half, 0.28):
        sheet.line([(float(x), 0.1), (float(x), spring + 0.3)], tint(house.paint, 0.6), 0.03)
    sheet.line([(middle, 0.0), (middle, spring + half)], BLACK, 0.06)
    wide = house.width / 2 - half - 0.9
    if wide > 0.7:
        for x in (left + 0.45, left + house.width - 0.45 - wide):
            glaze(sheet, (x, 1.1, x + wide, house.ground - 0.75), "casement", house.trim, rng)


def _wall_surface(rng: np.random.Generator, house: House, shape: tuple[int, int]) -> Pixels:
    """Return the wall of a house `[H, W, 3]`."""
    if house.material == "brick":
        joint = 1.35 if sum(house.wall) < 300 else 0.75
        return courses(rng, shape, house.wall, course=0.15 * SCALE, length=0.42 * SCALE, joint=joint, spread=0.1)
    if house.material == "stone":
        return courses(rng, shape, house.wall, course=0.45 * SCALE, length=1.0 * SCALE, joint=0.74, spread=0.045)
    if house.material == "boards":
        return boards(rng, shape, house.wall, board=0.2 * SCALE)
    return plaster(rng, shape, house.wall)


def _build(sheet: Sheet, points: Sequence[Point], surface: Pixels) -> None:
    """Lay a surface over a polygon that stands out against the sky."""
    sheet.cover(points, surface)
    sheet.build(points)


def _draw_roof(sheet: Sheet, house: House, left: float, rng: np.random.Generator) -> None:
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
    _build(sheet, box, courses(rng, extent(box), brick, course=7, length=18, joint=1.3, spread=0.1))
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
    _build(sheet, shape, tiles(rng, extent(shape), house.tiles, tile=0.27 * SCALE))
    sheet.line([shape[3], shape[2]], tint(house.tiles, 0.8), 0.14)
    if house.roof == "eaves" and house.bays > 2:
        _dormer(sheet, house, left + house.width * 0.5, foot + 0.45, rng)
    _gutter(sheet, house, left)


def _mansard(sheet: Sheet, house: House, left: float, rng: np.random.Generator) -> None:
    right, foot, top = left + house.width, house.height, house.height + house.roof_height
    shape = ((left, foot), (right, foot), (right - 0.35, top), (left + 0.35, top))
    _build(sheet, shape, tiles(rng, extent(shape), house.tiles, tile=0.2 * SCALE))
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
    _build(sheet, box, _wall_surface(rng, house, extent(box)))
    sheet.rect((left, house.height + 0.66, left + house.width, house.height + 0.75), tint(house.trim, 0.95))
    _cornice(sheet, house, left)


def _gable(sheet: Sheet, house: House, left: float, rng: np.random.Generator) -> None:
    shape = _gable_outline(house, left)
    _build(sheet, shape, _wall_surface(rng, house, extent(shape)))
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
