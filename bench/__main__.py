"""`python -m bench`: one table; the exit code is 1 when a floor is missed."""

import sys
from collections.abc import Sequence
from itertools import chain

import click
import faiss
import torch
from rich import box
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from . import (
    aggregation,
    answering,
    endpoint,
    first_prompt,
    locating,
    map_page,
    messages,
    scoring,
    search,
    verification,
)
from .side_by_side import SideBySide, Timing, measure


@click.command()
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Threads of either side.")
def main(threads: int) -> None:
    """Measure ours against plain implementations, side by side."""
    torch.set_num_threads(threads)
    faiss.omp_set_num_threads(threads)
    title = f"Medians in ms, {threads} thread{'s' if threads > 1 else ''} on either side"
    table = Table(title=title, box=box.SIMPLE, pad_edge=False, collapse_padding=True, padding=(0, 1))
    for heading in ("", "ours", "against", "other", "ratio", "at most"):
        table.add_column(heading, justify="left" if heading in ("", "against") else "right", no_wrap=True)
    with threadpool_limits(threads):
        rows = [
            (comparison, measure(comparison))
            for comparison in chain(
                aggregation.comparisons(), search.comparisons(), scoring.comparisons(), verification.comparisons()
            )
        ]
        located = locating.parts()
    rows.append(endpoint.measured())
    rows += [(comparison, measure(comparison)) for comparison in chain(messages.comparisons(), map_page.comparisons())]
    with first_prompt.comparison() as prompts:
        rows.append((prompts, measure(prompts)))
    with answering.measured() as answers:
        rows.append((answers.fresh, measure(answers.fresh)))
    for comparison, timing in rows:
        table.add_row(*cells(comparison, timing))
    missed = any(misses(comparison, timing) for comparison, timing in rows)
    Console().print(table, show_parts(located), show_warm(answers.warm, answers.again))
    sys.exit(missed or outside(located) > locating.MOST_MS or answers.warm > answering.MOST_SECONDS)


def show_warm(seconds: float, again: float) -> str:
    """Return a line about an answer in a warm chat: to a new photo, and to one that was asked before."""
    floor = f"at most {answering.MOST_SECONDS:g}"
    if seconds > answering.MOST_SECONDS:
        floor = f"[red]{floor} missed[/red]"
    return (
        f"An answer in a warm chat on a prepared map ({floor}): [bold]{seconds:.2f}[/bold] s, the median of new photos;"
        f" {again:.2f} s for one that was asked before"
    )


def outside(parts: Sequence[locating.Part]) -> float:
    """Return the milliseconds of the parts that count towards the floor."""
    return sum(part.ms for part in parts if part.counts)


def show_parts(parts: Sequence[locating.Part]) -> Table:
    """Return a table of where the time of a located photo goes."""
    title = f"A located photo, K = {locating.K}, all descriptions recorded; medians in ms"
    table = Table(title=title, box=box.SIMPLE, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for part in parts:
        table.add_row(part.name, f"{part.ms:.1f}")
    floor = f"at most {locating.MOST_MS:g}"
    if outside(parts) > locating.MOST_MS:
        floor = f"[red]{floor} missed[/red]"
    table.add_row(f"[bold]outside backbone and search[/bold] ({floor})", f"[bold]{outside(parts):.1f}[/bold]")
    return table


def misses(comparison: SideBySide, timing: Timing) -> bool:
    """Say whether a floor was missed."""
    return comparison.at_most is not None and timing.ratio > comparison.at_most


def cells(comparison: SideBySide, timing: Timing) -> tuple[str, ...]:
    """Return one row of the table."""
    floor = "" if comparison.at_most is None else f"{comparison.at_most:.3g}"
    if misses(comparison, timing):
        floor = f"[red]{floor} missed[/red]"
    return (
        comparison.what,
        f"{1e3 * timing.ours:.1f}",
        comparison.against,
        f"{1e3 * timing.other:.1f}",
        f"{timing.ratio:.2f}",
        floor,
    )


if __name__ == "__main__":
    main()
