"""DINOv2's patch features as local descriptors, AnyLoc's way: one facet of one block, CLS dropped, unit rows."""

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image
from pydantic import Field

from ..arrays import Floats
from ..errors import UsageError, WeightsError
from ..records import Digest, Record
from .dinov2_model import (
    Dinov2Shape,
    DType,
    Facet,
    choose_device,
    choose_dtype,
    facet_module,
    load_blocks,
    memory_reported,
    run_until,
)
from .weights import find_weights, weights_digest

__all__ = [
    "DType",
    "Dinov2",
    "Dinov2Settings",
    "Facet",
    "choose_device",
    "choose_dtype",
    "default_layer",
    "open_dinov2",
    "resolve_dinov2",
]

_PUBLISHED = {f"dinov2-{size}": f"facebook/dinov2-{size}" for size in ("small", "base", "large", "giant")}
_SETTING = "--backbone"
# AnyLoc's choices (Keetha et al. 2023), by the number of blocks.
_ANYLOC_LAYERS = {40: 31, 24: 20, 12: 10}
# ImageNet's, of RGB in [0, 1].
_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)
# Patches in one forward pass. The giant's widest block holds about 22,000 numbers for each at a time, so that
# 32,768 patches take 1.5 GB in bfloat16 and 3 GB in float32. On mps, attention weights are held as well, 24 heads ×
# patches² × 4 bytes an image: 2.7 GB for an image of 5,329 patches. On the CPU a batch is
# no faster than its images one by one.
_PATCHES_AT_ONCE = {"cuda": 32_768, "mps": 8_192, "cpu": 0}
_IMAGES_AT_ONCE = 64


class Dinov2Settings(Record):
    """Which features: `facet` of block `layer` (from 0) of the model whose weights have this digest.

    `source` says where the weights were found, a hub id or a folder; it is a hint and changes no number.
    """

    name: Literal["dinov2"] = "dinov2"
    source: str
    weights: Digest
    layer: int = Field(ge=0)
    facet: Facet = "value"
    longer_side: int = Field(1024, ge=64)

    @property
    def id(self) -> str:
        """Name, weights, block, facet and image size, such as `dinov2/0123456789ab/31/value/1024px`."""
        return f"dinov2/{self.weights[:12]}/{self.layer}/{self.facet}/{self.longer_side}px"


class Dinov2:
    """A DINOv2 model up to one block; its weights are loaded at the first image, and one batch runs at a time."""

    def __init__(self, settings: Dinov2Settings, folder: Path, *, device: str = "auto", dtype: DType = "auto") -> None:
        """Prepare the model in a folder; raises `WeightsError`, or `UsageError` for device and layer."""
        self.settings = settings
        self.device = choose_device(device)
        self.dtype = choose_dtype(dtype, self.device)
        self._folder = folder
        self._shape = Dinov2Shape.read(folder)
        self._lock = threading.Lock()
        _check_layer(settings.layer, self._shape.num_hidden_layers, settings.source)

    @property
    def id(self) -> str:
        """Name, weights, block, facet and image size, such as `dinov2/0123456789ab/31/value/1024px`."""
        return self.settings.id

    @property
    def dimension(self) -> int:
        """D: 384 small, 768 base, 1024 large, 1536 giant."""
        return self._shape.hidden_size

    @property
    def longer_side(self) -> int:
        """Images are scaled down to at most so many pixels along their longer side."""
        return self.settings.longer_side

    @property
    def batch_size(self) -> int:
        """How many square images of the largest size surely fit the device's memory at once; 1 on the CPU."""
        patches = max(1, self.longer_side // self._shape.patch_size) ** 2
        return min(_IMAGES_AT_ONCE, max(1, _PATCHES_AT_ONCE[self.device.partition(":")[0]] // patches))

    @cached_property
    def _model(self) -> Any:
        return load_blocks(self._folder, self.settings.layer + 1, self.device, self.dtype)

    def extract(self, image: Image.Image) -> Floats:
        """Turn an upright RGB image into descriptors `[M, D]`, M = ⌊height/patch⌋·⌊width/patch⌋, in row order."""
        return self.extract_batch([image])[0]

    def extract_batch(self, images: Sequence[Image.Image]) -> list[Floats]:
        """Turn images of one size into descriptors, `[M, D]` float32 each, unit rows over all heads together.

        Raises `WeightsError` for weights that cannot be loaded or overflow, `UsageError` when the device
        has too little memory, `ValueError` for images of several sizes.
        """
        pixels = np.stack([_cut(image, self._shape.patch_size) for image in images])
        if pixels.size == 0:
            return [np.empty((0, self.dimension), np.float32) for _ in images]
        with self._lock, memory_reported(self.device):
            return list(self._run(pixels))

    def _run(self, pixels: Floats) -> Floats:
        """Run one batch `[B, h, w, 3]` of bytes; returns `[B, M, D]`."""
        import torch
        from torch.nn.functional import normalize

        with torch.inference_mode():
            bytes_ = torch.from_numpy(pixels).to(self.device)
            images = (bytes_.permute(0, 3, 1, 2).float() / 255 - self._column(_MEAN)) / self._column(_STD)
            module = facet_module(self._model, self.settings.layer, self.settings.facet)
            tokens = run_until(self._model, module, images.to(getattr(torch, self.dtype)))
            rows: Floats = normalize(tokens[:, 1:].float(), dim=-1).cpu().numpy()  # the first is CLS
        if not np.isfinite(rows).all():
            raise WeightsError(
                f"The model {self.settings.source!r} gives numbers that are not finite in {self.dtype}: "
                "use --dtype float32, or another --backbone."
            )
        return rows

    def _column(self, values: tuple[float, ...]) -> Any:
        import torch

        return torch.tensor(values, device=self.device)[:, None, None]


def _cut(image: Image.Image, patch: int) -> Floats:
    """Cut an image about its centre so that both sides are multiples of a patch; bytes `[h, w, 3]`."""
    pixels: Floats = np.asarray(image.convert("RGB"))
    height, width = (side - side % patch for side in pixels.shape[:2])
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return pixels[top : top + height, left : left + width]


def default_layer(depth: int) -> int:
    """Return the block to read, from 0: AnyLoc's 31 of 40, 20 of 24 and 10 of 12, and in proportion elsewhere."""
    return _ANYLOC_LAYERS.get(depth, depth * 31 // 40)


def resolve_dinov2(
    name: str, *, layer: int | None = None, facet: Facet = "value", longer_side: int = 1024
) -> Dinov2Settings:
    """Find a model, and return settings that name the exact weights and features.

    `name` is `dinov2-small`, `-base`, `-large` or `-giant`, a hub id, or a folder. Raises `WeightsError`
    when it cannot be found or is not a DINOv2, `UsageError` for a layer that it does not have.
    """
    folder = find_weights(_PUBLISHED.get(name, name), _SETTING)
    depth = Dinov2Shape.read(folder).num_hidden_layers
    chosen = default_layer(depth) if layer is None else layer
    _check_layer(chosen, depth, name)
    is_folder = Path(name) == folder
    source = str(folder.resolve()) if is_folder else _PUBLISHED.get(name, name)
    digest = weights_digest(folder)
    return Dinov2Settings(source=source, weights=digest, layer=chosen, facet=facet, longer_side=longer_side)


def open_dinov2(settings: Dinov2Settings, *, device: str = "auto", dtype: DType = "auto") -> Dinov2:
    """Find the model again and check that its weights are those of the settings; raises `WeightsError`."""
    folder = find_weights(settings.source, _SETTING)
    found = weights_digest(folder)
    if found != settings.weights:
        raise WeightsError(
            f"The weights of {settings.source!r} are not those that were asked for (SHA-256 {found[:12]}…, not "
            f"{settings.weights[:12]}…): name a folder that holds those with {_SETTING}, or build a new index."
        )
    return Dinov2(settings, folder, device=device, dtype=dtype)


def _check_layer(layer: int, depth: int, model: str) -> None:
    if not 0 <= layer < depth:
        raise UsageError(f"The model {model!r} has no block {layer}: choose a --layer from 0 to {depth - 1}.")
