"""Writes a vision-language model of InternVL's shape and no knowledge: its weights are random, its files 1.6 MB.

What it answers means nothing, but what a server does with it is real: the tiles of a photograph become tokens of the
prompt, a schema constrains the answer, and one seed gives one answer.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

_WIDTH = 64  # of a token, in the text model and in the vision encoder
_HIDDEN = 128  # of the feed-forward layers
_LAYERS = 2
_HEADS, _KEY_HEADS = 4, 2
_CONTEXT = 8192  # tokens
_TILE, _PATCH, _SHUFFLE = 56, 14, 2  # pixels, pixels, patches: a tile is (56 / 14 / 2)² = 4 tokens
_MAX_TILES = 12
_SHARPNESS = 1.5  # gain of the weights: at 1 every answer is alike, whatever the photograph shows
_NEVER = -1e4  # a logit
_VOCABULARY = 1500  # tokens

_END, _PAD = "<|im_end|>", "<|endoftext|>"
_SPECIAL = (_PAD, "<|im_start|>", _END, "<img>", "</img>", "<IMG_CONTEXT>")
# The licence is the same text in every version, so that the vocabulary is; the letters of signs go beyond ASCII.
_TEXT = Path(__file__).parents[2] / "LICENSE"
_SIGNS = " ".join("äöüßéèçñøåłžřαβγδωАПТЕКАулица駅前東京출구" * 9)

_CHAT_TEMPLATE = """
{%- for message in messages -%}
{{- '<|im_start|>' + message.role + '\\n' -}}
{%- if message.content is string -%}
{{- message.content -}}
{%- else -%}
{%- for part in message.content -%}
{{- part.text + ('' if part.type == 'text' else '\\n') -}}
{%- endfor -%}
{%- endif -%}
{{- '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
"""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class _Vocabulary:
    tokens: list[str]  # in the byte-level alphabet, by identifier
    merges: list[str]  # "left right", by rank
    untidy: list[bool]  # the token is blank, or its bytes are not UTF-8 by themselves


class _Random:
    """Weights with the variance that keeps a layer's output as large as its input, times the gain squared."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def matrix(self, *shape: int, gain: float = _SHARPNESS) -> Floats:
        """Return [outputs, inputs...] weights."""
        return self.vector(*shape) * np.float32(gain / np.sqrt(np.prod(shape[1:])))

    def vector(self, *shape: int) -> Floats:
        """Return standard normal numbers."""
        return self._random.standard_normal(shape, np.float32)


def write_tiny_internvl(folder: Path, seed: int = 0, *, tidy: bool = True) -> tuple[Path, Path]:
    """Write `model.gguf` (Qwen2) and `mmproj.gguf` (InternViT and projector) into a folder; returns their paths.

    A tidy model writes whole letters and compact JSON, as trained ones do. The other one puts in all the blanks that a
    schema leaves open, so that answers are cut at `max_tokens`, and bytes that are not UTF-8: llama-server's HTTP 500.
    """
    model, projector = folder / "model.gguf", folder / "mmproj.gguf"
    _write_text_model(model, _vocabulary(), _Random(seed), tidy=tidy)
    _write_vision_model(projector, _Random(seed + 1))
    return model, projector


def _vocabulary() -> _Vocabulary:
    """Train byte-level BPE; every text can be encoded."""
    level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = level
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        special_tokens=list(_SPECIAL),
        initial_alphabet=sorted(level.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator([_SIGNS, _TEXT.read_text(encoding="utf-8")], trainer)
    trained = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(trained["vocab"], key=trained["vocab"].__getitem__)
    decoder = decoders.ByteLevel()
    texts = [decoder.decode([token]) for token in tokens]
    untidy = ["\ufffd" in text or (text.isspace() and text != " ") for text in texts]
    return _Vocabulary(tokens, [" ".join(pair) for pair in trained["merges"]], untidy)


def _write_text_model(path: Path, vocabulary: _Vocabulary, random: _Random, *, tidy: bool) -> None:
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_name("InternVL3-tiny")
    writer.add_context_length(_CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_feed_forward_length(_HIDDEN)
    writer.add_block_count(_LAYERS)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_KEY_HEADS)
    writer.add_rope_freq_base(1e6)
    writer.add_layer_norm_rms_eps(1e-6)
    _add_vocabulary(writer, vocabulary)
    size = len(vocabulary.tokens)
    writer.add_tensor("token_embd.weight", random.vector(size, _WIDTH))
    for layer in range(_LAYERS):
        _add_text_layer(writer, f"blk.{layer}", random)
    writer.add_tensor("output_norm.weight", np.ones(_WIDTH, np.float32))
    writer.add_tensor("output.weight", random.matrix(size, _WIDTH))
    writer.add_tensor("output.bias", _output_bias(vocabulary, tidy=tidy))
    _finish(writer)


def _output_bias(vocabulary: _Vocabulary, *, tidy: bool) -> Floats:
    """Return what is added to the logits [tokens]: a trained model writes hardly any special token, too."""
    unwanted = [
        (token in _SPECIAL and token != _END) or (untidy and tidy)
        for token, untidy in zip(vocabulary.tokens, vocabulary.untidy, strict=True)
    ]
    return np.where(unwanted, _NEVER, 0).astype(np.float32)


def _add_vocabulary(writer: gguf.GGUFWriter, vocabulary: _Vocabulary) -> None:
    kinds = [gguf.TokenType.CONTROL if token in _SPECIAL else gguf.TokenType.NORMAL for token in vocabulary.tokens]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(vocabulary.merges)
    writer.add_eos_token_id(vocabulary.tokens.index(_END))
    writer.add_pad_token_id(vocabulary.tokens.index(_PAD))
    writer.add_add_bos_token(False)
    writer.add_chat_template(_CHAT_TEMPLATE)


def _add_text_layer(writer: gguf.GGUFWriter, name: str, random: _Random) -> None:
    keys = _WIDTH // _HEADS * _KEY_HEADS
    writer.add_tensor(f"{name}.attn_norm.weight", np.ones(_WIDTH, np.float32))
    for part, size in (("attn_q", _WIDTH), ("attn_k", keys), ("attn_v", keys)):
        writer.add_tensor(f"{name}.{part}.weight", random.matrix(size, _WIDTH))
        writer.add_tensor(f"{name}.{part}.bias", np.zeros(size, np.float32))
    writer.add_tensor(f"{name}.attn_output.weight", random.matrix(_WIDTH, _WIDTH))
    writer.add_tensor(f"{name}.ffn_norm.weight", np.ones(_WIDTH, np.float32))
    writer.add_tensor(f"{name}.ffn_gate.weight", random.matrix(_HIDDEN, _WIDTH))
    writer.add_tensor(f"{name}.ffn_up.weight", random.matrix(_HIDDEN, _WIDTH))
    writer.add_tensor(f"{name}.ffn_down.weight", random.matrix(_WIDTH, _HIDDEN))


def _write_vision_model(path: Path, random: _Random) -> None:
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_type(gguf.GGUFType.MMPROJ)
    writer.add_name("InternVL3-tiny")
    writer.add_clip_has_vision_encoder(True)
    writer.add_clip_projector_type(gguf.VisionProjectorType.INTERNVL)
    writer.add_vision_projection_dim(_WIDTH)
    writer.add_vision_image_size(_TILE)
    writer.add_vision_patch_size(_PATCH)
    writer.add_vision_embedding_length(_WIDTH)
    writer.add_vision_feed_forward_length(_HIDDEN)
    writer.add_vision_block_count(_LAYERS)
    writer.add_vision_head_count(_HEADS)
    writer.add_vision_attention_layernorm_eps(1e-6)
    writer.add_vision_use_gelu(True)
    writer.add_vision_projector_scale_factor(_SHUFFLE)
    writer.add_vision_preproc_min_tiles(1)
    writer.add_vision_preproc_max_tiles(_MAX_TILES)
    writer.add_vision_image_mean([0.485, 0.456, 0.406])
    writer.add_vision_image_std([0.229, 0.224, 0.225])
    _add_vision_encoder(writer, random)
    _add_projector(writer, random)
    _finish(writer)


def _add_vision_encoder(writer: gguf.GGUFWriter, random: _Random) -> None:
    places = (_TILE // _PATCH) ** 2 + 1  # the class token is one
    writer.add_tensor("v.class_embd", random.vector(_WIDTH))
    writer.add_tensor("v.patch_embd.weight", random.matrix(_WIDTH, 3, _PATCH, _PATCH))
    writer.add_tensor("v.patch_embd.bias", np.zeros(_WIDTH, np.float32))
    writer.add_tensor("v.position_embd.weight", random.vector(places, _WIDTH))
    for layer in range(_LAYERS):
        name = f"v.blk.{layer}"
        for norm, scale in (("ln1", "ls1"), ("ln2", "ls2")):
            _add_norm(writer, f"{name}.{norm}", _WIDTH)
            writer.add_tensor(f"{name}.{scale}.weight", np.ones(_WIDTH, np.float32))
        for part in ("attn_q", "attn_k", "attn_v", "attn_out"):
            _add_linear(writer, f"{name}.{part}", random, _WIDTH, _WIDTH)
        _add_linear(writer, f"{name}.ffn_up", random, _HIDDEN, _WIDTH)
        _add_linear(writer, f"{name}.ffn_down", random, _WIDTH, _HIDDEN)


def _add_projector(writer: gguf.GGUFWriter, random: _Random) -> None:
    shuffled = _WIDTH * _SHUFFLE**2
    _add_norm(writer, "mm.model.mlp.0", shuffled)
    _add_linear(writer, "mm.model.mlp.1", random, _WIDTH, shuffled)
    _add_linear(writer, "mm.model.mlp.3", random, _WIDTH, _WIDTH)


def _add_norm(writer: gguf.GGUFWriter, name: str, size: int) -> None:
    writer.add_tensor(f"{name}.weight", np.ones(size, np.float32))
    writer.add_tensor(f"{name}.bias", np.zeros(size, np.float32))


def _add_linear(writer: gguf.GGUFWriter, name: str, random: _Random, outputs: int, inputs: int) -> None:
    writer.add_tensor(f"{name}.weight", random.matrix(outputs, inputs))
    writer.add_tensor(f"{name}.bias", np.zeros(outputs, np.float32))


def _finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
