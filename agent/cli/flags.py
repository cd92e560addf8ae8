"""The flags of the commands: one for each setting, under the one name and with the one text it has everywhere."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)
PLACES = click.option(
    "--places", type=PATH, required=True, envvar="INTERNVL_VPR_PLACES", metavar="DIR", help="Folder of the index."
)


class SettingOption(click.Option):
    """A flag whose text is its setting's own.

    It is looked up only when a command's help is shown: importing the settings takes longer than all the rest of
    `internvl-vpr --help`.
    """

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the flag and its text, a column each."""
        from ..settings import about_setting

        self.help, metavar = about_setting(self.name or "")
        self.metavar = metavar or None
        return super().get_help_record(ctx)


# Values are checked with all other settings, so that a flag, the environment and the file are treated alike.
def _flag(name: str, **more: Any) -> Callable[[_Command], _Command]:
    return click.option(f"--{name}", cls=SettingOption, **more)


COMMON_FLAGS = (
    _flag("preset"),
    click.option("--config", type=PATH, help="Settings file, instead of ./internvl-vpr.toml."),
)
INDEX_FLAGS = tuple(
    _flag(name)
    for name in (
        "backbone", "coarse", "layer", "facet", "longer-side", "clusters", "kappa", "centers", "codebook-photos",
        "seed", "index-factory", "device", "dtype",
    )
)  # fmt: skip
DESCRIBER_FLAGS = (_flag("describer"), _flag("n"), _flag("ledger"))
ENDPOINT_FLAGS = tuple(
    _flag(name)
    for name in ("endpoint", "model", "api-key", "prompt", "image-side", "concurrency", "timeout", "deadline")
)
VERIFY_FLAG = _flag("verify")
QUERY_FLAGS = (
    _flag("k"), _flag("reranker"), _flag("judge-k"), VERIFY_FLAG,
    *(_flag(name) for name in ("verify-k", "tau", "below-tau", "trust", "encoder")),
)  # fmt: skip
CHAT_FLAGS = (_flag("assistant"), _flag("images"), _flag("plain", is_flag=True, default=None))
CONTEXT_FLAGS = (*COMMON_FLAGS, *QUERY_FLAGS, *DESCRIBER_FLAGS, *ENDPOINT_FLAGS, *INDEX_FLAGS)


def flags(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """Give a command these options, in this order."""

    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def setting_flags(*names: str) -> tuple[Callable[[_Command], _Command], ...]:
    """Return the flags of these settings, for a command that takes only some."""
    return tuple(_flag(name) for name in names)
