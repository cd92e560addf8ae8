"""Settings: layers, presets, and one clear sentence for what cannot be."""

import math
import os
import pwd
from pathlib import Path
from typing import get_args

import pytest
from presets import preset_settings

from internvl_vpr.agent.settings import (
    PresetName,
    Settings,
    advise_other_index,
    advise_rebuild,
    own_settings_file,
    resolve_settings,
)
from internvl_vpr.tools.errors import UsageError, WeightsError
from internvl_vpr.tools.features.backbone import RootSiftSettings, XFeatSettings
from internvl_vpr.tools.index.files import IndexSettings

INDEX = IndexSettings(clusters=16, kappa=30)


def test_flags_before_environment_before_file_before_index_before_preset(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("k = 7\nn = 2\nbelow-tau = 'strict'\n")
    environ = {"INTERNVL_VPR_K": "8", "INTERNVL_VPR_TAU": "0.5", "OTHER": "x", "INTERNVL_VPR_SEED": ""}
    found = resolve_settings({"k": "9", "tau": None}, environ=environ, file=file, index=INDEX)
    assert (found.k, found.tau, found.n, found.below_tau, found.clusters) == (9, 0.5, 2, "strict", 16)
    assert (found.kappa, found.seed) == (30, 0)
    assert found.encoder == preset_settings("embedded").encoder


def test_a_user_without_a_home_has_no_settings_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)  # a user whom the system does not know
    assert own_settings_file({}) is None
    assert resolve_settings({"k": "9"}, environ={}).k == 9


_LOCAL = "http://127.0.0.1:8000/v1"
_SBERT = "sentence-transformers/all-MiniLM-L6-v2"

# Every value of every preset, written out from the design: embedded, paper, anyloc.
PRESETS: dict[str, tuple[object, object, object]] = {
    "preset":        ("embedded",           "paper",              "anyloc"),
    "backbone":      ("xfeat",              "dinov2-giant",       "dinov2-giant"),
    "coarse":        (None,                 None,                 None),
    "layer":         (None,                 None,                 None),
    "facet":         ("value",              "value",              "value"),
    "longer_side":   (640,                  1024,                 1024),
    "clusters":      (64,                   32,                   32),
    "kappa":         (math.inf,             1.0,                  math.inf),
    "centers":       ("mean",               "unit",               "mean"),
    "codebook_photos": (1000,               2000,                 2000),
    "seed":          (0,                    0,                    0),
    "index_factory": ("Flat",               "Flat",               "Flat"),
    "device":        ("auto",               "auto",               "auto"),
    "dtype":         ("auto",               "auto",               "auto"),
    "describer":     ("signage",            "vlm",                "vlm"),
    "endpoint":      (_LOCAL,               _LOCAL,               _LOCAL),
    "model":         ("InternVL3-38B",      "InternVL3-38B",      "InternVL3-38B"),
    "api_key":       (None,                 None,                 None),
    "prompt":        ("describe_image.v1",  "describe_image.paper", "describe_image.v1"),
    "image_side":    (1344,                 1344,                 1344),
    "concurrency":   (16,                   16,                   16),
    "timeout":       (120.0,                120.0,                120.0),
    "deadline":      (600.0,                600.0,                600.0),
    "encoder":       ("minilm",             _SBERT,               _SBERT),
    "k":             (20,                   100,                  100),
    "verify":        ("rank",               "off",                "report"),
    "verify_k":      (20,                   20,                   20),
    "n":             (3,                    3,                    3),
    "reranker":      ("cues",               "cues",               "cues"),
    "judge_k":       (10,                   10,                   10),
    "tau":           (0.97,                 -1.0,                 -1.0),
    "below_tau":     ("fallback",           "strict",             "strict"),
    "trust":         ("likely",              "likely",              "likely"),
    "ledger":        (None,                 None,                 None),
    "assistant":     ("auto",               "auto",               "auto"),
    "images":        ("auto",               "auto",               "auto"),
    "plain":         (False,                False,                False),
}  # fmt: skip


@pytest.mark.parametrize(("column", "preset"), [(0, "embedded"), (1, "paper"), (2, "anyloc")])
def test_every_value_of_every_preset(column: int, preset: PresetName) -> None:
    found = preset_settings(preset)
    assert {name: getattr(found, name) for name in Settings.model_fields} == {
        name: values[column] for name, values in PRESETS.items()
    }


def test_there_are_three_presets_and_embedded_is_the_default() -> None:
    assert get_args(PresetName) == ("embedded", "paper", "anyloc")
    assert resolve_settings({}, environ={}, file=Path(os.devnull)) == preset_settings("embedded")


def test_what_the_embedded_preset_makes_of_an_index() -> None:
    assert preset_settings("embedded").index_settings().model_dump(mode="json") == {
        "backbone": {"name": "xfeat", "longer_side": 640},
        "clusters": 64, "kappa": "hard", "seed": 0, "codebook_photos": 1000, "centers": "mean",
        "index_factory": "Flat",
    }  # fmt: skip


def test_the_judge_has_a_tau_of_its_own_where_the_preset_s_was_measured_for_words(tmp_path: Path) -> None:
    judged = {"reranker": "judge"}
    found = {name: resolve_settings({**judged, "preset": name}, environ={}).tau for name in get_args(PresetName)}
    assert found == {"embedded": 0, "paper": -1, "anyloc": -1}
    (tmp_path / "s.toml").write_text("reranker = 'judge'")
    assert resolve_settings({}, environ={}, file=tmp_path / "s.toml").tau == 0
    assert resolve_settings({**judged, "tau": "0.4"}, environ={}).tau == 0.4


def test_a_preset_can_come_from_any_layer(tmp_path: Path) -> None:
    assert resolve_settings({}, environ={"INTERNVL_VPR_PRESET": "paper"}).kappa == 1
    (tmp_path / "s.toml").write_text("preset = 'anyloc'")
    assert resolve_settings({}, environ={}, file=tmp_path / "s.toml").k == 100


@pytest.mark.parametrize("written", ["hard", "12.5", 12.5])
def test_kappa_is_a_number_or_hard(written: str | float) -> None:
    kappa = resolve_settings({"kappa": written}, environ={}).kappa
    assert kappa == (math.inf if written == "hard" else 12.5)


def test_every_setting_is_json_even_an_infinite_kappa() -> None:
    assert preset_settings("embedded").model_dump(mode="json")["kappa"] == "hard"


@pytest.mark.parametrize(
    ("flags", "environ", "says"),
    [
        ({"k": "0"}, {}, "'k' cannot be '0' \\(flag\\)"),
        ({"k": "many"}, {}, "'k' cannot be 'many'"),
        ({"tau": "nan"}, {}, "'tau' cannot be"),
        ({"kappa": "-1"}, {}, "'kappa' cannot be"),
        ({"below_tau": "maybe"}, {}, "'below_tau' cannot be"),
        ({"describer": "oracle"}, {}, "'describer' cannot be"),
        ({"preset": "best"}, {}, "choose one of embedded, paper, anyloc"),
        ({}, {"INTERNVL_VPR_N": "99"}, "'n' cannot be '99' \\(environment\\)"),
    ],
)
def test_a_bad_value_is_named_with_its_origin(flags: dict[str, str], environ: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        resolve_settings(flags, environ=environ)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("preset = []", "choose one of"),
        ("colour = 1", "'colour' \\(file\\) does not exist"),
        ("k = ", "cannot be read"),
        ("\udcff", "cannot be"),
    ],
)
def test_a_bad_file_is_one_clear_error(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError, match=says):
        resolve_settings({}, environ={}, file=file)


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        resolve_settings({}, environ={}, file=tmp_path / "none.toml")


def test_weights_that_are_not_at_hand_are_one_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match=r"facebook/dinov2-giant.*--backbone.*--preset embedded"):
        preset_settings("paper").index_settings()


def test_another_family_of_backbones_brings_its_own_sizes(tmp_path: Path) -> None:
    found = resolve_settings({"backbone": str(tmp_path), "clusters": "7"}, environ={})
    assert (found.longer_side, found.clusters, found.kappa) == (1024, 7, math.inf)
    found = resolve_settings({"preset": "anyloc", "backbone": "rootsift"}, environ={})
    assert (found.longer_side, found.clusters) == (240, 128)
    found = resolve_settings({"preset": "anyloc", "backbone": "xfeat"}, environ={})
    assert (found.longer_side, found.clusters) == (640, 64)
    found = resolve_settings({"backbone": "rootsift", "longer_side": "320"}, environ={})
    assert (found.longer_side, found.clusters) == (320, 128)


def test_an_index_made_with_rootsift_keeps_its_settings_and_says_how_to_build_a_new_one() -> None:
    old = IndexSettings(backbone=RootSiftSettings(), clusters=128)
    found = resolve_settings({}, environ={}, index=old)
    assert found.index_settings(old) == old
    assert "internvl-vpr index PHOTOS --places NEW_FOLDER" in str(advise_rebuild({}, environ={}, index=old))


def test_only_who_did_not_choose_rootsift_is_told() -> None:
    old = IndexSettings(backbone=RootSiftSettings(), clusters=128)
    assert advise_rebuild({"backbone": "rootsift"}, environ={}, index=old) is None
    assert advise_rebuild({}, environ={"INTERNVL_VPR_BACKBONE": "rootsift"}, index=old) is None
    assert advise_rebuild({}, environ={}, index=IndexSettings(backbone=XFeatSettings())) is None
    assert advise_rebuild({}, environ={}, index=None) is None


@pytest.mark.parametrize(("preset", "ours"), [("embedded", "xfeat"), ("anyloc", "dinov2-giant")])
def test_a_preset_named_for_an_index_of_another_family_is_refused(preset: PresetName, ours: str) -> None:
    with pytest.raises(UsageError, match=f"backbone 'rootsift', and the preset '{preset}' names '{ours}'"):
        resolve_settings({"preset": preset}, environ={}, index=INDEX)


def test_an_index_that_is_not_a_named_presets_is_told() -> None:
    there = IndexSettings(backbone=XFeatSettings(longer_side=480), clusters=64, kappa=30.0, centers="mean")
    said = advise_other_index({"preset": "embedded"}, environ={}, index=there)
    assert said == (
        "The index was built with longer-side 480, kappa 30.0, and that is used; the preset 'embedded' has longer-side "
        "640, kappa hard: name a new folder with --places to build its own."
    )
    usual = there.model_copy(update={"backbone": XFeatSettings(longer_side=640), "kappa": math.inf})
    assert advise_other_index({"preset": "embedded"}, environ={}, index=usual) is None
    assert advise_other_index({}, environ={}, index=there) is None  # no preset is named
    chosen = {"preset": "embedded", "longer_side": 480, "kappa": 30.0}
    assert advise_other_index(chosen, environ={}, index=there) is None
    assert advise_other_index({"preset": "embedded"}, environ={}, index=None) is None


def test_an_xfeat_index_names_its_own_sizes() -> None:
    there = IndexSettings(backbone=XFeatSettings(longer_side=480), clusters=32)
    found = resolve_settings({}, environ={}, index=there)
    assert (found.backbone, found.longer_side, found.clusters) == ("xfeat", 480, 32)
    assert found.index_settings(there) == there


def test_the_endpoint_and_its_key_come_from_the_usual_variables_unless_ours_say_otherwise() -> None:
    usual = {"OPENAI_BASE_URL": "http://a/v1", "OPENAI_API_KEY": "sk-sentinel-1"}
    found = resolve_settings({}, environ=usual)
    assert found.api_key is not None
    assert (found.endpoint, found.api_key.get_secret_value()) == ("http://a/v1", "sk-sentinel-1")
    ours = resolve_settings({}, environ={**usual, "INTERNVL_VPR_ENDPOINT": "http://b/v1"})
    assert ours.endpoint == "http://b/v1"
    assert resolve_settings({"endpoint": "http://c/v1"}, environ=usual).endpoint == "http://c/v1"


def test_the_key_is_in_no_dump_and_no_representation() -> None:
    found = resolve_settings({"api_key": "sk-sentinel-2"}, environ={})
    for shown in (repr(found), str(found), found.model_dump_json(), str(found.model_dump())):
        assert "sentinel" not in shown
    with pytest.raises(UsageError, match="'api_key' cannot be what it is") as raised:
        resolve_settings({"api_key": ["sk-sentinel-3"]}, environ={})
    assert "sentinel" not in str(raised.value)
