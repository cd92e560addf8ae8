"""One setting at a time changed in a finished run: N, K, τ, geometry, the weights, and a fusion."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from internvl_vpr.tools.answer import UNCALIBRATED_TAU

from ..measures.recall import Recall, recall_at
from .rescore import Rescored, Rescorer, Rescoring, Weights, query_ranks

PAPER = Rescoring(n=3, k=100, tau=UNCALIBRATED_TAU)  # τ has no value in the paper, and the others are what it prints
PAPERS, OURS = "paper", "this run"
_KS = (1, 5, 10, 20, 50, 100)
_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
_WEIGHTS: tuple[Weights, ...] = ("alpha", "uniform", "shuffled", "symmetric")
_RECALLS = (1, 5)


@dataclass(frozen=True)
class SweepRow:
    """One choice: Recall@1 and @5, and the queries right at rank 1 with it and not with the run's own, and vice versa.

    `by_cues` counts the queries that have a candidate above τ. `marks` says whose choice it is.
    """

    choice: str
    rescoring: Rescoring
    recalls: tuple[Recall, ...]
    rescued: int
    broken: int
    by_cues: int
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class SweepSection:
    """The values of one setting, everything else as `beside` says; `note` is what a reader must know."""

    setting: str
    beside: str
    rows: tuple[SweepRow, ...]
    note: str = ""


def sweep(rescorer: Rescorer) -> list[SweepSection]:
    """Return a section for each of N, K, τ, weights and fusion, all else being as in the run.

    Where the run's τ holds candidates back, weights and fusion are swept with all retained, too: only there do
    they move every candidate. Where the run recorded geometry, its order is shown with and without; an order by
    geometry needs a τ for S to count in it.
    """
    own = rescorer.own
    table = _Table(rescorer)
    sections = [
        table.section("N", [(str(n), replace(own, n=n)) for n in range(1, own.n + 1)], _note("N", PAPER.n, own.n)),
        table.section("K", [(str(k), replace(own, k=k)) for k in _ks(own.k)], _note("K", PAPER.k, own.k)),
        table.section("τ", [(f"{tau:g}", replace(own, tau=tau)) for tau in _taus(rescorer)], "The paper gives no τ."),
    ]
    if rescorer.run.info.limits is not None:
        ways = [(name, replace(own, geometry=counts)) for name, counts in (("without", False), ("with", True))]
        sections.append(table.section("geometry", ways, _GEOMETRY))
    everything = own if own.geometry else replace(own, tau=min(own.tau, UNCALIBRATED_TAU))
    for base in dict.fromkeys([own, everything]):
        sections.append(table.section("weights", [(name, replace(base, weights=name)) for name in _WEIGHTS]))
        sections.append(table.section("fusion", [(f"{w / 10:g}", replace(base, fusion=w / 10)) for w in range(11)]))
    return sections


class _Table:
    """Rows against the run's own choice."""

    def __init__(self, rescorer: Rescorer) -> None:
        self._rescorer = rescorer
        self._own = query_ranks(rescorer.rescore(rescorer.own), rescorer.run)

    def section(self, setting: str, choices: Iterable[tuple[str, Rescoring]], note: str = "") -> SweepSection:
        """Score every choice."""
        given = list(choices)
        rows = tuple(self._row(setting, choice, asked) for choice, asked in given)
        return SweepSection(setting, _beside(setting, given[0][1]), rows, note)

    def _row(self, setting: str, choice: str, asked: Rescoring) -> SweepRow:
        run = self._rescorer.run
        found = self._rescorer.rescore(asked)
        ranks = query_ranks(found, run)
        rescued, broken = _changed(self._own, ranks)
        return SweepRow(
            choice=choice,
            rescoring=asked,
            recalls=tuple(Recall(k, *recall_at(ranks, k)) for k in _RECALLS),
            rescued=rescued,
            broken=broken,
            by_cues=_by_cues(found, self._rescorer),
            marks=_marks(setting, asked, self._rescorer.own),
        )


def _changed(before: Sequence[int | None], after: Sequence[int | None]) -> tuple[int, int]:
    """How many queries came to rank 1, and how many left it."""
    pairs = [(old == 1, new == 1) for old, new in zip(before, after, strict=True)]
    return pairs.count((False, True)), pairs.count((True, False))


def _by_cues(found: Sequence[Rescored], rescorer: Rescorer) -> int:
    pairs = zip(found, rescorer.run.results, strict=True)
    return sum(one.retained > 0 for one, result in pairs if not result.outside)


def _marks(setting: str, asked: Rescoring, own: Rescoring) -> tuple[str, ...]:
    """Whose choice it is of the setting that is swept; the paper has no τ."""
    name = _FIELDS[setting]
    papers = setting != "τ" and getattr(asked, name) == getattr(PAPER, name)
    ours = asked == own
    return tuple(mark for mark, is_it in ((PAPERS, papers), (OURS, ours)) if is_it)


_FIELDS = {"N": "n", "K": "k", "τ": "tau", "geometry": "geometry", "weights": "weights", "fusion": "fusion"}
_GEOMETRY = "Inliers are this run's own; what another --verify-k would find needs another run."


def _beside(setting: str, asked: Rescoring) -> str:
    """Name what is the same in every row."""
    fixed = {"N": f"N = {asked.n}", "K": f"K = {asked.k}", "τ": f"τ = {asked.tau:g}"}
    if asked.geometry:
        fixed["geometry"] = "geometry"
    named = [text for name, text in fixed.items() if name != setting]
    weights = [] if setting == "weights" else ["weights alpha"]
    return ", ".join([*named, *weights])


def _note(name: str, papers: int, most: int) -> str:
    return f"The paper's {name} = {papers} needs a run with --{name.lower()} {papers} or more." if papers > most else ""


def _ks(most: int) -> list[int]:
    return [*(k for k in _KS if k < most), most]


def _taus(rescorer: Rescorer) -> list[float]:
    """−1, the run's own, and quantiles of all S, rounded as they are shown."""
    scores = np.concatenate([np.empty(0), *(one[: rescorer.own.k] for one in rescorer.scores(rescorer.own))])
    scores = scores[~np.isnan(scores)]
    quantiles = np.quantile(scores, _QUANTILES).round(4).tolist() if len(scores) else []
    return sorted({UNCALIBRATED_TAU, rescorer.own.tau, *quantiles})
