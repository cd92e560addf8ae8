"""What a reader must know of a run to judge its figures."""

from collections.abc import Mapping

from internvl_vpr.tools.records import asked_and_answered

from ..runs.folder import Run

_NAMES = ("backbone_id", "kappa", "clusters", "describer_id", "encoder_id", "k", "n", "tau", "below_tau")


def settings_shown(run: Run) -> Mapping[str, str]:
    """Return what decides a run's results and what it took, by name."""
    info, settings, split = run.info, run.info.settings, run.info.split
    shown = {name.removesuffix("_id"): str(settings[name]) for name in _NAMES if settings.get(name) is not None}
    if info.prompt:
        shown |= {"prompt": info.prompt, "model": str(settings.get("model"))}
    return {
        **shown,
        "made": f"{info.started}, {info.seconds:,.0f} s",
        "calls": _calls(run),
        "on record": _on_record(run),
        "queries": f"{split.queries} and {split.outside} from outside, digest {split.queries_digest[:12]}",
        "references": f"{split.references}, digest {split.references_digest[:12]}, index {info.index[:12]}",
        "versions": ", ".join(f"{name} {number}" for name, number in info.versions.items()),
    }


def _calls(run: Run) -> str:
    steps = [result.steps for result in run.results]
    tokens = sum(asked_and_answered(one.tokens) for one in steps)
    made, attempts = sum(one.made for one in steps), sum(one.attempts for one in steps)
    return f"{made} images described in this run, {attempts} attempts, {_tokens(tokens)}"


def _on_record(run: Run) -> str:
    described = run.descriptions.values()
    tokens = sum(asked_and_answered(one.usage) for one in described)
    return f"{len(described)} images, {sum(one.attempts for one in described)} attempts, {_tokens(tokens)}"


def _tokens(number: int) -> str:
    return f"{number:,} tokens" if number else "no tokens counted"
