"""A small index of drawn textures, and what is found in it."""

from pathlib import Path

import numpy as np

from internvl_vpr.tools.features.backbone import RootSiftSettings, extract_photo, open_backbone
from internvl_vpr.tools.features.vlad import aggregate
from internvl_vpr.tools.index.build import BuildReport, update_index
from internvl_vpr.tools.index.files import IndexSettings
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.index.store import STORE
from internvl_vpr.tools.photo.photo import find_photos, open_photo
from internvl_vpr.tools.records import Candidate

SETTINGS = IndexSettings(backbone=RootSiftSettings(longer_side=160, step=12, sizes=(4.0,)), clusters=8)


def build(photos: Path, places: Path, settings: IndexSettings = SETTINGS, *, prune: bool = False) -> BuildReport:
    return update_index(photos, places, settings, prune=prune)


def retrieve(photo: Path, places: Path, k: int = 3) -> list[Candidate]:
    """Search for a photo, which finds itself too."""
    index = PlaceIndex.open(places)
    try:
        descriptors = extract_photo(open_photo(photo), open_backbone(index.settings.backbone)).astype(np.float64)
        return index.search(aggregate(descriptors, index.codebook.astype(np.float64), index.settings.kappa), k)
    finally:
        index.close()


def ranking(places: Path, photos: Path) -> list[list[tuple[str, float]]]:
    return [
        [(candidate.reference, round(candidate.coarse_similarity, 5)) for candidate in retrieve(photo, places, k=5)]
        for photo in find_photos(photos)
    ]


def sealed_files(folder: Path) -> list[Path]:
    """The files that are searched."""
    return sorted(path for path in folder.iterdir() if path.name != STORE and not path.name.startswith(STORE))
