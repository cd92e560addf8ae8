"""The command `settings`: every setting with its value, where that comes from, and what it means."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..console.streams import stdout, write_json
from .flags import CHAT_FLAGS, CONTEXT_FLAGS, PATH, flags

if TYPE_CHECKING:
    from rich.table import Table


_WIDE = 120  # columns from which a setting's text stands beside its value


@click.command()
@click.option("--places", type=PATH, envvar="INTERNVL_VPR_PLACES", metavar="DIR", help="Folder of an index to ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@flags(*CHAT_FLAGS, *CONTEXT_FLAGS)
def settings(places: Path | None, as_json: bool, config: Path | None, **given: Any) -> int:
    """Show every setting, its value, and where that comes from.

    Flags come before the environment, then the file (internvl-vpr.toml here, or --config), then your own file, then
    the index, then the preset, then the defaults.
    """
    from ..settings import explain_settings, settings_of_index

    resolved, origins = explain_settings(given, file=config, index=settings_of_index(places) if places else None)
    values = {name: getattr(resolved, name) for name in type(resolved).model_fields}
    values |= resolved.model_dump(mode="json")
    values["api_key"] = "set" if resolved.api_key else None  # the key itself is never shown
    if as_json:
        write_json({name: {"value": value, "from": origins[name]} for name, value in values.items()})
        return 0
    console = stdout()
    console.print(_table(values, origins, console.width))
    return 0


def _table(values: dict[str, Any], origins: dict[str, str], width: int) -> "Table":
    """Each setting on a row; what it means stands there too, where there is room for it."""
    from rich.table import Table

    from ..console.safe_text import safe_text
    from ..settings import about_setting

    table = Table.grid(padding=(0, 2))
    for _ in ("name", "value", "origin"):
        table.add_column(overflow="fold")
    for name, value in values.items():
        about = (safe_text(about_setting(name)[0], "dim"),) if width >= _WIDE else ()
        shown = safe_text("–" if value is None else str(value))
        table.add_row(safe_text(name.replace("_", "-")), shown, origins[name], *about)
    return table
