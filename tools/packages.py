"""Packages of an optional extra, imported where they are first needed."""

import importlib
from types import ModuleType

from .errors import PackageMissing


def import_extra(module: str, extra: str) -> ModuleType:
    """Import a module that an extra installs; raises `PackageMissing` with the command that installs it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise PackageMissing(
            f"The package {error.name!r} is not installed: run pip install 'internvl-vpr[{extra}]'."
        ) from error
