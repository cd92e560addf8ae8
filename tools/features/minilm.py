"""all-MiniLM-L6-v2 (Wang et al. 2020; Reimers & Gurevych 2019): BERT's encoder of six layers, and the tokens' mean.

The layers are PyTorch's own, so that embedding a phrase needs nothing that the photographs do not need anyway: it is
ready after 0.2 s, where transformers' `BertModel` takes 2.4 s and sentence-transformers 3.1 s, nearly all to import.
"""

from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import Floats
from ..errors import WeightsError

_LAYERS, _HEADS, _WIDTH, _INNER = 6, 12, 384, 1536
_EPSILON = 1e-12  # of the layer norms, as in the model's config.json
_MOST_TOKENS = 256
_AT_ONCE = 32  # phrases


class MiniLmNetwork:
    """The network and its tokenizer, in float64 on the CPU, so that five decimals are the same on any processor."""

    def __init__(self, folder: Path) -> None:
        """Load a folder with the published weights and their `tokenizer.json`; raises `WeightsError`."""
        from tokenizers import Tokenizer
        from torch import nn

        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # the library raises no other kind
            path = str(folder / "tokenizer.json")
            raise WeightsError(f"The tokenizer {path!r} cannot be read: install the package again.") from error
        self._tokenizer.enable_truncation(_MOST_TOKENS)
        self._tokenizer.enable_padding()
        weights = _read(folder / "model.safetensors")
        self._words, self._places, self._kind = (
            weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
        )
        self._norm = nn.LayerNorm(_WIDTH, _EPSILON).double()
        self._norm.load_state_dict(_part(weights, "embeddings.LayerNorm"))
        self._layers = [_layer(weights, number) for number in range(_LAYERS)]

    def encode(self, phrases: list[str]) -> Floats:
        """Turn phrases into unit vectors `[n, 384]` float32: the mean of a phrase's tokens, normalised (Eq. 7)."""
        vectors = np.empty((len(phrases), _WIDTH), np.float32)
        by_length = sorted(range(len(phrases)), key=lambda i: len(phrases[i]))  # little is padded within a batch
        for start in range(0, len(phrases), _AT_ONCE):
            batch = by_length[start : start + _AT_ONCE]
            vectors[batch] = self._encode([phrases[i] for i in batch])
        return vectors

    def _encode(self, phrases: list[str]) -> Floats:
        import torch

        found = self._tokenizer.encode_batch(phrases)
        tokens = torch.tensor([one.ids for one in found])  # [n, T]
        real = torch.tensor([one.attention_mask for one in found], dtype=torch.bool)
        with torch.inference_mode():
            states = self._norm(self._words[tokens].double() + self._places[: tokens.shape[1]] + self._kind[0])
            for layer in self._layers:
                states = layer(states, src_key_padding_mask=~real)
            # The mean over the real tokens, whose number the norm cancels.
            mean = (states * real[:, :, None]).sum(dim=1)
            vectors: Floats = torch.nn.functional.normalize(mean, dim=1).float().numpy()
        return vectors


def _read(path: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    weights = {name: tensor for name, tensor in load_file(path).items() if tensor.is_floating_point()}
    # Of the words, half of all numbers, only the rows that are looked up become float64.
    return {name: tensor if ".word_" in name else tensor.double() for name, tensor in weights.items()}


def _layer(weights: dict[str, Any], number: int) -> Any:
    """PyTorch's encoder layer with one of BERT's; where PyTorch has one matrix for q, k and v, BERT has three."""
    import torch

    with torch.device("meta"):  # random numbers would only be replaced
        layer = torch.nn.TransformerEncoderLayer(
            *(_WIDTH, _HEADS, _INNER, 0.0), activation="gelu", layer_norm_eps=_EPSILON, batch_first=True
        )
    bert = f"encoder.layer.{number}"
    projections = [_part(weights, f"{bert}.attention.self.{name}") for name in ("query", "key", "value")]
    parts = {
        "self_attn.out_proj": "attention.output.dense",
        "norm1": "attention.output.LayerNorm",
        "linear1": "intermediate.dense",
        "linear2": "output.dense",
        "norm2": "output.LayerNorm",
    }
    state = {
        f"{ours}.{kind}": tensor
        for ours, theirs in parts.items()
        for kind, tensor in _part(weights, f"{bert}.{theirs}").items()
    }
    for kind in ("weight", "bias"):
        state[f"self_attn.in_proj_{kind}"] = torch.cat([part[kind] for part in projections])
    layer.load_state_dict(state, assign=True)
    return layer.eval().requires_grad_(False)


def _part(weights: dict[str, Any], name: str) -> dict[str, Any]:
    return {kind: weights[f"{name}.{kind}"] for kind in ("weight", "bias")}
