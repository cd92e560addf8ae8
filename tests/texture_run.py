"""A small run from end to end: textures in an index, noisy queries, a scripted describer and its own encoder."""

import asyncio
from contextlib import closing
from pathlib import Path

import numpy as np
from PIL import Image
from presets import preset_settings
from scripted import HashEncoder, ScriptedDescriber
from texture import texture, write_textures

from internvl_vpr.agent.localizer.context import Context
from internvl_vpr.evals.runs.about import run_info
from internvl_vpr.evals.runs.folder import Run
from internvl_vpr.evals.runs.run import Task, run_split
from internvl_vpr.evals.splits.gallery import read_gallery
from internvl_vpr.evals.splits.queries import read_queries
from internvl_vpr.evals.splits.split import Split
from internvl_vpr.tools.apply_threshold import BelowTau
from internvl_vpr.tools.features.backbone import RootSiftSettings, open_backbone
from internvl_vpr.tools.index.build import update_index
from internvl_vpr.tools.index.files import IndexSettings
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.photo.photo import find_photos

WORDS = ("a red door", "a clock", "a fountain", "a blue sign", "an arch", "a mural", "steps", "a tower")
SETTINGS = IndexSettings(backbone=RootSiftSettings(longer_side=160, step=12, sizes=(4.0,)), clusters=8)
PLACES = 14


def make_run(folder: Path, *, tau: float = 0.4, below_tau: BelowTau = "fallback", k: int = 10) -> Run:
    """Run ten queries and one that shows nothing of the map; some images have no cues, and one query too."""
    database, queries = folder / "database", folder / "queries"
    if not database.exists():
        write_textures(database, range(PLACES))
        # The same bytes under another name, which tells a position too: photos without one come last in an answer.
        for copied in sorted(database.iterdir())[:2]:
            copied.with_name(copied.name.replace("@@@@@@@@.", "copy@@@@@@@@.")).write_bytes(copied.read_bytes())
        _write_queries(queries)
        update_index(database, folder / "places", SETTINGS)
    names = [path.name for path in find_photos(queries)]
    split = Split(
        "textures", database, queries, [name for name in names if name.startswith("@")], outside_folder=queries,
        outside=[name for name in names if not name.startswith("@")],
    )  # fmt: skip
    settings = preset_settings("embedded").model_copy(
        update={"backbone": "rootsift", "k": k, "tau": tau, "below_tau": below_tau, "verify": "off"}
    )
    out = folder / f"run-{tau}-{below_tau}-{k}"
    with closing(PlaceIndex.open(folder / "places")) as index, Ledger(folder / "ledger.sqlite") as ledger:
        context = Context(index, open_backbone(SETTINGS.backbone), _describer(folder), HashEncoder(), ledger, settings)
        asked = read_queries(split, read_gallery(index))
        task = Task(asked, run_info(split, asked, context, None), context)
        return asyncio.run(run_split(task, out))


def _write_queries(folder: Path) -> None:
    folder.mkdir()
    rng = np.random.default_rng(1)
    for seed in [*range(10), 99]:
        pixels = np.asarray(texture(seed)).astype(np.float64) + rng.normal(0, 60, (120, 160, 3))
        name = f"@{500_005 + 100 * seed}@5000000@33@T@@@q{seed}@@@@@@@@.png" if seed < 99 else "nowhere.png"
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / name)


def _describer(folder: Path) -> ScriptedDescriber:
    """Three cues an image, some of them shared, with scores that differ, are equal, or are all zero."""
    photos = [*find_photos(folder / "database"), *find_photos(folder / "queries")]
    script, silent = {}, set()
    for number, path in enumerate(photos):
        rng = np.random.default_rng(number)
        words = rng.choice(WORDS, 3, replace=False)
        script[path.name] = [
            (str(word), float(score)) for word, score in zip(words, rng.integers(0, 4, 3), strict=True)
        ]
        if number % 9 == 4:
            silent.add(path.name)
    return ScriptedDescriber(script, frozenset(silent))
