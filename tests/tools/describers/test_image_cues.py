"""Cues from pixels: right on drawn scenes, the same in another light, and possible for any image."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

pytest.importorskip("cv2", reason="needs the extra embedded")

from internvl_vpr.tools.describers.image_cues import ALGORITHM, IMAGE_CUE_SCORE, image_cues, measure

TRANSIENT = re.compile(
    r"\b(car|cars|person|people|pedestrian|cloud\w*|sunny|rain\w*|snow\w*|shadow\w*|night|day|dusk|light|bright|dark)\b"
)
COLOUR_WORDS = re.compile(r"\b(light (grey|blue)|dark (brown|green))\b")


def street(
    wall: str = "#c89c36", roof: str = "#9a5444", left: int = 60, right: int = 130, bush: bool = False
) -> Image.Image:
    """Two houses, roofs that begin `left` and `right` pixels from the top, framed windows, asphalt; 400 x 300."""
    image = Image.new("RGB", (400, 300), "#9cc2ea")
    draw = ImageDraw.Draw(image)
    for x, top in ((0, left), (200, right)):
        draw.rectangle((x, top, x + 200, 240), fill=wall)
        draw.rectangle((x, top, x + 200, top + 38), fill=roof)
        for i in range(4):
            draw.rectangle((x + 15 + 47 * i, 185, x + 35 + 47 * i, 215), fill="#202428", outline="#f6f6f4", width=4)
    draw.rectangle((0, 240, 400, 300), fill="#969694")
    if bush:
        draw.ellipse((10, 175, 110, 250), fill="#3e7a32")
    return image


def texts(image: Image.Image) -> list[str]:
    return [cue.text for cue in image_cues(image)]


def test_the_recorded_id_stands_for_these_very_phrases_and_scores() -> None:
    """Whoever changes this test changes the id with it: recorded descriptions are told apart by it alone."""
    assert (ALGORITHM, IMAGE_CUE_SCORE) == ("image statistics/2", 0.002)
    assert texts(street(bush=True))[1:4] == [
        "mustard yellow and brick red walls, roofline stepping down to the right, some sky above",
        "light blue and mustard yellow ground, trees on the left",
        "brick red roofs",
    ]


def test_walls_roofs_and_ground_are_named() -> None:
    sides, outline, _, roofs, *_ = texts(street())
    assert sides.startswith("tall mustard yellow")
    assert outline.startswith("mustard yellow")
    assert roofs.startswith("brick red")
    assert texts(street(wall="#94423a", roof="#3c3c40"))[3].startswith("charcoal")
    assert "grey" in texts(street(wall="#e8e4d8"))[2].split(" ground")[0]


def test_roofs_step_down_to_the_lower_side() -> None:
    assert "stepping down to the right" in texts(street(left=20, right=140))[1]
    assert "stepping down to the left" in texts(street(left=140, right=20))[1]
    assert "level roofline" in texts(street(left=80, right=80))[1]


def test_a_gap_and_a_peak_in_the_middle_are_told() -> None:
    gap, peak = street(left=60, right=60), street(left=120, right=120)
    ImageDraw.Draw(gap).rectangle((130, 0, 270, 170), fill="#9cc2ea")
    ImageDraw.Draw(peak).rectangle((130, 20, 270, 170), fill="#c89c36")
    assert "opening in the middle" in texts(gap)[1]
    assert "peaking in the middle" in texts(peak)[1]


def test_a_view_without_sky_says_so() -> None:
    assert texts(street().crop((0, 180, 400, 300)))[1].endswith("up to the top edge")


def test_plants_are_told_where_they_stand() -> None:
    assert texts(street())[2].endswith("hardly a plant")
    assert texts(street(bush=True))[2].endswith("trees on the left")
    assert texts(ImageOps.mirror(street(bush=True)))[2].endswith("trees on the right")
    assert " on the left with bushes," in texts(street(bush=True))[0]


def test_upright_and_level_lines_are_told_apart() -> None:
    stripes = np.zeros((200, 300, 3), np.uint8)
    stripes[:, ::20] = stripes[:, 1::20] = 200
    upright = Image.fromarray(stripes)
    assert any("mostly upright lines" in text for text in texts(upright))
    assert any("mostly level lines" in text for text in texts(upright.transpose(Image.Transpose.ROTATE_90)))


def brighter(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(1.06)


def darker(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(0.9)


def warmer(image: Image.Image) -> Image.Image:
    return Image.fromarray((np.asarray(image) * [1.0, 0.95, 0.88]).astype(np.uint8))


def larger(image: Image.Image) -> Image.Image:
    return image.resize((800, 600), Image.Resampling.BICUBIC)


def closer(image: Image.Image) -> Image.Image:
    return image.crop((4, 3, 396, 297))


@pytest.mark.parametrize("change", [brighter, darker, warmer, larger, closer], ids=lambda change: change.__name__)
def test_most_of_the_best_cues_stay_the_same(change: Callable[[Image.Image], Image.Image]) -> None:
    before, after = texts(street(bush=True))[:3], texts(change(street(bush=True)))[:3]
    assert sum(a == b for a, b in zip(before, after, strict=True)) >= 2


def test_other_places_get_other_words() -> None:
    places = [street(), street(wall="#f0e4c8"), street(left=140, right=20), street(bush=True), street(roof="#6c7682")]
    assert len({tuple(texts(place)) for place in places}) == len(places)


def test_the_best_cues_come_first_and_signs_can_outweigh_them() -> None:
    scores = [cue.score for cue in image_cues(street())]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == IMAGE_CUE_SCORE < 0.5
    assert scores[-1] > 0


def test_skyline_of_the_scene_is_in_shares_of_the_height() -> None:
    sky = measure(street(left=60, right=135)).sky_share()
    assert (sky[0], sky[2]) == pytest.approx((0.2, 0.45), abs=0.03)


@pytest.mark.parametrize("colour", ["black", "white", "#7828c8"])
@pytest.mark.parametrize("size", [(1, 1), (60, 40), (900, 1)])
def test_an_even_image_still_gives_ten_phrases(colour: str, size: tuple[int, int]) -> None:
    assert len(set(texts(Image.new("RGB", size, colour)))) == 10


@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3))))
def test_any_image_gives_ten_phrases_of_what_stands_still(pixels: np.ndarray) -> None:
    image = Image.fromarray(pixels)
    found = texts(image)
    assert len(set(found)) == len(found) == 10
    assert all(found)
    assert not any(TRANSIENT.search(COLOUR_WORDS.sub("", text)) for text in found)
    assert texts(image.copy()) == found
