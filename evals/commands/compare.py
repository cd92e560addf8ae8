"""The commands that compare one run with another: compare and gate."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from internvl_vpr.agent.cli.flags import PATH, flags
from internvl_vpr.agent.console.streams import stderr, stdout, warn, write_json
from internvl_vpr.tools.errors import RunUnfinished

from ..compare.gate_limits import Limits

if TYPE_CHECKING:
    from ..compare.gate_report import GateReport
    from ..runs.folder import Run
    from ..runs.records import Check

_SHARE = click.FloatRange(0, 1)
GATE_FLAGS = (
    click.option(
        "--margin", type=click.FloatRange(0, 100), default=100 * Limits.margin, show_default=True, metavar="POINTS",
        help="Loss of recall that is accepted.",
    ),
    click.option(
        "--recall-at", type=click.IntRange(1), default=Limits.k, show_default=True, metavar="K",
        help="The K of this Recall@K.",
    ),
    click.option(
        "--min-valid", type=_SHARE, default=Limits.min_valid, show_default=True,
        help="Least share of images with usable cues.",
    ),
    click.option(
        "--min-exact", type=_SHARE, default=Limits.min_exact, show_default=True,
        help="Least share of images with exactly N cues.",
    ),
    click.option(
        "--max-errors", type=_SHARE, default=Limits.max_errors, show_default=True,
        help="Largest share of photos not located.",
    ),
    click.option(
        "--max-cost", type=click.FloatRange(0, min_open=True), default=Limits.max_cost, show_default=True,
        help="Most tokens, or attempts, an image may cost, as a multiple of the baseline's.",
    ),
)  # fmt: skip
_SAME_NAMES = ("min_valid", "min_exact", "max_errors", "max_cost")


@click.command("compare")
@click.argument("a", type=PATH)
@click.argument("b", type=PATH)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def compare(a: Path, b: Path, as_json: bool) -> int:
    """Say whether B is better than A and by how much, and what difference this many queries could have shown.

    A and B are runs, or folders of runs of the same splits. Exit codes: 0 compared, whatever the verdict, 2 not
    comparable, 4 a run has not finished.
    """
    from ..compare.compare import compare as compare_runs
    from ..compare.view import show_comparison
    from ..runs.folder import load_runs

    found = compare_runs(load_runs(a), load_runs(b))
    if as_json:
        write_json(found.model_dump(mode="json"))
    else:
        stdout().print(show_comparison(found))
    return 0


@click.command("gate")
@click.argument("run", type=PATH)
@click.option("--baseline", type=PATH, required=True, metavar="RUN", help="Run to compare it with.")
@flags(*GATE_FLAGS)
@click.option("--strict", is_flag=True, help="Count an inconclusive result as a regression.")
@click.option("--noise", type=PATH, metavar="FILE", help="Noise floors, as eval noise writes them.")
@click.option("--junit", type=PATH, metavar="FILE", help="Also write the report as JUnit XML.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def gate(
    run: Path, baseline: Path, strict: bool, noise: Path | None, junit: Path | None, as_json: bool, **limits: Any
) -> int:
    """Pass RUN if it is shown to be no worse than its baseline.

    RUN and the baseline are runs, or folders of runs of the same splits. Exit codes: 0 pass, 1 regression, 2 usage
    or not comparable, 3 inconclusive, 4 incomplete: it has not finished, or too many photographs gave errors.
    """
    from ..compare.gate_report import gate_json, write_junit
    from ..compare.noise import read_noise
    from ..compare.view import show_gate
    from ..runs.folder import load_runs

    floors = read_noise(noise) if noise else {}
    report, _ = judged(load_runs(run), load_runs(baseline), limits_of(limits), floors)
    if junit is not None:
        write_junit(junit, report, strict=strict)
    if as_json:
        write_json(gate_json(report, strict=strict))
    else:
        stdout().print(show_gate(report, strict=strict))
    return report.exit_code(strict=strict)


def limits_of(given: dict[str, Any]) -> Limits:
    """Remove a gate's flags from those given, and return them as limits."""
    margin, k = given.pop("margin") / 100, given.pop("recall_at")
    return Limits(margin=margin, k=k, **{name: given.pop(name) for name in _SAME_NAMES})


def judged(
    runs: "Mapping[str, Run]", baselines: "Mapping[str, Run]", limits: Limits, floors: "Mapping[str, float]"
) -> "tuple[GateReport, list[tuple[Check, Check]]]":
    """Check the descriptions of runs and their baselines, and judge them; returns the checks beside the report.

    A run that has not finished has no checks.
    """
    from ..compare.gate import judge
    from ..compare.pairing import paired

    try:
        paired(baselines, runs)  # before anything is computed for runs that cannot be compared
    except RunUnfinished:
        checks = []
    else:
        checks = checks_of(runs, baselines)
    return judge(runs, baselines, limits, checks, floors), checks


def checks_of(runs: "Mapping[str, Run]", baselines: "Mapping[str, Run]") -> "list[tuple[Check, Check]]":
    """Check what was said of the images, and whether its weights are worth anything; nothing was in imported runs."""
    if any(one.info.method is not None for one in [*runs.values(), *baselines.values()]):
        return []
    from internvl_vpr.agent.console.progress import progress_bars

    from ..compare.gate_checks import pooled_checks
    from ..cues.checks import check_runs
    from ..cues.weights_value import weights_checks

    with progress_bars(stderr()) as on_progress:
        said = pooled_checks(runs, baselines, partial(check_runs, on_progress=on_progress, on_note=warn))
    return [*said, *pooled_checks(runs, baselines, weights_checks)]
