"""The page of a map with many photographs against one of half as many: it grows no faster than the map."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np

from internvl_vpr.agent.map.page import render_map
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.records import Position

from .side_by_side import SideBySide

_PHOTOS = 100_000


def comparisons() -> Iterator[SideBySide]:
    """Yield the comparison; linear work takes twice as long for twice the photographs."""
    whole, half = (partial(render_map, _index(photos), ()) for photos in (_PHOTOS, _PHOTOS // 2))
    yield SideBySide(f"a map of {_PHOTOS:,} photos", whole, "half of them", half, at_most=3.0)


def _index(photos: int) -> PlaceIndex:
    """What a page asks of an index, without files: photographs around a city."""
    metres = np.random.default_rng(0).normal(size=(photos, 2)) * 3500 + (551_000, 4_180_000)
    rows = [
        SimpleNamespace(
            reference=f"{number:06d}.jpg", position=Position(easting=float(east), northing=float(north), zone="10S")
        )
        for number, (east, north) in enumerate(metres)
    ]
    extent = SimpleNamespace(photos=photos, images=photos, positioned=photos, bounds=None, zones=())
    index = SimpleNamespace(
        folder=Path("places"), photos=lambda: iter(rows), roots=lambda: [Path("/photos")], extent=lambda: extent,
        settings=SimpleNamespace(backbone=SimpleNamespace(id="b")), manifest=SimpleNamespace(checksum="0" * 64),
    )  # fmt: skip
    return cast("PlaceIndex", index)
