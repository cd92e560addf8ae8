"""Degrees, UTM metres, distances, '@' file names and tables of positions."""

import math
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyproj import Geod
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info

from internvl_vpr.tools.errors import PositionError
from internvl_vpr.tools.photo.position import distance, from_degrees, from_metres, parse_at_name, read_positions
from internvl_vpr.tools.records import Position

LATITUDES = st.floats(-80, 84)
LONGITUDES = st.floats(-180, 180)


def krueger_utm(latitude: float, longitude: float, zone: str) -> tuple[float, float]:
    """UTM by Krüger's series to the third order in n, as Karney (2011) prints it; good to a millimetre."""
    a, f = 6378137.0, 1 / 298.257223563
    n = f / (2 - f)
    radius = a / (1 + n) * (1 + n**2 / 4 + n**4 / 64)
    alphas = (
        n / 2 - 2 * n**2 / 3 + 5 * n**3 / 16,
        13 * n**2 / 48 - 3 * n**3 / 5,
        61 * n**3 / 240,
    )
    phi, lam = math.radians(latitude), math.radians(longitude - (6 * int(zone[:-1]) - 183))
    e = 2 * math.sqrt(n) / (1 + n)
    t = math.sinh(math.atanh(math.sin(phi)) - e * math.atanh(e * math.sin(phi)))
    xi, eta = math.atan2(t, math.cos(lam)), math.atanh(math.sin(lam) / math.hypot(1, t))
    x = eta + sum(a * math.cos(2 * j * xi) * math.sinh(2 * j * eta) for j, a in enumerate(alphas, 1))
    y = xi + sum(a * math.sin(2 * j * xi) * math.cosh(2 * j * eta) for j, a in enumerate(alphas, 1))
    return 500_000 + 0.9996 * radius * x, 0.9996 * radius * y + (10_000_000 if zone[-1] < "N" else 0)


class TestUtm:
    @pytest.mark.parametrize(
        ("latitude", "longitude", "easting", "northing", "zone"),
        [
            (43.642567, -79.387139, 630084, 4833438, "17T"),  # CN Tower, Wikipedia's example of UTM
            (50.77535, 6.08389, 294409, 5628898, "32U"),  # from here: test data of the package utm
            (40.71435, -74.00597, 583960, 4507523, "18T"),
            (-41.28646, 174.77624, 313784, 5427057, "60G"),
            (-33.92487, 18.42406, 261878, 6243186, "34H"),
            (-32.89018, -68.84405, 514586, 6360877, "19H"),
            (64.83778, -147.71639, 466013, 7190568, "6W"),
            (56.79680, -5.00601, 377486, 6296562, "30V"),
        ],
    )
    def test_published_pairs(
        self, latitude: float, longitude: float, easting: float, northing: float, zone: str
    ) -> None:
        position = from_degrees(latitude, longitude)
        assert position.zone == zone
        assert (position.easting, position.northing) == pytest.approx((easting, northing), abs=1)
        back = from_metres(easting, northing, zone)
        assert (back.latitude, back.longitude) == pytest.approx((latitude, longitude), abs=2e-5)

    @given(LATITUDES, LONGITUDES)
    def test_metres_agree_with_kruegers_series(self, latitude: float, longitude: float) -> None:
        position = from_degrees(latitude, longitude)
        assert position.zone is not None
        expected = krueger_utm(latitude, longitude, position.zone)
        assert (position.easting, position.northing) == pytest.approx(expected, abs=0.01)

    @given(LATITUDES, LONGITUDES)
    @example(0.0, 180.0)
    @example(0.0, -180.0)
    @example(84.0, 9.0)
    @example(-80.0, 0.0)
    @example(56.0, 3.0)
    def test_degrees_to_metres_and_back(self, latitude: float, longitude: float) -> None:
        position = from_degrees(latitude, longitude)
        assert position.easting is not None
        assert position.northing is not None
        back = from_metres(position.easting, position.northing, position.zone)
        assert back.zone == position.zone
        assert back.latitude == pytest.approx(latitude, abs=1e-8)
        assert back.longitude is not None
        assert math.remainder(back.longitude - longitude, 360) == pytest.approx(0, abs=1e-7)

    @pytest.mark.parametrize("latitude", [-79, -40.1, -0.1, 0.1, 20, 55.9, 64.1, 71.9])
    @pytest.mark.parametrize("longitude", [-179.9, -120.1, -0.1, 0.1, 5.9, 6.1, 100, 179.9])
    def test_zones_are_those_of_the_register(self, latitude: float, longitude: float) -> None:
        area = AreaOfInterest(longitude, latitude, longitude, latitude)
        codes = {int(info.code) for info in query_utm_crs_info("WGS 84", area, contains=True)}
        zone = from_degrees(latitude, longitude).zone
        assert zone is not None
        assert (32600 if latitude > 0 else 32700) + int(zone[:-1]) in codes

    @pytest.mark.parametrize(
        ("latitude", "longitude", "zone"),
        [
            (60.39, 5.32, "32V"),  # Bergen
            (60.0, 2.9, "31V"),
            (63.99, 12.0, "33V"),
            (64.0, 5.0, "31W"),
            (55.99, 5.0, "31U"),
            (78.22, 15.65, "33X"),  # Longyearbyen
            (72.0, 0.0, "31X"),
            (72.0, 8.99, "31X"),
            (72.0, 9.0, "33X"),
            (80.0, 21.0, "35X"),
            (80.0, 33.0, "37X"),
            (84.0, 41.99, "37X"),
            (84.0, 42.0, "38X"),
            (71.99, 9.0, "32W"),
            (72.0, -0.01, "30X"),
            (0.0, 180.0, "1N"),
            (-0.001, -180.0, "1M"),
            (-80.0, 0.0, "31C"),
        ],
    )
    def test_norway_svalbard_and_the_edges(self, latitude: float, longitude: float, zone: str) -> None:
        assert from_degrees(latitude, longitude).zone == zone

    @pytest.mark.parametrize("latitude", [84.001, 90, -80.001, -90])
    def test_near_the_poles_there_are_degrees_only(self, latitude: float) -> None:
        assert from_degrees(latitude, 13) == Position(latitude=latitude, longitude=13)

    @pytest.mark.parametrize("pair", [(90.1, 0), (-91, 0), (0, 180.5), (0, -181), (math.nan, 0), (0, math.inf)])
    def test_numbers_that_are_not_degrees_are_refused(self, pair: tuple[float, float]) -> None:
        with pytest.raises(PositionError, match="WGS84"):
            from_degrees(*pair)

    @pytest.mark.parametrize(
        ("easting", "northing", "zone", "reason"),
        [
            (math.nan, 0, None, "finite"),
            (0, math.inf, "32U", "finite"),
            (500_000, 5_000_000, "61T", "not a UTM zone"),
            (500_000, 5_000_000, "0T", "not a UTM zone"),
            (500_000, 5_000_000, "33I", "not a UTM zone"),
            (500_000, 5_000_000, "33", "not a UTM zone"),
            (500_000, 5_000_000, "T33", "not a UTM zone"),
            (50_000, 5_000_000, "33T", "not in the UTM zone"),
            (1_000_000, 5_000_000, "33T", "not in the UTM zone"),
            (500_000, 5e9, "33T", "not in the UTM zone"),
            (261_878, 6_243_186, "34S", "latitudes 32 to 40"),  # Cape Town, S for south
        ],
    )
    def test_numbers_that_are_not_metres_are_refused(
        self, easting: float, northing: float, zone: str | None, reason: str
    ) -> None:
        with pytest.raises(PositionError, match=reason):
            from_metres(easting, northing, zone)

    @pytest.mark.parametrize(("easting", "fits"), [(99_999, False), (100_000, True), (999_999, True)])
    def test_eastings_have_six_digits(self, easting: float, fits: bool) -> None:
        with nullcontext() if fits else pytest.raises(PositionError, match="not in the UTM zone"):
            assert from_metres(easting, 5_000_000, "33T").easting == easting

    @pytest.mark.parametrize(
        ("letter", "latitude", "fits"),
        [
            ("T", 38.99, False), ("T", 39.01, True), ("T", 48.99, True), ("T", 49.01, False),  # T is 40 to 48
            ("X", 70.99, False), ("X", 71.01, True), ("X", 83.99, True),  # X is 72 to 84
            ("W", 72.99, True), ("W", 73.01, False),  # W is 64 to 72
        ],
    )  # fmt: skip
    def test_a_band_reaches_one_degree_into_its_neighbours(self, letter: str, latitude: float, fits: bool) -> None:
        northing = from_degrees(latitude, 15).northing  # on zone 33's central meridian
        assert northing is not None
        with nullcontext() if fits else pytest.raises(PositionError, match="whose letter means latitudes"):
            assert from_metres(500_000, northing, f"33{letter}").latitude == pytest.approx(latitude, abs=1e-6)

    def test_a_zone_may_be_written_loosely(self) -> None:
        assert from_metres(377486, 6296562, "30v") == from_metres(377486, 6296562, "30V")
        assert from_metres(466013, 7190568, "06W").zone == "6W"

    def test_without_a_zone_metres_stay_planar(self) -> None:
        assert from_metres(-3.5, 1e7, None) == Position(easting=-3.5, northing=1e7)


class TestDistance:
    @given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)
    def test_across_zones_it_is_the_geodesic(self, lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> None:
        a, b = from_degrees(lat_a, lon_a), from_degrees(lat_b, lon_b)
        expected = Geod(ellps="WGS84").inv(lon_a, lat_a, lon_b, lat_b)[2]
        found = distance(a, b)
        assert found == pytest.approx(distance(b, a), abs=1e-6)
        same_plane = a.zone and b.zone and a.zone[:-1] == b.zone[:-1] and (a.zone[-1] < "N") == (b.zone[-1] < "N")
        assert found == pytest.approx(expected, rel=0.01 if same_plane else 1e-9, abs=1e-6)

    @given(st.floats(-79.9, 83.9), LONGITUDES, st.floats(-300, 300), st.floats(-300, 300))
    def test_in_a_plane_it_is_euclidean(self, latitude: float, longitude: float, east: float, north: float) -> None:
        a = from_degrees(latitude, longitude)
        assert a.easting is not None
        assert a.northing is not None
        b = a.model_copy(update={"easting": a.easting + east, "northing": a.northing + north})
        assert distance(a, b) == pytest.approx(math.sqrt(east**2 + north**2), abs=1e-6)

    def test_a_latitude_band_does_not_divide_a_plane(self) -> None:
        south, north = from_metres(500_000, 4_427_700, "33S"), from_metres(500_000, 4_427_800, "33T")
        assert distance(south, north) == 100

    def test_the_equator_divides_a_plane(self) -> None:
        south, north = from_degrees(-0.0001, 15), from_degrees(0.0001, 15)
        assert distance(south, north) == pytest.approx(22.1, abs=0.1)

    def test_planar_positions_compare_with_their_own_kind_only(self) -> None:
        planar, utm = from_metres(0, 0, None), from_degrees(55, 13)
        assert distance(planar, from_metres(3, 4, None)) == 5
        assert distance(planar, utm) is None
        assert distance(utm, planar) is None

    def test_degrees_alone_are_enough(self) -> None:
        pole = Position(latitude=90, longitude=0)
        assert distance(pole, from_degrees(0, 0)) == pytest.approx(10_001_966, abs=1)  # a quarter of a meridian
        assert distance(pole, Position(latitude=90, longitude=120)) == pytest.approx(0, abs=1e-6)


class TestAtNames:
    def test_the_fields_of_a_full_name(self) -> None:
        name = "@0543256.96@4178906.70@10@S@037.75690@-122.50895@pano_7@03@240@0@0@1.5@20130808@note@.jpg"
        position = parse_at_name(name)
        assert position is not None
        assert (position.easting, position.northing, position.zone) == (543256.96, 4178906.70, "10S")
        assert (position.latitude, position.longitude) == (37.75690, -122.50895)

    def test_degrees_are_computed_where_the_name_has_none(self) -> None:
        position = parse_at_name("@583960@4507523@18@T@@@@@@@@@@@.png")
        assert position is not None
        assert (position.latitude, position.longitude) == pytest.approx((40.71435, -74.00597), abs=2e-5)

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("@0@1000@@@@@0123@@@@@@@@.jpg", (0, 1000)),  # AmsterTime's invented ones
            ("@12.5@-3@.jpg", (12.5, -3)),
            ("@12.5@-3", (12.5, -3)),
            ("@12@13@32@@@@.jpg", (12, 13)),
            ("@12@13@@T@@@.jpg", (12, 13)),
            ("@ 12 @13 @ @.jpg", (12, 13)),
        ],
    )
    def test_without_a_whole_zone_it_is_planar(self, name: str, expected: tuple[float, float]) -> None:
        assert parse_at_name(name) == Position(easting=expected[0], northing=expected[1])

    @pytest.mark.parametrize(("apart", "fits"), [(0, True), (999, True), (1001, False)])
    def test_degrees_and_metres_may_be_one_kilometre_apart(self, apart: int, fits: bool) -> None:
        """0° N, 3° E is where zone 31's central meridian meets the equator: 500 km east, 0 m north."""
        with nullcontext() if fits else pytest.raises(PositionError, match=r"1\.0 km away"):
            position = parse_at_name(f"@500000@{apart}@31@N@0@3@.jpg")
            assert position is not None
            assert (position.latitude, position.longitude, position.northing) == (0, 3, apart)

    def test_planar_metres_and_degrees_stand_side_by_side(self) -> None:
        expected = Position(latitude=1.5, longitude=2.5, easting=3, northing=4)
        assert parse_at_name("@3@4@@@1.5@2.5@@@.jpg") == expected

    @pytest.mark.parametrize(
        "name",
        ["", "@", "@@", "@@@@.jpg", "@holiday.jpg", "@7@holiday.jpg", "@7@8.jpg", "@a@b@.jpg", "@1,5@2@.jpg"],
    )
    def test_names_without_two_numbers_have_no_position(self, name: str) -> None:
        assert parse_at_name(name) is None

    @pytest.mark.parametrize("name", ["photo.jpg", "1@2@3@.jpg", "a@1@2@.jpg", " @1@2@.jpg", "@1_000@2@.jpg"])
    def test_other_names_have_no_position(self, name: str) -> None:
        assert parse_at_name(name) is None

    @pytest.mark.parametrize(
        "name",
        [
            "@nan@4178906@10@S@.jpg",
            "@543256@inf@@@.jpg",
            "@1e999@2@.jpg",
            "@543256@4178906@ten@S@.jpg",
            "@543256@4178906@61@S@.jpg",
            "@543256@4178906@10@I@.jpg",
            "@543256@4178906@10@N@.jpg",
            "@543@4178906@10@S@.jpg",
            "@1@2@@@91@0@.jpg",
            "@1@2@@@1@181@.jpg",
            "@1@2@@@1@@.jpg",
            "@1@2@@@1@east@.jpg",
            "@1@2@@@nan@1@.jpg",
            "@543256.96@4178906.70@10@S@037.79@-122.50895@.jpg",  # 3.7 km apart
        ],
    )
    def test_wrong_numbers_are_reported_with_the_name(self, name: str) -> None:
        with pytest.raises(PositionError) as caught:
            parse_at_name(name)
        assert name in str(caught.value)

    @given(st.text() | st.lists(st.text("0123456789.-+eEnaifST@ \0", max_size=9), max_size=16).map("@".join))
    def test_any_name_is_read_or_refused(self, name: str) -> None:
        try:
            position = parse_at_name("@" + name)
        except PositionError:
            return
        assert position is None or position.easting is not None

    @given(LATITUDES, LONGITUDES)
    def test_a_written_name_is_read_back(self, latitude: float, longitude: float) -> None:
        there = from_degrees(latitude, longitude)
        assert there.zone is not None
        fields = [f"{there.easting:010.2f}", f"{there.northing:010.2f}", there.zone[:-1], there.zone[-1]]
        back = parse_at_name("@".join(["", *fields, f"{latitude:.6f}", f"{longitude:.6f}", *[""] * 8, ".jpg"]))
        assert back is not None
        assert back.zone == there.zone
        apart = distance(there, back)
        assert apart is not None
        assert apart < 0.0071  # half a centimetre along each axis


class TestTables:
    def read(self, tmp_path: Path, text: str | bytes) -> dict[str, Position]:
        table = tmp_path / "positions.csv"
        table.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_positions(table)

    def test_degrees(self, tmp_path: Path) -> None:
        text = "file,latitude,longitude\na.jpg,55.7,13.2\nwalk/b c.jpg,-33.9,18.4\n"
        expected = {"a.jpg": from_degrees(55.7, 13.2), "walk/b c.jpg": from_degrees(-33.9, 18.4)}
        assert self.read(tmp_path, text) == expected

    def test_metres(self, tmp_path: Path) -> None:
        text = "file,easting,northing\na.jpg,1.5,-2\n"
        assert self.read(tmp_path, text) == {"a.jpg": Position(easting=1.5, northing=-2)}

    def test_metres_with_a_zone_that_may_be_left_open(self, tmp_path: Path) -> None:
        text = "file,easting,northing,zone\na.jpg,583960,4507523,18T\nb.jpg,1,2,\n"
        expected = {"a.jpg": from_metres(583960, 4507523, "18T"), "b.jpg": Position(easting=1, northing=2)}
        assert self.read(tmp_path, text) == expected

    @pytest.mark.parametrize(
        "text",
        [
            "\ufefffile,latitude,longitude\r\na.jpg,55.7,13.2\r\n",
            " longitude , note,latitude,  file\n13.2, sunny , 55.7 , a.jpg",
            'file,latitude,longitude\n"a.jpg","55.7", "13.2"\n\n',
            "file,latitude,longitude\n./a.jpg,+55.70,1.32e1\n",
            'file,latitude,longitude,note\na.jpg,55.7,13.2,"two\nlines, one cell"\n',
        ],
    )
    def test_forms_that_mean_the_same(self, tmp_path: Path, text: str) -> None:
        assert self.read(tmp_path, text) == {"a.jpg": from_degrees(55.7, 13.2)}

    def test_degrees_and_metres_of_one_place(self, tmp_path: Path) -> None:
        text = "file,latitude,longitude,easting,northing,zone\na.jpg,40.71435,-74.00597,583960,4507523,18T\n"
        place = self.read(tmp_path, text)["a.jpg"]
        assert (place.latitude, place.easting, place.zone) == (40.71435, 583960, "18T")

    @pytest.mark.parametrize(
        ("text", "line", "reason"),
        [
            ("", 1, "header"),
            ("a.jpg,1,2\n", 1, "header"),
            ("file;latitude;longitude\na.jpg;1;2\n", 1, "header"),
            ("file,latitude\na.jpg,1\n", 1, "header"),
            ("latitude,longitude\n1,2\n", 1, "header"),
            ("file,file,latitude,longitude\na,a,1,2\n", 1, "header"),
            ("file,latitude,longitude\na.jpg,1,2\nb.jpg,north,2\n", 3, "'north'"),
            ("file,latitude,longitude\na.jpg,,\n", 2, "two numbers"),
            ("file,latitude,longitude\na.jpg,91,2\n", 2, "WGS84"),
            ("file,latitude,longitude\na.jpg,nan,2\n", 2, "WGS84"),
            ("file,latitude,longitude\na.jpg,1\n", 2, "3 cells"),
            ("file,latitude,longitude\na.jpg,1,5,2,5\n", 2, "3 cells"),
            ("file,latitude,longitude\na.jpg,1,2\nb.jpg,1,2\na.jpg,1,2\n", 4, "second time"),
            ("file,latitude,longitude\na.jpg,1,2\n./a.jpg,1,2\n", 3, "second time"),
            ("file,latitude,longitude\nwalk\\a.jpg,1,2\n", 2, "forward slashes"),
            ("file,latitude,longitude\n/home/a.jpg,1,2\n", 2, "relative"),
            ("file,latitude,longitude\n../a.jpg,1,2\n", 2, "relative"),
            ("file,latitude,longitude\n,1,2\n", 2, "relative"),
            ("file,easting,northing,zone\na.jpg,583960,4507523,18I\n", 2, "zone"),
            ("file,easting,northing\na.jpg,inf,0\n", 2, "finite"),
            ('file,latitude,longitude\na.jpg,1,2\n"b.jpg,1,2\n', 3, "unexpected end"),
            (b"file,latitude,longitude\na.jpg,1,2\nM\xfcnchen.jpg,1,2\n", 3, "UTF-8"),
            ("file,latitude,longitude\n".encode("utf-16"), 1, "UTF-8"),
        ],
    )
    def test_what_is_wrong_is_reported_with_its_line(
        self, tmp_path: Path, text: str | bytes, line: int, reason: str
    ) -> None:
        with pytest.raises(PositionError, match=rf"positions\.csv', line {line}: .*{reason}"):
            self.read(tmp_path, text)

    def test_a_table_that_cannot_be_read(self, tmp_path: Path) -> None:
        for table in (tmp_path / "gone.csv", tmp_path):
            with pytest.raises(PositionError, match=table.name):
                read_positions(table)

    @given(st.binary(max_size=200) | st.text("file,latitudeongn\n\"' 0123.-\\/\0\r").map(str.encode))
    def test_any_table_is_read_or_refused(self, tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
        table = tmp_path_factory.getbasetemp() / "any.csv"
        table.write_bytes(b"file,latitude,longitude\n" + data)
        try:
            positions = read_positions(table)
        except PositionError as error:
            assert "any.csv" in str(error)  # noqa: PT017
            return
        assert all(position.latitude is not None for position in positions.values())
