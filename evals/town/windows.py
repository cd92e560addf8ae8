"""The windows of the demo town: glass, frames, lintels, shutters, flower boxes and balconies."""

import numpy as np

from .houses import BLACK, House
from .sheet import Box, Point, Sheet
from .texture import Colour, tint

GLASS = (66, 78, 90)
_BARS = {"sash": (2, 4), "casement": (2, 2), "lattice": (4, 5), "arched": (2, 3), "french": (2, 3), "shop": (3, 1)}


def draw_window(sheet: Sheet, house: House, box: Box, rng: np.random.Generator, *, balcony: bool) -> None:
    """Draw one window of a house with everything that hangs around it."""
    _lintel(sheet, house, box)
    if house.windows == "arched":
        _arch(sheet, box, house.trim)
    glaze(sheet, box, house.windows, house.trim, rng)
    if not balcony and house.windows != "french":
        _sill(sheet, box, house.trim)
    if house.shutters:
        _shutters(sheet, box, house.shutters)
    if balcony:
        _balcony(sheet, box)
    elif house.flowers:
        _flower_box(sheet, box, house.flowers, rng)


def glaze(sheet: Sheet, box: Box, style: str, frame: Colour, rng: np.random.Generator) -> None:
    """Fill a box with a frame, bars and panes of glass; the panes are noted, so that they can be lit at night."""
    left, bottom, right, top = box
    sheet.rect((left - 0.07, bottom - 0.05, right + 0.07, top + 0.07), tint(frame, 0.93))
    sheet.rect(box, tint(frame, 0.72))
    across, down = _BARS[style]
    bar = 0.03 if style == "lattice" else 0.045
    xs, ys = np.linspace(left, right, across + 1), np.linspace(bottom, top, down + 1)
    panes = [
        (float(xs[i]) + bar, float(ys[j]) + bar, float(xs[i + 1]) - bar, float(ys[j + 1]) - bar)
        for i in range(across)
        for j in range(down)
    ]
    tone = float(rng.uniform(0.72, 1.35))
    for pane in panes:
        _pane(sheet, pane, tint(GLASS, tone * float(rng.uniform(0.92, 1.1))))
    if style != "shop" and rng.random() < 0.55:
        _curtains(sheet, panes, across, rng)
    if style == "sash":
        middle = (bottom + top) / 2
        sheet.rect((left, middle - 0.05, right, middle + 0.04), frame)
    sheet.rect((left, top - 0.1, right, top), BLACK, 90)  # the reveal's shadow
    sheet.rect((left, bottom, left + 0.07, top), BLACK, 60)
    sheet.windows.append(tuple(panes))


def _pane(sheet: Sheet, pane: Box, colour: Colour) -> None:
    left, bottom, right, top = pane
    sheet.rect(pane, colour)
    width, height = right - left, top - bottom
    shine: list[Point] = [
        (left + 0.15 * width, top),
        (left + 0.55 * width, top),
        (left, top - 0.75 * height),
        (left, top - 0.25 * height),
    ]
    sheet.polygon(shine, (205, 220, 232), 46)


def _curtains(sheet: Sheet, panes: list[Box], across: int, rng: np.random.Generator) -> None:
    cloth = tint((222, 214, 198), float(rng.uniform(0.7, 1.0)))
    down = len(panes) // across
    drawn = float(rng.uniform(0.3, 0.8))
    for column, sign in ((0, 1), (across - 1, -1)):
        for left, bottom, right, top in panes[column * down : (column + 1) * down]:
            width = (right - left) * drawn
            strip = (left, bottom, left + width, top) if sign > 0 else (right - width, bottom, right, top)
            sheet.rect(strip, cloth, 190)


def _arch(sheet: Sheet, box: Box, trim: Colour) -> None:
    left, _, right, top = box
    radius = (right - left) / 2
    sheet.ellipse((left - 0.1, top - radius - 0.1, right + 0.1, top + radius + 0.1), tint(trim, 0.93))
    sheet.ellipse((left, top - radius, right, top + radius), tint(GLASS, 0.9))
    middle = (left + right) / 2
    for dx in (-0.6, 0.0, 0.6):
        sheet.line([(middle, top), (middle + dx * radius, top + radius * (1 - dx * dx / 2))], trim, 0.05)


def _lintel(sheet: Sheet, house: House, box: Box) -> None:
    left, _, right, top = box
    top += (right - left) / 2 if house.windows == "arched" else 0.0
    middle, stone = (left + right) / 2, house.trim
    if house.lintel == "none" or house.windows == "arched":
        return
    if house.lintel == "arch":
        sheet.ellipse((left - 0.16, top - 0.18, right + 0.16, top + 0.34), tint(house.wall, 0.72))
        return
    sheet.rect((left - 0.16, top + 0.05, right + 0.16, top + 0.28), stone)
    if house.lintel == "keystone":
        key: list[Point] = [
            (middle - 0.1, top), (middle + 0.1, top), (middle + 0.17, top + 0.38), (middle - 0.17, top + 0.38)
        ]  # fmt: skip
        sheet.polygon(key, tint(stone, 1.05))
        sheet.line([*key, key[0]], tint(stone, 0.6), 0.02)
    elif house.lintel == "hood":
        sheet.rect((left - 0.26, top + 0.26, right + 0.26, top + 0.37), tint(stone, 1.04))
        sheet.rect((left - 0.22, top + 0.18, right + 0.22, top + 0.26), BLACK, 70)
    elif house.lintel == "pediment":
        sheet.polygon([(left - 0.28, top + 0.24), (right + 0.28, top + 0.24), (middle, top + 0.55)], stone)
        sheet.polygon([(left - 0.08, top + 0.28), (right + 0.08, top + 0.28), (middle, top + 0.47)], BLACK, 50)


def _sill(sheet: Sheet, box: Box, trim: Colour) -> None:
    left, bottom, right, _ = box
    sheet.rect((left - 0.15, bottom - 0.16, right + 0.15, bottom - 0.04), trim)
    sheet.rect((left - 0.12, bottom - 0.26, right + 0.15, bottom - 0.16), BLACK, 75)


def _shutters(sheet: Sheet, box: Box, colour: Colour) -> None:
    left, bottom, right, top = box
    leaf = (right - left) / 2
    for start in (left - leaf - 0.05, right + 0.05):
        sheet.rect((start, bottom - 0.03, start + leaf, top + 0.03), colour)
        sheet.rect((start + leaf, bottom - 0.06, start + leaf + 0.05, top), BLACK, 70)
        for y in np.arange(bottom + 0.12, top - 0.08, 0.11):
            sheet.rect((start + 0.07, float(y), start + leaf - 0.07, float(y) + 0.04), tint(colour, 0.66))


def _balcony(sheet: Sheet, box: Box) -> None:
    left, bottom, right, _ = box
    left, right, foot = left - 0.35, right + 0.35, bottom - 0.08
    sheet.rect((left, foot - 0.45, right, foot - 0.14), BLACK, 80)
    sheet.rect((left, foot - 0.14, right, foot), (168, 164, 156))
    for x in np.arange(left + 0.03, right, 0.13):
        sheet.line([(float(x), foot), (float(x), foot + 0.85)], BLACK, 0.03)
    sheet.rect((left, foot + 0.82, right, foot + 0.9), BLACK)
    sheet.rect((left, foot + 0.08, right, foot + 0.12), BLACK)


def _flower_box(sheet: Sheet, box: Box, colour: Colour, rng: np.random.Generator) -> None:
    left, bottom, right, _ = box
    sheet.rect((left - 0.08, bottom - 0.12, right + 0.08, bottom + 0.12), (98, 70, 48))
    for x in np.arange(left - 0.05, right + 0.1, 0.07):
        y = bottom + 0.14 + float(rng.uniform(0, 0.16))
        bloom = colour if rng.random() < 0.5 else tint((62, 112, 52), float(rng.uniform(0.7, 1.2)))
        radius = float(rng.uniform(0.05, 0.1))
        sheet.ellipse((float(x) - radius, y - radius, float(x) + radius, y + radius), bloom)


def window_boxes(house: House, left: float, storey: int) -> list[Box]:
    """Return where the windows of a storey (1 = the first above the ground storey) are."""
    sill = house.ground + house.floor * (storey - 1) + (1.05 if storey == 1 else 0.85)
    top = house.ground + house.floor * storey - (0.55 if house.windows == "arched" else 0.4)
    bay, half = house.width / house.bays, house.window_width / 2
    if house.windows == "french" and storey > 1:
        sill -= 0.5
    middles = [left + (i + 0.5) * bay for i in range(house.bays)]
    if house.windows == "arched":
        top -= half - 0.2
    return [(x - half, sill, x + half, top) for x in middles]
