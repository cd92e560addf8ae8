"""Packages of an optional extra, imported where they are first needed."""

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

from .errors import PackageMissing


def import_extra(module: str, extra: str) -> ModuleType:
    """Import a module that an extra installs; raises `PackageMissing` with the command that installs it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise _missing(str(error.name), extra) from error


def extra_folder(package: str, extra: str) -> Path:
    """Return the folder of a package that an extra installs, without running any of it; raises `PackageMissing`."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise _missing(package, extra)
    return Path(spec.submodule_search_locations[0])


def _missing(package: str, extra: str) -> PackageMissing:
    return PackageMissing(f"The package {package!r} is not installed: run pip install 'internvl-vpr[{extra}]'.")
