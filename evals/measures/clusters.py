"""Queries by place: those within the radius of each other, directly or through others, are one cluster."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.photo.position import plane_of
from internvl_vpr.tools.records import Position


def cluster_by_place(positions: Sequence[Position | None], radius: float) -> list[int]:
    """Return each position's cluster by number, from 0: single-link components within `radius` metres, inclusive.

    Distances are Euclidean within one plane, as those to positives are, and planes are never mixed. A position
    without metres is a cluster of its own.
    """
    by_plane: dict[object, list[int]] = defaultdict(list)
    for number, position in enumerate(positions):
        placed = position is not None and position.easting is not None
        by_plane[plane_of(position) if position and placed else number].append(number)
    clusters = [0] * len(positions)
    for numbers in by_plane.values():
        metres = np.array([_metres(positions[number]) for number in numbers])
        for number, first in zip(numbers, _components(metres, radius).tolist(), strict=True):
            clusters[number] = numbers[first]
    renumbered = {cluster: number for number, cluster in enumerate(dict.fromkeys(clusters))}
    return [renumbered[cluster] for cluster in clusters]


def _metres(position: Position | None) -> tuple[float, float]:
    if position is None or position.easting is None or position.northing is None:
        return 0.0, 0.0
    return position.easting, position.northing


def _components(metres: Floats, radius: float) -> Floats:
    """Name each place, `[n, 2]`, by one of its component: only what follows within `radius` to the east is looked at.

    No list of pairs is kept, since all places may be within the radius.
    """
    order = np.argsort(metres[:, 0], kind="stable")
    east, north = metres[order].T
    reach = np.searchsorted(east, east + radius + 1e-6, side="right")  # with a little room for rounding
    labels = order.copy()
    for number, last in enumerate(reach):
        following = slice(number + 1, last)
        near = np.hypot(east[following] - east[number], north[following] - north[number]) <= radius
        others = set(labels[following][near].tolist()) - {int(labels[number])}
        if others:
            labels[np.isin(labels, list(others))] = labels[number]
    named = np.empty_like(labels)
    named[order] = labels
    return named
