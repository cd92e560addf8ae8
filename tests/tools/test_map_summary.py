"""What an index holds, against loops over its photos."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from internvl_vpr.tools.index.files import IndexSettings
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.index.seal import seal
from internvl_vpr.tools.index.store import BuildStore
from internvl_vpr.tools.map_summary import MapSummary, map_summary
from internvl_vpr.tools.photo.position import from_degrees, from_metres
from internvl_vpr.tools.records import Photo, Position


def summary_of(folder: Path, photos: Sequence[tuple[str, int, Position | None]]) -> MapSummary:
    """Build an index of photos, each with its root, the number of its image and its position, and summarise it."""
    with BuildStore(folder) as store:
        for number, (root, image, position) in enumerate(photos):
            photo = Photo(path=Path("x"), digest=f"{image:064x}", width=14, height=14, position=position)
            store.put_photo(root, f"{number}.jpg", photo, (1, 1), 1)
        for image in sorted({image for _, image, _ in photos}):
            store.put_vector(f"{image:064x}", np.array([1.0, 0.0]))
        seal(folder, store, IndexSettings(clusters=1), np.array([[1.0, 0.0]]))
    index = PlaceIndex.open(folder)
    try:
        return map_summary(index)
    finally:
        index.close()


def at(latitude: float, longitude: float) -> tuple[str, int, Position]:
    return "/photos", 1, from_degrees(latitude, longitude)


def along_parallel(latitude: float, west: float, east: float) -> float:
    """Add up short geodesics along a parallel."""
    longitudes = np.linspace(west, east, 2000)
    return float(Geod(ellps="WGS84").line_length(longitudes, np.full(2000, latitude)))


_positions = st.one_of(
    st.none(),
    st.tuples(st.floats(-85, 85), st.floats(-180, 180)).map(lambda at: from_degrees(*at)),
    st.tuples(st.floats(0, 9), st.floats(0, 9)).map(lambda at: Position(easting=at[0], northing=at[1])),
)


@settings(max_examples=15)
@given(photos=st.lists(st.tuples(st.sampled_from(["/a", "/b"]), st.integers(1, 4), _positions), min_size=1, max_size=9))
def test_a_summary_is_what_loops_find(
    tmp_path_factory: pytest.TempPathFactory, photos: list[tuple[str, int, Position | None]]
) -> None:
    found = summary_of(tmp_path_factory.mktemp("index"), photos)
    placed = [position for _, _, position in photos if position is not None]
    degrees = [
        (one.latitude, one.longitude) for one in placed if one.latitude is not None and one.longitude is not None
    ]
    assert (found.photos, found.positioned) == (len(photos), len(placed))
    assert found.images == len({image for _, image, _ in photos})
    assert [str(root) for root in found.roots] == sorted({root for root, _, _ in photos})
    assert set(found.planes) == {one.zone or "own" for one in placed if one.easting is not None}
    if not degrees:
        assert {found.south, found.north, found.west, found.east, found.width, found.height} == {None}
        return
    assert found.south == min(latitude for latitude, _ in degrees)
    assert found.north == max(latitude for latitude, _ in degrees)
    assert found.west is not None
    assert found.east is not None
    span = (found.east - found.west) % 360 if found.east < found.west else found.east - found.west
    longitudes = [longitude for _, longitude in degrees if longitude is not None]
    offsets = [(longitude - found.west) % 360 for longitude in longitudes]  # all photos lie within the limits
    assert all(offset <= span + 1e-9 or offset > 360 - 1e-9 for offset in offsets)
    assert span <= max(longitudes) - min(longitudes) + 1e-9


def test_width_and_height_are_metres_on_the_ellipsoid(tmp_path: Path) -> None:
    found = summary_of(tmp_path, [at(48.0, 16.0), at(49.0, 18.5)])
    assert found.width == pytest.approx(along_parallel(48.5, 16.0, 18.5), rel=1e-6)
    meridian = Geod(ellps="WGS84").inv(16.0, 48.0, 16.0, 49.0)[2]
    assert found.height == pytest.approx(meridian, rel=1e-9)


def test_a_map_across_the_180th_meridian_is_not_as_wide_as_the_world(tmp_path: Path) -> None:
    found = summary_of(tmp_path, [at(-17.0, 179.9), at(-17.0, -179.8)])
    assert (found.west, found.east) == pytest.approx((179.9, -179.8))
    assert found.width == pytest.approx(along_parallel(-17.0, 179.9, 180.2), rel=1e-6)
    assert found.height == 0


def test_one_photo_has_no_extent(tmp_path: Path) -> None:
    found = summary_of(tmp_path, [at(48.0, 16.0)])
    assert (found.width, found.height, found.west, found.east) == (0, 0, 16.0, 16.0)


def test_planes_are_named_by_zone_or_as_own(tmp_path: Path) -> None:
    photos = [
        ("/a", 1, from_metres(601_000, 5_340_000, "33U")),
        ("/a", 2, Position(easting=1, northing=2)),
        ("/a", 3, from_degrees(89.0, 0.0)),
        ("/a", 4, None),
    ]
    found = summary_of(tmp_path, photos)
    assert found.planes == ("33U", "own")
    assert (found.photos, found.positioned) == (4, 3)
    assert found.backbone.startswith("rootsift/")
    assert len(found.checksum) == 64
