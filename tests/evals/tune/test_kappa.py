"""κ swept: the index's own gives the run's own shortlists, others what a search over all vectors gives."""

import math
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import texture_run

from internvl_vpr.evals.measures.recall import Recall, recall_at
from internvl_vpr.evals.runs.folder import Run
from internvl_vpr.evals.runs.records import Result
from internvl_vpr.evals.tune import kappa as sweeping
from internvl_vpr.evals.tune.kappa import coarse_orders, sweep_kappa
from internvl_vpr.tools.errors import IndexMissing, UsageError
from internvl_vpr.tools.features.backbone import extract_photo, open_backbone
from internvl_vpr.tools.features.vlad import aggregate
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.photo.photo import open_photo

pytest.importorskip("cv2", reason="needs the extra embedded")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("textures")


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return texture_run.make_run(folder)


def by_brute_force(run: Run, index: PlaceIndex, kappa: float) -> list[list[str]]:
    """All references by float64 inner products, one by one."""
    backbone = open_backbone(index.settings.backbone)

    def vector(path: Path) -> np.ndarray:
        descriptors = extract_photo(open_photo(path, read_position=False), backbone)
        return aggregate(descriptors, index.codebook, kappa).astype(np.float64)

    database = {photo.reference: vector(photo.path) for photo in index.photos()}
    orders = []
    for query in run.queries:
        asked = vector(Path(run.info.split.folders["queries"]) / query.query)
        found = {name: float(sum(asked * other)) for name, other in database.items()}
        orders.append(sorted(found, key=lambda name: (-round(found[name], 9), name)))
    return orders


def test_the_indexs_own_kappa_gives_the_runs_own_shortlists(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "_BLOCK", 5)  # the best are carried from block to block
    with closing(PlaceIndex.open(folder / "places")) as index:
        orders = coarse_orders(run, index, [math.inf])
    shortlists = [[one.reference for one in query.shortlist] for query in run.queries]
    assert len(shortlists) == 10
    assert [order[:10] for order in orders[math.inf]] == shortlists
    assert any("copy" in name for order in shortlists for name in order)


def test_another_kappa_gives_what_brute_force_gives(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "_BLOCK", 3)
    monkeypatch.setattr(sweeping, "_DEPTH", 6)
    with closing(PlaceIndex.open(folder / "places")) as index:
        orders = coarse_orders(run, index, [10.0, math.inf])
        expected = by_brute_force(run, index, 10.0)
    assert [order[:6] for order in orders[10.0]] == [order[:6] for order in expected]
    assert orders[10.0] != orders[math.inf]


def test_rows_have_recall_and_say_whose_choice_each_is(run: Run, folder: Path) -> None:
    told: list[int] = []
    rows = sweep_kappa(run, folder / "places", [1.0, 30.0], lambda *told_: told.append(told_[1]))
    assert [(row.kappa, row.marks) for row in rows] == [(1.0, ("paper",)), (30.0, ()), (math.inf, ("this run",))]
    ranks = [query.coarse_rank for query in run.queries]
    assert rows[2].recalls[:2] == tuple(Recall(k, *recall_at(ranks, k)) for k in (1, 5))
    assert [recall.k for recall in rows[0].recalls] == [1, 5, 20]
    assert rows[0].recalls[2] == Recall(20, 10, 10)  # of 16 references
    assert told[-1] == 16


def test_a_query_that_is_in_the_map_does_not_find_itself(run: Run, folder: Path) -> None:
    """The first photo of the database is there under two names."""
    (name,) = (path.name for path in sorted((folder / "database").iterdir())[:1])
    with closing(PlaceIndex.open(folder / "places")) as index:
        (digest,) = (photo.digest for photo in index.photos() if photo.reference == name)
        copies = [photo.reference for photo in index.photos() if photo.digest == digest]
        split = run.info.split.model_copy(update={"folders": {"queries": str(folder / "database")}})
        itself = Result(query=name, digest=digest)
        asked = Run(run.folder, run.info.model_copy(update={"split": split}), [itself])
        (order,) = coarse_orders(asked, index, [math.inf])[math.inf]
    assert len(copies) == 2
    assert len(order) == texture_run.PLACES + 2 - 2
    assert not set(copies) & set(order)


def test_another_index_is_refused(run: Run, tmp_path: Path) -> None:
    other = Run(run.folder, run.info.model_copy(update={"index": "0" * 64}), run.results)
    with pytest.raises(UsageError, match="is not the one of the run"):
        sweep_kappa(other, Path(run.info.ledger).parent / "places")
    with pytest.raises(IndexMissing):
        sweep_kappa(run, tmp_path)


def test_a_photo_that_has_changed_or_is_gone_is_named(tmp_path: Path) -> None:
    changed = texture_run.make_run(tmp_path)
    victim = tmp_path / "queries" / changed.queries[3].query
    victim.write_bytes((tmp_path / "queries" / changed.queries[4].query).read_bytes())
    with pytest.raises(UsageError, match=r"q3@.* has changed since the run"):
        sweep_kappa(changed, tmp_path / "places", [30.0])
    victim.unlink()
    with pytest.raises(UsageError, match=r"has changed: .*q3@"):
        sweep_kappa(changed, tmp_path / "places", [30.0])
