"""The command that checks what a run needs."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..console import interruptible
from ..console.streams import stdout, write_json
from .flags import CONTEXT_FLAGS, PATH, flags

if TYPE_CHECKING:
    from ..settings import Settings
    from .local_checks import Finding

_COLOURS = {"ok": "green", "warning": "yellow", "failure": "bold red"}


@click.command()
@click.option("--places", type=PATH, metavar="DIR", help="Folder of an index to check as well.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@flags(*CONTEXT_FLAGS)
def doctor(places: Path | None, as_json: bool, config: Path | None, **given: Any) -> int:
    """Check Python, packages, weights, device, index and endpoint, and say how to fix what fails.

    Exit code 0 when nothing failed, 4 when the endpoint does not answer, otherwise that of the first failure.
    """
    from ..settings import advise_rebuild, resolve_settings, settings_of_index
    from .local_checks import exit_code

    there = settings_of_index(places) if places else None
    settings = resolve_settings(given, file=config, index=there)
    advice = advise_rebuild(given, index=there, file=config)
    found = interruptible.run(_collect(settings, places, advice, show=not as_json))
    if as_json:
        write_json([finding.model_dump(mode="json") for finding in found])
    return exit_code(found)


async def _collect(settings: "Settings", places: Path | None, advice: str | None, *, show: bool) -> "list[Finding]":
    """Gather the findings, each shown as soon as it is there."""
    found = []
    async for finding in _findings(settings, places, advice):
        found.append(finding)
        if show:
            _show(finding)
    return found


async def _findings(settings: "Settings", places: Path | None, advice: str | None) -> "AsyncIterator[Finding]":
    from .endpoint_checks import endpoint_findings
    from .local_checks import local_findings

    for finding in local_findings(settings, places, advice):
        yield finding
    if settings.reranks_by_endpoint:
        async for finding in endpoint_findings(settings):
            yield finding


def _show(finding: "Finding") -> None:
    from rich.text import Text

    from ..console.safe_text import safe_text

    status = Text(f"{finding.status:8}", style=_COLOURS[finding.status])
    stdout().print(Text.assemble(status, f"{finding.name:18}", safe_text(finding.says)), soft_wrap=True)
    if finding.advice:
        stdout().print(Text.assemble(" " * 26, safe_text(finding.advice, "yellow")), soft_wrap=True)
