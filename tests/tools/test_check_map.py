"""A map's check of itself: its limits and counts against plain counting, and what is left out when a photo is asked."""

import math
import shutil
import statistics
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from built_index import build
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import IFD, Base
from scipy.stats import beta
from scripted import patch_verifier
from texture import texture

from internvl_vpr.tools.check_map import Asked, check_map, held_out_tallies, measured_limits, tally
from internvl_vpr.tools.features.backbone import Backbone, open_backbone
from internvl_vpr.tools.grade import judge_answer
from internvl_vpr.tools.index.calibration import Limits
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.records import Candidate, Geometry, Grade, Position, RankedCandidate
from internvl_vpr.tools.verify_geometry import Verifier


def photo(number: int, easting: float) -> Candidate:
    return Candidate(
        reference=f"{number}.jpg", path=Path(f"{number}.jpg"), digest=f"{number:064x}",
        position=Position(easting=easting, northing=0.0), coarse_rank=1, coarse_similarity=0.5,
    )  # fmt: skip


def found(rank: int, easting: float, inliers: int) -> RankedCandidate:
    return RankedCandidate(
        **dict(photo(1000 + rank, easting)), rank=rank, score=None, retained=False, matches=(),
        geometry=Geometry(matches=inliers, inliers=inliers),
    )  # fmt: skip


def asked(inliers: int, *, right: bool = True, elsewhere: int | None = 10, other: int = 0) -> Asked:
    """A photo at 0 m whose best candidate is at the photo's place or 500 m away, and another place at 900 m."""
    return Asked(photo(1, 0.0), [found(1, 0.0 if right else 500.0, inliers), found(2, 900.0, other)], elsewhere)


def test_a_small_map_keeps_the_defaults() -> None:
    assert measured_limits([asked(200)] * 19) is None
    assert measured_limits([]) is None
    assert measured_limits([asked(200)] * 20) == Limits()


def test_ninety_nine_of_a_hundred_photos_from_elsewhere_stay_below_the_limit_of_chance() -> None:
    """The factor for 40 values, 99 % and 95 % confidence is 2.941 in the tables of the normal distribution."""
    sample = [asked(300, elsewhere=30 + number) for number in range(40)]  # from 30 to 69
    roots = [math.sqrt(30 + number) for number in range(40)]
    limits = measured_limits(sample)
    assert limits
    assert limits.chance == math.ceil((statistics.mean(roots) + 2.941 * statistics.stdev(roots)) ** 2)


def test_what_is_told_as_none_counts_as_seven() -> None:
    few = [asked(300, elsewhere=number % 20) for number in range(40)]
    seven = [one._replace(elsewhere=max(one.elsewhere or 0, 7)) for one in few]
    assert measured_limits(few) == measured_limits(seven)


def test_what_a_look_alike_has_is_not_chance() -> None:
    """Three in ten photos have a twin elsewhere, with as many inliers as the place; the others reach 80 at most."""
    others = [asked(250, elsewhere=41 + number, other=41 + number) for number in range(28)]
    twins = [asked(250, elsewhere=155, other=155) for _ in range(12)]  # as much as to come near
    assert measured_limits([*others, *twins]) == measured_limits(others) != None  # noqa: E711


def test_a_map_on_which_strangers_reach_little_has_the_default_limit_of_chance() -> None:
    limits = measured_limits([asked(300, elsewhere=12)] * 30)
    assert limits
    assert limits.chance == Limits().chance


def test_confirmed_answers_are_right_but_for_one_in_fifty() -> None:
    wrong = [asked(inliers, right=False) for inliers in (110, 130, 150)]
    limits = measured_limits([asked(140)] * 50 + [asked(200)] * 40 + wrong)
    assert limits
    assert limits.sure == 131  # 150 stays: one of 91; with 130 it would be two of 92
    assert measured_limits([asked(200)] * 30 + wrong) == Limits(sure=151)


@given(st.integers(0, 2**32 - 1), st.integers(20, 80))
def test_measured_limits_are_never_below_the_defaults_and_keep_what_they_promise(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    sample = [
        asked(int(rng.integers(400)), right=bool(rng.random() < 0.8), elsewhere=int(rng.integers(300)), other=other)
        for other in rng.integers(0, 100, count).tolist()
    ]
    limits, default = measured_limits(sample), Limits()
    if limits is None:
        return
    assert limits.chance >= default.chance
    assert limits.sure >= max(default.sure, limits.chance)
    confirmed = [one.is_right for one in sample if graded(one, limits) == "confirmed"]
    if limits.sure > max(default.sure, limits.chance):
        assert confirmed.count(False) <= 0.02 * len(confirmed)


def graded(one: Asked, limits: Limits) -> Grade:
    return judge_answer(one.ranked, limits).grade


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_tally_s_limits_are_clopper_and_pearson_s(right: int, wrong: int) -> None:
    counted = tally(right, right + wrong)
    low = beta.ppf(0.025, right, wrong + 1) if right else 0.0
    high = beta.ppf(0.975, right + 1, wrong) if wrong else 1.0
    assert (counted.low, counted.high) == pytest.approx((low, high), abs=1e-9)


def test_each_half_is_counted_by_the_limits_of_the_other() -> None:
    """The even half has wrong answers at 120, the odd half none: only the odd half's limits let them be confirmed."""
    even = [asked(120, right=False)] * 10 + [asked(200)] * 30
    odd = [asked(100)] * 40
    mixed = [one for pair in zip(even, odd, strict=True) for one in pair]
    counted = held_out_tallies(mixed)
    assert (counted["confirmed"].right, counted["confirmed"].answers) == (30, 40)
    assert (counted["likely"].right, counted["likely"].answers) == (40, 40)  # the even half's limit is 121


def write_views(folder: Path, place: int, *views: int, taken: str | None = None) -> None:
    """Views of a place, five metres apart; places are 200 m apart. They differ in one pixel, as files."""
    folder.mkdir(exist_ok=True)
    for view in views:
        image = texture(place)
        image.putpixel((0, 0), (view, 0, 0))
        exif = Image.Exif()
        if taken:
            exif[IFD.Exif] = {Base.DateTimeOriginal: f"2026:01:02 03:04:{view:02d}"}
        image.save(folder / f"@{500_000 + 200 * place + 5 * view}@5000000@33@T@@@{view}@@@@@@@@.png", exif=exif)


@contextmanager
def checking(folder: Path) -> Iterator[tuple[PlaceIndex, Backbone, Verifier]]:
    pytest.importorskip("cv2", reason="needs the extra embedded")
    build(folder / "photos", folder / "places")
    verifier, *_ = patch_verifier(folder / "places")
    with closing(PlaceIndex.open(folder / "places")) as index:
        yield index, open_backbone(index.settings.backbone), verifier


def test_each_photo_is_found_by_another_view_of_its_place(tmp_path: Path) -> None:
    for place in range(4):
        write_views(tmp_path / "photos", place, 1, 2)
    write_views(tmp_path / "photos", 9, 1)
    with checking(tmp_path) as parts:
        found = check_map(*parts)
        assert (found.asked, found.alone, found.photos) == (8, 1, 9)
        assert (found.grades["confirmed"].right, found.grades["confirmed"].answers) == (8, 8)
        assert (found.is_default, found.limits) == (True, Limits())
        three = check_map(*parts, most=3)
        assert (three.asked, three.alone) == (3, 1)
        assert check_map(*parts, most=3).model_copy(update={"made": three.made}) == three
        assert check_map(*parts, seconds=1e-9).asked == 0


def test_copies_and_what_was_taken_within_three_seconds_do_not_find_a_photo(tmp_path: Path) -> None:
    write_views(tmp_path / "photos", 0, 1, 3, taken="burst")  # two seconds apart
    write_views(tmp_path / "photos", 1, 1, 5, taken="later")  # four seconds apart
    write_views(tmp_path / "photos", 2, 1)
    shutil.copy(next((tmp_path / "photos").glob("@500405@*")), tmp_path / "photos" / "@500410@5000000@33@T@.png")
    with checking(tmp_path) as parts:
        found = check_map(*parts)
    assert (found.asked, found.alone) == (4, 1)  # the copy is no company
    assert (found.grades["confirmed"].right, found.grades["confirmed"].answers) == (2, 2)
    assert found.grades["unknown"].answers == 2


def test_a_photo_that_is_gone_is_not_asked_and_stops_nothing(tmp_path: Path) -> None:
    for place in range(2):
        write_views(tmp_path / "photos", place, 1, 2, 3)
    with checking(tmp_path) as parts:
        next((tmp_path / "photos").glob("@500005@*")).unlink()
        found = check_map(*parts)
    assert (found.asked, found.grades["confirmed"].right) == (5, 5)
