"""A DINOv2 of a few thousand random numbers, and its forward pass written out in float64."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from internvl_vpr.tools.arrays import Floats

PATCH = 14
TRAINING_SIDE = 5 * PATCH  # pixels; at this size position embeddings are used as they are
_EPS = 1e-6


def save_tiny_dinov2(
    folder: Path, *, layers: int = 2, swiglu: bool = True, hidden: int = 48, heads: int = 4, seed: int = 0
) -> Path:
    """Save a random model, SwiGLU as in the giant unless said otherwise; no parameter is left at 0 or 1."""
    import torch
    from transformers import Dinov2Config, Dinov2Model
    from transformers.utils import logging

    config = Dinov2Config(
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        use_swiglu_ffn=swiglu,
        image_size=TRAINING_SIDE,
        patch_size=PATCH,
    )
    model = Dinov2Model(config)
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=random))
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    model.save_pretrained(folder)
    logging.enable_progress_bar()  # type: ignore[no-untyped-call]
    return folder


def read_tensors(folder: Path) -> dict[str, Floats]:
    """Return the raw tensors of the file, in float64."""
    from safetensors.numpy import load_file

    return {name: tensor.astype(np.float64) for name, tensor in load_file(folder / "model.safetensors").items()}


def reference_facet(tensors: dict[str, Floats], pixels: Floats, layer: int, facet: str, *, heads: int = 4) -> Floats:
    """Unit rows `[M, D]` of a facet, from bytes `[70, 70, 3]`, in float64 and from the raw tensors alone."""
    hidden = _embed(tensors, pixels)
    for number in range(layer):
        hidden = _block(_of(tensors, f"encoder.layer.{number}"), hidden, heads)
    block = _of(tensors, f"encoder.layer.{layer}")
    if facet == "token":
        rows = _block(block, hidden, heads)[1:]
    else:
        rows = _linear(block, f"attention.attention.{facet}", _norm(block, "norm1", hidden))[1:]
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)  # type: ignore[no-any-return]


def _of(tensors: dict[str, Floats], module: str) -> dict[str, Floats]:
    return {name.removeprefix(f"{module}."): value for name, value in tensors.items() if name.startswith(f"{module}.")}


def _linear(tensors: dict[str, Floats], name: str, rows: Floats) -> Floats:
    return rows @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]


def _norm(tensors: dict[str, Floats], name: str, rows: Floats) -> Floats:
    centred = rows - rows.mean(axis=1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + _EPS)
    return scaled * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]  # type: ignore[no-any-return]


def _embed(tensors: dict[str, Floats], pixels: Floats) -> Floats:
    """CLS and patches with their position embeddings, `[1 + M, D]`."""
    image = (pixels.astype(np.float64) / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    rows = [
        [image[top : top + PATCH, left : left + PATCH].transpose(2, 0, 1) for left in range(0, image.shape[1], PATCH)]
        for top in range(0, image.shape[0], PATCH)
    ]
    patches = np.array(rows).reshape(-1, 3 * PATCH * PATCH)
    kernel = tensors["embeddings.patch_embeddings.projection.weight"]
    embedded = patches @ kernel.reshape(len(kernel), -1).T + tensors["embeddings.patch_embeddings.projection.bias"]
    tokens = np.concatenate([tensors["embeddings.cls_token"][0], embedded])
    return tokens + tensors["embeddings.position_embeddings"][0]  # type: ignore[no-any-return]


def _block(block: dict[str, Floats], hidden: Floats, heads: int) -> Floats:
    attended = _attention(block, _norm(block, "norm1", hidden), heads)
    hidden = hidden + attended * block["layer_scale1.lambda1"]
    return hidden + _feed_forward(block, _norm(block, "norm2", hidden)) * block["layer_scale2.lambda1"]  # type: ignore[no-any-return]


def _attention(block: dict[str, Floats], rows: Floats, heads: int) -> Floats:
    q, k, v = (_linear(block, f"attention.attention.{name}", rows) for name in ("query", "key", "value"))
    width = rows.shape[1] // heads
    outputs = []
    for head in range(heads):
        part = slice(head * width, (head + 1) * width)
        scores = q[:, part] @ k[:, part].T / math.sqrt(width)
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        outputs.append(weights / weights.sum(axis=1, keepdims=True) @ v[:, part])
    return _linear(block, "attention.output.dense", np.concatenate(outputs, axis=1))


def _feed_forward(block: dict[str, Floats], rows: Floats) -> Floats:
    if "mlp.fc1.weight" in block:
        inner = _linear(block, "mlp.fc1", rows)
        erf: Any = np.vectorize(math.erf)
        return _linear(block, "mlp.fc2", inner * 0.5 * (1 + erf(inner / math.sqrt(2))))
    gate, up = np.split(_linear(block, "mlp.weights_in", rows), 2, axis=1)
    return _linear(block, "mlp.weights_out", gate / (1 + np.exp(-gate)) * up)
