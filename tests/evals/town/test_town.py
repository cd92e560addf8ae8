"""The demo town: what stands where, what the photos say about themselves, and that a build can be repeated."""

import hashlib
import json
import math
import shutil
from itertools import combinations, count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pyproj import Transformer

from internvl_vpr.evals.town.camera import DRAWN, HEIGHT, OVERSAMPLE, WIDTH, Camera, see_plane
from internvl_vpr.evals.town.files import photo_bytes
from internvl_vpr.evals.town.occlusion import occlude
from internvl_vpr.evals.town.photo import Condition, Shot, camera_of, photograph, standpoint
from internvl_vpr.evals.town.plan import Place, Plan, centre_house, plan_town
from internvl_vpr.evals.town.sheet import pixel_box
from internvl_vpr.evals.town.street import elevation, forget
from internvl_vpr.evals.town.town import Town, build_town
from internvl_vpr.tools.errors import UsageError

PLACES, VIEWS = 4, 2
QUERIES: tuple[Condition, ...] = ("night", "occlusion", "long_ago")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return build_town(tmp_path_factory.mktemp("town"), places=PLACES, views=VIEWS)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_town(0, 64)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def stood(shot: Shot) -> tuple[float, float]:
    return standpoint(shot)[:2]


def views_of(place: Place) -> list[tuple[float, float]]:
    return [stood(Shot(0, place, "day", view, 3)) for view in range(3)]


def test_each_folder_holds_its_photos(town: Town) -> None:
    counts = {folder.name: len(list(folder.glob("*.jpg"))) for folder in town.folder.iterdir() if folder.is_dir()}
    assert counts == {
        "database": PLACES * VIEWS, "queries_night": PLACES, "queries_occlusion": PLACES,
        "queries_long_ago": PLACES, "unknown": PLACES // 4,
    }  # fmt: skip
    assert set(town.queries) == set(QUERIES)
    assert all(folder.is_dir() for folder in (town.database, town.unknown, *town.queries.values()))


def test_manifest_lists_every_file_with_its_checksum(town: Town) -> None:
    manifest = json.loads((town.folder / "town.json").read_text())
    found = digests(town.folder)
    del found["town.json"]
    assert {name: entry["sha256"] for name, entry in manifest["files"].items()} == found
    assert all((town.folder / name).stat().st_size == entry["bytes"] for name, entry in manifest["files"].items())
    assert (manifest["seed"], manifest["places"], manifest["views"]) == (0, PLACES, VIEWS)


def test_name_and_exif_say_the_same_position(town: Town) -> None:
    to_utm = Transformer.from_crs(4326, 32633, always_xy=True)
    for path in town.folder.rglob("*.jpg"):
        fields = path.name.split("@")
        assert len(fields) == 16  # 15 fields, and nothing before the first '@'
        assert (fields[0], fields[3], fields[4], fields[15]) == ("", "33", "U", ".jpg")
        assert [len(fields[1]), len(fields[2])] == [10, 10]
        with Image.open(path) as photo:
            assert (photo.format, photo.size) == ("JPEG", (480, 360))
            gps = photo.getexif().get_ifd(0x8825)
        latitude, longitude = (sum(float(part) / 60**i for i, part in enumerate(gps[tag])) for tag in (2, 4))
        assert (gps[1], gps[3]) == ("N", "E")
        assert math.dist(to_utm.transform(longitude, latitude), (float(fields[1]), float(fields[2]))) < 0.02
        assert math.dist(to_utm.transform(float(fields[6]), float(fields[5])), (float(fields[1]), float(fields[2]))) < 1
        assert 0 <= int(fields[9]) < 360


def test_views_of_a_place_lie_together_and_those_of_others_apart(plan: Plan) -> None:
    views = [views_of(place) for place in plan.places]
    for place, own in zip(plan.places, views, strict=True):
        assert all(math.dist(a, b) <= 10 for a, b in combinations(own, 2))
        for condition in QUERIES:
            query = stood(Shot(0, place, condition))
            near = {i for i, other in enumerate(views) for view in other if math.dist(query, view) <= 25}
            assert near == {place.number}
            assert all(math.dist(query, view) > 0.01 for view in own)


def test_unknown_places_are_far_from_the_database(plan: Plan) -> None:
    assert len(plan.unknown) == 16
    known = [view for place in plan.places for view in views_of(place)]
    assert min(math.dist(stood(Shot(0, place, "day")), view) for place in plan.unknown for view in known) > 100


@given(seed=st.integers(0, 2**32), places=st.integers(1, 80))
@settings(max_examples=15, deadline=None)
def test_any_plan_keeps_places_apart_and_signs_unique(seed: int, places: int) -> None:
    plan = plan_town(seed, places)
    assert len(plan.places) == places
    sites = [(place.easting, place.northing) for place in plan.places]
    assert all(math.dist(a, b) >= 60 for a, b in combinations(sites, 2))
    texts = [sign.text.upper() for place in (*plan.places, *plan.unknown) for sign in place.scene.signs]
    assert len(texts) == len(set(texts))
    assert all(text.isascii() for text in texts)  # the bundled typeface has nothing else


def test_a_third_look_alike_and_three_in_five_have_signs(plan: Plan) -> None:
    groups = [place.look_alikes for place in plan.places]
    sizes = {group: groups.count(group) for group in set(groups) if group is not None}
    assert sorted(sizes.values()) == [3, 3, 3, 4, 4, 4]
    assert sum(bool(place.scene.signs) for place in plan.places) == 38
    unsigned = {place.look_alikes for place in plan.places if not place.scene.signs} - {None}
    assert 1 <= len(unsigned) <= 2


def test_look_alikes_differ_in_their_signs_only(plan: Plan) -> None:
    for group in range(6):
        first, *others = (place.scene for place in plan.places if place.look_alikes == group)
        base = np.asarray(elevation(first).picture)
        for other in others:
            differs = (base != np.asarray(elevation(other).picture)).any(axis=2)
            assert differs.any() == bool(first.signs)
            for sign in (*first.signs, *other.signs):
                left, top, right, bottom = pixel_box(sign.box)
                differs[top:bottom, left:right] = False
            assert not differs.any()


def test_places_that_are_no_look_alikes_are_different_houses(plan: Plan) -> None:
    groups = {place.look_alikes for place in plan.places} - {None}
    houses = {centre_house(place.scene)[1] for place in plan.places}
    assert len(houses) == len(groups) + sum(place.look_alikes is None for place in plan.places)


def test_long_ago_some_names_and_some_neighbours_were_others() -> None:
    places = [place for seed in range(12) for place in plan_town(seed, 64).places]
    signed = [place for place in places if place.scene.signs]
    renamed = sum(
        {sign.text for sign in place.scene.signs}.isdisjoint(sign.text for sign in place.former.signs)
        for place in signed
    )
    assert 0.24 < renamed / len(signed) < 0.36
    moved = sum([x for x, _ in place.scene.houses] != [x for x, _ in place.former.houses] for place in places)
    assert 0.15 < moved / len(places) < 0.25


def test_a_photo_does_not_depend_on_those_taken_before() -> None:
    shots = [Shot(3, plan_town(3, 9).places[4], condition) for condition in ("day", *QUERIES)]
    first = [photo_bytes(shot) for shot in shots]
    forget()
    again = [photo_bytes(shot) for shot in reversed([Shot(3, plan_town(3, 9).places[4], s.condition) for s in shots])]
    assert first == again[::-1]
    assert len(set(first)) == len(shots)


def test_camera_projects_as_a_pinhole_does() -> None:
    straight = Camera(along=2.0, away=12.0, height=1.6, yaw=0.0, pitch=0.0, roll=0.0, focal=400.0)
    (u, v), *_ = straight.project([(5.0, 4.6, 2.0)])  # 3 m to the right and 3 m above, 10 m away
    assert (u / OVERSAMPLE, v / OVERSAMPLE) == pytest.approx((WIDTH / 2 + 120, HEIGHT / 2 - 120))
    turned = Camera(along=0.0, away=10.0, height=1.6, yaw=45.0, pitch=0.0, roll=0.0, focal=400.0)
    (u, v), *_ = turned.project([(10.0, 1.6, 0.0)])  # straight ahead after a turn to the right
    assert (u / OVERSAMPLE, v / OVERSAMPLE) == pytest.approx((WIDTH / 2, HEIGHT / 2))


@given(yaw=st.floats(-25, 25), pitch=st.floats(5, 13), roll=st.floats(-2, 2), x=st.floats(-3, 3), y=st.floats(0.5, 4))
@settings(max_examples=20, deadline=None)
def test_a_plane_is_seen_where_its_points_are_projected(
    yaw: float, pitch: float, roll: float, x: float, y: float
) -> None:
    camera = Camera(along=1.0, away=12.0, height=1.6, yaw=yaw, pitch=pitch, roll=roll, focal=400.0)
    to_metres = np.array([[0.02, 0, -10], [0, -0.02, 8], [0, 0, 1]])  # 50 pixels a metre
    plane = Image.new("RGBa", (1000, 400))
    column, row = round((x + 10) / 0.02), round((8 - y) / 0.02)
    plane.paste((255, 255, 255, 255), (column - 4, row - 4, column + 4, row + 4))
    spot = np.asarray(see_plane(camera, plane, (0, 1), to_metres).getchannel("A")).astype(np.float64)
    (u, v), *_ = camera.project([(column * 0.02 - 10, 8 - row * 0.02, 0.0)])
    if not (10 < u < DRAWN[0] - 10 and 10 < v < DRAWN[1] - 10):
        return
    rows, columns = np.mgrid[: DRAWN[1], : DRAWN[0]] + 0.5
    found = (float((columns * spot).sum() / spot.sum()), float((rows * spot).sum() / spot.sum()))
    assert math.dist(found, (u, v)) < 0.5


def test_obstacles_cover_a_fifth_to_a_half() -> None:
    camera = camera_of(Shot(0, plan_town(0, 1).places[0], "occlusion"))
    for seed in range(8):
        picture = Image.new("RGB", DRAWN, (1, 2, 3))
        share = occlude(np.random.default_rng(seed), picture, camera)
        assert 0.2 <= share <= 0.5
        touched = (np.asarray(picture) != (1, 2, 3)).any(axis=2).mean()
        assert share - 0.01 <= touched <= share + 0.15  # thin netting is drawn and does not count


def test_night_is_dark_and_long_ago_has_no_colours() -> None:
    for place in plan_town(5, 6).places:
        day, night, old = (
            np.asarray(photograph(Shot(5, place, condition))).astype(np.float64)
            for condition in ("day", "night", "long_ago")
        )
        assert night.mean() < 0.65 * day.mean()
        red_and_blue = np.corrcoef(old[..., 0].ravel(), old[..., 2].ravel())[0, 1]
        assert red_and_blue > 0.98  # one tone over the whole print


def test_a_finished_town_is_left_alone(town: Town) -> None:
    before = {path: path.stat().st_mtime_ns for path in town.folder.rglob("*")}
    calls: list[tuple[Any, ...]] = []
    assert build_town(town.folder, places=PLACES, views=VIEWS, on_progress=lambda *call: calls.append(call)) == town
    assert {path: path.stat().st_mtime_ns for path in town.folder.rglob("*")} == before
    assert calls == []


def test_missing_and_damaged_files_are_made_again(town: Town, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(town.folder, tmp_path / "town"))
    photos = sorted(copy.rglob("*.jpg"))
    photos[0].unlink()
    photos[-1].write_bytes(b"half")
    calls: list[tuple[Any, ...]] = []
    build_town(copy, places=PLACES, views=VIEWS, on_progress=lambda *call: calls.append(call))
    assert digests(copy) == digests(town.folder)
    assert calls[-1] == ("drawing the town", len(photos), len(photos))
    assert calls[0][1] > len(photos) - 2


def test_an_interrupted_build_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = count()

    def interrupted(shot: Shot) -> bytes:
        if next(photos) == 3:
            raise KeyboardInterrupt
        return photo_bytes(shot)

    with monkeypatch.context() as patch:
        patch.setattr("internvl_vpr.evals.town.town.photo_bytes", interrupted)
        with pytest.raises(KeyboardInterrupt):
            build_town(tmp_path / "town", places=2, views=1)
    taken = digests(tmp_path / "town")
    assert "town.json" in taken
    assert 3 <= len(taken) - 1 < 9
    assert not any(name.endswith(".part") for name in taken)
    build_town(tmp_path / "town", places=2, views=1)
    whole = build_town(tmp_path / "whole", places=2, views=1)
    assert digests(tmp_path / "town") == digests(whole.folder)
    del taken["town.json"]
    assert taken.items() <= digests(whole.folder).items()


def test_other_folders_are_refused_and_not_touched(town: Town, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(UsageError, match="holds other files"):
        build_town(mine)
    assert digests(mine) == {"holiday.jpg": hashlib.sha256(b"mine").hexdigest()}
    with pytest.raises(UsageError, match="is a file"):
        build_town(mine / "holiday.jpg")
    with pytest.raises(UsageError, match="other settings"):
        build_town(town.folder, seed=1, places=PLACES, views=VIEWS)
    (mine / "town.json").write_text("[not ours")
    with pytest.raises(UsageError, match=r"town\.json"):
        build_town(mine)


@pytest.mark.parametrize(("seed", "places", "views"), [(-1, 8, 1), (0, 0, 1), (0, 401, 1), (0, 8, 0), (0, 8, 21)])
def test_settings_out_of_range_are_refused(tmp_path: Path, seed: int, places: int, views: int) -> None:
    with pytest.raises(UsageError):
        build_town(tmp_path / "town", seed=seed, places=places, views=views)
    assert not (tmp_path / "town").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        build_town(tmp_path / "file" / "town", places=1, views=1)
