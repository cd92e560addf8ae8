"""The commands that describe one split in two ways: prompts, and noise."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from internvl_vpr.agent.cli.flags import CONTEXT_FLAGS, PATH, PLACES, flags
from internvl_vpr.agent.console import interruptible
from internvl_vpr.agent.console.safe_text import safe_text
from internvl_vpr.agent.console.streams import stderr, stdout
from internvl_vpr.tools.disk.whole_file import write_whole
from internvl_vpr.tools.errors import UsageError

from .compare import GATE_FLAGS, checks_of, judged, limits_of
from .run import SPLIT_FLAGS, STAND_IN, split_options

if TYPE_CHECKING:
    from ..runs.folder import Run
    from ..runs.variants import Variant


@click.command("prompts")
@click.argument("baseline", metavar="A")
@click.argument("candidate", metavar="B")
@click.option(
    "--split",
    "splits",
    multiple=True,
    required=True,
    metavar="SPLIT",
    help="What to run on; repeat it for several splits.",
)
@PLACES
@click.option("--out", type=PATH, required=True, metavar="DIR", help="Folder for both runs.")
@click.option("--noise", type=PATH, metavar="FILE", help="Noise floors, as eval noise writes them.")
@click.option("--strict", is_flag=True, help="Count an inconclusive result as a regression.")
@flags(*GATE_FLAGS, *SPLIT_FLAGS, STAND_IN, *CONTEXT_FLAGS)
def prompts(
    baseline: str, candidate: str, splits: tuple[str, ...], places: Path, out: Path, noise: Path | None, strict: bool,
    **given: Any,
) -> int:  # fmt: skip
    """Run prompts A and B over the same images, compare them, check their cues, and gate B on A.

    A prompt is one of the package, such as describe_image.v1, a .md file, or the name of a describer without
    a prompt: signage or statistics. Exit codes: 0 pass, 1 regression, 2 usage, 3 inconclusive, 4 incomplete.
    """
    from ..compare.noise import read_noise
    from ..cues.view import show_prompts
    from ..runs.variants import prompt_variant

    variants = [prompt_variant(baseline), prompt_variant(candidate)]
    limits, floors = limits_of(given), read_noise(noise) if noise else {}
    before, now = _run_all(variants, splits, places, out, given)
    report, checks = judged(now, before, limits, floors)
    a, b = (variant.label for variant in variants)
    stdout().print(show_prompts(report, checks, now, (a, b), strict=strict))
    stdout().print()
    stdout().print(
        safe_text(f"All figures: internvl-vpr eval compare {shlex.join([str(out / a), str(out / b)])}", "dim")
    )
    return report.exit_code(strict=strict)


@click.command("noise")
@click.argument("splits", nargs=-1, required=True, metavar="SPLIT...")
@PLACES
@click.option("--out", type=PATH, required=True, metavar="DIR", help="Folder for both runs and noise.json.")
@flags(*SPLIT_FLAGS, STAND_IN, *CONTEXT_FLAGS)
def noise(splits: tuple[str, ...], places: Path, out: Path, **given: Any) -> int:
    """Run the same prompt twice, each time with a ledger of its own, so that every image is described anew.

    What differs then is chance; OUT/noise.json keeps it for `gate --noise` and `prompts --noise`.
    """
    from ..compare.noise import measure_noise, show_noise
    from ..runs.variants import Variant

    names = ("first", "second")
    twice = [Variant(name, {"ledger": out / f"{name}.sqlite"}) for name in names]
    first, second = _run_all(twice, splits, places, out, given)
    found = measure_noise(first, second, checks_of(second, first))
    write_whole(out / "noise.json", found.model_dump_json(indent=1) + "\n")
    stdout().print(show_noise(found))
    return 0


def _run_all(
    variants: "Sequence[Variant]", splits: tuple[str, ...], places: Path, out: Path, given: dict[str, Any]
) -> "list[dict[str, Run]]":
    from internvl_vpr.agent.console.progress import progress_bars

    from ..runs.variants import run_variants

    with progress_bars(stderr()) as on_progress, split_options(splits, places, given, on_progress) as (where, session):
        if session.settings().reranker == "judge":
            raise UsageError("Descriptions are compared here, and the judge makes none: use --reranker cues.")
        return interruptible.run(run_variants(variants, splits, where, session, out))
