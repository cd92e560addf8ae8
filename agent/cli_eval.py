"""The commands that measure: `internvl-vpr eval …`."""

import click

from .cli_eval_calibrate import calibrate
from .cli_eval_compare import compare, gate
from .cli_eval_prompts import noise, prompts
from .cli_eval_report import report
from .cli_eval_run import run
from .cli_eval_sweep import sweep, tables


@click.group("eval")
def evaluate() -> None:
    """Measure on benchmark splits, compare runs, gate on them.

    `gate` and `prompts` end with 0 pass, 1 regression, 2 usage or not comparable, 3 inconclusive, 4 incomplete,
    130 interrupted.
    """


for _command in (run, tables, sweep, compare, gate, prompts, noise, calibrate, report):
    evaluate.add_command(_command)
