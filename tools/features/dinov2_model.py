"""DINOv2's transformer: its configuration, where and in what precision it runs, loaded up to one block."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError
from safetensors import SafetensorError

from ..errors import UsageError, WeightsError

Facet = Literal["value", "key", "query", "token"]
DType = Literal["auto", "float32", "bfloat16", "float16"]

_ANOTHER = "name another with --backbone"


class Dinov2Shape(BaseModel):
    """The entries of a model's `config.json` that decide shapes."""

    model_type: Literal["dinov2"]
    hidden_size: int = Field(ge=1, description="D")
    num_hidden_layers: int = Field(ge=1, description="blocks")
    patch_size: int = Field(14, ge=1, description="pixels")

    @classmethod
    def read(cls, folder: Path) -> "Dinov2Shape":
        """Read a model folder's `config.json`; raises `WeightsError` when it is not a plain DINOv2."""
        try:
            return cls.model_validate_json((folder / "config.json").read_bytes())
        except (OSError, ValidationError) as error:
            raise WeightsError(
                f"The folder {str(folder)!r} holds no plain DINOv2 model according to its config.json: {_ANOTHER}."
            ) from error


def choose_device(device: str) -> str:
    """Turn `auto`, `cpu`, `mps`, `cuda` or `cuda:N` into the name of a device; raises `UsageError`."""
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    named = re.fullmatch(r"cpu|mps|cuda(?::(\d+))?", device)
    if named is None:
        raise UsageError(f"The device {device!r} does not exist: use auto, cpu, mps, cuda or cuda:N as --device.")
    there = {
        "cpu": True,
        "mps": torch.backends.mps.is_available(),
        "cuda": torch.cuda.is_available() and int(named[1] or 0) < torch.cuda.device_count(),
    }
    if not there[device.partition(":")[0]]:
        raise UsageError(f"The device {device!r} is not there: use another --device, such as cpu.")
    return device


def choose_dtype(dtype: DType, device: str) -> str:
    """Turn `auto` into `bfloat16` where the device computes in it, and into `float32` elsewhere."""
    import torch

    if dtype != "auto":
        return dtype
    if not device.startswith("cuda"):
        return "float32"
    with torch.cuda.device(device):
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"


def load_blocks(folder: Path, blocks: int, device: str, dtype: str) -> Any:
    """Load a model's embeddings and its first `blocks` blocks, in `dtype` at once; raises `WeightsError`."""
    import torch
    from transformers import Dinov2Config, Dinov2Model

    try:
        with _silenced():
            config = Dinov2Config.from_pretrained(folder, local_files_only=True)
            config.num_hidden_layers = blocks
            load: Any = Dinov2Model.from_pretrained
            model, loading = load(
                folder, config=config, dtype=getattr(torch, dtype), attn_implementation="sdpa",
                use_safetensors=True, local_files_only=True, output_loading_info=True,
            )  # fmt: skip
    except (OSError, RuntimeError, ValueError, SafetensorError) as error:
        raise WeightsError(f"The model in {str(folder)!r} cannot be loaded as DINOv2: {_ANOTHER}.") from error
    if missing := sorted(loading["missing_keys"]):
        raise WeightsError(f"The model in {str(folder)!r} lacks {missing[0]!r} and is not a whole DINOv2: {_ANOTHER}.")
    with memory_reported(device):
        return model.eval().requires_grad_(False).to(device)


def facet_module(model: Any, layer: int, facet: Facet) -> Any:
    """Return the module whose output is the facet of a block, in either of the library's layouts."""
    block = model.encoder.layer[layer]
    if facet == "token":
        return block
    attention = block.attention
    return (
        getattr(attention.attention, facet)
        if hasattr(attention, "attention")
        else getattr(attention, f"{facet[0]}_proj")
    )


class _Read(Exception):
    """Ends a forward pass once the facet has been read."""

    def __init__(self, output: Any) -> None:
        self.output = output


def run_until(model: Any, module: Any, pixels: Any) -> Any:
    """Run the model on `[B, 3, h, w]` until a module has its output, and return that: `[B, 1 + M, D]`."""

    def read(_module: Any, _inputs: Any, output: Any) -> None:
        raise _Read(output[0] if isinstance(output, tuple) else output)

    hook = module.register_forward_hook(read)
    try:
        model(pixel_values=pixels)
    except _Read as reached:
        return reached.output
    finally:
        hook.remove()
    raise AssertionError("the module was not run")


@contextmanager
def memory_reported(device: str) -> Iterator[None]:
    """Turn an accelerator's lack of memory into a `UsageError`."""
    import torch

    try:
        yield
    except torch.OutOfMemoryError as error:
        raise UsageError(
            f"The device {device!r} has too little memory for this backbone: use a smaller --backbone, "
            "--dtype bfloat16, or --device cpu."
        ) from error


@contextmanager
def _silenced() -> Iterator[None]:
    """Silence the library's progress bars, and its table of blocks that are left out on purpose."""
    from transformers.utils import logging

    shown, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
