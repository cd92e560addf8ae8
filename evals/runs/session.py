"""From a split's name to its run: the index is built or updated, the queries are opened, and everything is located."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from internvl_vpr.agent.localizer.context import open_context
from internvl_vpr.agent.settings import Settings, resolve_settings, settings_of_index
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.index.build import update_index
from internvl_vpr.tools.index.files import find_manifest
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.index.scan import Skipped
from internvl_vpr.tools.progress import Progress, silent

from ..splits.gallery import read_gallery
from ..splits.queries import read_queries
from ..splits.split import Split
from .about import run_info
from .folder import Run
from .run import Task, run_split


@dataclass(frozen=True)
class Session:
    """How splits are measured: the index's folder, the flags by name, and at most how many queries of each."""

    places: Path
    flags: Mapping[str, Any] = field(default_factory=dict)
    config: Path | None = None
    limit: int | None = None
    on_progress: Progress = silent

    def settings(self) -> Settings:
        """Resolve the settings; unless something else is asked for, a ranking always has K entries."""
        there = settings_of_index(self.places)
        return resolve_settings(self.flags, file=self.config, index=there, defaults={"below_tau": "fallback"})


async def measure(split: Split, session: Session, folder: Path) -> tuple[Run, tuple[Skipped, ...]]:
    """Index a split's database, run its queries, and write the run to `folder`; returns it with the files skipped.

    Raises `UsageError` when the index holds photos of another folder, and what indexing and the graph raise.
    """
    settings = session.settings()
    _refuse_other_photos(session.places, split)
    report = update_index(
        split.database,
        session.places,
        settings.index_settings(settings_of_index(session.places)),
        prune=True,
        listed=split.listed,
        device=settings.device,
        dtype=settings.dtype,
        on_progress=session.on_progress,
    )
    with open_context(session.places, settings=settings) as context:
        queries = read_queries(split, read_gallery(context.index), session.limit)
        task = Task(queries, run_info(split, queries, context, session.limit), context)
        return await run_split(task, folder, session.on_progress), report.skipped


def _refuse_other_photos(places: Path, split: Split) -> None:
    """Recall is measured against the split's own database: a map of something else is neither used nor changed."""
    if find_manifest(places) is None:
        return
    with closing(PlaceIndex.open(places)) as index:
        others = [root for root in index.roots() if root != split.database.resolve()]
    if others:
        raise UsageError(
            f"The index in {str(places)!r} holds photos of {str(others[0])!r}, and {split.name!r} is measured on "
            f"those of {str(split.database)!r} alone: name another folder with --places."
        )
