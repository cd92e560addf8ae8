"""The commands that measure: `internvl-vpr eval …`."""

import click

from .cli_eval_calibrate import calibrate
from .cli_eval_run import run
from .cli_eval_sweep import sweep, tables


@click.group("eval")
def evaluate() -> None:
    """Measure on benchmark splits, compare runs, gate on them.

    `compare`, `gate`, `prompts` and `noise` end with 0 pass, 1 regression, 2 usage or not comparable, 3 inconclusive,
    4 incomplete, 130 interrupted.
    """


for _command in (run, tables, sweep, calibrate):
    evaluate.add_command(_command)
