"""Weights: found in a folder, in the cache or at the hub, never a pickle, and known by their content."""

import importlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub import constants, errors
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.tools.errors import WeightsError
from internvl_vpr.tools.features.weights import find_weights, weights_digest

REVISION = "0123456789abcdef0123456789abcdef01234567"
OFFLINE = r"name a folder that holds the model, or use --preset embedded, which needs no weights\.$"


def model(folder: Path, **files: bytes) -> Path:
    """Write files, by their name without a suffix; by default those of a model."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (files or {"config.json": b"{}", "model.safetensors": b"numbers"}).items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def online(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


def cached(cache: Path, repo: str, **files: bytes) -> Path:
    folder = cache / f"models--{repo.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(REVISION)
    return model(folder / "snapshots" / REVISION, **files)


def hub(monkeypatch: pytest.MonkeyPatch, answer: Callable[[], Path]) -> list[dict[str, Any]]:
    """Put a hub in place of the real one, which is asked only for what is not cached; returns what it was asked."""
    asked: list[dict[str, Any]] = []
    real = huggingface_hub.snapshot_download

    def snapshot_download(repo: str, **options: Any) -> str:
        if options.get("local_files_only"):
            return str(real(repo, **options))
        asked.append({"repo": repo, **options})
        return str(answer())

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    return asked


def failing(error: BaseException) -> Callable[[], Path]:
    def answer() -> Path:
        raise error

    return answer


def refused(kind: type[errors.HfHubHTTPError], status: int) -> BaseException:
    """An error as the hub client raises it, whichever HTTP library it is built on."""
    response = vars(errors)["Response"]
    http = importlib.import_module(response.__module__.partition(".")[0])
    return kind("no\nand more", response=response(status, request=http.Request("GET", "http://127.0.0.1/")))


def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    assert find_weights(str(model(tmp_path / "dino")), "--backbone") == tmp_path / "dino"


def test_a_folder_named_like_a_hub_id_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model(tmp_path / "owner" / "name")
    monkeypatch.chdir(tmp_path)
    assert find_weights("owner/name", "--backbone") == Path("owner/name")


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"model.safetensors": b""}, r"has no config\.json in"),
        ({"config.json": b"{}"}, r"has no \*\.safetensors in"),
        ({"config.json": b"{}", "pytorch_model.bin": b""}, r"has only pickled weights \(pytorch_model\.bin\), which"),
        (
            {
                "config.json": b"{}",
                "a.safetensors": b"",
                "model.safetensors.index.json": b'{"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}}',
            },
            r"has no b\.safetensors, one of 2 files",
        ),
    ],
)
def test_a_folder_that_cannot_be_loaded_is_one_clear_error(tmp_path: Path, files: dict[str, bytes], says: str) -> None:
    folder = model(tmp_path / "dino", **files)
    with pytest.raises(WeightsError, match=rf"^The model '.*dino' \(--encoder\) {says}.*{OFFLINE}"):
        find_weights(str(folder), "--encoder")


@pytest.mark.parametrize("index", [b"", b"[]", b"{}", b'{"weight_map": 3}', b"\xff"])
def test_a_damaged_list_of_shards_is_left_to_the_loader(tmp_path: Path, index: bytes) -> None:
    folder = model(
        tmp_path, **{"config.json": b"{}", "a.safetensors": b"", "model.safetensors.index.json": index}
    )  # fmt: skip
    assert find_weights(str(folder), "--backbone") == folder


@pytest.mark.parametrize(
    "name",
    ["dinov2", "a/b/c", "a/b@", "../b", "/no/such/folder", "a b/c", "a/b@c d", "https://a/b", "a/\0", "a/\udcff"],
)
def test_a_name_that_is_neither_folder_nor_hub_id_is_one_clear_error(cache: Path, name: str) -> None:
    with pytest.raises(WeightsError, match=rf"\(--backbone\) is neither a folder nor a hub id .*{OFFLINE}"):
        find_weights(name, "--backbone")


@given(st.text(max_size=40))
def test_any_name_is_found_or_is_one_clear_error(name: str) -> None:
    with pytest.raises(WeightsError, match=r"--preset embedded"):
        find_weights(name or "x", "--backbone")


def test_what_is_cached_needs_no_hub(cache: Path) -> None:
    folder = cached(cache, "facebook/dinov2-small")
    for name in ("facebook/dinov2-small", "facebook/dinov2-small@main", f"facebook/dinov2-small@{REVISION}"):
        assert find_weights(name, "--backbone") == folder.resolve()


def test_what_is_not_cached_is_one_clear_error_when_the_hub_is_off(cache: Path) -> None:
    says = rf"^The model 'facebook/dinov2-giant' \(--backbone\) is not in the local cache, and the hub .*{OFFLINE}"
    with pytest.raises(WeightsError, match=says):
        find_weights("facebook/dinov2-giant", "--backbone")
    cached(cache, "facebook/dinov2-small", **{"config.json": b"{}", "pytorch_model.bin": b""})
    with pytest.raises(WeightsError, match=r"has only pickled weights"):
        find_weights("facebook/dinov2-small", "--backbone")


@pytest.mark.usefixtures("online")
def test_the_hub_is_asked_for_safe_files_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = model(tmp_path / "snapshot")
    asked = hub(monkeypatch, lambda: folder)
    assert find_weights("owner/name@v1.0", "--backbone") == folder
    (call,) = asked
    assert (call["repo"], call["revision"]) == ("owner/name", "v1.0")
    assert set(call["allow_patterns"]) == {"*.json", "*.txt", "*.model", "*.safetensors"}


@pytest.mark.usefixtures("online")
def test_an_unfinished_download_is_resumed(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached(cache, "owner/name", **{"config.json": b"{}"})
    whole = model(tmp_path / "whole")
    asked = hub(monkeypatch, lambda: whole)
    assert find_weights("owner/name", "--backbone") == whole
    assert len(asked) == 1


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize(
    ("error", "says"),
    [
        (refused(errors.RepositoryNotFoundError, 404), "is not known to the hub"),
        (refused(errors.GatedRepoError, 403), "is not open to everyone"),
        (refused(errors.RevisionNotFoundError, 404), "has no revision 'v2' at the hub"),
        (refused(errors.HfHubHTTPError, 503), r"cannot be downloaded \(HfHubHTTPError no\)"),
        (errors.LocalEntryNotFoundError("Got: ConnectError"), r"cannot be downloaded \(LocalEntryNotFoundError Got"),
        (vars(errors)["HTTPError"]("proxy"), r"cannot be downloaded \(HTTPError proxy\)"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (RuntimeError("xet"), r"\(RuntimeError xet\)"),
    ],
)
def test_whatever_the_hub_says_is_one_clear_error(
    error: BaseException, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub(monkeypatch, failing(error))
    with pytest.raises(WeightsError, match=rf"^The model 'owner/name@v2' \(--backbone\) .*{says}") as caught:
        find_weights("owner/name@v2", "--backbone")
    assert "--preset embedded" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_digest_is_of_the_contents_and_not_of_the_names(tmp_path: Path) -> None:
    first = model(tmp_path / "a", **{"config.json": b"{}", "1.safetensors": b"one", "2.safetensors": b"two"})
    same = model(tmp_path / "b", **{"config.json": b"{}", "y.safetensors": b"one", "x.safetensors": b"two"})
    (same / "README.md").write_text("other files do not count")
    assert weights_digest(first) == weights_digest(same)
    others = [
        {"config.json": b"{ }", "1.safetensors": b"one", "2.safetensors": b"two"},
        {"config.json": b"{}", "1.safetensors": b"one", "2.safetensors": b"tvo"},
        {"config.json": b"{}", "1.safetensors": b"onetwo"},
        {"config.json": b"{}", "1.safetensors": b"one"},
    ]
    digests = {weights_digest(model(tmp_path / str(number), **files)) for number, files in enumerate(others)}
    assert len(digests | {weights_digest(first)}) == 5


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    before = weights_digest(model(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"changed": True}))
    assert weights_digest(tmp_path) != before


def test_files_that_are_gone_are_one_clear_error(tmp_path: Path) -> None:
    folder = model(tmp_path / "gone")
    shutil.rmtree(folder)
    with pytest.raises(WeightsError, match=r"cannot be read \(No such file"):
        weights_digest(folder)
