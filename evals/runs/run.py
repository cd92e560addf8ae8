"""Running a split: every query through the localization graph, one line a query, resumed where a run was killed."""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from internvl_vpr.agent.localizer.context import Context
from internvl_vpr.agent.localizer.run import trace
from internvl_vpr.agent.localizer.workers import run_workers
from internvl_vpr.tools.disk.whole_file import write_whole
from internvl_vpr.tools.errors import PhotoError, UsageError
from internvl_vpr.tools.progress import Progress, silent

from ..splits.queries import SplitQuery
from .about import describe_images, now
from .folder import DESCRIPTIONS, RESULTS, RUN, Run, load_run, write_lines
from .judging import judged, judging, missed
from .predictions import write_predictions
from .records import Result, RunInfo

AT_ONCE = 4  # queries under way together, so that both the extractor and the describer have work


class OtherRun(UsageError):
    """The folder holds a run of other queries, settings or versions."""


@dataclass(frozen=True)
class Task:
    """What a run measures, and with what."""

    queries: Sequence[SplitQuery]
    info: RunInfo
    context: Context


async def run_split(task: Task, folder: Path, on_progress: Progress = silent) -> Run:
    """Locate every query of a split and write the run to a folder; a run that was stopped is resumed.

    Raises `OtherRun` when the folder holds a run of something else, `UsageError` when it cannot be written to, and
    what the graph raises; what was finished until then is kept.
    """
    there = _open_folder(folder, task.info)
    if there.finished:
        return there
    started = time.monotonic()
    lines = _Lines(folder / RESULTS, there.results)
    try:
        await _locate_all(task, lines, on_progress)
    finally:
        lines.close()
        info = there.info.model_copy(update={"seconds": round(there.info.seconds + time.monotonic() - started, 3)})
        write_whole(folder / RUN, _json(info))
    return _finish(task, lines, folder, info)


def _open_folder(folder: Path, info: RunInfo) -> Run:
    """Return the run that is there, or begin one; raises `OtherRun` for a run of something else."""
    if (folder / RUN).exists():
        there = load_run(folder)
        if differing := _differing(there.info, info):
            raise OtherRun(
                f"The folder {str(folder)!r} holds a run with other settings ({differing}): name another with --out."
            )
        return there
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"The folder {str(folder)!r} holds other files: name a new one with --out.")
        write_whole(folder / RUN, _json(info))
    except OSError as error:
        raise UsageError(f"The run cannot be written to {str(folder)!r} ({error.strerror}): name another.") from error
    return Run(folder, info, [])


def _differing(there: RunInfo, asked: RunInfo) -> str:
    """Name what differs between a run and what is asked for; empty when nothing does."""
    ours, others = _flat(there), _flat(asked)
    names = [name for name in dict.fromkeys([*ours, *others]) if ours.get(name) != others.get(name)]
    return ", ".join(f"{name} {ours.get(name)}, not {others.get(name)}" for name in names[:3])


def _flat(info: RunInfo) -> dict[str, object]:
    """What decides a run's results, by name; which server has the model decides none."""
    fields = info.model_dump(mode="json", exclude={"started", "finished", "seconds", "ledger"})
    fields["settings"].pop("endpoint", None)
    split = {f"split's {name}": value for name, value in fields.pop("split").items() if name != "folders"}
    return {"limit": fields.pop("limit"), **split, **fields.pop("settings"), **fields.pop("versions"), **fields}


class _Lines:
    """The file of results: a line is on the disk before the next query is asked for."""

    def __init__(self, path: Path, there: Sequence[Result]) -> None:
        self.results = {(result.outside, result.query): result for result in there}
        write_lines(path, there)  # without the half line that a killed process may have left
        self._file = path.open("a", encoding="utf-8")

    def __len__(self) -> int:
        return len(self.results)

    def add(self, result: Result) -> None:
        """Write one result."""
        self._file.write(f"{result.model_dump_json(exclude_defaults=True)}\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.results[result.outside, result.query] = result

    def of(self, query: SplitQuery) -> Result | None:
        """Return the result of a query, if it has one."""
        return self.results.get((query.outside, query.name))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


async def _locate_all(task: Task, lines: _Lines, on_progress: Progress) -> None:
    """Locate the queries that have no result yet, a few at a time."""
    waiting = iter([query for query in task.queries if lines.of(query) is None])
    already, started = len(lines), time.monotonic()

    def report() -> None:
        rate = (len(lines) - already) / max(time.monotonic() - started, 1e-3)
        on_progress(task.info.split.name, len(lines), len(task.queries), f"{rate:.2f} queries/s")

    async def work() -> None:
        for query in waiting:
            lines.add(await _locate(query, task))
            report()

    report()
    await run_workers(work, AT_ONCE)


async def _locate(query: SplitQuery, task: Task) -> Result:
    """Locate one query; a photo that cannot be used is a result that says so, and counts as missed."""
    if query.error is not None:
        return missed(query, query.error)
    try:
        found = await trace(query.path, task.context)
        judge, ledger = task.context.judge, task.context.ledger
        took = await asyncio.to_thread(judging, found, judge, ledger) if judge else None
        return judged(query, found, took)
    except PhotoError as error:
        return missed(query, str(error))


def _finish(task: Task, lines: _Lines, folder: Path, info: RunInfo) -> Run:
    """Write what needs every result; `run.json` says last that the run is finished."""
    ordered = [result for query in task.queries if (result := lines.of(query)) is not None]
    write_lines(folder / RESULTS, ordered)
    write_lines(folder / DESCRIPTIONS, describe_images(task.queries, ordered, task.context))
    write_predictions(folder, ordered, info.split)
    write_whole(folder / RUN, _json(info.model_copy(update={"finished": now()})))
    return load_run(folder)


def _json(info: RunInfo) -> str:
    return info.model_dump_json(indent=1) + "\n"
