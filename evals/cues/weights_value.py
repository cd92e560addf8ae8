"""What a prompt's weights are worth: Recall@1 with them against uniform and shuffled ones."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from internvl_vpr.tools.features.sentences import SentenceEncoder

from ..runs.folder import Run
from ..runs.records import Check
from ..tune.rescore import Rescored, Rescorer, Weights, open_rescorer, query_ranks

_OTHERS: Mapping[Weights, str] = {
    "uniform": "right at rank 1 with the weights, minus the same with equal weights",
    "shuffled": "right at rank 1 with the weights, minus the same with the query's weights shuffled",
}


def weights_checks(run: Run, baseline: Run, *, encoder: SentenceEncoder | None = None) -> list[tuple[Check, Check]]:
    """Return, for two runs, what their weights gain in Recall@1: a value of −1, 0 or 1 for each query.

    Everything else is as in the run; no describer is asked. `encoder` is the run's own unless it is given. Raises
    `RunUnfinished`, and what `open_rescorer` does.
    """
    pairs = zip(_checks(run, encoder), _checks(baseline, encoder), strict=True)
    return [(one, other) for one, other in pairs if one.values and other.values]


def _checks(run: Run, encoder: SentenceEncoder | None) -> Iterator[Check]:
    rescorer = open_rescorer(run, encoder)
    names = [f"query {one.query}" for one in run.queries]
    own = _right(rescorer, "alpha")
    for weights, meaning in _OTHERS.items():
        values = {name: float(a) - float(b) for name, a, b in zip(names, own, _right(rescorer, weights), strict=True)}
        yield Check(
            name=f"weights against {weights}",
            meaning=meaning,
            better="higher",
            binary=False,
            values=values if rescorer.own.n > 1 else {},  # a single cue has all the weight there is
        )


def _right(rescorer: Rescorer, weights: Weights) -> list[bool]:
    found: list[Rescored] = rescorer.rescore(replace(rescorer.own, weights=weights))
    return [rank == 1 for rank in query_ranks(found, rescorer.run)]
