"""A run out of another method's files: its stage 1 on a split, measured as our own is."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

from internvl_vpr.tools.disk.whole_file import write_whole
from internvl_vpr.tools.errors import PackageMissing, PhotoError, PositionError, UsageError
from internvl_vpr.tools.index.bounded_map import bounded_map
from internvl_vpr.tools.photo.photo import open_photo
from internvl_vpr.tools.photo.position import as_it_stands, distance, parse_at_name
from internvl_vpr.tools.progress import Progress, silent
from internvl_vpr.tools.records import Position

from ..splits.gallery import Digested, Reference, gallery_of
from ..splits.queries import SplitQuery, read_queries
from ..splits.split import Split
from .about import now, split_info, versions
from .folder import RESULTS, RUN, Run, load_run, write_lines
from .predictions import write_predictions
from .records import Result, RunInfo, Shortlisted
from .stage_one_files import StageOne, read_stage_one, rows_of

_READ_AT_MOST = 50_000  # references whose bytes are read for a digest, about 5 GB of photographs
_OUTSIDE = "an imported method is not asked about photographs from outside the map"


@dataclass(frozen=True)
class ImportOptions:
    """What is imported: a folder of files, under the name of a method, `k` references a query at most."""

    source: Path
    method: str
    k: int = 100
    limit: int | None = None
    on_progress: Progress = silent


def import_run(split: Split, options: ImportOptions, folder: Path) -> tuple[Run, str | None]:
    """Write the run of an imported method to a new folder; returns it, and what a person should know about it.

    No index is needed: positions are those of the split's photos, by the field's protocol, so that a query that is in
    the database finds itself. Raises `UsageError` for files that do not fit the split, and for a folder that is in use.
    """
    started = now()
    if not options.method.strip():
        raise UsageError("The method has no name: give one with --name, such as SALAD-CM.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"The folder {str(folder)!r} holds something already: name a new one with --out.")
    rows = rows_of(split, options.limit)
    found = read_stage_one(options.source, split, rows, options.k, options.on_progress)
    digests: dict[str, str | None] = {}
    references = Digested(_references(split, rows.database, digests, options.on_progress), drawn_by=split.drawn_by)
    gallery = gallery_of(references, plane=split.plane)
    queries = read_queries(split, gallery, options.limit, opened=partial(_identified, plane=split.plane))
    info = RunInfo(
        split=split_info(split, queries, len(gallery), references.digests(), lambda: gallery),
        method=options.method,
        settings=_settings(found, options.source),
        versions=versions(),
        limit=options.limit,
        started=started,
        finished=now(),
    )
    _write(folder, info, _results(queries, found, digests, split))
    return load_run(folder), found.note


def _settings(found: StageOne, source: Path) -> dict[str, str | int | float | None]:
    """What decided the ranking; there are no cues, no threshold and no geometry."""
    nothing: dict[str, str | int | float | None] = {"n": None, "tau": -1.0, "below_tau": "fallback", "verify": "off"}
    return {"k": found.k, "imported": found.origin, "source": source.as_posix(), **found.about, **nothing}


def _references(
    split: Split, names: Sequence[str], digests: dict[str, str | None], on_progress: Progress
) -> Iterator[Reference]:
    """Yield the references in the order of their names, millions of them one by one.

    Digests of their bytes are put into `digests` unless they are too many.
    """
    read = len(names) <= _READ_AT_MOST and split.drawn_by is None
    opened = partial(_reference, split.database, plane=split.plane, read=read)
    ordered = sorted(set(names))
    for number, one in enumerate(bounded_map(opened, ordered) if read else map(opened, ordered), start=1):
        if read:
            digests[one.name] = one.digest
        yield one
        if number % 1024 == 0 or number == len(ordered):
            on_progress("reading positions", number, len(ordered))


def _reference(folder: Path, name: str, *, plane: bool, read: bool) -> Reference:
    return Reference(name, _digest(folder / name) if read else None, _position(folder / name, name, plane=plane))


def _identified(query: SplitQuery, *, plane: bool) -> SplitQuery:
    """Find a query's position and digest without decoding it: its ranking is there already."""
    position = _position(query.path, query.name, plane=plane)
    return replace(query, digest=_digest(query.path), position=position)


def _position(path: Path, name: str, *, plane: bool) -> Position | None:
    """Return what the name tells, otherwise EXIF; None where neither can be used."""
    try:
        named = parse_at_name(PurePosixPath(name).name)
        return named or open_photo(path).position
    except PositionError:
        return as_it_stands(name, None) if plane else None
    except (PhotoError, PackageMissing):
        return None


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _results(
    queries: Sequence[SplitQuery], found: StageOne, digests: Mapping[str, str | None], split: Split
) -> list[Result]:
    """One result a query, its ranking the imported order."""
    shown = _shown({name for names in found.ranked for name in names}, digests, split)
    inside = [query for query in queries if not query.outside]
    results = []
    for number, (query, names) in enumerate(zip(inside, found.ranked, strict=True)):
        told = found.similarities[number] if found.similarities is not None else [None] * len(names)
        shortlist = tuple(
            _shortlisted(shown[name], similarity, query.position) for name, similarity in zip(names, told, strict=True)
        )
        results.append(_result(query, shortlist=shortlist, ranking=tuple(range(1, len(names) + 1))))
    return [*results, *(_result(query, error=_OUTSIDE) for query in queries if query.outside)]


def _result(query: SplitQuery, **found: object) -> Result:
    return Result.model_validate({
        "query": query.name, "digest": query.digest, "position": query.position, "outside": query.outside,
        "positives": query.positives, **found,
    })  # fmt: skip


def _shown(names: Collection[str], digests: Mapping[str, str | None], split: Split) -> dict[str, Reference]:
    """The references that are in a shortlist, by name; raises `UsageError` for one that cannot be read."""

    def opened(name: str) -> Reference:
        path = split.database / name
        return Reference(name, digests.get(name) or _digest(path), _position(path, name, plane=split.plane))

    shown = {one.name: one for one in bounded_map(opened, sorted(names))}
    for one in shown.values():
        if one.digest is None:
            raise UsageError(
                f"The reference {str(split.database / one.name)!r} cannot be read: copy the split here whole."
            )
    return shown


def _shortlisted(reference: Reference, similarity: float | None, at: Position | None) -> Shortlisted:
    metres = distance(at, reference.position) if at and reference.position else None
    return Shortlisted(
        reference=reference.name,
        digest=reference.digest or "",
        similarity=similarity,
        placed=reference.position is not None,
        metres=None if metres is None else round(metres, 3),
    )


def _write(folder: Path, info: RunInfo, results: Sequence[Result]) -> None:
    """Write a finished run; `run.json` comes last, so that what is not whole is no run."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_lines(folder / RESULTS, results)
        write_predictions(folder, results, info.split)
        write_whole(folder / RUN, info.model_dump_json(indent=1) + "\n")
    except OSError as error:
        raise UsageError(f"The run cannot be written to {str(folder)!r} ({error.strerror}): name another.") from error
