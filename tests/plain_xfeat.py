"""XFeat's published architecture (Potje et al. 2024, figure 2), written out in float64 over the published weights."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, interpolate

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.features.xfeat import XFEAT_WEIGHTS


@dataclass(frozen=True)
class PlainXFeat:
    """What the network says of one image of bytes `[h, w, 3]`."""

    descriptors: Floats
    """`[h/8, w/8, 64]`, unit vectors."""
    heat: Floats
    """`[h, w]`: how likely each pixel is a keypoint."""
    reliability: Floats
    """`[h/8, w/8]`, in [0, 1]."""


@lru_cache(maxsize=1)
def _weights() -> dict[str, Tensor]:
    return {name: tensor.double() for name, tensor in XFEAT_WEIGHTS.read().items()}


def _conv(x: Tensor, name: str, **more: int) -> Tensor:
    return conv2d(x, _weights()[f"{name}.weight"], _weights().get(f"{name}.bias"), **more)


def _layer(x: Tensor, name: str, stride: int = 1) -> Tensor:
    """Convolution, batch norm with the trained mean and variance, ReLU."""
    size = _weights()[f"{name}.layer.0.weight"].shape[-1]
    x = _conv(x, f"{name}.layer.0", stride=stride, padding=size // 2)
    mean, variance = (_weights()[f"{name}.layer.1.running_{what}"][:, None, None] for what in ("mean", "var"))
    return ((x - mean) / (variance + 1e-5).sqrt()).clamp(min=0)


def _block(x: Tensor, name: str, strides: tuple[int, ...]) -> Tensor:
    for number, stride in enumerate(strides):
        x = _layer(x, f"{name}.{number}", stride)
    return x


def plain_xfeat(pixels: Floats) -> PlainXFeat:
    """Compute the maps of one image of bytes `[h, w, 3]`, both sides multiples of 32."""
    gray = torch.from_numpy(pixels.astype(np.float64) / 255).mean(2)
    gray = (gray - gray.mean()) / (gray.var(correction=0) + 1e-5).sqrt()
    x = gray[None, None]
    x1 = _block(x, "block1", (1, 2, 1, 2)) + _conv(avg_pool2d(x, 4), "skip1.1")
    x3 = _block(_block(x1, "block2", (1, 1)), "block3", (2, 1, 1))
    x4 = _block(x3, "block4", (2, 1, 1))
    x5 = _block(x4, "block5", (2, 1, 1, 1))
    size = x3.shape[-2:]
    pyramid = x3 + interpolate(x4, size, mode="bilinear") + interpolate(x5, size, mode="bilinear")
    features = _conv(_block(pyramid, "block_fusion", (1, 1)), "block_fusion.2")
    reliability = _conv(_block(features, "heatmap_head", (1, 1)), "heatmap_head.2").sigmoid()[0, 0]
    rows = features[0].permute(1, 2, 0)
    return PlainXFeat(
        descriptors=(rows / rows.norm(dim=2, keepdim=True)).numpy(),
        heat=_heat(gray).numpy(),
        reliability=reliability.numpy(),
    )


def _heat(gray: Tensor) -> Tensor:
    """The keypoint head sees the pixels of each 8 × 8 cell as channels, and has one output more: none here."""
    down, across = gray.shape[0] // 8, gray.shape[1] // 8
    cells = gray.reshape(down, 8, across, 8).permute(1, 3, 0, 2).reshape(1, 64, down, across)
    logits = _conv(_block(cells, "keypoint_head", (1, 1, 1)), "keypoint_head.3")[0]
    shares = logits.exp() / logits.exp().sum(0)
    return shares[:64].reshape(8, 8, down, across).permute(2, 0, 3, 1).reshape(down * 8, across * 8)
