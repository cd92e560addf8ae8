"""Feature extractors, which turn photos into local descriptors `X [M, D]` with unit rows."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Annotated, Protocol, TypeAlias, overload

from PIL import Image
from pydantic import Field

from ..arrays import Floats
from ..errors import PhotoError
from ..photo.photo import load_image
from ..records import Photo
from .dinov2 import Dinov2Settings, DType, Facet, open_dinov2
from .imported import DescriptorSettings, ImportedDescriptors
from .one_thread import one_torch_thread
from .rootsift import RootSift, RootSiftSettings
from .xfeat import XFeat, XFeatSettings

__all__ = [
    "Backbone",
    "BackboneSettings",
    "DType",
    "DescriptorSettings",
    "Dinov2Settings",
    "Facet",
    "ImportedDescriptors",
    "PixelBackbone",
    "RootSift",
    "RootSiftSettings",
    "XFeat",
    "XFeatSettings",
    "extract_photo",
    "extract_photos",
    "open_backbone",
]

BackboneSettings = Annotated[
    RootSiftSettings | XFeatSettings | Dinov2Settings | DescriptorSettings, Field(discriminator="name")
]


class PixelBackbone(Protocol):
    """What stage 1 needs of a feature extractor that looks at pixels."""

    @property
    def id(self) -> str:
        """Name and everything that changes the numbers; two indexes are comparable when it is the same."""

    @property
    def dimension(self) -> int:
        """D, the length of one descriptor."""

    @property
    def longer_side(self) -> int:
        """Images are scaled down to at most so many pixels along their longer side."""

    @property
    def batch_size(self) -> int:
        """How many images of one size are best given to it at once."""

    def extract(self, image: Image.Image) -> Floats:
        """Turn an upright RGB image into unit descriptors `[M, D]` float32; M is 0 where nothing is seen."""

    def extract_batch(self, images: Sequence[Image.Image]) -> list[Floats]:
        """Turn images of one size into unit descriptors, `[M, D]` float32 each."""


Backbone: TypeAlias = PixelBackbone | ImportedDescriptors


@overload
def open_backbone(settings: DescriptorSettings, *, device: str = ..., dtype: DType = ...) -> ImportedDescriptors: ...


@overload
def open_backbone(
    settings: RootSiftSettings | XFeatSettings | Dinov2Settings, *, device: str = ..., dtype: DType = ...
) -> PixelBackbone: ...


def open_backbone(settings: BackboneSettings, *, device: str = "auto", dtype: DType = "auto") -> Backbone:
    """Build the feature extractor that the settings name; `device` and `dtype` change its speed and rounding.

    RootSIFT runs on the CPU, and XFeat in float32, whatever is asked; imported descriptors are only read.
    Raises `PackageMissing` without its extra, `WeightsError` when its weights are missing or are
    others, `UsageError` for a device that is not available.
    """
    if isinstance(settings, RootSiftSettings):
        return RootSift(settings)
    if isinstance(settings, XFeatSettings):
        return XFeat(settings, device=device)
    if isinstance(settings, DescriptorSettings):
        return ImportedDescriptors(settings)
    return open_dinov2(settings, device=device, dtype=dtype)


def extract_photo(photo: Photo, backbone: Backbone) -> Floats:
    """Turn a photo into local descriptors `[M, D]`, M ≥ 1; raises `PhotoError`, also when nothing is seen."""
    # XFeat is so quick that a second thread, which the sign reader holds back, costs more than it helps.
    with one_torch_thread() if isinstance(backbone, XFeat) else nullcontext():
        (found,) = extract_photos([photo], backbone)
    if isinstance(found, PhotoError):
        raise found
    return found


def extract_photos(photos: Sequence[Photo], backbone: Backbone) -> list[Floats | PhotoError]:
    """Turn photos of one size into local descriptors `[M, D]`, M ≥ 1; a photo that fails gives its error instead."""
    if isinstance(backbone, ImportedDescriptors):
        return backbone.rows(photos)
    loaded = [_load(photo, backbone.longer_side) for photo in photos]
    images = [image for image in loaded if not isinstance(image, PhotoError)]
    descriptors = iter(backbone.extract_batch(images) if images else ())
    return [
        image if isinstance(image, PhotoError) else _seen(photo, next(descriptors))
        for photo, image in zip(photos, loaded, strict=True)
    ]


def _load(photo: Photo, longer_side: int) -> Image.Image | PhotoError:
    try:
        return load_image(photo, longer_side)
    except PhotoError as error:
        return error


def _seen(photo: Photo, descriptors: Floats) -> Floats | PhotoError:
    if len(descriptors) == 0:
        return PhotoError(f"The photo {str(photo.path)!r} shows no structure at all: leave it out.")
    return descriptors
