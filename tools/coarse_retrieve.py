"""A photo to its K candidates: local descriptors, VLAD, search (Eqs. 1–5)."""

from .features.backbone import Backbone, extract_photo
from .features.vlad import aggregate
from .index.place_index import PlaceIndex
from .records import Candidate, Photo


def coarse_retrieve(photo: Photo, k: int, index: PlaceIndex, backbone: Backbone) -> list[Candidate]:
    """Return the `k` photos of the index that look most like `photo`, fewer when it holds fewer.

    Raises `PhotoError` when the photo cannot be decoded or shows no structure at all.
    """
    descriptors = extract_photo(photo, backbone)
    vector = aggregate(descriptors, index.codebook, index.settings.kappa)
    return index.search(vector, k)
