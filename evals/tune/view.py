"""A sweep as a person reads it, and as JSON."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from internvl_vpr.agent.console.tables import styled_table

from ..measures.recall import Recall
from .kappa import KappaRow
from .sweep import SweepRow, SweepSection

_LONGEST = len("symmetric")
_MEANINGS = {
    "N": "cues of an image, the first ones",
    "K": "candidates, the first ones",
    "τ": "threshold that S must exceed",
    "geometry": "whether inliers count in the order, or Eq. 10 alone",
    "weights": "how the query's cues count in S",
    "fusion": "w of (1 − w) S + w · similarity, for the order of the retained",
}


def show_sweep(name: str, sections: Sequence[SweepSection]) -> RenderableType:
    """Show a table for each setting; fits 80 columns."""
    parts: list[RenderableType] = [
        Text(f"{name}: one setting changed at a time, no image described for it", style="bold"),
        Text("counts and 95 % Wilson intervals; + right at rank 1 with it and not in this run, − vice versa", "dim"),
    ]
    for section in sections:
        parts += ["", Text(f"{section.setting}, {_MEANINGS[section.setting]}", style="bold"), _table(section)]
        parts += [Text(line, style="dim") for line in (f"with {section.beside}", section.note) if line]
    return Group(*parts)


def show_kappas(rows: Sequence[KappaRow]) -> RenderableType:
    """Show stage 1's recall for each κ; fits 80 columns."""
    table = _empty("κ", *(f"Recall@{recall.k}" for recall in rows[0].recalls))
    for row in rows:
        table.add_row(_choice(_kappa_name(row.kappa), row.marks), *map(_two_lines, row.recalls))
    return Group("", Text("κ, how hard descriptors are assigned (Eq. 1); stage 1 alone", style="bold"), table)


def sweep_json(sections: Sequence[SweepSection], kappas: Sequence[KappaRow] = ()) -> dict[str, Any]:
    """Return a sweep as JSON-ready values."""
    return {
        "sections": [
            {
                "setting": section.setting,
                "beside": section.beside,
                "note": section.note,
                "rows": [_row_json(row) for row in section.rows],
            }
            for section in sections
        ],
        "kappa": [
            {"kappa": "hard" if math.isinf(row.kappa) else row.kappa, "marks": row.marks, **_recalls_json(row.recalls)}
            for row in kappas
        ],
    }


def _row_json(row: SweepRow) -> dict[str, Any]:
    counts = {"rescued": row.rescued, "broken": row.broken, "by_cues": row.by_cues}
    return {"choice": row.choice, "marks": row.marks, **_recalls_json(row.recalls), **counts, **asdict(row.rescoring)}


def _recalls_json(recalls: Sequence[Recall]) -> dict[str, Any]:
    return {
        f"recall@{one.k}": {"successes": one.successes, "queries": one.queries, "wilson_95": one.interval}
        for one in recalls
    }


def _table(section: SweepSection) -> Table:
    table = _empty(section.setting, "Recall@1", "Recall@5", "vs run")
    for row in section.rows:
        table.add_row(_choice(row.choice, row.marks), *map(str, row.recalls), f"+{row.rescued} −{row.broken}")
    return table


def _empty(first: str, *others: str) -> Table:
    table = styled_table(padding=0)
    table.add_column(first, min_width=_LONGEST)
    for other in others:
        table.add_column(other, no_wrap=other.startswith("Recall"))
    return table


def _choice(choice: str, marks: Sequence[str]) -> Text:
    return Text.assemble(choice, *((f", {mark}", "bold") for mark in marks))


def _two_lines(recall: Recall) -> str:
    """The share with its counts, and the interval below."""
    low, high = recall.interval
    return f"{100 * recall.value:.1f} % ({recall.successes}/{recall.queries})\n{100 * low:.1f}–{100 * high:.1f}"


def _kappa_name(kappa: float) -> str:
    return "hard" if math.isinf(kappa) else f"{kappa:g}"
