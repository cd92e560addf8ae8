"""The command that makes a run out of another method's files."""

from pathlib import Path
from typing import Any

import click

from internvl_vpr.agent.cli.flags import PATH, flags
from internvl_vpr.agent.console.streams import stderr, stdout, warn

from .run import SPLIT_FLAGS, split_place


@click.command("import")
@click.argument("source", type=PATH, metavar="DIR")
@click.option("--split", required=True, metavar="SPLIT", help="What the files were computed on; see eval run.")
@click.option("--name", required=True, metavar="METHOD", help="Name of the method, such as SALAD-CM.")
@click.option("--out", type=PATH, required=True, metavar="RUN", help="Folder of the run.")
@click.option(
    "--k", type=click.IntRange(1), default=100, show_default=True, metavar="K", help="References kept for each query."
)
@flags(*SPLIT_FLAGS)
def import_(source: Path, split: str, name: str, out: Path, k: int, **given: Any) -> int:
    """Measure another method's stage 1 from the files in DIR that VPR-methods-evaluation wrote.

    DIR holds queries_descriptors.npy and database_descriptors.npy, or preds/NNN.txt. The run can be compared with
    runs of our own on the same split, and is shown by tables and report.
    """
    from internvl_vpr.agent.console.progress import progress_bars

    from ..runs.import_run import ImportOptions, import_run
    from ..runs.view import show_run
    from ..splits.layouts import open_split

    with progress_bars(stderr()) as on_progress:
        where, limit = split_place(given, on_progress), given.pop("limit")
        options = ImportOptions(source, name, k, limit, on_progress)
        made, note = import_run(open_split(split, where), options, out)
    if note:
        warn(note)
    stdout().print(show_run(made))
    return 0
