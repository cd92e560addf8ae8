"""The demo: a generated town is indexed and measured as `eval run` does it, and three photographs are shown."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from rich.console import RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from internvl_vpr.agent.console.tables import styled_table
from internvl_vpr.agent.localizer.context import open_context
from internvl_vpr.agent.localizer.run import locate
from internvl_vpr.agent.view.answer import show_answer
from internvl_vpr.agent.words.check import tell_check
from internvl_vpr.tools.index.calibration import read_check
from internvl_vpr.tools.progress import Progress

from ..splits.layouts import open_split
from ..splits.split import Split, TownSize, Where
from ..town.town import QUERIES
from .folder import Run
from .measure import RunOptions, build_map, measure
from .records import Result
from .run import OtherRun
from .view import stage_recalls


async def run_demo(folder: Path, *, seed: int, places: int, on_progress: Progress) -> list[RenderableType]:
    """Build what is not there yet below `folder`, and return what to show: the map's check, three answers and a table.

    The runs are kept in `folder/runs`, so that a second demo has nothing to measure.
    """
    where = Where(root=folder / "town", town=TownSize(seed, places), on_progress=on_progress)
    options = _options(folder / "places", on_progress)
    splits: dict[str, Split] = {name: open_split(f"town-{name.replace('_', '-')}", where) for name in QUERIES}
    await asyncio.to_thread(build_map, next(iter(splits.values())), options)  # all three splits have the same
    check = read_check(options.places)
    runs = {name: await _measured(split, options, folder / "runs" / split.name) for name, split in splits.items()}
    shown: list[RenderableType] = [Text(tell_check(check))] if check else []
    with open_context(options.places, settings=options.settings()) as context:
        for name, run in runs.items():
            photo = splits[name].queries_folder / _telling(run).query
            shown += [
                Rule(f"a photograph of the set {_spoken(name)}", align="left"),
                show_answer(await locate(photo, context)),
            ]
    return [*shown, Rule("all queries", align="left"), _table(runs), _outside(next(iter(runs.values())))]


def _options(places: Path, on_progress: Progress) -> RunOptions:
    """The preset as it is, whatever the environment and settings files say."""
    return RunOptions(places, {"preset": "embedded"}, Path(os.devnull), on_progress=on_progress, environ={})


async def _measured(split: Split, options: RunOptions, folder: Path) -> Run:
    """Return the run of one set of queries; one that was made with other packages or another index is replaced."""
    try:
        run, _ = await measure(split, options, folder)
    except OtherRun:
        shutil.rmtree(folder)
        run, _ = await measure(split, options, folder)
    return run


def _spoken(queries: str) -> str:
    return queries.replace("_", " ")


def _telling(run: Run) -> Result:
    """Pick the query that shows most: the first one that cues decided, otherwise the first."""
    return next((one for one in run.queries if one.decided_by == "cues"), run.queries[0])


def _table(runs: Mapping[str, Run]) -> Table:
    """Recall@1 and @5 of both stages, a block for each set of queries; fits 80 columns."""
    radius = next(iter(runs.values())).info.split.radius
    table = styled_table(f"recall within {radius:g} m: counts and 95 % Wilson intervals", padding=(0, 1))
    for column in ("queries", "stage", "Recall@1", "Recall@5"):
        table.add_column(column, no_wrap=True)
    for name, run in runs.items():
        for stage, label in ((1, "1 retrieved"), (2, "2 re-ranked")):
            table.add_row(
                _spoken(name), label, *map(str, stage_recalls(run, stage, (1, 5))), end_section=stage == 2
            )  # fmt: skip
    return table


def _outside(run: Run) -> Text:
    outside = [result for result in run.results if result.outside]
    unknown, confirmed = (sum(result.grade == grade for result in outside) for grade in ("unknown", "confirmed"))
    return Text(
        f"of {len(outside)} photographs from outside the town, {unknown} are told unknown (all should be) "
        f"and {confirmed} confirmed (none should be)"
    )
