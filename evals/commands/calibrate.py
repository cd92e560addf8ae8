"""The command that calibrates τ."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from internvl_vpr.agent.cli.flags import PATH
from internvl_vpr.agent.console.streams import stdout, write_json
from internvl_vpr.tools.errors import IndexMismatch
from internvl_vpr.tools.text.foreign import visible

if TYPE_CHECKING:
    from internvl_vpr.tools.index.calibration import Calibration

NOT_PROMISED = 3


@click.command("calibrate")
@click.argument("runs", nargs=-1, required=True, type=PATH, metavar="RUN...")
@click.option("--precision", type=float, default=0.95, show_default=True, help="Share of answers that must be right.")
@click.option("--confidence", type=float, default=0.95, show_default=True, help="One-sided confidence in that share.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the split into two halves.")
@click.option(
    "--places", type=PATH, metavar="DIR", help="Index to store τ in if the test supports it; locate then uses it."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def calibrate(
    runs: tuple[Path, ...], precision: float, confidence: float, seed: int, places: Path | None, as_json: bool
) -> int:
    """Find a threshold τ above which answers are right as often as asked, and test it on other places.

    RUN is a run, or a folder of runs of several splits of one map. Exit codes: 0 the test supports τ, 3 too few
    queries to support it: nothing is stored.
    """
    from ..runs.folder import load_runs
    from ..runs.risk import risk_coverage
    from ..tune.calibrate import asked_queries
    from ..tune.calibrate import calibrate as calibrate_runs
    from ..tune.calibrate_view import calibration_json, show_calibration

    given = [one for folder in runs for one in load_runs(folder).values()]
    found = calibrate_runs(given, precision, confidence, seed)
    curve = risk_coverage(one.judged for one in asked_queries(given))
    stored = places is not None and _stored(places, found)
    if as_json:
        write_json({**calibration_json(curve, found), "stored": stored})
    else:
        stdout().print(show_calibration(curve, found))
        if places is not None:
            done = "stored" if stored else "nothing was stored"
            stdout().print(f"{done} in", visible(str(places)), soft_wrap=True)  # a path can be copied whole
    return 0 if found.promised else NOT_PROMISED


def _stored(places: Path, found: "Calibration") -> bool:
    """Store a supported τ in the index that it is valid for; returns whether it was stored."""
    from internvl_vpr.tools.index.calibration import write_calibration
    from internvl_vpr.tools.index.files import read_manifest

    if read_manifest(places).codebook_digest != found.valid_for.codebook:
        raise IndexMismatch(
            f"The runs were made with another index than the one in {str(places)!r}: name theirs with --places, or run "
            "the splits again with this one."
        )
    if found.promised:
        write_calibration(places, found)
    return found.promised
