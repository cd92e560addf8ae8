"""Images in which a check got worse, with what was said of them: figures alone tell nobody what to change."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from internvl_vpr.tools.text.quoted import quoted_strings

from ..compare.gate_checks import told_apart
from ..runs.folder import Run
from ..runs.records import Check, ImageDescription
from .place_names import proper_names
from .transient_mentions import transient_mentions

# For checks that one cue alone can fail: whether a cue may be it. For all others every cue of the image is shown.
_MAY_FAIL: Mapping[str, Callable[[str], object]] = {
    "transient objects": transient_mentions,
    "quoted text seen": quoted_strings,
    "invented names": proper_names,
}


class Example(NamedTuple):
    """An image's file, and those of its cues that a check is about, or why it has none."""

    photo: Path
    said: tuple[str, ...]


def examples(check: Check, baseline: Check, runs: Mapping[str, Run], most: int = 2) -> list[Example]:
    """Return the images, at most so many, in which a check is worse than in its baseline by the most.

    The checks are those of `runs`, pooled over their splits. What is worse by as much stays in the order of the run.
    """
    sign = -1.0 if check.better == "higher" else 1.0
    worse = {
        key: sign * (value - baseline.values[key]) for key, value in check.values.items() if key in baseline.values
    }
    chosen = sorted((key for key in worse if worse[key] > 0), key=lambda key: -worse[key])
    described = {
        told_apart(f"{one.role} {one.photo}", run): (run.info.split.folder_of(one.role) / one.photo, one)
        for run in runs.values()
        for one in run.descriptions.values()
    }
    return [Example(described[key][0], _said(check, described[key][1])) for key in chosen[:most] if key in described]


def _said(check: Check, one: ImageDescription) -> tuple[str, ...]:
    if check.name == "boilerplate weights":
        return tuple(f"{cue.weight:.2f} {cue.text}" for cue in one.cues)
    cues = tuple(cue.text for cue in one.cues)
    may_fail = _MAY_FAIL.get(check.name)
    telling = tuple(text for text in cues if may_fail and may_fail(text))
    return telling or cues or (one.failure or "nothing was said",)
