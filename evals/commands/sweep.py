"""The commands that evaluate finished runs again: sweep and tables."""

from pathlib import Path

import click

from internvl_vpr.agent.cli.flags import PATH
from internvl_vpr.agent.console.streams import stderr, stdout, warn, write_json
from internvl_vpr.tools.errors import UsageError


@click.command("sweep")
@click.argument("run", type=PATH)
@click.option("--places", type=PATH, metavar="DIR", help="Index of the run, for --kappa.")
@click.option("--kappa", is_flag=True, help="Also compute stage 1 again for each κ (Eq. 1), from the photos.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def sweep(run: Path, places: Path | None, kappa: bool, as_json: bool) -> int:
    """Score RUN again with other N, K, τ, weights, and fusions of S with stage 1's similarity.

    No image is described for it. RUN is a run, or a folder of runs of several splits.
    """
    from internvl_vpr.agent.console.progress import progress_bars

    from ..runs.folder import load_runs
    from ..tune.kappa import sweep_kappa
    from ..tune.rescore import open_rescorer
    from ..tune.sweep import sweep as sweep_run
    from ..tune.view import show_kappas, show_sweep, sweep_json

    if kappa != (places is not None):
        raise UsageError("κ is swept with --kappa and --places DIR together: give both or neither.")
    found = {}
    for name, one in load_runs(run).items():
        rescorer = open_rescorer(one)
        differing = rescorer.differing()
        _warn_of(name, differing)
        with progress_bars(stderr()) as on_progress:
            kappas = sweep_kappa(one, places, on_progress=on_progress) if places else []
        sections = sweep_run(rescorer)
        found[name] = {**sweep_json(sections, kappas), "differing": differing}
        if not as_json:
            for part in (show_sweep(name, sections), *([show_kappas(kappas)] if kappas else ()), ""):
                stdout().print(part)
    if as_json:
        write_json({"runs": found})
    return 0


def _warn_of(name: str, differing: list[str]) -> None:
    if differing:
        warn(
            f"{name}: {len(differing)} rankings differ from the run's own when scored again (rounding, or a run of "
            "another version): compare with care."
        )


@click.command("tables")
@click.argument("runs", nargs=-1, type=PATH, metavar="RUN...")
def tables(runs: tuple[Path, ...]) -> int:
    """Print the paper's Tables I and II with each RUN's rows beside the published ones.

    RUN is a run, or a folder of runs of several splits. Cells without a run say "not measured".
    """
    from ..runs.folder import load_runs
    from ..tune.tables import show_tables

    given = [one for folder in runs for one in load_runs(folder).values()]
    for part in show_tables(given):
        stdout().print(part)
    return 0
