"""The map, what was added to it, and the settings, as sentences."""

from collections.abc import Iterator, Mapping

from internvl_vpr.tools.index.build import BuildReport
from internvl_vpr.tools.map_summary import MapSummary
from internvl_vpr.tools.text.foreign import one_line

from ..settings import Settings
from .phrases import counted, listed, metres_in_words, quoted

_MOST_LISTED = 10
_BELOW = {"fallback": "they keep their order by looks", "strict": "they are dropped"}
_TRUST = {
    "confirmed": "only confirmed answers are told as places",
    "likely": "confirmed and likely answers are told as places",
    "any": "a place is always told, as a guess where nothing confirms it",
}

_CALIBRATED = "A calibrated τ keeps its promise only with the values it was calibrated with."


def tell_map(summary: MapSummary) -> str:
    """Say what the map holds."""
    return "\n".join(_map(summary))


def _map(summary: MapSummary) -> Iterator[str]:
    copies = "" if summary.images == summary.photos else f", {counted(summary.images, 'distinct image')}"
    yield f"The map holds {counted(summary.photos, 'photo')}{copies}; {positions_in_words(summary)}."
    yield f"They come from {listed(_first([quoted(str(root)) for root in summary.roots]))}."
    if (area := area_in_words(summary)) is not None:
        yield f"They lie {area}."
    if summary.planes:
        yield f"Positions in metres are in {planes_in_words(summary)}."
    yield f"Its vectors are computed by {one_line(summary.backbone)}; its checksum begins with {summary.checksum[:12]}."


def positions_in_words(summary: MapSummary) -> str:
    """Say how many photos have a position."""
    if summary.positioned == summary.photos:
        return "all have a position"
    count = f"{summary.positioned:,}" if summary.positioned else "none"
    return f"{count} of them {'has' if summary.positioned == 1 else 'have'} a position"


def area_in_words(summary: MapSummary) -> str | None:
    """Say over which area the photos lie; None where none has degrees."""
    if summary.south is None or summary.north is None or summary.west is None or summary.east is None:
        return None
    return (
        f"from {summary.south:.6f}, {summary.west:.6f} in the south-west to {summary.north:.6f}, {summary.east:.6f} "
        f"in the north-east, over {metres_in_words(summary.width or 0.0)} from west to east and "
        f"{metres_in_words(summary.height or 0.0)} from south to north"
    )


def planes_in_words(summary: MapSummary) -> str:
    """Name the planes that positions in metres are in."""
    return listed(_first(["a plane of its own" if one == "own" else f"UTM zone {one}" for one in summary.planes]))


def _first(items: list[str]) -> list[str]:
    more = len(items) - _MOST_LISTED
    return [*items[:_MOST_LISTED], f"{more} more"] if more > 0 else items


def tell_build(report: BuildReport, summary: MapSummary) -> str:
    """Say what was added to the map, what was skipped and why, and what the map holds now."""
    done = [f"{counted(report.computed, 'image')} computed now", f"{counted(len(report.skipped), 'file')} skipped"]
    if report.pruned:
        done.append(f"{counted(report.pruned, 'photo')} dropped that {'is' if report.pruned == 1 else 'are'} gone")
    lines = [f"The map was updated: {listed(done)}."]
    lines += [f"{number}. Skipped: {reason}" for number, reason in enumerate(_reasons(report), start=1)]
    if report.unmatched:
        named = listed(_first([quoted(name) for name in report.unmatched]))
        lines.append(f"The table of positions names files that are not photos there: {named}.")
    return "\n".join([*lines, *_map(summary)])


def _reasons(report: BuildReport) -> list[str]:
    return _first([one_line(skipped.reason) for skipped in report.skipped])


def tell_settings(
    settings: Settings,
    changed: Mapping[str, object],
    new: Mapping[str, object] | None = None,
    former: Settings | None = None,
) -> str:
    """Say what the `new` values of a message changed; without any, list the settings for the next questions.

    `changed` holds all that the conversation changed. `former` are the settings before this message: a value that
    was the same before is told as such.
    """
    return "\n".join(_new(settings, new, former) if new else _all(settings, changed))


def _new(settings: Settings, new: Mapping[str, object], former: Settings | None) -> Iterator[str]:
    words = _in_words(settings)
    changes = [name for name in new if former is None or getattr(former, name) != getattr(settings, name)]
    for name in new:
        value = f"{settings.tau:.4g}" if name == "tau" else getattr(settings, name)
        since = "from now on" if name in changes else "already"
        yield f"{'τ' if name == 'tau' else name} is {value} {since}: {words[name]}."
    if "n" in changes and settings.reranker == "cues":
        yield (
            f"Images are described again with {counted(settings.n, 'cue')} each, which takes a while the first time; "
            "descriptions with other numbers of cues stay recorded."
        )
    if {"k", "n", "tau"} & set(changes):
        yield _CALIBRATED


def _all(settings: Settings, changed: Mapping[str, object]) -> Iterator[str]:
    yield "The next questions are answered with:"
    for number, (name, words) in enumerate(_in_words(settings).items(), start=1):
        mode = f"{getattr(settings, name)}; " if name in ("below_tau", "trust") else ""
        yield f"{number}. {name}: {mode}{words}{' (changed in this conversation)' if name in changed else ''}."
    yield f"{_reranked(settings)}; the preset is {settings.preset}. These cannot be changed here."
    if {"k", "n", "tau"} & set(changed):
        yield _CALIBRATED


def _reranked(settings: Settings) -> str:
    if settings.reranker == "judge":
        return f"The model {quoted(settings.model)} compares the photo with {settings.judge_k} candidates"
    by = f"model {quoted(settings.model)}" if settings.describer == "vlm" else f"describer {settings.describer}"
    return f"Images are described by the {by}"


def _in_words(settings: Settings) -> dict[str, str]:
    decides = "the model decides" if settings.reranker == "judge" else "words decide"
    return {
        "k": f"{counted(settings.k, 'candidate is', 'candidates are')} retrieved",
        "n": f"{counted(settings.n, 'cue')} per image",
        "trust": _trusted(settings.trust),
        "tau": f"{decides} when S > {settings.tau:.4g}, which is for experts",
        "below_tau": f"when no candidate has S > τ, {_BELOW[settings.below_tau]}",
    }


def _trusted(trust: str | float) -> str:
    if isinstance(trust, str):
        return _TRUST[trust]
    return f"an answer is told as a place where at least {100 * trust:.4g} % of such answers were right"
