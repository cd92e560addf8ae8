"""What a run writes about itself: its settings, what was said of each image, and which versions made it."""

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from internvl_vpr.agent.localizer.context import Context
from internvl_vpr.agent.settings import Settings
from internvl_vpr.tools.describe_image import recall_descriptions
from internvl_vpr.tools.describers.cue_answer import cue_schema
from internvl_vpr.tools.describers.pair_answer import pair_schema
from internvl_vpr.tools.describers.pair_judge import JUDGE_PROMPT
from internvl_vpr.tools.endpoint.json_answer import schema_digest
from internvl_vpr.tools.endpoint.prompt import Prompt
from internvl_vpr.tools.ledger.ledger import Step
from internvl_vpr.tools.ledger.report import Tally, tally
from internvl_vpr.tools.photo.gallery import Gallery
from internvl_vpr.tools.records import Description, Position

from ..splits.field_reading import other_reading
from ..splits.gallery import ReferencesDigests, read_gallery, references_digests, references_of
from ..splits.queries import SplitQuery, queries_digest, without_positives
from ..splits.split import Split
from .records import ImageDescription, Result, Role, RunInfo, SplitInfo

_PACKAGES = (
    "internvl-vpr", "faiss-cpu", "langgraph", "numpy", "onnxruntime", "openai", "opencv-python-headless", "pillow",
    "rapidocr", "sentence-transformers", "torch", "transformers",
)  # fmt: skip


def run_info(split: Split, queries: Sequence[SplitQuery], context: Context, limit: int | None) -> RunInfo:
    """Return everything that decides a run's results."""
    settings = context.settings
    prompt, schema = _asked(settings)
    return RunInfo(
        split=split_info(
            split,
            queries,
            len(context.index),
            references_digests(references_of(context.index), drawn_by=split.drawn_by),
            lambda: read_gallery(context.index),
        ),
        settings=context.resolved(),
        prompt=prompt.signature if prompt else None,
        schema_digest=schema_digest(schema) if schema else None,
        index=context.index.manifest.checksum,
        versions=versions(),
        ledger=context.ledger.path.as_posix(),
        limit=limit,
        limits=None if settings.verify == "off" else context.limits,
        started=now(),
    )


def _asked(settings: Settings) -> tuple[Prompt | None, dict[str, Any] | None]:
    """Return the prompt and the answer's schema with which stage 2 asks a model; None where it asks none."""
    if settings.reranker == "judge":
        return Prompt.load(JUDGE_PROMPT, placeholders=()), pair_schema()
    return (Prompt.load(settings.prompt), cue_schema(settings.n)) if settings.describer == "vlm" else (None, None)


def split_info(
    split: Split,
    queries: Sequence[SplitQuery],
    references: int,
    digests: ReferencesDigests,
    gallery: Callable[[], Gallery],
) -> SplitInfo:
    """Return what a run is measured on: so many references, which have these digests; `gallery` finds them by place."""
    outside = sum(query.outside for query in queries)
    return SplitInfo(
        name=split.name,
        rule=split.rule,
        radius=split.radius,
        queries=len(queries) - outside,
        outside=outside,
        references=references,
        without_positives=sum(1 for _ in without_positives(queries)),
        queries_digest=queries_digest(queries, drawn_by=split.drawn_by),
        references_digest=digests.whole,
        names_digest=digests.names,
        plane=split.plane,
        other_reading=other_reading(split, queries, gallery),
        folders=split.folders(),
    )


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that can change a run's results."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue  # of an extra that is not installed
    return found


def describe_images(
    queries: Sequence[SplitQuery], results: Sequence[Result], context: Context
) -> Iterator[ImageDescription]:
    """Yield what the ledger holds of each image of a run: the queries' in their order, then the references'.

    Where pairs were judged, no image was described, and each has no more than its place.
    """
    asked = {query.digest: query for query in reversed(queries) if query.digest and query.error is None}
    shown = {one.digest for result in results for one in result.shortlist} - asked.keys()
    about: dict[str, tuple[str, Role, Position | None]] = {
        digest: (query.name, "outside" if query.outside else "query", query.position)
        for digest, query in reversed(asked.items())
    }
    for photo in context.index.photos():
        if photo.digest in shown and photo.digest not in about:
            about[photo.digest] = (photo.reference, "reference", photo.position)
    if context.judge is not None:
        for digest, (name, role, position) in about.items():
            yield ImageDescription(photo=name, role=role, digest=digest, position=position, cues=(), attempts=0)
        return
    n, describer, ledger = context.settings.n, context.describer, context.ledger
    said = recall_descriptions(about, n, describer, ledger, failures=True)
    took = tally(ledger, [Step(image=digest, describer=describer.id, n=n) for digest in about])
    for digest, (name, role, position) in about.items():
        yield _described(digest, name, role, position, said, took)


def _described(
    digest: str,
    name: str,
    role: Role,
    position: Position | None,
    said: Mapping[str, Description],
    took: Mapping[str, Tally],
) -> ImageDescription:
    description = said.get(digest)
    spent = took.get(digest, Tally())
    return ImageDescription(
        photo=name,
        role=role,
        digest=digest,
        position=position,
        cues=description.cues if description else (),
        failure=description.failure if description else "it was not described",
        attempts=spent.attempts,
        first_valid=spent.first_valid,
        usage=spent.usage,
        latency=round(spent.latency, 4),
    )


def now() -> str:
    """Return the time as a run states it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
