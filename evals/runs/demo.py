"""The demo: a generated town is indexed, three photographs are located, and recall is measured."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from internvl_vpr.agent.localizer.context import Context, open_context
from internvl_vpr.agent.localizer.run import locate
from internvl_vpr.agent.settings import Settings, resolve_settings, settings_of_index
from internvl_vpr.agent.view.answer import show_answer
from internvl_vpr.tools.index.build import update_index
from internvl_vpr.tools.photo.photo import find_photos
from internvl_vpr.tools.photo.position import distance
from internvl_vpr.tools.progress import Progress
from internvl_vpr.tools.records import Answer, Position

from ..measures.recall import Recall, first_positive_rank, recall_at
from ..town.town import build_town

RADIUS = 25.0  # metres, inclusive: the field's own
_AT_ONCE = 4  # queries under way together, so that both the extractor and the describer have work


class Located(NamedTuple):
    """A query's answer, with the rank of the first right reference in each stage; None when it is not listed."""

    answer: Answer
    coarse_rank: int | None
    final_rank: int | None


async def run_demo(folder: Path, *, seed: int, places: int, on_progress: Progress) -> list[RenderableType]:
    """Build what is not there yet below `folder`, and return what to show: three answers and a table."""
    town = build_town(folder / "town", seed=seed, places=places, progress=_stage(on_progress, "drawing the town"))
    settings = _settings(folder / "places")
    update_index(
        town.database,
        folder / "places",
        settings.index_settings(settings_of_index(folder / "places")),
        on_progress=on_progress,
    )
    shown: list[RenderableType] = []
    sets: dict[str, list[Located]] = {}
    with open_context(folder / "places", settings=settings) as context:
        for name, queries in town.queries.items():
            sets[name] = await _locate_all(find_photos(queries), context, _stage(on_progress, f"locating {name}"))
            shown += [Rule(f"a photograph of the set {name}", align="left"), show_answer(_telling(sets[name]).answer)]
        unknown = await _locate_all(find_photos(town.unknown), context, _stage(on_progress, "locating unknown"))
    return [*shown, Rule("all queries", align="left"), _table(sets), _unknown(unknown)]


def _settings(places: Path) -> Settings:
    """The preset as it is, whatever the environment says; a town that is indexed already keeps its index."""
    return resolve_settings({"preset": "embedded"}, environ={}, file=Path(os.devnull), index=settings_of_index(places))


async def _locate_all(
    photos: Sequence[Path], context: Context, on_progress: Callable[[int, int], None]
) -> list[Located]:
    """Locate every photo, a few at a time, in their order."""
    free = asyncio.Semaphore(_AT_ONCE)
    done = 0

    async def one(photo: Path) -> Located:
        nonlocal done
        async with free:
            answer = await locate(photo, context)
        done += 1
        on_progress(done, len(photos))
        return _judged(answer)

    return list(await asyncio.gather(*(one(photo) for photo in photos)))


def _judged(answer: Answer) -> Located:
    """Compare an answer's two rankings with the photo's own position, which the run did not use."""
    truth = answer.query_position

    def right(position: Position | None) -> bool:
        metres = distance(truth, position) if truth and position else None
        return metres is not None and metres <= RADIUS

    final = [right(candidate.position) for candidate in answer.candidates]
    coarse = [right(c.position) for c in sorted(answer.candidates, key=lambda candidate: candidate.coarse_rank)]
    return Located(answer, first_positive_rank(coarse, {True}), first_positive_rank(final, {True}))


def _telling(located: Sequence[Located]) -> Located:
    """Pick the photograph that shows most: one that the cues decided, otherwise the first."""
    return next((one for one in located if one.answer.decided_by == "cues"), located[0])


def _table(sets: Mapping[str, Sequence[Located]]) -> Table:
    """Recall@1 and @5 of both stages, a block for each set of queries; fits 80 columns."""
    table = Table(
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        title="recall within 25 m: counts and 95 % Wilson intervals",
        title_justify="left",
    )
    for column in ("queries", "stage", "Recall@1", "Recall@5"):
        table.add_column(column, no_wrap=True)
    for name, located in sets.items():
        stages = {
            "1 retrieved": [one.coarse_rank for one in located],
            "2 re-ranked": [one.final_rank for one in located],
        }
        for stage, ranks in stages.items():
            recalls = [Recall(k, *recall_at(ranks, k)) for k in (1, 5)]
            table.add_row(name.replace("_", " "), stage, *map(str, recalls), end_section=stage.startswith("2"))
    return table


def _unknown(located: Sequence[Located]) -> Text:
    confirmed = sum(one.answer.decided_by == "cues" for one in located)
    return Text(
        f"of {len(located)} photographs from outside the town, {confirmed} were confirmed by cues (none should be)"
    )


def _stage(on_progress: Progress, stage: str) -> Callable[[int, int], None]:
    return lambda done, total: on_progress(stage, done, total)
