"""The command that writes runs as one page."""

from pathlib import Path

import click

from .cli_flags import PATH
from .cli_output import stdout


@click.command("report")
@click.argument("run", type=PATH)
@click.argument("other", type=PATH, required=False, metavar="[RUN]")
@click.option("--out", type=PATH, required=True, metavar="FILE.html", help="The page.")
@click.option(
    "--queries", type=click.IntRange(1), default=24, show_default=True, help="Queries of a split with photographs."
)
def report(run: Path, other: Path | None, out: Path, queries: int) -> int:
    """Write RUN, or two runs beside each other, as one page of HTML that needs no network and no script."""
    from ..evals.report import render_report
    from ..evals.run_files import load_runs
    from ..tools.errors import UsageError
    from ..tools.whole_file import write_whole
    from .safe_text import visible

    page = render_report([load_runs(folder) for folder in (run, other) if folder is not None], queries)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_whole(out, page)
    except OSError as error:
        raise UsageError(
            f"The page {str(out)!r} cannot be written ({error.strerror}): name another with --out."
        ) from error
    stdout().print(f"{visible(str(out))}, {len(page.encode()) / 2**20:.1f} MiB")
    return 0
