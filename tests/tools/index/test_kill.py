"""An update that is killed before any one of its durable operations leaves the old index or the new one, whole."""

import multiprocessing
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from texture import write_textures

from internvl_vpr.tools.disk import whole_file
from internvl_vpr.tools.features.backbone import RootSiftSettings
from internvl_vpr.tools.index import store as build_store
from internvl_vpr.tools.index.build import update_index
from internvl_vpr.tools.index.files import IndexSettings
from internvl_vpr.tools.index.place_index import PlaceIndex

pytest.importorskip("cv2", reason="needs the extra embedded")

SETTINGS = IndexSettings(backbone=RootSiftSettings(longer_side=160, step=16, sizes=(4.0,)), clusters=4)
KILLED = 9


class _Killer:
    """Ends the process, without any clean-up, before the n-th operation that is counted."""

    def __init__(self, n: int) -> None:
        self.left = n

    def counted(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                os._exit(KILLED)
            return operation(*arguments, **options)

        return call


class _Database:
    """A connection whose every statement is counted."""

    def __init__(self, database: Any, killer: _Killer) -> None:
        self._database = database
        self.execute = killer.counted(database.execute)
        self.executescript = killer.counted(database.executescript)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


def _update_until_killed(photos: Path, places: Path, n: int) -> None:
    killer = _Killer(n)
    for name in ("replace", "unlink", "write_text", "write_bytes"):
        setattr(Path, name, killer.counted(getattr(Path, name)))
    whole_file._sync = killer.counted(whole_file._sync)
    opened = build_store.BuildStore.__init__

    def open_counted(store: Any, folder: Path) -> None:
        opened(store, folder)
        store._db = _Database(store._db, killer)

    setattr(build_store.BuildStore, "__init__", open_counted)  # noqa: B010  # so that type checkers let it pass
    update_index(photos, places, SETTINGS, prune=True)


def _state(places: Path) -> list[tuple[str, float]]:
    """Every photo with its similarity to the first one's vector: what the index would answer."""
    index = PlaceIndex.open(places)
    vector = index._files.blocks[0].index.reconstruct(0)
    found = [(candidate.reference, candidate.coarse_similarity) for candidate in index.search(vector, 100)]
    assert len(found) == len(index)
    index.close()
    return found


def test_every_kill_leaves_the_old_index_or_the_new_one(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    write_textures(photos, range(4))
    update_index(photos, tmp_path / "old", SETTINGS)
    next(photos.iterdir()).unlink()
    write_textures(photos, range(10, 12))
    update_index(photos, Path(shutil.copytree(tmp_path / "old", tmp_path / "new")), SETTINGS, prune=True)
    old, new = _state(tmp_path / "old"), _state(tmp_path / "new")
    assert old != new

    spawn = multiprocessing.get_context("forkserver")
    spawn.set_forkserver_preload(["cv2", "faiss", "internvl_vpr.tools.index.build"])
    seen, n, code = [], 0, KILLED
    while code == KILLED:
        n += 3
        places = Path(shutil.copytree(tmp_path / "old", tmp_path / f"killed-{n}"))
        process = spawn.Process(target=_update_until_killed, args=(photos, places, n))
        process.start()
        process.join()
        assert process.exitcode is not None
        code = process.exitcode
        seen.append(_state(places))
        assert seen[-1] in (old, new)
        update_index(photos, places, SETTINGS, prune=True)
        assert _state(places) == new
    assert code == 0
    assert old in seen
    assert seen[-2] == new  # killed after the commit
