"""From a split's name to its run: the index is built or updated, the queries are opened, and everything is located."""

import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from internvl_vpr.agent.localizer.context import open_context
from internvl_vpr.agent.localizer.map_check import check_and_keep, is_due
from internvl_vpr.agent.settings import Settings, advise_other_index, resolve_settings, settings_of_index
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.features.imported import ImportedDescriptors
from internvl_vpr.tools.index.build import BuildReport, update_index
from internvl_vpr.tools.index.files import find_manifest
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.index.scan import Skipped
from internvl_vpr.tools.photo.image_list import field_images
from internvl_vpr.tools.progress import Progress, silent
from internvl_vpr.tools.records import Position

from ..splits.gallery import copies_in, read_gallery
from ..splits.queries import position_in_plane, read_queries
from ..splits.split import Split
from .about import run_info
from .folder import Run
from .run import Task, run_split

_CHECKED = 60  # photos that a map's check asks


@dataclass(frozen=True)
class RunOptions:
    """How splits are run: with which index and settings, and at most how many queries of each.

    `places` is the index's folder, `flags` are settings by name, and `config` and `environ` the settings file and the
    environment that stand behind them.
    """

    places: Path
    flags: Mapping[str, Any] = field(default_factory=dict)
    config: Path | None = None
    limit: int | None = None
    on_progress: Progress = silent
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def settings(self) -> Settings:
        """Resolve the settings; a ranking has all K candidates unless another `below_tau` is asked for.

        The paper's own way keeps what its preset says: Eq. 10 lists what is retained and nothing else.
        """
        settings = self._resolved({"below_tau": "fallback"})
        return self._resolved({}) if (settings.preset, settings.reranker) == ("paper", "cues") else settings

    def advice(self) -> str | None:
        """Say where the index is not what a preset that is named would build."""
        there = settings_of_index(self.places)
        return advise_other_index(self.flags, environ=self.environ, file=self.config, index=there)

    def _resolved(self, defaults: Mapping[str, Any]) -> Settings:
        there = settings_of_index(self.places)
        return resolve_settings(self.flags, environ=self.environ, file=self.config, index=there, defaults=defaults)


async def measure(split: Split, options: RunOptions, folder: Path) -> tuple[Run, tuple[Skipped, ...]]:
    """Index a split's database, run its queries, and write the run to `folder`; returns it with the files skipped.

    Raises `UsageError` when the index holds photos of another folder, and what indexing and the graph raise.
    """
    report = build_map(split, options)
    with open_context(options.places, settings=options.settings()) as context:
        if isinstance(context.backbone, ImportedDescriptors):
            context.backbone.take_queries(split.queries_folder)
        gallery = read_gallery(context.index, plane=split.plane)
        queries = read_queries(split, gallery, options.limit, copies_in(context.index))
        task = Task(queries, run_info(split, queries, context, options.limit), context)
        return await run_split(task, folder, options.on_progress), report.skipped


def build_map(split: Split, options: RunOptions) -> BuildReport:
    """Index a split's database, or what is new of it, and let the map check itself where that is due.

    The check asks the same photos each time, so that grades are the same on a slower machine.
    Raises `UsageError` when the index holds photos of another folder, and what indexing and the check raise.
    """
    settings = options.settings()
    _refuse_other_photos(options.places, split)
    report = update_index(
        split.database,
        options.places,
        settings.index_settings(settings_of_index(options.places)),
        positions=_in_plane(split) if split.plane else None,
        prune=True,
        listed=split.listed,
        device=settings.device,
        dtype=settings.dtype,
        on_progress=options.on_progress,
    )
    if is_due(options.places, settings=settings):
        check_and_keep(options.places, most=_CHECKED, settings=settings, on_progress=options.on_progress)
    return report


def _in_plane(split: Split) -> dict[str, Position]:
    """The metres of references whose zone is wrong, so that they have no other position."""
    names = field_images(split.database) if split.listed is None else split.listed
    return {name: position for name in names if (position := position_in_plane(name)) is not None}


def _refuse_other_photos(places: Path, split: Split) -> None:
    """Raise `UsageError` for an index of other photos: recall is measured against the split's own database alone."""
    if find_manifest(places) is None:
        return
    with closing(PlaceIndex.open(places)) as index:
        others = [root for root in index.roots() if root != split.database.resolve()]
    if others:
        raise UsageError(
            f"The index in {str(places)!r} holds photos of {str(others[0])!r}, and {split.name!r} is measured on "
            f"those of {str(split.database)!r} alone: name another folder with --places."
        )
