"""Another method's stage 1 from the files that VPR-methods-evaluation writes: descriptors, or predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from internvl_vpr.tools.arrays import rounded
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.features.descriptor_file import DATABASE_FILE, QUERIES_FILE, check_rows, open_both
from internvl_vpr.tools.photo.image_list import field_images
from internvl_vpr.tools.photo.photo import find_photos
from internvl_vpr.tools.progress import Progress, silent

from ..measures.nearest import nearest_rows
from ..splits.split import Split
from .folder import PREDICTIONS
from .predictions import Prediction, name_below, read_predictions


@dataclass(frozen=True)
class StageOne:
    """What a method retrieves for each query of a split: references by name, the nearest first, K for each at least.

    `similarities` are 1 − d²/2 of L2 distances d, and missing where only the order is known. `origin` says what was
    read, and `note` what a person should know about it.
    """

    origin: Literal["descriptors", "predictions"]
    k: int
    ranked: Sequence[Sequence[str]]
    similarities: Sequence[Sequence[float]] | None
    about: dict[str, str | int | float | None]
    note: str | None = None


@dataclass(frozen=True)
class Rows:
    """The images of a split in the order of the field's rows, and which queries are asked for."""

    database: Sequence[str]
    queries: Sequence[str]
    asked: Sequence[str]


def rows_of(split: Split, limit: int | None) -> Rows:
    """List a split's images as the field does; raises `UsageError` where these are not the split's photos."""
    database, queries = field_images(split.database), field_images(split.queries_folder)
    names = split.listed if split.listed is not None else _relative(split.database)
    for kind, missing in (
        ("query", set(split.queries) - set(queries)),
        ("reference", set(names) - set(database)),
    ):
        if missing:
            raise UsageError(
                f"The {kind} {min(missing)!r} has no row, because the field's code reads .jpg, .jpeg and .png, or what "
                "its list names: convert it, or move it elsewhere."
            )
    return Rows(database, queries, list(split.queries[:limit]))


def _relative(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in find_photos(folder)]


def read_stage_one(source: Path, split: Split, rows: Rows, k: int, on_progress: Progress = silent) -> StageOne:
    """Read what a method retrieves from its descriptors, or from its predictions where there are none.

    Raises `UsageError` that says what does not fit the split, or that the folder holds neither.
    """
    written = source / PREDICTIONS if (source / PREDICTIONS).is_dir() else source
    predictions = read_predictions(written)
    if any((source / name).exists() for name in (QUERIES_FILE, DATABASE_FILE)):
        return _by_descriptors(source, split, rows, k, predictions, on_progress)
    if predictions:
        return _by_predictions(predictions, split, rows)
    below = [path.parent for name in (QUERIES_FILE, PREDICTIONS) for path in sorted(source.glob(f"*/{name}"))]
    raise UsageError(
        f"There are neither descriptors nor predictions in {str(source)!r}: name the folder that "
        "VPR-methods-evaluation wrote with --save_descriptors or --num_preds_to_save"
        + (f", such as {str(below[-1])!r}." if below else ".")
    )


def _by_descriptors(
    source: Path, split: Split, rows: Rows, k: int, predictions: Sequence[Prediction], on_progress: Progress
) -> StageOne:
    """Search the descriptors exactly; predictions beside them are only looked at for another order of the queries."""
    queries, database = open_both(source)
    check_rows(queries, rows.queries, split.queries_folder)
    check_rows(database, rows.database, split.database)
    numbers = _first_numbers(rows.queries)
    near, distances = nearest_rows(queries, database, k, [numbers[name] for name in rows.asked], on_progress)
    similarities = rounded(1 - distances / 2)
    ranked = [[rows.database[row] for row in found] for found in near.tolist()]
    note = _beside(predictions, rows, ranked) if predictions else None
    about: dict[str, str | int | float | None] = {"dimension": queries.dimension, "dtype": f"{database.rows.dtype}"}
    return StageOne("descriptors", near.shape[1], ranked, similarities.tolist(), about, note)


def _first_numbers(names: Sequence[str]) -> dict[str, int]:
    """Number names from 0; a list may name an image twice."""
    return {name: len(names) - 1 - behind for behind, name in enumerate(reversed(names))}


def _beside(predictions: Sequence[Prediction], rows: Rows, ranked: Sequence[Sequence[str]]) -> str:
    """Compare predictions that lie beside descriptors; raises `UsageError` where they number the queries otherwise."""
    numbers = _first_numbers(rows.queries)
    first = dict(zip(rows.asked, (found[0] for found in ranked), strict=True))
    others = 0
    for one in predictions:
        name = name_below(one.query, numbers)
        if name is None or rows.queries[int(one.path.stem) :][:1] != [name]:
            raise UsageError(
                f"The file {str(one.path)!r} is about {one.query!r}, which is not image {int(one.path.stem)} (from 0) "
                "of the split's queries, so the rows of the descriptors are in another order: extract them again."
            )
        best = name_below(one.predictions[0], {first[name]}) if name in first and one.predictions else None
        others += name in first and best is None
    told = f"; {others} of {len(predictions)} name another first prediction" if others else ""
    return f"Read from the descriptors, not from the predictions beside them{told}."


def _by_predictions(predictions: Sequence[Prediction], split: Split, rows: Rows) -> StageOne:
    """Take predictions as they stand, their paths by what follows the folders of queries and database."""
    queries, database = set(rows.queries), set(rows.database)
    found: dict[str, list[str]] = {}
    for one in predictions:
        query = name_below(one.query, queries)
        if query is None:
            raise UsageError(
                f"The file {str(one.path)!r} is about {one.query!r}, which is no query of {split.name!r}: "
                "import the predictions of this split."
            )
        if query in found:
            raise UsageError(
                f"The query {query!r} has several files in {str(one.path.parent)!r}: keep those of one evaluation."
            )
        found[query] = [_reference(path, one, split, database) for path in one.predictions]
        if len(set(found[query])) < len(found[query]):
            raise UsageError(
                f"The file {str(one.path)!r} predicts a reference twice: let the evaluation write it again."
            )
    if missing := [query for query in rows.asked if not found.get(query)]:
        have = "1 query of {} has" if len(missing) == 1 else f"{len(missing)} queries of {{}} have"
        raise UsageError(
            f"{have.format(repr(split.name))} no predictions, such as {missing[0]!r}: save those of all "
            "queries, without --save_only_wrong_preds."
        )
    ranked = [found[query] for query in rows.asked]
    return StageOne("predictions", min(map(len, ranked)), ranked, None, {})


def _reference(path: str, one: Prediction, split: Split, database: set[str]) -> str:
    name = name_below(path, database)
    if name is None:
        raise UsageError(
            f"The file {str(one.path)!r} predicts {path!r}, which is no reference of {split.name!r}: "
            "import the predictions of this split."
        )
    return name
