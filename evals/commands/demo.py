"""The command `internvl-vpr demo`."""

from pathlib import Path

import click

from internvl_vpr.agent.cli.flags import PATH
from internvl_vpr.agent.console import interruptible
from internvl_vpr.agent.console.streams import stderr, stdout


@click.command()
@click.option(
    "--folder", type=PATH, default=Path("demo-town"), show_default=True, metavar="DIR", help="Where the town is kept."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the town.")
@click.option("--size", type=click.IntRange(8), default=64, show_default=True, help="Places in the town.")
def demo(folder: Path, seed: int, size: int) -> int:
    """Generate a small town, index it, locate three photographs, and measure recall on all queries."""
    from internvl_vpr.agent.console.progress import progress_bars

    from ..runs.demo import run_demo

    with progress_bars(stderr()) as on_progress:
        result = interruptible.run(run_demo(folder, seed=seed, places=size, on_progress=on_progress))
    for part in result:
        stdout().print(part)
    return 0
