"""What a run of the graph is given: the index, what the tools depend on, and the settings."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from internvl_vpr.tools.describe_image import Describer, Replay
from internvl_vpr.tools.describers.pair_judge import JUDGE_PROMPT, PairJudge
from internvl_vpr.tools.describers.signage import ImageStatistics, SignageReader
from internvl_vpr.tools.describers.vision_model import VisionModel
from internvl_vpr.tools.endpoint.chat_model import ASSISTANT_PROMPT, ChatModel
from internvl_vpr.tools.endpoint.endpoint import Endpoint
from internvl_vpr.tools.endpoint.prompt import Prompt
from internvl_vpr.tools.errors import IndexMismatch, UsageError
from internvl_vpr.tools.features.backbone import Backbone, BackboneSettings, open_backbone
from internvl_vpr.tools.features.keypoints import KeypointExtractor
from internvl_vpr.tools.features.lighterglue import LighterGlue
from internvl_vpr.tools.features.mutual_nearest import MutualNearest
from internvl_vpr.tools.features.sentences import SentenceEncoder, open_encoder
from internvl_vpr.tools.index.calibration import Calibration, Limits, MapCheck, read_calibration, read_check
from internvl_vpr.tools.index.files import differing_settings
from internvl_vpr.tools.index.keypoint_store import KeypointStore
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.judge_pair import Judge, ReplayJudge
from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.verify_geometry import Verifier

from ..settings import Settings, resolve_settings

LEDGER_FILE = "ledger.sqlite"


@dataclass(frozen=True)
class Context:
    """What a run depends on: live objects that runs share and that are never stored in the graph's state.

    `calibration` is where the settings' τ comes from, if a calibration that fits all other settings gave it.
    `verifier` compares the geometry of two photographs; without one, nothing is verified.
    `limits` say what its inliers mean; they are those of `check`, the map's check of itself, where it is valid, and
    `check_problem` says why it is not.
    `assistant` is the model that chooses the steps of a chat; without one, rules choose them.
    `judge` compares the photo with its candidates, and then nothing is described; None where cues re-rank.
    """

    index: PlaceIndex
    backbone: Backbone
    describer: Describer
    encoder: SentenceEncoder
    ledger: Ledger
    settings: Settings
    replay: bool = False
    calibration: Calibration | None = None
    assistant: ChatModel | None = None
    verifier: Verifier | None = None
    limits: Limits = field(default_factory=Limits)
    check: MapCheck | None = None
    check_problem: str = ""
    judge: Judge | None = None

    def replayed(self) -> "Context":
        """Return the same context, but for what would ask a model: whatever the ledger lacks is then an error."""
        judge = self.judge and ReplayJudge(self.judge)
        return replace(self, describer=Replay(self.describer), judge=judge, replay=True)

    def resolved(self) -> dict[str, str | int | float | None]:
        """Return every setting as it was resolved, with the full ids of what computed the answer."""
        calibrated = self.calibration.made if self.calibration else None
        return {
            **self.settings.model_dump(mode="json", exclude={"ledger"}),
            **_ids(self.index, self.backbone, self.describer, self.encoder),
            **({"describer_id": None, "encoder_id": None, "judge_id": self.judge.id} if self.judge else {}),
            "verifier_id": self.verifier.id if self.verifier else None,
            "tau_calibrated": calibrated,
            "map_checked": self.check.made if self.check else None,
        }


def _ids(index: PlaceIndex, backbone: Backbone, describer: Describer, encoder: SentenceEncoder) -> dict[str, str]:
    return {
        "backbone_id": backbone.id,
        "describer_id": describer.id,
        "encoder_id": encoder.id,
        "codebook": index.manifest.codebook_digest,
    }


@dataclass(frozen=True)
class Describing:
    """What it takes to prepare the images of an index for questions: neither a backbone nor an encoder."""

    index: PlaceIndex
    describer: Describer
    ledger: Ledger
    settings: Settings
    verifier: Verifier | None = None


@dataclass(frozen=True)
class Checking:
    """What it takes for a map to check itself: no words."""

    index: PlaceIndex
    backbone: Backbone
    verifier: Verifier
    settings: Settings


@contextmanager
def open_checking(
    places: Path | str, *, settings: Settings | None = None, file: Path | None = None, **flags: Any
) -> Iterator[Checking]:
    """Open an index folder for its check of itself; `flags` are settings by name, unless `settings` are given.

    Raises what `open_context` does, and `UsageError` where nothing is verified.
    """
    folder = Path(places)
    with closing(PlaceIndex.open(folder)) as index:
        settings = settings or resolve_settings(flags, file=file, index=index.settings)
        backbone = open_backbone(
            _query_backbone(folder, index, settings), device=settings.device, dtype=settings.dtype
        )  # fmt: skip
        with open_verifier(folder, settings) as verifier:
            if verifier is None:
                raise UsageError("A map is checked by geometry, and verify is off: use --verify rank.")
            yield Checking(index=index, backbone=backbone, verifier=verifier, settings=settings)


@contextmanager
def open_describing(places: Path | str, *, file: Path | None = None, **flags: Any) -> Iterator[Describing]:
    """Open an index folder for describing its images; `flags` are settings by name.

    Raises `IndexMissing`, `IndexDamaged`, `UsageError`, `PackageMissing` or `LedgerError`.
    """
    folder = Path(places)
    with closing(PlaceIndex.open(folder)) as index:
        settings = resolve_settings(flags, file=file, index=index.settings)
        describer = open_describer(settings)
        with Ledger(settings.ledger or folder / LEDGER_FILE) as ledger, open_verifier(folder, settings) as verifier:
            yield Describing(index=index, describer=describer, ledger=ledger, settings=settings, verifier=verifier)


@contextmanager
def open_context(
    places: Path | str,
    *,
    settings: Settings | None = None,
    file: Path | None = None,
    replay: bool = False,
    **flags: Any,
) -> Iterator[Context]:
    """Open an index folder with everything a run needs; `flags` are settings by name, such as `k=50`.

    If `settings` are given, nothing else counts: no flag, no environment, no file, no calibration. With `replay`,
    nothing new is described, and what the ledger lacks is an error. A τ that was calibrated for this map with these
    settings replaces the preset's.
    Raises `IndexMissing`, `IndexDamaged`, `IndexMismatch`, `UsageError`, `WeightsError`, `PackageMissing` or
    `LedgerError`.
    """
    folder = Path(places)
    with closing(PlaceIndex.open(folder)) as index:
        resolved = settings or resolve_settings(flags, file=file, index=index.settings)
        query_backbone = _query_backbone(folder, index, resolved)
        backbone = open_backbone(query_backbone, device=resolved.device, dtype=resolved.dtype)
        describer, encoder = open_describer(resolved), open_encoder(resolved.encoder)
        ids = _ids(index, backbone, describer, encoder)
        judge = open_judge(resolved) if resolved.reranker == "judge" else None
        # A τ is calibrated for words, and says nothing of judgements.
        calibration = _valid_calibration(folder, resolved, ids) if settings is None and judge is None else None
        if calibration is not None:
            calibrated = {"tau": calibration.tau}
            resolved = resolve_settings(flags, file=file, index=index.settings, defaults=calibrated)
        with Ledger(resolved.ledger or folder / LEDGER_FILE) as ledger, open_verifier(folder, resolved) as verifier:
            check, check_problem = state_of_check(read_check(folder), index, verifier)
            context = Context(
                index=index,
                backbone=backbone,
                describer=describer,
                encoder=encoder,
                ledger=ledger,
                settings=resolved,
                calibration=calibration if calibration and calibration.tau == resolved.tau else None,
                assistant=open_chat_model(resolved) if resolved.asks_model else None,
                verifier=verifier,
                limits=check.limits if check else Limits(),
                check=check,
                check_problem=check_problem,
                judge=judge,
            )
            yield context.replayed() if replay else context


class CheckState(NamedTuple):
    """A map's check of itself as far as answers can use it, or why they cannot and what to type then."""

    check: MapCheck | None = None
    problem: str = ""


def state_of_check(found: MapCheck | None, index: PlaceIndex, verifier: Verifier | None) -> CheckState:
    """Say whether a map's check is valid: with this codebook and this verifier, and while the map is much the same.

    Where nothing is verified, and on a map without positions, there is none, and this is no problem.
    """
    if verifier is None:
        return CheckState()
    ours = (index.manifest.codebook_digest, verifier.id)
    if found is None:
        if not index.extent().positioned:
            return CheckState()
        problem = "The map has not checked itself, so nobody has counted how often its answers are right"
        return CheckState(problem=f"{problem}: internvl-vpr calibrate --places DIR does that.")
    if (found.codebook, found.verifier_id) != ours:
        problem = "The map checked itself with another codebook or other models"
    elif found.is_stale(len(index)):
        problem = f"The map has changed since it checked itself ({found.photos:,} photos then, {len(index):,} now)"
    else:
        return CheckState(found)
    return CheckState(problem=f"{problem}: internvl-vpr calibrate --places DIR does it again.")


@contextmanager
def open_verifier(folder: Path, settings: Settings) -> Iterator[Verifier | None]:
    """Open what verifies pairs of photographs, None with `verify` off; no network is loaded before the first pair.

    Raises `PackageMissing` or `WeightsError`.
    """
    if settings.verify == "off":
        yield None
        return
    with closing(KeypointStore(folder)) as store:
        extractor, matcher = KeypointExtractor(device=settings.device), LighterGlue(device=settings.device)
        yield Verifier(extractor, matcher, MutualNearest(), store)


def _valid_calibration(folder: Path, settings: Settings, ids: Mapping[str, str]) -> Calibration | None:
    """Return the calibration of a map's τ, unless it was made with other settings or models."""
    found = read_calibration(folder)
    if found is None or found.valid_for.differing({"n": settings.n, "k": settings.k, **ids}):
        return None
    return found


def _query_backbone(folder: Path, index: PlaceIndex, settings: Settings) -> BackboneSettings:
    """Return the backbone for the query's descriptors, which must be the one that computed the index's."""
    asked = settings.index_settings(index.settings)
    if differing := differing_settings(index.settings, asked):
        raise IndexMismatch(
            f"The index in {str(folder)!r} was built with other settings ({differing}): "
            "leave out those flags, or build an index with them."
        )
    return asked.backbone


def open_describer(settings: Settings) -> Describer:
    """Open what names cues; nothing is sent yet. Raises `PackageMissing` or `UsageError`."""
    if settings.describer == "signage":
        return SignageReader()
    if settings.describer == "statistics":
        return ImageStatistics()
    prompt = Prompt.load(settings.prompt)
    return VisionModel(open_endpoint(settings), settings.model, prompt, image_side=settings.image_side)


def open_judge(settings: Settings) -> PairJudge:
    """Open the model that sees two photographs at once; raises `UsageError` for a bad endpoint, key or prompt."""
    prompt = Prompt.load(JUDGE_PROMPT, placeholders=())
    return PairJudge(open_endpoint(settings), settings.model, prompt, image_side=settings.image_side)


def open_chat_model(settings: Settings) -> ChatModel:
    """Open the model that chooses the steps of a chat; raises `UsageError` for a bad endpoint, key or prompt."""
    return ChatModel(open_endpoint(settings), settings.model, Prompt.load(ASSISTANT_PROMPT, placeholders=()))


def open_endpoint(settings: Settings, concurrency: int | None = None) -> Endpoint:
    """Open the server that the settings name, for so many requests at once; raises `UsageError` for a bad address."""
    return Endpoint(
        settings.endpoint,
        settings.api_key,
        timeout=settings.timeout,
        concurrency=concurrency or settings.concurrency,
    )
