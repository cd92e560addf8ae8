"""DINOv2's facets against a forward pass in float64, whatever the image's size, and what is refused."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from texture import texture
from tiny_dinov2 import TRAINING_SIDE, read_tensors, reference_facet, save_tiny_dinov2

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.errors import UsageError, WeightsError
from internvl_vpr.tools.features import dinov2, dinov2_model
from internvl_vpr.tools.features.backbone import BackboneSettings, open_backbone
from internvl_vpr.tools.features.dinov2 import (
    Dinov2,
    Dinov2Settings,
    Facet,
    choose_device,
    choose_dtype,
    default_layer,
    open_dinov2,
    resolve_dinov2,
)
from internvl_vpr.tools.features.dinov2_model import facet_module, memory_reported

FACETS: tuple[Facet, ...] = ("value", "key", "query", "token")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_dinov2(tmp_path_factory.mktemp("weights") / "tiny", layers=4)


def opened(folder: Path, **options: Any) -> Dinov2:
    return open_dinov2(resolve_dinov2(str(folder), **options), device="cpu")


@pytest.fixture(scope="module")
def value(folder: Path) -> Dinov2:
    return opened(folder)


def cosines(left: Floats, right: Floats) -> Floats:
    return (left.astype(np.float64) * right.astype(np.float64)).sum(axis=1)  # type: ignore[no-any-return]


@pytest.mark.parametrize("facet", FACETS)
@pytest.mark.parametrize("layer", [0, 2, 3])
def test_a_facet_is_what_the_equations_say(folder: Path, facet: Facet, layer: int) -> None:
    """At the training size, so that no position embedding is interpolated."""
    image = texture(layer, (TRAINING_SIDE, TRAINING_SIDE))
    found = opened(folder, facet=facet, layer=layer).extract(image)
    by_hand = reference_facet(read_tensors(folder), np.asarray(image), layer, facet)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, by_hand, atol=1e-5)


def test_a_model_with_a_plain_mlp_is_what_the_equations_say(tmp_path: Path) -> None:
    save_tiny_dinov2(tmp_path, swiglu=False, hidden=32, heads=2, seed=3)
    image = texture(5, (TRAINING_SIDE, TRAINING_SIDE))
    by_hand = reference_facet(read_tensors(tmp_path), np.asarray(image), 1, "token", heads=2)
    np.testing.assert_allclose(opened(tmp_path, facet="token").extract(image), by_hand, atol=1e-5)


@pytest.mark.parametrize("facet", FACETS)
def test_another_size_agrees_with_the_librarys_own_hidden_states(folder: Path, facet: Facet) -> None:
    """The whole model, all four blocks, on the image cut about its centre by hand: 117 × 90 to 112 × 84."""
    import torch
    from transformers import Dinov2Model

    image = texture(8, (117, 90))
    pixels = np.asarray(image.crop((2, 3, 114, 87))).astype(np.float32) / 255
    normal = (pixels - np.array([0.485, 0.456, 0.406], np.float32)) / np.array([0.229, 0.224, 0.225], np.float32)
    model: Any = Dinov2Model.from_pretrained(folder, local_files_only=True)
    with torch.no_grad():
        states = model(torch.from_numpy(normal.transpose(2, 0, 1)[None]), output_hidden_states=True).hidden_states
        block = model.encoder.layer[1]
        rows = states[2] if facet == "token" else facet_module(model, 1, facet)(block.norm1(states[1]))
    rows = rows[0, 1:].double().numpy()
    found = opened(folder, facet=facet, layer=1).extract(image)
    assert len(found) == 8 * 6
    np.testing.assert_allclose(found, rows / np.linalg.norm(rows, axis=1, keepdims=True), atol=1e-5)


@settings(max_examples=25)
@given(width=st.integers(14, 90), height=st.integers(14, 90))
def test_there_is_one_unit_row_a_patch_and_none_for_cls(value: Dinov2, width: int, height: int) -> None:
    rows = value.extract(texture(1, (width, height)))
    assert rows.shape == ((height // 14) * (width // 14), 48)
    np.testing.assert_allclose(np.linalg.norm(rows.astype(np.float64), axis=1), 1, atol=1e-5)


@settings(max_examples=10)
@given(images=st.integers(1, 5), width=st.integers(14, 90), height=st.integers(14, 90))
def test_a_batch_is_its_images_one_by_one(value: Dinov2, images: int, width: int, height: int) -> None:
    batch = [texture(seed, (width, height)) for seed in range(images)]
    for alone, together in zip(map(value.extract, batch), value.extract_batch(batch), strict=True):
        np.testing.assert_allclose(together, alone, atol=1e-5)


def test_images_of_several_sizes_are_refused_as_a_batch(value: Dinov2) -> None:
    with pytest.raises(ValueError, match="same shape"):
        value.extract_batch([texture(1, (70, 70)), texture(1, (70, 84))])


def test_an_image_narrower_than_a_patch_gives_no_descriptor(value: Dinov2) -> None:
    assert value.extract(texture(1, (10, 70))).shape == (0, 48)


def test_neighbours_in_a_row_are_neighbours_in_the_descriptors(value: Dinov2) -> None:
    """Changing one patch changes its own descriptor most: rows are in reading order."""
    image = texture(1, (70, 42))
    changed = image.copy()
    changed.paste(texture(2, (14, 14)), (3 * 14, 14))
    first = open_dinov2(value.settings.model_copy(update={"layer": 0}), device="cpu")
    moved = 1 - cosines(first.extract(image), first.extract(changed))
    assert moved.argmax() == 5 + 3
    assert (np.delete(moved, 8) < 1e-6).all()


@pytest.mark.parametrize("facet", FACETS)
def test_bfloat16_changes_rounding_only(folder: Path, facet: Facet) -> None:
    exact = opened(folder, facet=facet)
    rounded = Dinov2(exact.settings, folder, device="cpu", dtype="bfloat16")
    image = texture(4, (98, 70))
    assert cosines(exact.extract(image), rounded.extract(image)).min() > 0.999
    assert exact.id == rounded.id
    assert {str(parameter.dtype) for parameter in rounded._model.parameters()} == {"torch.bfloat16"}


def test_blocks_behind_the_facet_are_neither_loaded_nor_run(folder: Path) -> None:
    backbone = opened(folder, layer=1)
    assert len(backbone._model.encoder.layer) == 2
    ran = []
    for name, module in backbone._model.named_modules():
        module.register_forward_hook(lambda *_, name=name: ran.append(name))
    backbone.extract(texture(1, (70, 70)))
    assert "encoder.layer.0.mlp" in ran
    assert "encoder.layer.1.norm1" in ran
    assert not {"encoder.layer.1.mlp", "encoder.layer.1.attention.o_proj", "layernorm"} & set(ran)


def test_nothing_is_printed(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    opened(folder, layer=1).extract(texture(1, (70, 70)))
    assert capfd.readouterr() == ("", "")


def test_weights_are_loaded_at_the_first_image_and_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads = []

    def counted(*arguments: Any) -> Any:
        loads.append(arguments)
        return dinov2_model.load_blocks(*arguments)

    monkeypatch.setattr(dinov2, "load_blocks", counted)
    backbone = opened(folder)
    assert (backbone.dimension, backbone.longer_side, backbone.batch_size, loads) == (48, 1024, 1, [])
    images = [texture(seed, (70, 70)) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(backbone.extract, images * 2))
    assert len(loads) == 1
    for number, rows in enumerate(together):
        np.testing.assert_array_equal(rows, backbone.extract(images[number % 4]))


@pytest.mark.parametrize("facet", ["value", "key", "query"])
def test_the_facet_is_found_in_the_layout_of_earlier_versions_of_the_library(facet: Facet) -> None:
    from torch import nn

    projections = nn.ModuleDict({"query": nn.Linear(2, 2), "key": nn.Linear(2, 2), "value": nn.Linear(2, 2)})
    attention = SimpleNamespace(attention=SimpleNamespace(**dict(projections.items())))
    model = SimpleNamespace(encoder=SimpleNamespace(layer=[None, SimpleNamespace(attention=attention)]))
    assert facet_module(model, 1, facet) is projections[facet]


@pytest.mark.parametrize(
    ("depth", "layer"), [(40, 31), (24, 20), (12, 10), (2, 1), (1, 0), (3, 2), (4, 3), (20, 15), (80, 62)]
)
def test_the_default_layer_is_anylocs(depth: int, layer: int) -> None:
    assert default_layer(depth) == layer


@given(st.integers(1, 500))
def test_the_default_layer_is_there(depth: int) -> None:
    assert 0 <= default_layer(depth) < depth


def test_settings_say_what_was_found(folder: Path) -> None:
    found = resolve_dinov2(str(folder), facet="key", longer_side=512)
    assert (found.source, found.layer, found.facet, found.longer_side) == (str(folder), 3, "key", 512)
    assert found.id == f"dinov2/{found.weights[:12]}/3/key/512px"
    assert opened(folder, facet="key", longer_side=512).id == found.id


@pytest.mark.parametrize("size", ["small", "base", "large", "giant"])
def test_short_names_are_the_published_models(folder: Path, size: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def find(name: str, setting: str) -> Path:
        asked.append((name, setting))
        return folder

    monkeypatch.setattr(dinov2, "find_weights", find)
    assert resolve_dinov2(f"dinov2-{size}").source == f"facebook/dinov2-{size}"
    assert asked == [(f"facebook/dinov2-{size}", "--backbone")]


@pytest.mark.parametrize("layer", [4, 31, -1])
def test_a_layer_that_is_not_there_is_one_clear_error(folder: Path, layer: int) -> None:
    with pytest.raises(UsageError, match=rf"no block {layer}: choose a --layer from 0 to 3\.$"):
        resolve_dinov2(str(folder), layer=layer)


def test_other_weights_in_the_same_folder_are_refused(tmp_path: Path) -> None:
    settings: BackboneSettings = resolve_dinov2(str(save_tiny_dinov2(tmp_path, seed=1)))
    open_backbone(settings, device="cpu")
    save_tiny_dinov2(tmp_path, seed=2)
    with pytest.raises(WeightsError, match=r"are not those that were asked for \(SHA-256 .*--backbone, or build a new"):
        open_backbone(settings, device="cpu")


def _config(changes: dict[str, Any]) -> Any:
    def change(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, **changes}))

    return change


def _without_a_tensor(folder: Path) -> None:
    from safetensors.numpy import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    del tensors["encoder.layer.0.norm1.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _cut_short(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])


def _not_a_number(folder: Path) -> None:
    from safetensors.numpy import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    tensors["encoder.layer.0.norm1.weight"][3] = np.nan
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (_config({"model_type": "dinov2_with_registers"}), "no plain DINOv2"),
        (_config({"model_type": "bert"}), "no plain DINOv2"),
        (_config({"num_hidden_layers": "many"}), "no plain DINOv2"),
        (lambda folder: (folder / "config.json").write_bytes(b"\xff{"), "no plain DINOv2"),
        (_config({"hidden_size": 64}), "cannot be loaded"),
        (_config({"num_attention_heads": 5}), "cannot be loaded"),
        (_config({"use_swiglu_ffn": False}), "lacks 'encoder.layer.0.mlp"),
        (_without_a_tensor, "lacks 'encoder.layer.0.norm1.weight'"),
        (_cut_short, "cannot be loaded"),
        (_not_a_number, "not finite in float32"),
    ],
)
def test_a_model_that_is_not_a_whole_dinov2_is_one_clear_error(tmp_path: Path, damage: Any, says: str) -> None:
    damage(save_tiny_dinov2(tmp_path))
    with pytest.raises(WeightsError, match=f"{says}.*--backbone"):
        opened(tmp_path).extract(texture(1, (70, 70)))


def test_a_device_is_chosen_from_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    there = {"cuda": 0, "mps": False}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there["cuda"] > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: there["cuda"])
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: there["mps"])
    assert choose_device("auto") == choose_device("cpu") == "cpu"
    for absent in ("cuda", "cuda:0", "mps"):
        with pytest.raises(UsageError, match=f"'{absent}' is not there: use another --device"):
            choose_device(absent)
    there["mps"] = True
    assert choose_device("auto") == choose_device("mps") == "mps"
    there["cuda"] = 2
    assert choose_device("auto") == choose_device("cuda") == "cuda"
    assert choose_device("cuda:1") == "cuda:1"
    for wrong in ("cuda:2", "cuda:-1", "gpu", "", "cpu\n"):
        with pytest.raises(UsageError, match="--device"):
            choose_device(wrong)


def test_precision_is_chosen_for_the_device() -> None:
    assert choose_dtype("auto", "cpu") == choose_dtype("auto", "mps") == choose_dtype("float32", "cuda") == "float32"
    assert choose_dtype("bfloat16", "cpu") == "bfloat16"


@pytest.mark.parametrize(
    ("device", "longer_side", "images"),
    [("cpu", 64, 1), ("cuda:1", 1024, 6), ("cuda", 512, 25), ("cuda", 64, 64), ("cuda", 4096, 1), ("mps", 1024, 1)],
)
def test_a_batch_fits_the_device(folder: Path, device: str, longer_side: int, images: int) -> None:
    backbone = opened(folder, longer_side=longer_side)
    backbone.device = device
    assert backbone.batch_size == images


def test_too_little_memory_is_one_clear_error() -> None:
    import torch

    with pytest.raises(UsageError, match=r"too little memory.*--device cpu"), memory_reported("cuda"):
        raise torch.OutOfMemoryError


def test_settings_are_read_back_from_json(folder: Path) -> None:
    found = resolve_dinov2(str(folder))
    assert Dinov2Settings.model_validate_json(found.model_dump_json()) == found


def test_grey_images_are_taken_as_rgb(value: Dinov2) -> None:
    grey = texture(1, (70, 70)).convert("L")
    np.testing.assert_array_equal(value.extract(grey), value.extract(Image.merge("RGB", [grey] * 3)))
