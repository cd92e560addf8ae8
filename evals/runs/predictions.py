"""The field's prediction files `preds/NNN.txt`, written as VPR-methods-evaluation writes them, and read."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.photo.image_list import field_images
from internvl_vpr.tools.photo.position import field_metres

from .folder import PREDICTIONS
from .records import Result, SplitInfo

_QUERY, _PREDICTIONS, _POSITIVES = "Query path:", "Predictions paths:", "Positives paths:"
_HOW = "let VPR-methods-evaluation write it again with --num_preds_to_save"


def write_predictions(folder: Path, results: Sequence[Result], split: SplitInfo) -> None:
    """Write each query's final ranking and its positives to `preds/NNN.txt`, in the queries' order.

    Byte for byte as the field's own code would write these predictions. The positives are the split's, those that
    the field has in its order. All of it can be written again from the results, so that nothing waits for the disk.
    """
    predictions = folder / PREDICTIONS
    predictions.mkdir(exist_ok=True)
    database, asked = str(Path(split.folders["database"])), str(Path(split.folders["queries"]))
    queries = [result for result in results if not result.outside]
    for number, (result, positives) in enumerate(zip(queries, _positives(queries, split), strict=True)):
        blocks = (
            (_QUERY, [f"{asked}/{result.query}"]),
            (_PREDICTIONS, [f"{database}/{one.reference}" for one in result.ranked]),
            (_POSITIVES, [f"{database}/{reference}" for reference in positives]),
        )
        text = "\n".join(f"{title}\n" + "\n".join(paths) + "\n" for title, paths in blocks)
        (predictions / f"{number:03d}.txt").write_text(text, encoding="utf-8")


def _positives(queries: Sequence[Result], split: SplitInfo) -> Iterator[Sequence[str]]:
    """Yield each query's positives in the field's order, those that it would not have at the end."""
    orders = _field_positives(queries, split) if split.rule == "radius" else {}
    for result in queries:
        ours, theirs = set(result.positives), orders.get(result.query, ())
        known = [name for name in theirs if name in ours]
        yield [*known, *(name for name in result.positives if name not in set(known))]


def _field_positives(queries: Sequence[Result], split: SplitInfo) -> Mapping[str, Sequence[str]]:
    """Return the positives by query as scikit-learn's radius search lists them, which follows how its tree is built.

    There are none where the names of the references do not tell metres: the field's code cannot be run there.
    """
    from sklearn.neighbors import NearestNeighbors

    names = field_images(Path(split.folders["database"]))
    at = [metres for name in names if (metres := field_metres(name)) is not None]
    asked = {one.query: metres for one in queries if (metres := field_metres(one.query)) is not None}
    if not asked or not at or len(at) < len(names):
        return {}
    tree = NearestNeighbors().fit(np.array(at))
    found = tree.radius_neighbors(np.array(list(asked.values())), radius=split.radius, return_distance=False)
    return {query: [names[row] for row in rows] for query, rows in zip(asked, found, strict=True)}


class Prediction(NamedTuple):
    """What a prediction file says: the query's path and those of its predictions, the best first."""

    path: Path
    query: str
    predictions: Sequence[str]


def read_predictions(folder: Path) -> list[Prediction]:
    """Read all prediction files of a folder in the order of their numbers; raises `UsageError`."""
    numbered = [path for path in folder.glob("*.txt") if path.stem.isdecimal()]
    paths = sorted(numbered, key=lambda path: int(path.stem))
    return [_read(path) for path in paths]


def _read(path: Path) -> Prediction:
    """Read a file: the query is its second line, and the predictions follow from the fifth to the next empty one."""
    try:
        lines = [line.removesuffix("\r") for line in path.read_text(encoding="utf-8").split("\n")]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The predictions {str(path)!r} cannot be read ({error}): {_HOW}.") from error
    if len(lines) < 5 or (lines[0], lines[3]) != (_QUERY, _PREDICTIONS) or "" not in lines[4:]:
        raise UsageError(f"The file {str(path)!r} does not list a query and its predictions: {_HOW}.")
    return Prediction(path, lines[1], lines[4 : lines.index("", 4)])


def name_below(path: str, names: Collection[str]) -> str | None:
    """Return which of the names, relative to their folder, a path of any machine ends with: the longest, or None."""
    parts = PurePosixPath(path.replace("\\", "/") if "/" not in path else path).parts
    tails = ("/".join(parts[first:]) for first in range(len(parts)))
    return next((tail for tail in tails if tail in names), None)
