"""A small run from end to end: textures in an index, noisy queries, a scripted describer and its own encoder."""

import asyncio
import hashlib
from contextlib import closing
from pathlib import Path

import numpy as np
from PIL import Image
from presets import preset_settings
from scripted import HashEncoder, ScriptedDescriber
from texture import texture, write_textures

from internvl_vpr.agent.localizer.context import Context
from internvl_vpr.agent.settings import Verify
from internvl_vpr.evals.runs.about import run_info
from internvl_vpr.evals.runs.folder import Run
from internvl_vpr.evals.runs.run import Task, run_split
from internvl_vpr.evals.splits.gallery import read_gallery
from internvl_vpr.evals.splits.queries import read_queries
from internvl_vpr.evals.splits.split import Split
from internvl_vpr.tools.apply_threshold import BelowTau
from internvl_vpr.tools.features.backbone import RootSiftSettings, open_backbone
from internvl_vpr.tools.features.keypoints import Keypoints
from internvl_vpr.tools.index.build import update_index
from internvl_vpr.tools.index.calibration import Limits
from internvl_vpr.tools.index.files import IndexSettings
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.photo.photo import find_photos
from internvl_vpr.tools.records import Candidate, Photo, Verification
from internvl_vpr.tools.verify_geometry import Verifier

WORDS = ("a red door", "a clock", "a fountain", "a blue sign", "an arch", "a mural", "steps", "a tower")
SETTINGS = IndexSettings(backbone=RootSiftSettings(longer_side=160, step=12, sizes=(4.0,)), clusters=8)
LIMITS = Limits(chance=40, sure=75)
PLACES = 14


class Dealt(Verifier):
    """Deals each pair of photographs a number of inliers from 0 to 79, by their digests."""

    id = quick_id = "dealt/1"

    def __init__(self) -> None:
        """Nothing is kept."""

    def keypoints(self, photo: Photo | Candidate) -> Keypoints:
        """Return none."""
        return Keypoints(np.empty((0, 2), np.float32), (1, 1), np.empty((0, 64), np.float32))

    def verify(self, photo: Photo | Candidate, other: Photo | Candidate, *, quick: bool = False) -> Verification:
        """Return as many points in the corner."""
        both = "".join(sorted((photo.digest, other.digest)))
        count = hashlib.sha256(both.encode()).digest()[0] % 80
        return Verification(matches=count, inliers=count, points=((0.0, 0.0, 0.0, 0.0),) * count)


def make_run(
    folder: Path,
    *,
    tau: float = 0.4,
    below_tau: BelowTau = "fallback",
    k: int = 10,
    verify: Verify = "off",
) -> Run:
    """Run ten queries and one that shows nothing of the map; some images have no cues, and one query too.

    With `verify` a few candidates of each are verified, and half of the pairs have more inliers than `LIMITS` call
    chance.
    """
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
        update={"backbone": "rootsift", "k": k, "tau": tau, "below_tau": below_tau, "verify": verify, "verify_k": 6}
    )
    verifier = None if verify == "off" else Dealt()
    out = folder / f"run-{tau}-{below_tau}-{k}-{verify}"
    with closing(PlaceIndex.open(folder / "places")) as index, Ledger(folder / "ledger.sqlite") as ledger:
        context = Context(
            *(index, open_backbone(SETTINGS.backbone), _describer(folder), HashEncoder(), ledger, settings),
            verifier=verifier,
            limits=LIMITS,
        )
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
