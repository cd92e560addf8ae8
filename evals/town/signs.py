"""The signs of the demo town: invented names, where a sign hangs on a house, and its picture."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .facade import fascia
from .houses import BLACK, CREAM, GREEN, NAVY, RED, WHITE, House, pick
from .sheet import SCALE, Box, Sheet, pixel_box
from .texture import Colour, tint

WORDS = (
    "Kestrel", "Heron", "Amber", "Copper", "Juniper", "Lantern", "Saffron", "Willow", "Anchor", "Falcon", "Meadow",
    "Silver", "Thistle", "Orchid", "Walnut", "Harvest", "Mirabel", "Aurora", "Pelican", "Clover", "Magpie", "Cobalt",
    "Velvet", "Compass", "Hazel", "Sparrow", "Marigold", "Cedar", "Otter", "Bramble", "Ivory", "Swallow",
)  # fmt: skip
TRADES = (
    "Bakery", "Books", "Florist", "Tailor", "Pharmacy", "Butcher", "Hats", "Clocks", "Cheese", "Toys", "Printers",
    "Gallery", "Optician", "Shoes", "Tea Room", "Wines", "Music", "Bicycles", "Antiques", "Grocer", "Barber", "Bank",
)  # fmt: skip
FAMILY_NAMES = (
    "Lindqvist", "Okafor", "Moreau", "Tanaka", "Varga", "Petrov", "Almeida", "Novak", "Hansen", "Brandt", "Castell",
    "Duarte", "Eriksen", "Fontaine", "Galvani", "Horvath", "Ibsen", "Jansen", "Kowalski", "Laurent", "Marlowe",
    "Nakamura", "Olsson", "Pereira", "Quist", "Rossi", "Sorensen", "Tremaine", "Ullman", "Winther",
)  # fmt: skip
HOUSES = ("CAFE", "HOTEL", "BISTRO", "CINEMA", "THEATRE", "PENSION")
ANIMALS = (
    "FOX", "SWAN", "BEAR", "STAG", "LION", "RAVEN", "HARE", "BADGER", "SALMON", "BELL", "PLOUGH", "CROWN",
    "WOLF", "OWL", "ROSE", "ANVIL",
)  # fmt: skip
ADJECTIVES = (
    "RED", "WHITE", "BLACK", "GOLDEN", "BLUE", "GREEN", "OLD", "JOLLY", "LITTLE", "ROYAL", "MERRY", "SILVER",
    "PROUD", "LUCKY",
)  # fmt: skip
LANES = (
    "MILL", "ABBEY", "CHURCH", "HARBOUR", "MARKET", "CASTLE", "ROPER", "TANNER", "COOPER", "BISHOP", "SALT", "BRIDGE",
    "ORCHARD", "QUAY", "WEAVER", "CHAPEL", "FISHER", "GARDEN", "TOWER", "POTTER", "SCHOOL", "WATER", "NORTH", "ELM",
)  # fmt: skip
WAYS = ("LANE", "STREET", "ROW", "HILL", "SQUARE", "YARD", "GATE", "WALK", "ALLEY", "COURT")

_BOARD = {"fascia": 0.6, "wall": 0.62, "plate": 0.5, "hanging": 0.47, "number": 0.42}  # cap heights in metres
_COLOURS: tuple[tuple[Colour, Colour], ...] = (
    (CREAM, NAVY), (WHITE, GREEN), (CREAM, RED), (WHITE, BLACK), (BLACK, CREAM), (NAVY, WHITE), (RED, WHITE),
    (BLACK, (214, 172, 70)), (WHITE, (60, 110, 150)), (GREEN, CREAM), ((232, 198, 96), BLACK), (WHITE, (110, 50, 80)),
)  # fmt: skip


@dataclass(frozen=True)
class Sign:
    """One sign: what kind it is, what it says, and where on the frontal plane it hangs, in metres."""

    kind: str  # fascia, wall, plate, hanging or number
    text: str
    ink: Colour
    board: Colour
    box: Box
    bold: float  # stroke as a share of the letters' height
    spacing: float  # extra space between letters, likewise
    frame: bool
    painted: bool = False  # on the wall itself instead of on a board


class Names:
    """Invented names in random order; no name is given out twice."""

    def __init__(self, rng: np.random.Generator) -> None:
        shops = [f"{word} {trade}" for word in WORDS for trade in TRADES if len(word + trade) < 15]
        firms = [f"{name} & {kin}" for name in FAMILY_NAMES for kin in ("Sons", "Co", "Bros")]
        guests = [f"{house} {word.upper()}" for word in WORDS for house in HOUSES]
        lists = {
            "fascia": [name.upper() if i % 3 else name for i, name in enumerate(shops)] + firms * 2 + guests,
            "wall": [*guests, *(firm.upper() for firm in firms)],
            "plate": [f"{lane} {way}" for lane in LANES for way in WAYS],
            "hanging": [f"THE {adjective}\n{animal}" for adjective in ADJECTIVES for animal in ANIMALS],
            "number": [str(number) for number in range(11, 1000)],
        }
        self._used: set[str] = set()
        self._left = {kind: self._shuffled(rng, names) for kind, names in lists.items()}

    def next(self, kind: str) -> str:
        """Return a name for this kind of sign that no other sign has."""
        name = next(name for name in self._left[kind] if name.upper() not in self._used)
        self._used.add(name.upper())
        return name

    @staticmethod
    def _shuffled(rng: np.random.Generator, names: list[str]) -> Iterator[str]:
        return iter([names[int(i)] for i in rng.permutation(len(names))])


def sign_kinds(rng: np.random.Generator, house: House) -> tuple[str, ...]:
    """Draw which one or two kinds of signs a house carries."""
    if house.front == "shop":
        return pick(rng, (("fascia",), ("fascia",), ("fascia", "plate"), ("fascia", "hanging"), ("plate",)))
    return pick(rng, (("wall",), ("hanging",), ("wall", "number"), ("hanging", "number"), ("plate", "number")))


def random_sign(rng: np.random.Generator, kind: str, text: str, house: House, left: float) -> Sign:
    """Draw colours and lettering of a sign for a house whose left edge is at `left`."""
    ink, board = ((WHITE, (36, 62, 116)), (BLACK, WHITE))[int(rng.random() < 0.3)]
    painted = kind == "wall" and house.material not in ("timber", "boards")
    if kind in ("fascia", "hanging", "wall"):
        ink, board = pick(rng, _COLOURS)
    if painted:
        ink, board = (tint(house.wall, 0.25), house.wall) if sum(house.wall) > 380 else (CREAM, house.wall)
    return Sign(
        kind=kind,
        text=text,
        ink=ink,
        board=board,
        box=_place(kind, house, left),
        bold=float(rng.uniform(0.01, 0.05)),
        spacing=float(rng.uniform(0.0, 0.12)),
        frame=bool(rng.random() < 0.6),
        painted=painted,
    )


def _place(kind: str, house: House, left: float) -> Box:
    right, band = left + house.width, house.ground + 0.1
    bay = house.width / house.bays
    if kind == "fascia":
        return fascia(house, left)
    if kind == "wall":
        return left + 0.5, band, right - 0.5, band + 0.84
    if kind == "plate":
        return (left + 0.3, band, left + 4.0, band + 0.76)
    if kind == "hanging":
        return right - 2.75, band + 0.1, right - 0.15, band + 1.6
    door = left + (house.door_at + 0.5) * bay if house.front == "door" else left + house.width / 2 + 0.8
    beside = door + 0.75 if house.door_at < house.bays - 1 or house.front == "gate" else door - 1.5
    return beside, 1.9, beside + 0.8, 2.5


def draw_sign(sheet: Sheet, sign: Sign) -> None:
    """Draw a sign; no pixel outside `sign.box` is touched."""
    left, top, right, bottom = pixel_box(sign.box)
    width, height = right - left, bottom - top
    if sign.painted:
        picture = sheet.image.crop((left, top, right, bottom))
    else:
        picture = Image.new("RGB", (width, height), sign.board)
        _frame(picture, sign)
    stencil = _letters(sign, (width - 14, height - 8))
    at = ((width - stencil.width) // 2, (height - stencil.height) // 2)
    picture.paste(sign.ink, (at[0], at[1], at[0] + stencil.width, at[1] + stencil.height), stencil)
    sheet.paste(picture, sign.box)


def _frame(picture: Image.Image, sign: Sign) -> None:
    draw = ImageDraw.Draw(picture)
    width, height = picture.size
    edge = sign.ink if sign.frame else tint(sign.board, 0.6)
    inset = 4 if sign.frame and sign.kind != "number" else 0
    draw.rectangle((inset, inset, width - 1 - inset, height - 1 - inset), outline=edge, width=2)
    draw.rectangle((0, height - 3, width, height), fill=tint(sign.board, 0.5))


def _letters(sign: Sign, room: tuple[int, int]) -> Image.Image:
    """Return the text as a stencil that fits the room; long names are narrowed before they get smaller."""
    cap = _BOARD[sign.kind] * SCALE
    lines = sign.text.split("\n")
    size = cap / 0.72  # capitals of the bundled typeface are 0.72 of its size
    rows = [_line(line, size, sign) for line in lines]
    width, step = max(row.width for row in rows), round(size * 0.92)
    stencil = Image.new("L", (width, step * (len(rows) - 1) + rows[0].height), 0)
    for i, row in enumerate(rows):
        stencil.paste(row, ((width - row.width) // 2, i * step), row)
    stencil = stencil.crop(stencil.getbbox())
    squeeze = min(1.0, room[0] / stencil.width)
    shrink = min(1.0, room[1] / stencil.height, squeeze / 0.72)
    fitted = (min(room[0], round(stencil.width * squeeze)), round(stencil.height * shrink))
    return stencil if fitted == stencil.size else stencil.resize(fitted, Image.Resampling.LANCZOS)


def _line(text: str, size: float, sign: Sign) -> Image.Image:
    font = ImageFont.load_default(size)
    stroke, gap = round(sign.bold * size), (sign.spacing + sign.bold) * size
    steps = [font.getlength(letter) + gap + (0.15 * size if letter == " " else 0) for letter in text]
    row = Image.new("L", (round(sum(steps)) + 4 * stroke + 4, round(size * 1.4)), 0)
    draw, x = ImageDraw.Draw(row), 2.0 + stroke
    for letter, step in zip(text, steps, strict=True):
        draw.text((x, 2 + stroke), letter, font=font, fill=255, stroke_width=stroke)
        x += step
    return row
