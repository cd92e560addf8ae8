"""One split described in two ways: by two prompts, or twice by the same one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from internvl_vpr.tools.endpoint.prompt import Prompt
from internvl_vpr.tools.errors import UsageError

from ..splits.layouts import open_split
from ..splits.split import Where
from .folder import Run
from .measure import RunOptions, measure

# Describers without a prompt are named by themselves.
WITHOUT_PROMPT = ("signage", "statistics")


@dataclass(frozen=True)
class Variant:
    """A way to describe images: settings by name, and a label that can be a folder's name."""

    label: str
    flags: Mapping[str, Any]


def prompt_variant(name: str) -> Variant:
    """Take a prompt of the package, a `.md` file, or the name of a describer that has none; raises `UsageError`."""
    if name in WITHOUT_PROMPT:
        return Variant(name, {"describer": name})
    prompt = Prompt.load(name)
    own = f"-{prompt.digest[:8]}" if name.endswith(".md") else ""  # two drafts of one version are two
    return Variant(re.sub(r"[^\w.-]", "_", prompt.name) + own, {"describer": "vlm", "prompt": name})


async def run_variants(
    variants: Sequence[Variant], splits: Sequence[str], where: Where, session: RunOptions, out: Path
) -> list[dict[str, Run]]:
    """Run every split in every way, into `out/LABEL/SPLIT`; returns the runs by split, in the variants' order.

    All ways share one ledger unless their flags say otherwise: what was recorded for one prompt is never
    used for another, because a prompt's digest is in the key. Raises `UsageError` for two variants of one label.
    """
    labels = [variant.label for variant in variants]
    if len(set(labels)) < len(labels):
        raise UsageError(f"{labels[0]!r} is named twice: name two prompts that differ.")
    made: list[dict[str, Run]] = []
    for variant in variants:
        given = replace(session, flags={**session.flags, **variant.flags})
        runs: dict[str, Run] = {}
        for name in splits:
            runs[name], _ = await measure(open_split(name, where), given, out / variant.label / name)
        made.append(runs)
    return made
