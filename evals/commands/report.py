"""The command that writes runs as one page."""

from pathlib import Path

import click

from internvl_vpr.agent.cli.flags import PATH
from internvl_vpr.agent.console.streams import stdout
from internvl_vpr.tools.disk.whole_file import write_whole
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.text.foreign import visible


@click.command("report")
@click.argument("runs", nargs=-1, required=True, type=PATH, metavar="RUN...")
@click.option("--out", type=PATH, required=True, metavar="FILE.html", help="The page.")
@click.option(
    "--queries", type=click.IntRange(1), default=24, show_default=True, metavar="N",
    help="Queries of each split that are shown with their photographs.",
)  # fmt: skip
def report(runs: tuple[Path, ...], out: Path, queries: int) -> int:
    """Write RUN, or several runs beside each other, as one page of HTML that needs no network and no script."""
    from ..report.page import render_report
    from ..runs.folder import load_runs

    page = render_report([load_runs(folder) for folder in runs], queries)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_whole(out, page)
    except OSError as error:
        raise UsageError(
            f"The page {str(out)!r} cannot be written ({error.strerror}): name another with --out."
        ) from error
    stdout().print(f"{visible(str(out))}, {len(page.encode()) / 2**20:.1f} MiB", soft_wrap=True)
    return 0
