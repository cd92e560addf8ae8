"""Drawing paper in metres: x to the right, y upwards from the pavement, z from the facades towards the viewer."""

from collections.abc import Sequence

from PIL import Image, ImageDraw

from .texture import Colour, Pixels, to_image

Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, bottom, right, top in metres

SCALE = 48  # pixels a metre; a camera of the town sees at most 40
LEFT, RIGHT, TOP = -15.0, 15.0, 15.0


class Sheet:
    """The frontal picture of a street's houses, what is wall in it and what is sky, and where its glass is."""

    def __init__(self) -> None:
        size = (round((RIGHT - LEFT) * SCALE), round(TOP * SCALE))
        self.image = Image.new("RGB", size, (128, 128, 128))
        self.solid = Image.new("L", size, 0)
        self.windows: list[tuple[Box, ...]] = []  # the panes of each window
        self._draw = ImageDraw.Draw(self.image, "RGBA")  # this mode blends, and so shadows can be drawn
        self._outline = ImageDraw.Draw(self.solid)

    def rect(self, box: Box, colour: Colour, alpha: int = 255) -> None:
        """Fill a box; edges meet those of its neighbours without gap or overlap."""
        left, top, right, bottom = pixel_box(box)
        self._draw.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), (*colour, alpha))

    def polygon(self, points: Sequence[Point], colour: Colour, alpha: int = 255) -> None:
        """Fill a polygon."""
        self._draw.polygon([pixel(*point) for point in points], (*colour, alpha))

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """Draw a line `width` metres wide."""
        pixels = [pixel(*point) for point in points]
        self._draw.line(pixels, colour, max(1, round(width * SCALE)), joint="curve")

    def ellipse(self, box: Box, colour: Colour) -> None:
        """Fill the ellipse inside a box."""
        self._draw.ellipse(pixel_box(box), colour)

    def cover(self, points: Sequence[Point], surface: Pixels) -> None:
        """Lay a surface, made with the size of `extent(points)`, over a polygon."""
        left, top, _, _ = pixel_box(_bounds(points))
        height, width = surface.shape[:2]
        stencil = Image.new("L", (width, height), 0)
        corners = [(x - left, y - top) for x, y in (pixel(*point) for point in points)]
        ImageDraw.Draw(stencil).polygon(corners, 255)
        self.image.paste(to_image(surface), (left, top), stencil)

    def build(self, points: Sequence[Point]) -> None:
        """Make a polygon part of the houses' outline; everything outside is sky."""
        self._outline.polygon([pixel(*point) for point in points], 255)

    def hide(self, first: int, *, above: float) -> None:
        """Note that the windows from the `first` on are covered above a height."""
        covered = [
            tuple((left, low, right, min(top, above)) for left, low, right, top in panes if low < above - 0.1)
            for panes in self.windows[first:]
        ]
        self.windows[first:] = [panes for panes in covered if panes]

    def paste(self, picture: Image.Image, box: Box) -> None:
        """Paste a picture into a box that has exactly its size in pixels."""
        left, top, _, _ = pixel_box(box)
        self.image.paste(picture, (left, top))


def pixel(x: float, y: float) -> Point:
    """Return where a point of the frontal plane lies on the sheet, in pixels."""
    return (x - LEFT) * SCALE, (TOP - y) * SCALE


def pixel_box(box: Box) -> tuple[int, int, int, int]:
    """Return a box in whole pixels: left, top, right, bottom."""
    left, top = pixel(box[0], box[3])
    right, bottom = pixel(box[2], box[1])
    return round(left), round(top), round(right), round(bottom)


def extent(points: Sequence[Point]) -> tuple[int, int]:
    """Return height and width, in pixels, of the box around some points."""
    left, top, right, bottom = pixel_box(_bounds(points))
    return max(1, bottom - top), max(1, right - left)


def corners(box: Box) -> tuple[Point, Point, Point, Point]:
    """Return the four corners of a box."""
    left, bottom, right, top = box
    return (left, bottom), (right, bottom), (right, top), (left, top)


def _bounds(points: Sequence[Point]) -> Box:
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)
