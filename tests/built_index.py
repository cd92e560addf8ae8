"""A small index of drawn textures, and what is found in it."""

from pathlib import Path

from internvl_vpr.tools.coarse_retrieve import coarse_retrieve
from internvl_vpr.tools.features.backbone import RootSiftSettings, open_backbone
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
    index = PlaceIndex.open(places)
    try:
        return coarse_retrieve(open_photo(photo), k, index, open_backbone(index.settings.backbone))
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
