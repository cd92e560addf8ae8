"""Model weights: found in a folder or on the hub, and identified by what they are."""

import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path

from ..errors import WeightsError

# Configuration, vocabularies and tensors; never a pickle, and never code.
_WANTED = ("*.json", "*.txt", "*.model", "*.safetensors")
_SHARDS = "model.safetensors.index.json"
_HUB_ID = re.compile(r"(?P<repo>[\w-][\w.-]*/[\w-][\w.-]*)(?:@(?P<revision>[\w./-]+))?", re.ASCII)
_ADVICE = "name a folder that holds the model, or use --preset embedded, which needs no weights"


def find_weights(name: str, setting: str) -> Path:
    """Return the folder of a model: `config.json` and `*.safetensors`.

    `name` is a local folder, or a hub id `owner/name`, optionally `owner/name@revision`; the hub is asked
    only for what is not in its local cache, and never in offline mode. `setting` is the flag that named
    it, for the message. Raises `WeightsError`, whatever fails.
    """
    shown = f"The model {name!r} ({setting})"
    if _is_folder(name):
        return _checked(Path(name), shown)
    hub_id = _HUB_ID.fullmatch(name)
    if hub_id is None:
        raise WeightsError(f"{shown} is neither a folder nor a hub id such as owner/name: {_ADVICE}.")
    return _from_hub(hub_id["repo"], hub_id["revision"], shown)


def _is_folder(name: str) -> bool:
    try:
        name.encode()  # names that are not UTF-8 cannot be written into a manifest
        return Path(name).is_dir()
    except (OSError, ValueError):
        return False


def _checked(folder: Path, shown: str) -> Path:
    """Return the folder when it can be loaded; raises `WeightsError`."""
    if missing := _what_is_missing(folder):
        raise WeightsError(f"{shown} has {missing} in {str(folder)!r}: {_ADVICE}.")
    return folder


def _what_is_missing(folder: Path) -> str | None:
    try:
        names = {path.name for path in folder.iterdir()}
        shards = _shards(folder) if _SHARDS in names else set()
    except OSError as error:
        return f"nothing that can be read ({error.strerror})"
    if "config.json" not in names:
        return "no config.json"
    if shards - names:
        return f"no {min(shards - names)}, one of {len(shards)} files of weights,"
    if any(name.endswith(".safetensors") for name in names):
        return None
    pickled = sorted(name for name in names if name.endswith((".bin", ".pt", ".pth", ".pkl", ".ckpt")))
    return f"only pickled weights ({pickled[0]}), which are never loaded," if pickled else "no *.safetensors"


def _shards(folder: Path) -> set[str]:
    """The names of the files that hold the weights; none when their list is damaged, which loading then reports."""
    try:
        return {str(name) for name in json.loads((folder / _SHARDS).read_bytes())["weight_map"].values()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return set()


def _from_hub(repo: str, revision: str | None, shown: str) -> Path:
    """Return a repository's snapshot from the local cache, downloaded first if need be."""
    from huggingface_hub.constants import is_offline_mode

    cached = _cached(repo, revision)
    if cached is not None and _what_is_missing(cached) is None:
        return cached
    if is_offline_mode():
        if cached is not None:
            return _checked(cached, shown)
        raise WeightsError(f"{shown} is not in the local cache, and the hub is switched off: {_ADVICE}.")
    return _checked(_download(repo, revision, shown), shown)


def _cached(repo: str, revision: str | None) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(repo, revision=revision, allow_patterns=list(_WANTED), local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        return None


def _download(repo: str, revision: str | None, shown: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (  # type: ignore[attr-defined]  # HTTPError: the HTTP library's, whichever it is
        EntryNotFoundError,
        GatedRepoError,
        HTTPError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        return Path(snapshot_download(repo, revision=revision, allow_patterns=list(_WANTED)))
    except GatedRepoError as error:
        raise WeightsError(f"{shown} is not open to everyone: accept its terms at the hub, or {_ADVICE}.") from error
    except RepositoryNotFoundError as error:
        raise WeightsError(f"{shown} is not known to the hub: check its name, or {_ADVICE}.") from error
    except RevisionNotFoundError as error:
        raise WeightsError(f"{shown} has no revision {revision!r} at the hub: {_ADVICE}.") from error
    except (HTTPError, EntryNotFoundError, OSError, RuntimeError, ValueError) as error:
        raise WeightsError(
            f"{shown} is not in the local cache and cannot be downloaded ({_first_line(error)}): {_ADVICE}."
        ) from error


def _first_line(error: BaseException) -> str:
    """The error's name and the first line of what it says, without colons: our own sentence has one."""
    text = next(iter(str(error).splitlines()), "")[:200]
    return " ".join(f"{type(error).__name__} {text}".replace(":", " ").split())


def check_weights(path: Path, sha256: str) -> None:
    """Check that a weights file is the published one; raises `WeightsError`."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(
            f"The weights {str(path)!r} cannot be read ({error.strerror}): install them again."
        ) from error
    if found != sha256:
        raise WeightsError(
            f"The weights {str(path)!r} are not the published ones (SHA-256 {found[:12]}…, not {sha256[:12]}…): "
            "install the package again from a source you trust."
        )


def weights_digest(folder: Path) -> str:
    """SHA-256 over the contents of `config.json` and all `*.safetensors` of a folder, whatever their names.

    Raises `WeightsError` when they cannot be read.
    """
    try:
        paths = [folder / "config.json", *sorted(folder.glob("*.safetensors"))]
        config, *tensors = (_file_digest(path, *_stamp(path)) for path in paths)
    except OSError as error:
        raise WeightsError(f"The weights in {str(folder)!r} cannot be read ({error.strerror}): {_ADVICE}.") from error
    return hashlib.sha256(b"".join([config, *sorted(tensors)])).hexdigest()


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


@lru_cache(maxsize=64)
def _file_digest(path: Path, *_: int) -> bytes:
    """SHA-256 of a file; a process reads it only once, unless the file changes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
