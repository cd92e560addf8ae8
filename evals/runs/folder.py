"""A run as a folder: `run.json`, `results.jsonl`, `descriptions.jsonl`, and the field's `preds/NNN.txt`."""

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from pydantic import ValidationError

from internvl_vpr.tools.disk.whole_file import write_whole
from internvl_vpr.tools.errors import RunUnfinished, UsageError
from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.records import Record

from .records import ImageDescription, Result, RunInfo

RUN, RESULTS, DESCRIPTIONS, PREDICTIONS = "run.json", "results.jsonl", "descriptions.jsonl", "preds"

_Line = TypeVar("_Line", bound=Record)


@dataclass(frozen=True)
class Run:
    """A run that was read: `results` in the order of the split's queries."""

    folder: Path
    info: RunInfo
    results: Sequence[Result]

    @property
    def finished(self) -> bool:
        """Whether every query has its result."""
        return self.info.finished is not None

    def finished_or_raise(self) -> "Run":
        """Return the run when it has finished, otherwise raise `RunUnfinished`."""
        if not self.finished:
            raise RunUnfinished(
                f"The run in {str(self.folder)!r} has not finished: run the command that began it again."
            )
        return self

    def scored_or_raise(self) -> "Run":
        """Return the run when it has finished and cues scored it, otherwise raise `RunUnfinished` or `UsageError`."""
        if self.info.method is not None:
            raise UsageError(
                f"The run in {str(self.folder)!r} was imported and has stage 1 alone, so there are no scores: "
                "use its descriptors with --coarse for the whole way."
            )
        if self.info.judges:
            raise UsageError(
                f"The run in {str(self.folder)!r} has no cues, as a judge compared its pairs: name one that was made "
                "with --reranker cues."
            )
        return self.finished_or_raise()

    @cached_property
    def queries(self) -> list[Result]:
        """The queries that count for recall; those from outside the map do not."""
        return [result for result in self.results if not result.outside]

    @cached_property
    def by_query(self) -> dict[tuple[bool, str], Result]:
        """The results by whether the query is from outside, and its name."""
        return {(result.outside, result.query): result for result in self.results}

    @cached_property
    def descriptions(self) -> dict[str, ImageDescription]:
        """What was said of each image, by digest; empty for a run that has not finished."""
        return {one.digest: one for one in read_lines(self.folder / DESCRIPTIONS, ImageDescription)}


@contextmanager
def ledger_of(run: Run) -> Iterator[Ledger]:
    """Open a run's ledger, or an empty one where it was moved or is on another machine: only embeddings are lost.

    Raises what opening the ledger does.
    """
    with ExitStack() as stack:
        path = Path(run.info.ledger)
        if not path.is_file():
            path = Path(stack.enter_context(TemporaryDirectory())) / "ledger.sqlite"
        yield stack.enter_context(Ledger(path))


def load_run(folder: Path) -> Run:
    """Read one run; raises `UsageError` where there is none, or one that cannot be read."""
    path = folder / RUN
    try:
        info = RunInfo.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no run in {str(folder)!r}: make one with internvl-vpr eval run SPLIT --out {str(folder)!r}."
        ) from error
    except (OSError, ValueError) as error:
        raise UsageError(
            f"The run {str(path)!r} cannot be read: make it again with eval run, in another folder."
        ) from error
    return Run(folder, info, list(read_lines(folder / RESULTS, Result)))


def load_runs(folder: Path) -> dict[str, Run]:
    """Read a run, or all runs that are folders below `folder`, by the name of their split; raises `UsageError`."""
    if (folder / RUN).exists() or not folder.is_dir():
        run = load_run(folder)
        return {run.info.split.name: run}
    found = [load_run(path.parent) for path in sorted(folder.glob(f"*/{RUN}"))]
    if not found:
        load_run(folder)  # says what is missing
    runs = {run.info.split.name: run for run in found}
    if len(runs) < len(found):
        raise UsageError(f"The folder {str(folder)!r} holds several runs of one split: name one of them.")
    return runs


def read_lines(path: Path, kind: type[_Line]) -> Iterator[_Line]:
    """Yield the records of a file of JSON lines, or of the same file gzipped; none where there is neither.

    A last line that a killed process left half written is skipped; raises `UsageError` for any other line that
    cannot be read.
    """
    packed = path.with_name(f"{path.name}.gz")
    try:
        plain = path.exists() or not packed.exists()
        content = path.read_bytes() if plain else gzip.decompress(packed.read_bytes())
    except FileNotFoundError:
        return
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"The file {str(path)!r} cannot be read ({error}): make the run again.") from error
    lines = content.split(b"\n")
    for number, line in enumerate(lines[:-1], start=1):  # what follows the last newline is not whole
        try:
            yield kind.model_validate_json(line)
        except ValidationError as error:
            raise UsageError(
                f"The file {str(path)!r}, line {number}, cannot be read: make the run again in another folder."
            ) from error


def write_lines(path: Path, records: Iterable[Record]) -> None:
    """Write records as JSON lines, as a whole or not at all."""
    write_whole(path, "".join(f"{record.model_dump_json(exclude_defaults=True)}\n" for record in records))
