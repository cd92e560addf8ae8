"""The commands that measure: `internvl-vpr eval …`."""

import click

from .assistant import assistant
from .calibrate import calibrate
from .compare import compare, gate
from .import_ import import_
from .prompts import noise, prompts
from .report import report
from .run import run
from .sweep import sweep, tables


@click.group("eval")
def evaluate() -> None:
    """Measure on benchmark splits, compare runs, gate on them.

    `gate`, `prompts` and `assistant` end with 0 pass, 1 regression, 2 usage or not comparable, 3 inconclusive,
    4 incomplete, 130 interrupted.
    """


for _command in (run, import_, tables, sweep, compare, gate, prompts, assistant, noise, calibrate, report):
    evaluate.add_command(_command)
