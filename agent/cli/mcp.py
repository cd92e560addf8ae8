"""The command `mcp`: the map's tools for other agents, over stdio or HTTP."""

import re
from pathlib import Path
from typing import Any, NoReturn

import click

from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.packages import import_extra

from .flags import CONTEXT_FLAGS, PATH, PLACES, flags

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{16,}=*")  # what RFC 6750 lets a header carry


@click.command()
@PLACES
@click.option(
    "--allow", type=PATH, multiple=True, metavar="DIR", help="Folder below which photos may be read; can be repeated."
)
@click.option(
    "--transport",
    type=click.Choice(["stdio", "http"]),
    default="stdio",
    show_default=True,
    help="stdio: the agent's program starts this; http: it is told the address.",
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address of http; one that others can reach needs a token."
)
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="Port of http; 0: any.")
@click.option(
    "--token",
    envvar="INTERNVL_VPR_MCP_TOKEN",
    metavar="TOKEN",
    help="What clients of http must send; better in INTERNVL_VPR_MCP_TOKEN, where no process list shows it.",
)
@flags(*CONTEXT_FLAGS)
def mcp(
    places: Path,
    allow: tuple[Path, ...],
    transport: str,
    host: str,
    port: int,
    token: str | None,
    config: Path | None,
    **given: Any,
) -> NoReturn:
    """Offer a map's tools to other agents over the Model Context Protocol.

    Nothing is written: no photo is indexed, and no setting is changed. Photos are read below the folders of --allow
    alone, and a link that leads out of them is refused; a relative path is looked for below each of them in turn.
    """
    from ..localizer.context import open_context
    from ..mcp.allowed import Allowed

    import_extra("mcp", "mcp")
    from ..mcp.run import run_http, run_stdio

    allowed = Allowed(allow)
    opened = open_context(places, file=config, **given)
    if transport == "stdio":
        run_stdio(opened, allowed)
    from ..mcp.http import listen

    if token is not None and not _TOKEN.fullmatch(token):
        raise UsageError(
            "The token cannot be used: take 16 letters and digits or more, such as openssl rand -hex 32 gives."
        )
    run_http(opened, allowed, listen(host, port, has_token=token is not None), host, token)
