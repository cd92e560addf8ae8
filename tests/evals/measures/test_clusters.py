"""Clusters by place against a search over all pairs."""

from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.evals.measures.clusters import cluster_by_place
from internvl_vpr.tools.photo.position import distance
from internvl_vpr.tools.records import Position

PLACES = st.builds(
    lambda east, north, zone: Position(easting=500_000.0 + east, northing=5e6 + north, zone=zone),
    st.integers(0, 120), st.integers(0, 60), st.sampled_from(["33U", "33T", "34U", None]),
)  # fmt: skip


def components(positions: list[Position | None], radius: float) -> list[int]:
    """Join the clusters of two positions until no two that are near are apart."""
    names = list(range(len(positions)))
    for a, one in enumerate(positions):
        for b, other in enumerate(positions):
            metres = distance(one, other) if one and other else None
            if metres is not None and metres <= radius:
                names = [names[a] if name == names[b] else name for name in names]
    return [list(dict.fromkeys(names)).index(name) for name in names]


@given(st.lists(st.none() | PLACES, max_size=25), st.sampled_from([0.0, 5.0, 25.0]))
def test_clusters_are_the_components_of_what_is_near(positions: list[Position | None], radius: float) -> None:
    assert cluster_by_place(positions, radius) == components(positions, radius)


def test_the_radius_is_inclusive_links_chain_and_planes_do_not_mix() -> None:
    def at(east: float, zone: str | None = "33U") -> Position:
        return Position(easting=east, northing=0.0, zone=zone)

    assert cluster_by_place([at(0), at(50), at(25)], 25) == [0, 0, 0]
    assert cluster_by_place([at(0), at(25.01)], 25) == [0, 1]
    assert cluster_by_place([at(0), at(0, "33T"), at(0, "34U"), at(0, None)], 25) == [0, 0, 1, 2]
    polar = Position(latitude=89.0, longitude=0.0)
    assert cluster_by_place([None, polar, None, polar], 25) == [0, 1, 2, 3]
    assert cluster_by_place([], 25) == []


def test_one_place_of_many_queries() -> None:
    crowd = [Position(easting=number % 20, northing=number // 20) for number in range(400)]
    assert set(cluster_by_place([*crowd], 25)) == {0}
