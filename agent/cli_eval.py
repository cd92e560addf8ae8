"""The commands that measure: `internvl-vpr eval …`."""

import click

from .cli_eval_run import run


@click.group("eval")
def evaluate() -> None:
    """Measure on benchmark splits, compare runs, gate on them.

    `compare`, `gate`, `prompts` and `noise` end with 0 pass, 1 regression, 2 usage or not comparable, 3 inconclusive,
    4 incomplete, 130 interrupted.
    """


for _command in (run,):
    evaluate.add_command(_command)
