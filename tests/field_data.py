"""A made data set in the field's layout, and a plain rewriting of the field's protocol and of its prediction files."""

from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from PIL import Image
from sklearn.neighbors import NearestNeighbors

REFERENCES, QUERIES, DIMENSION = 330, 90, 24
RECALLS = (1, 5, 10, 20)


@dataclass(frozen=True)
class FieldData:
    """Where a made data set is, its names in the order of the rows, and its descriptors in float64."""

    root: Path
    references: list[str]
    queries: list[str]
    database_rows: np.ndarray
    query_rows: np.ndarray

    @property
    def database(self) -> Path:
        return self.root / "database"

    @property
    def asked(self) -> Path:
        return self.root / "queries"

    def save(self, folder: Path, dtype: str) -> Path:
        """Write the descriptors as the field's code saves them."""
        folder.mkdir(parents=True)
        np.save(folder / "database_descriptors.npy", self.database_rows.astype(dtype))
        np.save(folder / "queries_descriptors.npy", self.query_rows.astype(dtype))
        return folder


def make_field_data(root: Path, *, listed: bool = False, zones: tuple[str, ...] = ("10@S",)) -> FieldData:
    """Write 330 references and 90 queries, some exactly 25 m away, some a hair more, 12 of them of nowhere.

    The first 60 references have the descriptors of ten others each, so that ties decide; with `listed` the rows are in
    the order of a list. Zones are dealt in turn.
    """
    rng = np.random.default_rng(7)
    places = np.stack([np.arange(REFERENCES) % 15, np.arange(REFERENCES) // 15], axis=1) * 40.0
    rows = _unit(rng.normal(size=(REFERENCES, DIMENSION)))
    rows[:60] = rows[np.arange(60) % 6]
    near = rng.integers(0, REFERENCES, QUERIES)
    near[:30] = rng.integers(0, 60, 30)
    steps = np.array([[25, 0], [15, 20], [-7, 24], [25.01, 0], [3, 4], [0, -25], [12, 12], [-24, -7.01]])
    asked = places[near] + steps[np.arange(QUERIES) % len(steps)]
    asked[-12:] += 5000
    query_rows = _unit(rows[near] + 0.17 * rng.normal(size=(QUERIES, DIMENSION)) * (np.arange(QUERIES) % 3)[:, None])
    references = [_name(at, zones[n % len(zones)], n, f"{n % 3}/") for n, at in enumerate(places)]
    queries = [_name(at, zones[(n // 2) % len(zones)], n, "") for n, at in enumerate(asked)]
    for kind, names in (("database", references), ("queries", queries)):
        _write_images(root / kind, names)
    order, query_order = np.argsort(references), np.argsort(queries)
    if listed:
        order, query_order = rng.permutation(REFERENCES), rng.permutation(QUERIES)
        for kind, names, rank in (("database", references, order), ("queries", queries, query_order)):
            (root / f"{kind}_images_paths.txt").write_text("\n".join(names[row] for row in rank))
    return FieldData(
        root, [references[row] for row in order], [queries[row] for row in query_order], rows[order],
        query_rows[query_order],
    )  # fmt: skip


def _unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _name(at: np.ndarray, zone: str, number: int, below: str) -> str:
    return f"{below}@{at[0] + 545_000:010.2f}@{at[1] + 4_180_000:010.2f}@{zone}@@@{number:04d}@@@@@@@@.png"


def _write_images(folder: Path, names: list[str]) -> None:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (number % 256, number // 256, len(folder.name))).save(path)


def field_predictions(queries: np.ndarray, database: np.ndarray, k: int) -> np.ndarray:
    """The k nearest rows by exact L2 in float32; of equally near ones the first."""
    index = faiss.IndexFlatL2(database.shape[1])
    index.add(np.ascontiguousarray(database, np.float32))
    _, found = index.search(np.ascontiguousarray(queries, np.float32), k)
    return np.asarray(found)


def field_positives(data: FieldData, metres: float = 25) -> list[np.ndarray]:
    """The rows within so many metres, as the field finds them: the second and third part of the path, zones ignored."""
    at, asked = (
        np.array([(path.split("@")[1], path.split("@")[2]) for path in names]).astype(float)
        for names in (data.references, data.queries)
    )
    tree = NearestNeighbors(n_jobs=-1).fit(at)
    return list(tree.radius_neighbors(asked, radius=metres, return_distance=False))


def field_recalls(predictions: np.ndarray, positives: list[np.ndarray]) -> list[float]:
    """Recall@1, 5, 10, 20 in percent; queries without positives count."""
    recalls = np.zeros(len(RECALLS))
    for row, right in zip(predictions, positives, strict=True):
        for i, k in enumerate(RECALLS):
            if np.any(np.isin(row[:k], right)):
                recalls[i:] += 1
                break
    return list(recalls / len(predictions) * 100)


def field_file(query: str, predictions: list[str], positives: list[str]) -> str:
    """What the field writes to preds/NNN.txt."""
    parts = ["Query path:", query + "\n", "Predictions paths:", "\n".join(predictions) + "\n"]
    parts += ["Positives paths:", "\n".join(positives) + "\n"]
    return "\n".join(parts)
